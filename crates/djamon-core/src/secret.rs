//! Keys that open something: made of chance, kept only as hashes.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::random;

/// A new key of 256 random bits, as text that may stand in a URL, a cookie or a form.
///
/// # Errors
/// What the operating system says when it has no random numbers.
pub fn fresh() -> Result<String, String> {
    Ok(BASE64_URL_SAFE_NO_PAD.encode(random::bits()?))
}

/// What is kept of a key. A fast hash is enough: a key of 256 random bits cannot be guessed.
pub fn digest(key: &str) -> Vec<u8> {
    Sha256::digest(key.as_bytes()).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_keys_are_alike_and_a_digest_does_not_show_its_key() {
        let (one, other) = (fresh().unwrap(), fresh().unwrap());
        assert!(one != other && one.len() == 43 && one.is_ascii(), "{one}");
        assert_eq!(digest(&one), digest(&one));
        assert_ne!(digest(&one), one.as_bytes());
    }
}
