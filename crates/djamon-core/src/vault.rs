//! The secrets of channels as they are kept: encrypted under a key that is not in the database, so that a copy of the
//! database gives none of them away.
//!
//! The key is `[alerts] key`, or a file of 0600 that is made beside the SQLite file (or in `[web] state_dir`). A secret
//! stands in a channel's settings as `{"sealed": "…"}`: base64 of nonce and ciphertext (ChaCha20-Poly1305, RFC 8439),
//! bound to the name of its key, so that one cannot be put in another's place.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::config::{Config, Secret};
use crate::random;

/// The name of the key's file in the state directory.
const FILE: &str = "channels.key";

/// The member that marks a secret that is sealed.
const SEALED: &str = "sealed";

/// Why secrets cannot be sealed or opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// Nothing says where the key is.
    #[error(
        "secrets of channels are kept encrypted, and there is no place for the key; set [alerts] key or key_file, or \
         [web] state_dir (or give the secret in a file: {0}_file)"
    )]
    NoPlace(String),
    /// The key's file cannot be used.
    #[error("the key of the channels' secrets, {path}: {problem}")]
    Key {
        /// The file.
        path: String,
        /// What is wrong with it, and what to do.
        problem: String,
    },
    /// It was sealed under another key, or was damaged.
    #[error("{0} was encrypted with another key; put that key back ({1}), or enter {0} again")]
    Foreign(String, String),
    /// The system gives no random numbers.
    #[error("{0}")]
    NoRandom(String),
    /// The cipher refuses: a secret of gigabytes.
    #[error("a secret is too long to be encrypted")]
    TooLong,
}

/// Seals and opens the secrets of channels. The key is read, or made, when it is first needed.
#[derive(Debug, Clone)]
pub struct Vault {
    given: Secret,
    file: Option<PathBuf>,
}

impl Vault {
    /// The vault that the configuration names.
    pub fn of(config: &Config) -> Self {
        let file = config.state_dir().map(|directory| directory.join(FILE));
        Vault { given: config.alerts.key.clone(), file }
    }

    /// `settings` with each value of `secrets` sealed; what is sealed already, and what is empty, stays.
    ///
    /// # Errors
    /// [`VaultError`] when there is no key.
    pub fn sealed<'a>(
        &self,
        settings: &Map<String, Value>,
        secrets: impl IntoIterator<Item = &'a str>,
    ) -> Result<Map<String, Value>, VaultError> {
        let mut sealed = settings.clone();
        for name in secrets {
            if let Some(value) = sealed.get_mut(name)
                && let Value::String(secret) = value
                && !secret.is_empty()
            {
                *value = json!({ SEALED: self.seal(name, secret)? });
            }
        }
        Ok(sealed)
    }

    /// `settings` with everything opened that is sealed.
    ///
    /// # Errors
    /// [`VaultError`] when there is no key or it is another one.
    pub fn opened(&self, settings: &Map<String, Value>) -> Result<Map<String, Value>, VaultError> {
        let mut opened = settings.clone();
        for (name, value) in &mut opened {
            if let Some(sealed) = value.get(SEALED).and_then(Value::as_str) {
                *value = Value::String(self.open(name, sealed)?);
            }
        }
        Ok(opened)
    }

    fn seal(&self, name: &str, secret: &str) -> Result<String, VaultError> {
        let key = self.key(name, Making::Allowed)?;
        let bits = random::bits().map_err(VaultError::NoRandom)?;
        let nonce: [u8; NONCE_LEN] = std::array::from_fn(|n| bits.get(n).copied().unwrap_or_default());
        let mut text = secret.as_bytes().to_vec();
        key.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(name.as_bytes()),
            &mut text,
        )
        .map_err(|_| VaultError::TooLong)?;
        Ok(STANDARD_NO_PAD.encode([nonce.as_slice(), &text].concat()))
    }

    fn open(&self, name: &str, sealed: &str) -> Result<String, VaultError> {
        let key = self.key(name, Making::Never)?;
        let foreign = || VaultError::Foreign(name.to_owned(), self.place());
        let mut bytes = STANDARD_NO_PAD.decode(sealed).map_err(|_| foreign())?;
        let (nonce, text) = bytes.split_at_mut_checked(NONCE_LEN).ok_or_else(foreign)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| foreign())?;
        let text = key.open_in_place(nonce, Aad::from(name.as_bytes()), text).map_err(|_| foreign())?;
        String::from_utf8(text.to_vec()).map_err(|_| foreign())
    }

    /// Where the key is, in words.
    fn place(&self) -> String {
        match (&self.given.0.is_empty(), &self.file) {
            (true, Some(file)) => file.display().to_string(),
            (false, _) | (true, None) => "[alerts] key".to_owned(),
        }
    }

    fn key(&self, name: &str, making: Making) -> Result<LessSafeKey, VaultError> {
        let text = match &self.file {
            _ if !self.given.0.is_empty() => self.given.0.clone(),
            None => return Err(VaultError::NoPlace(name.to_owned())),
            Some(file) => read_or_make(file, making)?,
        };
        // Whatever its length, the key is 32 bytes.
        let bytes = Sha256::digest(["djamon channels 1\0", text.trim()].concat().as_bytes());
        UnboundKey::new(&CHACHA20_POLY1305, &bytes).map(LessSafeKey::new).map_err(|_| VaultError::TooLong)
    }
}

/// Whether a key that is not there may be made: only while nothing is sealed under a lost one.
#[derive(Clone, Copy)]
enum Making {
    Allowed,
    Never,
}

fn read_or_make(file: &Path, making: Making) -> Result<String, VaultError> {
    let wrong = |problem: String| VaultError::Key { path: file.display().to_string(), problem };
    match (std::fs::read_to_string(file), making) {
        (Ok(text), _) if text.trim().len() >= 32 => Ok(text),
        (Ok(_), _) => Err(wrong("is too short to be a key; put the right one back".into())),
        (Err(error), Making::Allowed) if error.kind() == ErrorKind::NotFound => {
            make(file)
                .map_err(|error| wrong(format!("cannot be made ({error}); make its directory writable")))?;
            std::fs::read_to_string(file).map_err(|error| wrong(format!("cannot be read: {error}")))
        }
        (Err(error), _) => {
            Err(wrong(format!("cannot be read ({error}); put it back, or enter the secrets again")))
        }
    }
}

/// Makes the key's file, whole or not at all; one that another process made meanwhile stays.
fn make(file: &Path) -> std::io::Result<()> {
    let bits = random::bits().map_err(std::io::Error::other)?;
    let unfinished = file.with_extension(format!("{}.tmp", std::process::id()));
    let written = || {
        let mut new =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        writeln!(new, "{}", STANDARD_NO_PAD.encode(bits))?;
        new.sync_all()?;
        match std::fs::hard_link(&unfinished, file) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            linked => linked,
        }
    };
    let written = written();
    let _ = std::fs::remove_file(&unfinished);
    written
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn map(value: Value) -> Map<String, Value> {
        let Value::Object(map) = value else { panic!("no object") };
        map
    }

    fn in_file(directory: &Path) -> Vault {
        Vault { given: Secret::default(), file: Some(directory.join(FILE)) }
    }

    fn with_key(text: &str) -> Vault {
        Vault { given: Secret(text.into()), file: None }
    }

    #[test]
    fn what_is_sealed_is_opened_and_nothing_else_is_touched() {
        let directory = tempfile::tempdir().unwrap();
        let vault = in_file(directory.path());
        let settings = map(json!({"url": "https://a.example", "token": "hunter2", "empty": "", "port": 25}));
        let sealed = vault.sealed(&settings, ["token", "empty", "absent"]).unwrap();
        let text = Value::Object(sealed.clone()).to_string();
        assert!(!text.contains("hunter2") && text.contains("sealed"), "{text}");
        assert_eq!(vault.sealed(&sealed, ["token"]).unwrap(), sealed, "it is not sealed twice");
        assert_eq!(vault.opened(&sealed).unwrap(), settings);
        assert_eq!(in_file(directory.path()).opened(&sealed).unwrap(), settings, "in another process");
    }

    #[test]
    fn the_same_secret_never_looks_the_same() {
        let vault = with_key("a key of at least thirty-two letters");
        assert_ne!(vault.seal("token", "hunter2").unwrap(), vault.seal("token", "hunter2").unwrap());
    }

    #[test]
    fn the_key_is_made_for_its_owner_alone_and_only_to_seal() {
        let directory = tempfile::tempdir().unwrap();
        let vault = in_file(directory.path());
        let sealed = with_key("a key of at least thirty-two letters").seal("token", "x").unwrap();
        let told = vault.open("token", &sealed).unwrap_err().to_string();
        assert!(told.contains("put it back, or enter the secrets again"), "{told}");
        assert!(!directory.path().join(FILE).exists());
        vault.seal("token", "x").unwrap();
        let mode = directory.path().join(FILE).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "nothing else is left");
    }

    #[test]
    fn another_key_another_name_or_a_changed_byte_opens_nothing() {
        let (one, two) = (with_key(&"1".repeat(32)), with_key(&"2".repeat(32)));
        let sealed = one.seal("token", "hunter2").unwrap();
        assert_eq!(one.open("token", &sealed).unwrap(), "hunter2");
        let foreign = VaultError::Foreign("token".into(), "[alerts] key".into());
        assert_eq!(two.open("token", &sealed), Err(foreign.clone()));
        assert_eq!(
            one.open("password", &sealed),
            Err(VaultError::Foreign("password".into(), "[alerts] key".into()))
        );
        let mut bytes = STANDARD_NO_PAD.decode(&sealed).unwrap();
        bytes[NONCE_LEN] ^= 1;
        assert_eq!(one.open("token", &STANDARD_NO_PAD.encode(bytes)), Err(foreign.clone()));
        assert_eq!(one.open("token", "c2hvcnQ"), Err(foreign));
    }

    #[test]
    fn without_a_place_for_the_key_the_way_out_is_told() {
        let vault = Vault { given: Secret::default(), file: None };
        let told = vault.seal("token", "x").unwrap_err().to_string();
        assert!(told.contains("[alerts] key or key_file") && told.contains("token_file"), "{told}");
    }
}
