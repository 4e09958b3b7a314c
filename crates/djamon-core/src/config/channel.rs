//! Channels that are not sections of the file: kept in the database, with the keys of `[email]` or `[twitter]`. Their
//! secrets stand in files, which are read whenever the channel is made ready.

use std::path::Path;

use serde_json::{Map, Value as Json};

use super::given::{Given, Layer, Value};
use super::keys::{self, Key};
use super::reader::Reader;
use super::{ConfigError, Email, Twitter, read};

/// A channel's settings, checked, its secrets read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChannelSettings {
    /// Mail.
    Email(Email),
    /// Posts on X.
    Twitter(Twitter),
}

/// The keys that a channel of this kind takes; `None` when there is no such kind. Secrets are taken from files only.
pub fn channel_keys(kind: &str) -> Option<Vec<&'static str>> {
    let section = ["email", "twitter"].into_iter().find(|section| *section == kind)?;
    let keys = Key::all().filter(|key| key.0 == section && key.1 != "enabled");
    Some(keys.filter(|key| !is_secret(*key)).map(|key| key.1).collect())
}

/// Whether the key is the secret itself and not the file that has it.
fn is_secret(key: Key) -> bool {
    key.twin().is_some() && !key.1.ends_with("_file")
}

/// Makes a channel of `kind` ready from its `settings`; relative paths start at `base`.
///
/// # Errors
/// All problems, each a line that begins with the key, or with `kind`.
pub fn channel(
    kind: &str,
    settings: &Map<String, Json>,
    base: &Path,
) -> Result<ChannelSettings, ConfigError> {
    let Some(known) = channel_keys(kind) else {
        return Err(format!("kind: {kind:?} is not a kind of channel; use \"email\" or \"twitter\"").into());
    };
    let section = if kind == "email" { "email" } else { "twitter" };
    let mut layer = Layer::default();
    for (name, value) in settings {
        match Key::find(section, name) {
            Some(key) if known.contains(&key.1) => {
                layer.given.insert(key, Given { place: name.clone(), value: read_json(value) });
            }
            Some(key) if is_secret(key) => layer.problems.push(format!(
                "{name}: a channel's secrets are not written down here; write it into a file and name that in {name}_file"
            )),
            _ => layer.problems.push(format!("{name}: {}", keys::unknown_among(name, &known))),
        }
    }
    let needed: &[&str] = match kind {
        "email" => &["from", "to"],
        _ => &["consumer_key_file", "consumer_secret_file", "oauth_token_file", "oauth_secret_file"],
    };
    let missing = needed.iter().filter(|name| !settings.contains_key(**name));
    layer.problems.extend(missing.map(|name| format!("{name}: is missing; a channel of this kind needs it")));
    if !layer.problems.is_empty() {
        return Err(ConfigError { problems: layer.problems });
    }
    let mut reader = Reader::new(layer, base.to_owned());
    let ready = match kind {
        "email" => ChannelSettings::Email(read::email(&mut reader)),
        _ => ChannelSettings::Twitter(Twitter { enabled: true, ..read::twitter(&mut reader) }),
    };
    match reader.into_problems() {
        none if none.is_empty() => Ok(ready),
        problems => Err(ConfigError { problems }),
    }
}

fn read_json(value: &Json) -> Value {
    match value {
        Json::String(text) => Value::Text(text.clone()),
        Json::Bool(flag) => Value::Flag(*flag),
        Json::Array(values) => Value::List(values.iter().map(read_json).collect()),
        Json::Number(number) => {
            number.as_i64().map_or_else(|| Value::Other(number.to_string()), Value::Whole)
        }
        Json::Null | Json::Object(_) => Value::Other("a table".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    fn made(kind: &str, settings: Json) -> Result<ChannelSettings, Vec<String>> {
        let Json::Object(settings) = settings else { panic!("no table") };
        channel(kind, &settings, Path::new("/etc/djamon")).map_err(|error| error.problems)
    }

    #[test]
    fn a_mail_channel_has_the_keys_and_defaults_of_the_section() {
        let made = made(
            "email",
            serde_json::json!({"from": "a@b.example", "to": ["c@b.example"], "file_dir": "var"}),
        );
        let Ok(ChannelSettings::Email(email)) = made else { panic!("{made:?}") };
        assert_eq!((email.port, email.file_dir.as_deref()), (587, Some(Path::new("/etc/djamon/var"))));
    }

    #[test]
    fn secrets_come_from_files_only() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("word"), "hunter2\n").unwrap();
        let settings = serde_json::json!({
            "from": "a@b.example", "to": ["c@b.example"], "user": "a", "password_file": directory.path().join("word"),
        });
        let Ok(ChannelSettings::Email(email)) = made("email", settings) else { panic!() };
        assert_eq!(email.password, Secret("hunter2".into()));
        let inline = serde_json::json!({"from": "a@b.example", "to": ["c@b.example"], "password": "hunter2"});
        assert_eq!(
            made("email", inline).unwrap_err(),
            [
                "password: a channel's secrets are not written down here; write it into a file and name that in \
              password_file"
            ]
        );
    }

    #[test]
    fn what_is_wrong_is_told_by_key() {
        assert_eq!(
            made("email", serde_json::json!({"from": "a@b.example", "to": ["c@b.example"], "prot": 25}))
                .unwrap_err(),
            ["prot: is not a key; did you mean port?"]
        );
        assert_eq!(
            made("email", serde_json::json!({"from": "a@b.example", "to": ["c"]})).unwrap_err(),
            ["to: \"c\" is not an e-mail address; write it like \"ops@example.org\""]
        );
        assert_eq!(made("email", serde_json::json!({"from": "a@b.example"})).unwrap_err().len(), 1);
        assert_eq!(made("twitter", serde_json::json!({})).unwrap_err().len(), 4);
        assert_eq!(
            made("pager", serde_json::json!({})).unwrap_err(),
            ["kind: \"pager\" is not a kind of channel; use \"email\" or \"twitter\""]
        );
    }
}
