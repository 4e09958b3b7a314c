//! Passwords: which may be taken, how they are kept (argon2id, in PHC form), whether one is right.

use argon2::{Argon2, PasswordHash, PasswordHasher, PasswordVerifier};

use crate::domain::Invalid;

/// A password has at least so many characters.
const SHORTEST: usize = 10;
/// A password has at most so many bytes: hashing takes memory and time.
const LONGEST: usize = 1000;

/// The hash of a password that nobody knows: an unknown name costs the same time as a wrong password.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$ZGphbW9uLW5vYm9keS0wMQ$\
                       AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Checks that `password` may be taken.
///
/// # Errors
/// [`Invalid`] of the field `password`; it does not repeat it.
pub fn check(password: &str) -> Result<(), Invalid> {
    if password.chars().count() < SHORTEST {
        return Err(Invalid::new("password", format!("is too short; use at least {SHORTEST} characters")));
    }
    if password.len() > LONGEST {
        return Err(Invalid::new("password", format!("is too long; use at most {LONGEST} bytes")));
    }
    Ok(())
}

/// The password as it is kept, the salt in it.
///
/// # Errors
/// A sentence, when the system has no memory or no random numbers for it.
pub fn hash(password: &str) -> Result<String, String> {
    let hash: Result<PasswordHash, _> = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|error| format!("the password cannot be hashed: {error}"))
}

/// Whether `password` is the one that `kept` was made of. Without anything kept it is wrong, after the same time.
pub fn is_right(password: &str, kept: Option<&str>) -> bool {
    let kept = kept.filter(|kept| !kept.is_empty());
    // What is longer than can have been set is not hashed at length.
    let password = if password.len() > LONGEST { "" } else { password };
    let parsed = PasswordHash::new(kept.unwrap_or(NOBODYS)).or_else(|_| PasswordHash::new(NOBODYS));
    let is_right =
        parsed.is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
    is_right && kept.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_right_only_for_its_own_hash() {
        let kept = hash("correct horse").unwrap();
        assert!(kept.starts_with("$argon2id$v=19$"));
        assert!(is_right("correct horse", Some(&kept)));
        for (password, kept) in [
            ("correct hors", Some(kept.as_str())),
            ("correct horse", None),
            ("", Some("")),
            ("correct horse", Some("not a hash")),
        ] {
            assert!(!is_right(password, kept), "{password}");
        }
    }

    #[test]
    fn nobodys_hash_costs_what_a_real_one_costs() {
        let cost = |hash: &str| hash.split('$').take(4).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(cost(NOBODYS), cost(&hash("correct horse").unwrap()));
        let parsed = PasswordHash::new(NOBODYS).unwrap();
        assert_eq!(parsed.hash.unwrap().as_ref().len(), 32, "as long as a real one, so that it is computed");
    }

    #[test]
    fn a_password_that_is_too_short_or_too_long_is_refused() {
        assert!(check("123456789").unwrap_err().problem.contains("at least 10"));
        assert!(check(&"x".repeat(1001)).unwrap_err().problem.contains("at most 1000"));
        assert_eq!(check("züricher See"), Ok(()));
    }
}
