//! Values by key, taken as the types they must have. It knows addresses and sign-ins, and no kind of channel.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use url::{Host, Url};

use super::{Address, Kind, SignIn};
use crate::config::given::{Given, Layer, Value};
use crate::config::keys::Key;
use crate::config::reader::{self, Reader};
use crate::config::{Secret, read};
use crate::privacy::is_private_host;

/// Values by key, each with the name of the setting that gave it.
pub(super) struct Values {
    given: BTreeMap<&'static str, (String, Value)>,
    base: PathBuf,
}

impl Values {
    pub fn new(given: BTreeMap<&'static str, (String, Value)>, base: &Path) -> Self {
        Values { given, base: base.to_owned() }
    }

    /// What a section of the configuration file with these keys would say.
    pub fn section<T>(self, kind: Kind, read: impl FnOnce(&mut Reader) -> T) -> Result<T, String> {
        let given = self
            .given
            .into_iter()
            .map(|(key, (place, value))| (Key(kind.name(), key), Given { place, value }));
        let mut reader = Reader::new(Layer { given: given.collect(), problems: Vec::new() }, self.base);
        let section = read(&mut reader);
        // What comes after the first may only follow from it.
        match reader.into_problems().into_iter().next() {
            None => Ok(section),
            Some(problem) => Err(problem),
        }
    }

    pub fn place(&self, key: &'static str) -> &str {
        self.given.get(key).map_or(key, |(place, _)| place)
    }

    pub fn take<T>(
        &self,
        key: &'static str,
        read: impl FnOnce(&Value) -> Result<T, String>,
    ) -> Result<Option<T>, String> {
        let Some((place, value)) = self.given.get(key) else { return Ok(None) };
        read(value).map(Some).map_err(|problem| format!("{place}: {problem}"))
    }

    /// A value that is always there: needed, or with a default.
    pub fn needed<T>(
        &self,
        key: &'static str,
        read: impl FnOnce(&Value) -> Result<T, String>,
    ) -> Result<T, String> {
        self.take(key, read)?.ok_or_else(|| format!("{key}: is missing"))
    }

    pub fn text(
        &self,
        key: &'static str,
        check: impl FnOnce(&str) -> Result<(), String>,
    ) -> Result<Option<String>, String> {
        let text = self.take(key, |value| {
            let text = one_line(value)?;
            check(&text).map(|()| text)
        })?;
        Ok(text.filter(|text| !text.is_empty()))
    }

    pub fn secret(&self, key: &'static str) -> Result<Option<String>, String> {
        self.take(key, reader::text)
    }

    /// A secret that is always there; `check` must not quote it.
    pub fn needed_secret(
        &self,
        key: &'static str,
        check: impl FnOnce(&str) -> Result<(), &'static str>,
    ) -> Result<String, String> {
        self.needed(key, |value| {
            let secret = reader::text(value)?;
            check(&secret).map(|()| secret).map_err(str::to_owned)
        })
    }

    /// The secret address `url`, with whatever query it has. `is_trusted` with a secret, if only with itself, it is not
    /// asked in the clear unless it is near.
    pub fn secret_address(&self, is_trusted: bool) -> Result<Address, String> {
        self.needed("url", |value| {
            let example = "copy the whole address, like https://example.org/…";
            let url = Url::parse(&reader::text(value)?);
            let url = url.map_err(|error| format!("is not a URL: {error}; {example}"))?;
            if !matches!(url.scheme(), "http" | "https") {
                return Err(format!("is neither http: nor https:; {example}"));
            }
            if !url.username().is_empty() || url.password().is_some() {
                return Err(format!("must have no user name and password; {example}"));
            }
            if is_trusted && url.scheme() == "http" && !is_near(&url) {
                return Err("would be told a secret in the clear; use https:".to_owned());
            }
            Ok(Address(url))
        })
    }

    /// The address of a server, which can be shown. `is_trusted` with a secret, it is not asked in the clear unless it
    /// is near.
    pub fn address(&self, key: &'static str, is_trusted: bool) -> Result<Address, String> {
        self.needed(key, |value| {
            let text = read::address(&reader::text(value)?)?;
            let url = Url::parse(&text).map_err(|error| error.to_string())?;
            if is_trusted && url.scheme() == "http" && !is_near(&url) {
                return Err(format!("{text:?} would be told a secret in the clear; use https:"));
            }
            Ok(Address(url))
        })
    }

    pub fn sign_in(&self) -> Result<SignIn, String> {
        let (token, password) = (self.secret("token")?, self.secret("password")?);
        let user = self.text("user", |user| match user.contains(':') {
            true => Err(format!("{user:?} has a colon, and user names have none")),
            false => Ok(()),
        })?;
        match (token, user, password) {
            (None, None, None) => Ok(SignIn::Nobody),
            (Some(token), None, None) => Ok(SignIn::Token(Secret(token))),
            (None, Some(user), Some(password)) => Ok(SignIn::Password(user, Secret(password))),
            (Some(_), ..) => {
                Err(format!("{}: user and password are given too; keep one of both", self.place("token")))
            }
            (None, Some(_), None) => {
                Err("password: is missing, but a user is given; set both or none".to_owned())
            }
            (None, None, Some(_)) => {
                Err("user: is missing, but a password is given; set both or none".to_owned())
            }
        }
    }
}

/// Whether the address is of this machine or a network of one's own, as far as can be told.
fn is_near(url: &Url) -> bool {
    const OWN: [&str; 5] = [".local", ".lan", ".internal", ".home.arpa", ".intranet"];
    match url.host() {
        Some(Host::Domain(name)) if !name.contains('.') => true,
        Some(Host::Domain(name)) if OWN.iter().any(|own| name.ends_with(own)) => true,
        Some(host) => is_private_host(&host),
        None => false,
    }
}

fn one_line(value: &Value) -> Result<String, String> {
    match reader::text(value)? {
        text if text.chars().any(char::is_control) => Err("has line breaks or control characters".to_owned()),
        text => Ok(text),
    }
}
