//! The form of a channel, made from the table of its kind, and what is read from it.

use djamon_core::channels::Settings;
use djamon_core::config::{ChannelKey, Kind as ChannelKind, Takes, keys_of};
use djamon_core::domain::Channel;
use serde_json::Value;

use super::form::{Choice, Field, Kind};
use crate::body::Form;

/// The fields of a channel: what every one has, then the keys of its kind.
pub fn fields(kind: ChannelKind, known: Option<&Channel>, settings: &Settings, groups: String) -> Vec<Field> {
    let switch = vec![Choice::new("yes", "on"), Choice::new("no", "off: it is told of nothing")];
    let name = known.map(|known| known.name.clone()).unwrap_or_default();
    let enabled = if known.is_none_or(|known| known.enabled) { "yes" } else { "no" };
    let mut fields = vec![
        Field { focus: known.is_none(), ..Field::new("name", "Name", Kind::Text).required().filled(name) },
        Field::new("enabled", "It is", Kind::Select).choices(switch).filled(enabled),
        Field::new("groups", "Told of", Kind::Text)
            .filled(groups)
            .hint("Groups, with commas between them; empty: every system"),
    ];
    fields
        .extend(keys_of(kind).iter().filter(|key| key.takes != Takes::Path).map(|key| of_key(key, settings)));
    fields
}

fn of_key(key: &'static ChannelKey, settings: &Settings) -> Field {
    let value = settings.get(key.name);
    let on_machine = ["_file", "_env"].iter().any(|way| settings.contains_key(&format!("{}{way}", key.name)));
    let form_kind = match key.takes {
        _ if key.is_secret => Kind::Password,
        Takes::Address => Kind::Url,
        Takes::Whole { .. } => Kind::Number,
        Takes::Flag | Takes::OneOf(_) => Kind::Select,
        Takes::Text | Takes::Path | Takes::List | Takes::Span => Kind::Text,
    };
    let mut field = Field::new(key.name, key.name, form_kind).filled(match value {
        _ if key.is_secret => String::new(),
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
        Some(other) => other.to_string(),
    });
    key.default.clone_into(&mut field.placeholder);
    field.hint = Some(match (key.is_secret, value.is_some(), on_machine) {
        (true, true, _) => format!("{}. It is kept, and shown to nobody: type to replace it", key.meaning),
        (true, false, true) => {
            format!("{}. It comes from the monitor's machine: type to replace it", key.meaning)
        }
        (_, _, _) => key.meaning.to_owned(),
    });
    let usual = || Choice::new("", format!("as usual ({})", key.default));
    match key.takes {
        Takes::Flag => {
            field.choices = vec![usual(), Choice::new("true", "yes"), Choice::new("false", "no")];
        }
        Takes::OneOf(words) => {
            field.choices =
                std::iter::once(usual()).chain(words.iter().map(|word| Choice::new(*word, *word))).collect();
        }
        Takes::Text | Takes::Address | Takes::Path | Takes::List | Takes::Whole { .. } | Takes::Span => {}
    }
    field.required = key.is_needed && value.is_none() && !on_machine;
    field
}

/// What the form says of the keys: an empty field takes a value back, an empty secret leaves it as it is.
pub fn changes(kind: ChannelKind, form: &Form) -> Settings {
    let mut changes = Settings::new();
    for key in keys_of(kind) {
        let Some(text) = form.get(key.name) else { continue };
        let text = if key.is_secret { text } else { text.trim() };
        let value = match key.takes {
            _ if text.is_empty() && key.is_secret => continue,
            _ if text.is_empty() => Value::Null,
            Takes::List => text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect(),
            Takes::Whole { .. } => text.parse::<i64>().map_or_else(|_| text.into(), Value::from),
            Takes::Flag => text.parse::<bool>().map_or_else(|_| text.into(), Value::from),
            Takes::Text | Takes::Address | Takes::Path | Takes::Span | Takes::OneOf(_) => text.into(),
        };
        changes.insert(key.name.to_owned(), value);
    }
    changes
}
