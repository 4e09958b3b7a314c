//! Takes values out of what is given, as the types they must have, and collects what cannot be taken. It knows kinds of
//! values, not what a key is for.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Secret;
use super::given::{Given, Layer, Value};
use super::keys::Key;
use crate::domain::{GoodCodes, Span};

/// Reads values and keeps the problems.
pub(super) struct Reader {
    layer: Layer,
    base: PathBuf,
}

impl Reader {
    /// Reads from `layer`; relative paths start at `base`.
    pub fn new(layer: Layer, base: PathBuf) -> Self {
        Reader { layer, base }
    }

    /// What was wrong, in the order it was found.
    pub fn into_problems(self) -> Vec<String> {
        self.layer.problems
    }

    /// Says that `what` is wrong with the value of `key`, wherever that stands.
    pub fn wrong(&mut self, key: Key, what: impl std::fmt::Display) {
        let place = self.layer.given.get(&key).map_or_else(|| key.to_string(), |given| given.place.clone());
        self.layer.problems.push(format!("{place}: {what}"));
    }

    /// The value of `key` as `read` makes it; `default` when there is none or it cannot be taken.
    pub fn take<T>(&mut self, key: Key, default: T, read: impl FnOnce(&Value) -> Result<T, String>) -> T {
        let Some(Given { value, .. }) = self.layer.given.get(&key) else { return default };
        read(value).unwrap_or_else(|problem| {
            self.wrong(key, problem);
            default
        })
    }

    /// A secret given by `key` itself or by the file that its twin names; a trailing line break of the file is dropped.
    pub fn secret(&mut self, key: Key, default: Secret) -> Secret {
        let file_key = key.twin().unwrap_or(key);
        let itself = self.take(key, None, |value| secret_text(value).map(Some));
        let file = self.take(file_key, None, |value| text(value).map(Some)).filter(|file| !file.is_empty());
        match (itself, file) {
            (Some(secret), Some(_)) if !secret.is_empty() => {
                self.wrong(file_key, format_args!("{} is given too; keep one of them", key.1));
                default
            }
            (_, Some(file)) => {
                let path = self.absolute(&file);
                match std::fs::read_to_string(&path) {
                    Ok(content) => Secret(content.trim_end_matches(['\n', '\r']).to_owned()),
                    Err(error) => {
                        self.wrong(file_key, format_args!("cannot read {}: {error}", path.display()));
                        default
                    }
                }
            }
            (Some(secret), None) => Secret(secret),
            (None, None) => default,
        }
    }

    /// A path, made absolute; `None` when it is empty.
    pub fn path(&mut self, key: Key) -> Option<PathBuf> {
        let path = self.take(key, String::new(), text);
        (!path.is_empty()).then(|| self.absolute(&path))
    }

    /// `path` from the directory where relative paths start.
    pub fn absolute(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = self.base.join(path);
        std::path::absolute(&path).unwrap_or(path)
    }
}

/// Text.
pub(super) fn text(value: &Value) -> Result<String, String> {
    match value {
        Value::Text(text) | Value::Loose(text) => Ok(text.trim().to_owned()),
        other => Err(format!("expected text in quotes, found {other}")),
    }
}

/// Text that is never shown, and taken as it stands.
fn secret_text(value: &Value) -> Result<String, String> {
    match value {
        Value::Text(text) | Value::Loose(text) => Ok(text.clone()),
        _ => Err("expected text in quotes".to_owned()),
    }
}

/// True or false.
pub(super) fn flag(value: &Value) -> Result<bool, String> {
    match value {
        Value::Flag(flag) => Ok(*flag),
        Value::Loose(text) if text == "true" => Ok(true),
        Value::Loose(text) if text == "false" => Ok(false),
        other => Err(format!("expected true or false, found {other}")),
    }
}

/// A whole number within `range`.
pub(super) fn whole<T>(value: &Value, range: RangeInclusive<T>) -> Result<T, String>
where
    T: TryFrom<i64> + PartialOrd + std::fmt::Display,
{
    let number = match value {
        Value::Whole(number) => Some(*number),
        Value::Loose(text) => text.trim().parse().ok(),
        Value::Text(_) | Value::Flag(_) | Value::List(_) | Value::Other(_) => None,
    };
    number.and_then(|number| T::try_from(number).ok()).filter(|number| range.contains(number)).ok_or_else(
        || format!("expected a whole number from {} to {}, found {value}", range.start(), range.end()),
    )
}

/// A list of texts; in a variable parted by `separator`.
pub(super) fn texts(value: &Value, separator: char) -> Result<Vec<String>, String> {
    let list = value.list(separator);
    let list = list.ok_or_else(|| format!("expected a list like [\"…\", \"…\"], found {value}"))?;
    list.iter().map(text).collect()
}

/// Status codes and ranges.
pub(super) fn good_codes(value: &Value) -> Result<GoodCodes, String> {
    let whole_text = |value: &Value| match value {
        Value::Text(text) | Value::Loose(text) => Ok(text.clone()),
        Value::Whole(code) => Ok(code.to_string()),
        other => Err(format!("expected codes and ranges like [\"200-299\", 301], found {other}")),
    };
    match value.list(',') {
        Some(codes) => codes.iter().map(whole_text).collect::<Result<Vec<_>, _>>()?.join(",").parse(),
        None => whole_text(value)?.parse(),
    }
}

/// A length of time within `range`.
pub(super) fn span(value: &Value, range: RangeInclusive<Duration>) -> Result<Duration, String> {
    let Span(length) = match value {
        Value::Text(text) | Value::Loose(text) => text.parse()?,
        other => return Err(format!("expected a length of time like \"5s\" or \"30d\", found {other}")),
    };
    if range.contains(&length) {
        return Ok(length);
    }
    let (least, most) = (Span(*range.start()), Span(*range.end()));
    Err(format!("{value} is out of range; use \"{least}\" to \"{most}\""))
}

/// One of the values that have a name.
pub(super) fn one_of<T: Copy>(value: &Value, choices: &[(&str, T)]) -> Result<T, String> {
    let text = text(value)?;
    choices.iter().find(|(name, _)| *name == text).map(|(_, choice)| *choice).ok_or_else(|| {
        let names: Vec<String> = choices.iter().map(|(name, _)| format!("{name:?}")).collect();
        format!("{value} is not one of {}", names.join(", "))
    })
}
