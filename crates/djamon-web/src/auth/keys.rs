//! The one secret of the pages: `[web] secret_key`, or one that is made and kept in `state_dir`. From it come the key that
//! cookies are sealed with and the marks that say "this came from us".

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use actix_web::cookie::Key;
use djamon_core::config::Config;
use djamon_core::secret;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256, Sha512};
use subtle::ConstantTimeEq;

/// The file in `state_dir`.
const FILE: &str = "session.key";
/// A key has at least so many characters.
const SHORTEST: usize = 32;

/// What is made of the secret.
pub struct Keys {
    cookies: Key,
    marks: [u8; 32],
}

impl Keys {
    /// Reads the secret, or makes it.
    ///
    /// # Errors
    /// A sentence that names the file and what to do.
    pub fn of(config: &Config) -> Result<Self, String> {
        if !config.web.secret_key.0.is_empty() {
            return Ok(Keys::from(config.web.secret_key.0.as_str()));
        }
        let directory = config.state_dir().ok_or(
            "there is no place for the session key: set [web] state_dir to a directory of ours, or [web] secret_key",
        )?;
        kept(&directory.join(FILE)).map(|secret| Keys::from(secret.as_str()))
    }

    /// The key that the session's cookie is sealed with.
    pub fn cookies(&self) -> Key {
        self.cookies.clone()
    }

    /// The mark that only we can put on `text`, for one purpose.
    pub fn mark(&self, purpose: &str, text: &str) -> String {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.marks) else {
            // An HMAC takes a key of any length.
            return String::new();
        };
        mac.update(purpose.as_bytes());
        mac.update(b"\0");
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Whether `mark` is ours.
    pub fn is_marked(&self, purpose: &str, text: &str, mark: &str) -> bool {
        is_same(&self.mark(purpose, text), mark)
    }
}

impl From<&str> for Keys {
    fn from(secret: &str) -> Self {
        let part = |purpose: &str| Sha512::new().chain_update(purpose).chain_update(secret).finalize();
        let mut marks = [0; 32];
        marks.copy_from_slice(&Sha256::new().chain_update("djamon marks\0").chain_update(secret).finalize());
        Keys { cookies: Key::from(&part("djamon cookies\0")), marks }
    }
}

/// Whether two secrets are alike; how long it takes tells nothing of them. Nothing is like nothing.
pub fn is_same(one: &str, other: &str) -> bool {
    !one.is_empty() && bool::from(one.as_bytes().ct_eq(other.as_bytes()))
}

/// The secret in `file`, which is made when it is not there.
fn kept(file: &Path) -> Result<String, String> {
    let cannot = |what: &str, error: std::io::Error| {
        format!(
            "cannot {what} the session key {}: {error}; make its directory ours to write, or set [web] secret_key",
            file.display()
        )
    };
    match std::fs::metadata(file) {
        Ok(found) if found.permissions().mode() & 0o077 != 0 => {
            return Err(format!("others may read the session key {0}; chmod 600 {0}", file.display()));
        }
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => make(file).map_err(|e| cannot("make", e))?,
        Err(error) => return Err(cannot("read", error)),
    }
    let secret = std::fs::read_to_string(file).map_err(|error| cannot("read", error))?;
    let secret = secret.trim().to_owned();
    if secret.len() < SHORTEST {
        return Err(format!(
            "the session key {} is shorter than {SHORTEST} characters; remove the file, and a new one is made",
            file.display()
        ));
    }
    Ok(secret)
}

/// Makes the file whole and under its name at once: another process may be doing the same.
fn make(file: &Path) -> std::io::Result<()> {
    let secret = secret::fresh().map_err(std::io::Error::other)?;
    let draft = file.with_extension(format!("{}.new", std::process::id()));
    let mut new = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    let written = writeln!(new, "{secret}").and_then(|()| new.sync_all());
    let linked = written.and_then(|()| match std::fs::hard_link(&draft, file) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        other => other,
    });
    std::fs::remove_file(&draft)?;
    linked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_good_for_its_purpose_and_text_only() {
        let (keys, other) = (Keys::from("one secret"), Keys::from("another secret"));
        let mark = keys.mark("form", "abc");
        assert!(keys.is_marked("form", "abc", &mark));
        assert!(!keys.is_marked("form", "abd", &mark) && !keys.is_marked("device", "abc", &mark));
        assert!(!other.is_marked("form", "abc", &mark) && !keys.is_marked("form", "abc", ""));
        assert!(keys.cookies() != other.cookies());
        assert!(!is_same("", "") && is_same("a", "a") && !is_same("a", "ab"));
    }

    #[test]
    fn a_key_is_made_once_for_its_owner_alone_and_read_ever_after() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join(FILE);
        let secret = kept(&file).unwrap();
        assert_eq!(kept(&file).unwrap(), secret);
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!((mode & 0o777, secret.len()), (0o600, 43));
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "no draft is left");

        std::fs::write(&file, "short").unwrap();
        assert!(kept(&file).unwrap_err().contains("is shorter than 32 characters"));
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(kept(&file).unwrap_err().starts_with("others may read the session key"));
        let nowhere = kept(&directory.path().join("none/session.key")).unwrap_err();
        assert!(nowhere.starts_with("cannot make the session key"), "{nowhere}");
        std::fs::create_dir(directory.path().join("dir")).unwrap();
        std::fs::set_permissions(directory.path().join("dir"), std::fs::Permissions::from_mode(0o700))
            .unwrap();
        assert!(kept(&directory.path().join("dir")).unwrap_err().starts_with("cannot read"));
    }
}
