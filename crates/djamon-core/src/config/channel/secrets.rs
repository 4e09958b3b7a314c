//! The secrets of channels: the three ways to give one, and how settings are shown without them.
//!
//! A secret `token` stands in the settings itself (`token = "…"`, which the database keeps encrypted), in a file
//! (`token_file = "/path"`) or in a variable of the environment (`token_env = "NAME"`).

use std::path::Path;

use serde_json::{Map, Value as Json};

use super::{ChannelKey, Kind, keys_of};
use crate::domain::options::MASK;

/// The environment: gives the value of a variable. Programs hand in [`machine_variables`].
pub type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The variables of this process; one that is not UTF-8 counts as not set.
pub fn machine_variables(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Which of a kind's settings are secrets when they stand in the settings themselves: what is kept encrypted and never
/// shown.
pub fn secret_keys(kind: Kind) -> impl Iterator<Item = &'static str> {
    keys_of(kind).iter().filter(|key| key.is_secret).map(|key| key.name)
}

/// The settings that make this machine read or write something of its own: its files and variables. Not for whoever
/// may change channels but does not own the machine.
pub fn machine_keys(kind: Kind) -> impl Iterator<Item = String> {
    keys_of(kind).iter().flat_map(|key| match (key.is_secret, key.takes) {
        (true, _) => vec![in_file(key), in_variable(key)],
        (false, super::Takes::Path) => vec![key.name.to_owned()],
        (false, _) => Vec::new(),
    })
}

/// The settings as they may be shown and exported: each secret that stands in them is `***`.
pub fn masked(kind: Kind, settings: &Map<String, Json>) -> Map<String, Json> {
    let mut shown = settings.clone();
    for key in secret_keys(kind) {
        if let Some(value) = shown.get_mut(key).filter(|value| **value != Json::String(String::new())) {
            *value = MASK.into();
        }
    }
    shown
}

pub(super) fn in_file(key: &ChannelKey) -> String {
    format!("{}_file", key.name)
}

pub(super) fn in_variable(key: &ChannelKey) -> String {
    format!("{}_env", key.name)
}

/// The secret `key` of `settings` with the name of the setting that gives it; `None` when none does.
pub(super) fn read(
    key: &ChannelKey,
    settings: &Map<String, Json>,
    base: &Path,
    variables: Variables<'_>,
) -> Result<Option<(String, String)>, String> {
    let ways = [key.name.to_owned(), in_file(key), in_variable(key)];
    let mut given = Vec::new();
    for way in ways {
        match settings.get(&way) {
            None => {}
            Some(Json::String(text)) if text.is_empty() => {}
            Some(Json::String(text)) => given.push((way, text)),
            // Whatever it is, it may hold the secret: it is not shown.
            Some(_) => return Err(format!("{way}: expected text in quotes")),
        }
    }
    let (way, text) = match given.as_slice() {
        [] => return Ok(None),
        [only] => only,
        [(first, _), (second, _), ..] => {
            return Err(format!("{second}: {first} is given too; keep one of them"));
        }
    };
    let secret = if *way == key.name {
        (*text).clone()
    } else if *way == in_file(key) {
        let path = base.join(text.as_str());
        let read = std::fs::read_to_string(&path);
        read.map_err(|error| format!("{way}: cannot read {}: {error}", path.display()))?
    } else {
        variables(text).ok_or_else(|| {
            format!(
                "{way}: there is no variable {text:?} in the environment; set it, or use {}",
                in_file(key)
            )
        })?
    };
    let secret = secret.trim_end_matches(['\n', '\r']);
    if secret.is_empty() {
        return Err(format!("{way}: what it names is empty"));
    }
    if secret == MASK {
        return Err(format!("{way}: {MASK} stands for a secret that is not shown; write the secret itself"));
    }
    if secret.chars().any(char::is_control) {
        return Err(format!("{way}: the secret has line breaks or control characters within"));
    }
    Ok(Some((way.clone(), secret.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(settings: Json) -> Map<String, Json> {
        let Json::Object(settings) = settings else { panic!("no table") };
        settings
    }

    fn of(settings: Json) -> Result<Option<(String, String)>, String> {
        let token = keys_of(Kind::Mastodon).iter().find(|key| key.name == "token").unwrap();
        let variables = |name: &str| match name {
            "TOKEN" => Some("from the environment\n".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        read(token, &map(settings), Path::new("/nowhere"), &variables)
    }

    #[test]
    fn a_secret_comes_in_one_of_three_ways() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("token");
        std::fs::write(&file, "from a file\n").unwrap();
        let secret = |settings| of(settings).unwrap().map(|(_, secret)| secret);
        assert_eq!(secret(serde_json::json!({"token": "itself"})).as_deref(), Some("itself"));
        assert_eq!(secret(serde_json::json!({"token_file": file})).as_deref(), Some("from a file"));
        assert_eq!(
            secret(serde_json::json!({"token_env": "TOKEN"})).as_deref(),
            Some("from the environment")
        );
        assert_eq!(secret(serde_json::json!({"token": ""})), None);
    }

    #[test]
    fn a_secret_that_cannot_be_had_is_told_by_its_key_and_never_shown() {
        let told = |settings| of(settings).unwrap_err();
        assert_eq!(
            told(serde_json::json!({"token": "hunter2", "token_env": "TOKEN"})),
            "token_env: token is given too; keep one of them"
        );
        assert_eq!(
            told(serde_json::json!({"token_env": "OTHER"})),
            "token_env: there is no variable \"OTHER\" in the environment; set it, or use token_file"
        );
        assert_eq!(
            told(serde_json::json!({"token_file": "x"})),
            "token_file: cannot read /nowhere/x: No such file or directory (os error 2)"
        );
        assert_eq!(told(serde_json::json!({"token_env": "EMPTY"})), "token_env: what it names is empty");
        assert_eq!(told(serde_json::json!({"token": ["hunter2"]})), "token: expected text in quotes");
        assert_eq!(
            told(serde_json::json!({"token": "hunter2\nHost: x"})),
            "token: the secret has line breaks or control characters within"
        );
        assert_eq!(
            told(serde_json::json!({"token": "***"})),
            "token: *** stands for a secret that is not shown; write the secret itself"
        );
    }

    #[test]
    fn settings_are_shown_without_what_is_secret() {
        let settings =
            map(serde_json::json!({"url": "https://m.example", "token": "hunter2", "token_file": "/x"}));
        let shown = serde_json::json!({"url": "https://m.example", "token": "***", "token_file": "/x"});
        assert_eq!(Json::Object(masked(Kind::Mastodon, &settings)), shown);
        let slack = map(serde_json::json!({"url": "https://hooks.slack.com/services/hunter2"}));
        assert_eq!(Json::Object(masked(Kind::Slack, &slack)), serde_json::json!({"url": "***"}));
    }

    #[test]
    fn what_reaches_into_the_machine_is_known() {
        let of = |kind| machine_keys(kind).collect::<Vec<_>>();
        assert_eq!(of(Kind::Email), ["password_file", "password_env", "file_dir"]);
        assert_eq!(of(Kind::Slack), ["url_file", "url_env"]);
    }
}
