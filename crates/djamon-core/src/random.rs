//! Where secrets come from: the operating system's random numbers.

use crate::domain::token::TokenText;

/// A token nobody has seen.
///
/// # Errors
/// What the operating system says when it has no random numbers.
pub fn token() -> Result<TokenText, String> {
    bits().map(TokenText::of)
}

/// 256 bits nobody knows.
///
/// # Errors
/// What the operating system says when it has no random numbers.
pub fn bits() -> Result<[u8; 32], String> {
    let mut bits = [0; 32];
    getrandom::fill(&mut bits).map_err(|error| format!("no random numbers to be had: {error}"))?;
    Ok(bits)
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_two_are_alike() {
        assert_ne!(super::bits().unwrap(), super::bits().unwrap());
    }
}
