//! Channels that are not sections of the file: kept in the database or written in the file of `apply`, each of a kind
//! that has its keys.
//!
//! `kind` says which kinds there are, `keys` what each takes, `secrets` where secrets come from, `values` takes values
//! as types, `read` makes the `settings` of a kind of it all.

mod keys;
mod kind;
mod read;
mod secrets;
mod settings;
mod values;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value as Json};

use super::ConfigError;
use super::given::Value;
use super::keys::unknown_among;

pub use keys::{ChannelKey, Takes, keys_of};
pub use kind::{Audience, Kind};
pub use secrets::{Variables, machine_keys, machine_variables, masked, secret_keys};
pub use settings::{
    Address, Alertmanager, Apprise, AppriseTargets, ChannelSettings, Discord, Mastodon, Matrix, Ntfy,
    PagerDuty, Severity, SignIn, SigningKey, Slack, Teams, Telegram, Visibility, Webhook,
};

/// Every kind of channel, in the order of the documentation.
pub const fn kinds() -> [Kind; 13] {
    Kind::ALL
}

/// The names of all settings that a channel of this kind may have: secrets can be given in three ways.
pub fn channel_keys(kind: Kind) -> Vec<String> {
    let ways = |key: &ChannelKey| match key.is_secret {
        false => vec![key.name.to_owned()],
        true => vec![key.name.to_owned(), secrets::in_file(key), secrets::in_variable(key)],
    };
    keys_of(kind).iter().flat_map(ways).collect()
}

/// Makes a channel of `kind` ready from its `settings`; relative paths start at `base`, secrets may stand in
/// `variables`.
///
/// 1. Names are checked: only keys of the kind, and none that is needed is missing.
/// 2. Secrets are read from wherever they are.
/// 3. Values are read; what is left out has its default.
///
/// # Errors
/// What is wrong, each problem a line that begins with the key, or with `kind`. No secret is ever in it.
pub fn channel(
    kind: &str,
    settings: &Map<String, Json>,
    base: &Path,
    variables: Variables<'_>,
) -> Result<ChannelSettings, ConfigError> {
    let kind = Kind::from_name(kind).map_err(|problem| format!("kind: {problem}"))?;
    // 1.
    let mut problems = wrong_names(kind, settings);
    // 2.
    let mut given = BTreeMap::new();
    for key in keys_of(kind) {
        if !key.is_secret {
            let default = Some(Value::Loose(key.default.to_owned())).filter(|_| !key.default.is_empty());
            let value = settings.get(key.name).filter(|value| !is_empty(value)).map(value).or(default);
            given.extend(value.map(|value| (key.name, (key.name.to_owned(), value))));
            continue;
        }
        match secrets::read(key, settings, base, variables) {
            Ok(secret) => given.extend(secret.map(|(way, text)| (key.name, (way, Value::Text(text))))),
            Err(problem) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        return Err(ConfigError { problems });
    }
    // 3.
    read::settings(kind, values::Values::new(given, base)).map_err(ConfigError::from)
}

fn wrong_names(kind: Kind, settings: &Map<String, Json>) -> Vec<String> {
    let known = channel_keys(kind);
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let unknown = settings.keys().filter(|name| !known.contains(&name.as_str()));
    let mut problems: Vec<String> =
        unknown.map(|name| format!("{name}: {}", unknown_among(name, &known))).collect();
    for key in keys_of(kind).iter().filter(|key| key.is_needed) {
        let ways = [key.name.to_owned(), secrets::in_file(key), secrets::in_variable(key)];
        if ways.iter().any(|way| settings.get(way).is_some_and(|value| !is_empty(value))) {
            continue;
        }
        let [name, file, variable] = ways;
        let hint = match key.is_secret {
            true => format!("; give it as {name}, {file} or {variable}"),
            false => String::new(),
        };
        problems.push(format!("{name}: is missing; a channel of this kind needs it{hint}"));
    }
    problems
}

/// Whether the value says nothing.
fn is_empty(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::String(text) => text.is_empty(),
        Json::Array(values) => values.is_empty(),
        Json::Bool(_) | Json::Number(_) | Json::Object(_) => false,
    }
}

fn value(value: &Json) -> Value {
    match value {
        Json::String(text) => Value::Text(text.clone()),
        Json::Bool(flag) => Value::Flag(*flag),
        Json::Array(values) => Value::List(values.iter().map(self::value).collect()),
        Json::Number(number) => {
            number.as_i64().map_or_else(|| Value::Other(number.to_string()), Value::Whole)
        }
        Json::Null => Value::Other("nothing".to_owned()),
        Json::Object(_) => Value::Other("a table".to_owned()),
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
