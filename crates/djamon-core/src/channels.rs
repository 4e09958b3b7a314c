//! Channels as people write them and as they are kept: checked by the table of their kind, secrets sealed in between.
//! It knows configuration and vault, and of the database only what a channel looks like there.

use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::config::{
    ChannelSettings, Config, ConfigError, Kind, Takes, channel, keys_of, machine_keys, machine_variables,
    masked, secret_keys,
};
use crate::domain::Channel;
use crate::domain::options::MASK;
use crate::vault::Vault;

/// The keys of a channel and their values.
pub type Settings = Map<String, Value>;

/// Who writes the settings of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Author {
    /// Whoever owns the machine: by command or file.
    Machine,
    /// Whoever may change channels from elsewhere: files and variables of the machine are not for them.
    Remote,
}

/// Reads and keeps the settings of channels.
pub struct Switchboard {
    vault: Vault,
    base: PathBuf,
    variables: fn(&str) -> Option<String>,
}

impl Switchboard {
    /// With the vault of the configuration and the environment of this process; relative paths start at `base`.
    pub fn new(config: &Config, base: impl Into<PathBuf>) -> Self {
        Switchboard { vault: Vault::of(config), base: base.into(), variables: machine_variables }
    }

    /// The settings of a channel of `kind`, complete and checked.
    ///
    /// 1. `***` stands for the secret that `known` has, as long as that is sent where it was sent before.
    /// 2. Paths become absolute: they are read from another directory later.
    /// 3. Everything is checked as it is when the channel is made ready.
    ///
    /// # Errors
    /// Every problem, a line each that begins with the key, or with `kind`.
    pub fn checked(
        &self,
        author: Author,
        kind: &str,
        settings: &Settings,
        known: Option<&Channel>,
    ) -> Result<Settings, ConfigError> {
        let kind = Kind::from_name(kind).map_err(|problem| format!("kind: {problem}"))?;
        let before = known.map(stored).transpose()?.unwrap_or_default();
        let mut problems = match author {
            Author::Machine => Vec::new(),
            Author::Remote => reaching(kind, settings, &before),
        };
        // 1.
        let mut settings = settings.clone();
        settings.retain(|_, value| !value.is_null());
        let moved = known.and_then(|known| moved(kind, &settings, known, &before));
        for key in secret_keys(kind).filter(|key| is_masked(settings.get(*key))).collect::<Vec<_>>() {
            match (moved, before.get(key)) {
                (Some(moved), Some(_)) => problems
                    .push(format!("{key}: {moved} is where it is sent to, and changes; enter {key} again")),
                (None, Some(secret)) => drop(settings.insert(key.to_owned(), secret.clone())),
                // Checking says what is wrong with a mask that stands for nothing.
                (_, None) => {}
            }
        }
        if !problems.is_empty() {
            return Err(ConfigError { problems });
        }
        let mut settings = self.vault.opened(&settings).map_err(|error| error.to_string())?;
        // 2.
        for key in path_keys(kind) {
            if let Some(Value::String(path)) = settings.get_mut(&key).filter(|value| *value != "") {
                let whole = self.base.join(path.as_str());
                *path = std::path::absolute(&whole).unwrap_or(whole).to_string_lossy().into_owned();
            }
        }
        // 3.
        channel(kind.name(), &settings, &self.base, &self.variables)?;
        Ok(settings)
    }

    /// What [`Switchboard::checked`] gave, as it is kept: its secrets sealed, one JSON object.
    ///
    /// # Errors
    /// When there is no key to seal them with.
    pub fn sealed(&self, kind: &str, settings: &Settings) -> Result<String, ConfigError> {
        let kind = Kind::from_name(kind).map_err(|problem| format!("kind: {problem}"))?;
        let sealed = self.vault.sealed(settings, secret_keys(kind)).map_err(|error| error.to_string())?;
        Ok(Value::Object(sealed).to_string())
    }

    /// The channel, ready to be used.
    ///
    /// # Errors
    /// Why it is not, each problem a line that begins with the key.
    pub fn ready(&self, known: &Channel) -> Result<ChannelSettings, ConfigError> {
        channel(&known.kind, &self.opened(known)?, &self.base, &self.variables)
    }

    /// The settings with their secrets, for whoever owns the machine.
    ///
    /// # Errors
    /// When they cannot be read or opened.
    pub fn opened(&self, known: &Channel) -> Result<Settings, ConfigError> {
        Ok(self.vault.opened(&stored(known)?).map_err(|error| error.to_string())?)
    }
}

fn is_masked(value: Option<&Value>) -> bool {
    value.is_some_and(|value| value == MASK)
}

/// The settings that name files and directories.
fn path_keys(kind: Kind) -> impl Iterator<Item = String> {
    keys_of(kind).iter().filter_map(|key| match (key.takes, key.is_secret) {
        (Takes::Path, _) => Some(key.name.to_owned()),
        (_, true) => Some(format!("{}_file", key.name)),
        (_, false) => None,
    })
}

/// The settings as they may be shown: each secret is `***`.
///
/// # Errors
/// When what is stored cannot be read.
pub fn shown(known: &Channel) -> Result<Settings, ConfigError> {
    let kind = Kind::from_name(&known.kind).map_err(|problem| format!("kind: {problem}"))?;
    Ok(masked(kind, &stored(known)?))
}

/// `settings` with `changes` laid over them: null takes a key back, and a secret given in one way (`token`, `token_file`,
/// `token_env`) takes the place of the same one given in another.
pub fn laid_over(mut settings: Settings, changes: Settings) -> Settings {
    for (name, value) in changes {
        let secret = name.strip_suffix("_file").or_else(|| name.strip_suffix("_env")).unwrap_or(&name);
        if value.is_null() {
            settings.remove(&name);
        } else {
            for way in [secret.to_owned(), format!("{secret}_file"), format!("{secret}_env")] {
                settings.remove(&way);
            }
            settings.insert(name, value);
        }
    }
    settings
}

fn stored(known: &Channel) -> Result<Settings, ConfigError> {
    serde_json::from_str(&known.settings)
        .map_err(|error| format!("the settings of channel {} cannot be read: {error}", known.name).into())
}

/// What an author from elsewhere sets that reaches into the machine, unless it stands so already.
fn reaching(kind: Kind, settings: &Settings, before: &Settings) -> Vec<String> {
    let set = machine_keys(kind).filter(|key| {
        settings.get(key).is_some_and(|value| !value.is_null()) && settings.get(key) != before.get(key)
    });
    set.map(|key| {
        format!("{key}: names something of the monitor's machine; set it there, by djamon-check channel")
    })
    .collect()
}

/// What changes of where the channel's secrets are sent to: a secret that cannot be read must not be led elsewhere.
fn moved(kind: Kind, settings: &Settings, known: &Channel, before: &Settings) -> Option<&'static str> {
    if kind.name() != known.kind {
        return Some("kind");
    }
    let leads = |takes: Takes, name: &str| takes == Takes::Address || name == "host" || name == "port";
    let keys = keys_of(kind).iter().filter(|key| leads(key.takes, key.name));
    let changes = |name: &str| {
        let given = settings.get(name).filter(|value| *value != MASK);
        match given {
            Some(given) => Some(given) != before.get(name),
            None => !settings.contains_key(name) && before.contains_key(name),
        }
    };
    keys.map(|key| key.name).find(|name| changes(name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::Secret;
    use crate::domain::ChannelId;

    fn map(value: Value) -> Settings {
        let Value::Object(map) = value else { panic!("no object") };
        map
    }

    fn known(kind: &str, settings: String) -> Channel {
        let (name, groups) = ("ops".to_owned(), Vec::new());
        Channel { id: ChannelId(1), name, kind: kind.into(), settings, enabled: true, groups, version: 1 }
    }

    fn board() -> Switchboard {
        let mut config = Config::default();
        config.alerts.key = Secret("a key of at least thirty-two letters".into());
        Switchboard { variables: |_| None, ..Switchboard::new(&config, "/etc") }
    }

    fn kept(
        author: Author,
        kind: &str,
        settings: Value,
        before: Option<&Channel>,
    ) -> Result<String, Vec<String>> {
        let checked =
            board().checked(author, kind, &map(settings), before).map_err(|error| error.problems)?;
        Ok(board().sealed(kind, &checked).unwrap())
    }

    fn mastodon(url: &str, token: &str) -> Value {
        json!({"url": url, "token": token})
    }

    #[test]
    fn a_secret_is_kept_sealed_shown_as_a_mask_and_survives_a_change_of_something_else() {
        let text = kept(Author::Machine, "mastodon", mastodon("https://m.example", "hunter2"), None).unwrap();
        assert!(!text.contains("hunter2"), "{text}");
        let channel = known("mastodon", text);
        assert_eq!(Value::Object(shown(&channel).unwrap()), mastodon("https://m.example", MASK));
        let change = json!({"url": "https://m.example", "token": MASK, "visibility": "direct"});
        let changed = known("mastodon", kept(Author::Remote, "mastodon", change, Some(&channel)).unwrap());
        assert_eq!(board().opened(&changed).unwrap()["token"], "hunter2");
    }

    #[test]
    fn a_secret_is_not_led_elsewhere_unseen() {
        let text = kept(Author::Machine, "mastodon", mastodon("https://m.example", "hunter2"), None).unwrap();
        let channel = known("mastodon", text);
        let elsewhere = mastodon("https://evil.example", MASK);
        assert_eq!(
            kept(Author::Machine, "mastodon", elsewhere, Some(&channel)).unwrap_err(),
            ["token: url is where it is sent to, and changes; enter token again"]
        );
        let as_webhook = json!({"url": "https://m.example", "token": MASK});
        assert_eq!(
            kept(Author::Remote, "webhook", as_webhook, Some(&channel)).unwrap_err(),
            ["token: kind is where it is sent to, and changes; enter token again"]
        );
        assert!(
            kept(Author::Remote, "mastodon", mastodon("https://new.example", "new"), Some(&channel)).is_ok()
        );
    }

    #[test]
    fn a_mask_without_a_secret_behind_it_is_refused() {
        let told = kept(Author::Machine, "mastodon", mastodon("https://m.example", MASK), None).unwrap_err();
        assert!(told[0].starts_with("token: *** stands for a secret"), "{told:?}");
    }

    #[test]
    fn files_of_the_machine_are_named_on_the_machine_only() {
        let settings = json!({"url": "https://m.example", "token_file": "/etc/shadow"});
        assert_eq!(
            kept(Author::Remote, "mastodon", settings, None).unwrap_err(),
            ["token_file: names something of the monitor's machine; set it there, by djamon-check channel"]
        );
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("token");
        std::fs::write(&file, "hunter2").unwrap();
        let settings = json!({"url": "https://m.example", "token_file": file.to_string_lossy()});
        let channel = known("mastodon", kept(Author::Machine, "mastodon", settings.clone(), None).unwrap());
        assert!(kept(Author::Remote, "mastodon", settings, Some(&channel)).is_ok(), "it stands so already");
    }
}
