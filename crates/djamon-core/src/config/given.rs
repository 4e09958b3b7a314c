//! What the file and the environment give, key by key, with the place where each value stands. Knows which keys exist,
//! not what they mean.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::keys::{self, Key};

/// A value as it was written.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Whole(i64),
    Flag(bool),
    List(Vec<Value>),
    /// Anything no key takes, as it was written: a table, a date, a fraction, a number too large.
    Other(String),
    /// A variable's text: whatever its key takes, it is made of this.
    Loose(String),
}

/// A value and where it stands, as messages begin: `djamon.toml:7: [check] timeout` or `DJAMON_CHECK__TIMEOUT`.
#[derive(Clone)]
pub(super) struct Given {
    pub place: String,
    pub value: Value,
}

/// What is given, and what is wrong with the names.
#[derive(Default)]
pub(super) struct Layer {
    pub given: BTreeMap<Key, Given>,
    pub problems: Vec<String>,
}

impl Layer {
    /// Reads the file's `text`; `name` is what messages call the file.
    pub fn of_file(name: &str, text: &str) -> Layer {
        let mut layer = Layer::default();
        let place = |span: &Range<usize>| format!("{name}:{}", line_at(text, span.start));
        // The error's own display would quote the line, and with it perhaps a password.
        let sections = match DeTable::parse(text) {
            Ok(table) => table.into_inner(),
            Err(error) => {
                let at = error.span().unwrap_or_default();
                layer.problems.push(format!("{}: {}", place(&at), error.message().replace('\n', ", ")));
                return layer;
            }
        };
        // Tables are sorted by name; problems are told in the order of the file.
        let mut problems: Vec<(usize, String)> = Vec::new();
        for (section, content) in &sections {
            let (at, section_name) = (section.span(), section.get_ref());
            let mut wrong = |at: Range<usize>, what: String| {
                problems.push((at.start, format!("{}: {what}", place(&at))));
            };
            let known = keys::SECTIONS.iter().any(|(known, _)| known == section_name);
            let Some(table) = content.get_ref().as_table().filter(|_| known) else {
                wrong(
                    at,
                    if known {
                        format!("[{section_name}] is a section; write [{section_name}] on a line of its own")
                    } else {
                        keys::unknown_section(section_name)
                    },
                );
                continue;
            };
            for (name, value) in table {
                match Key::find(section_name, name.get_ref()) {
                    None => wrong(name.span(), keys::unknown_key(section_name, name.get_ref())),
                    Some(key) => {
                        let place = format!("{}: {key}", place(&name.span()));
                        layer.given.insert(key, Given { place, value: Value::read(value.get_ref()) });
                    }
                }
            }
        }
        problems.sort();
        layer.problems = problems.into_iter().map(|(_, problem)| problem).collect();
        layer
    }

    /// Reads the variables that begin with `DJAMON_`. Those without two underscores in the middle belong to others and
    /// are left alone, unless they look like a key written with one.
    pub fn of_environment(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Layer {
        let mut layer = Layer::default();
        for (name, value) in variables {
            let Some(name) = name.to_str().filter(|name| name.starts_with("DJAMON_")) else { continue };
            let key = Key::all().find(|key| key.variable() == name);
            let one_underscore = || Key::all().find(|key| key.variable().replace("__", "_") == name);
            match (key, value.into_string()) {
                (Some(key), Ok(text)) => {
                    layer.given.insert(key, Given { place: name.to_owned(), value: Value::Loose(text) });
                }
                (Some(_), Err(_)) => layer.problems.push(format!("{name}: the value is not UTF-8")),
                (None, _) if name.trim_start_matches("DJAMON_").contains("__") => {
                    layer.problems.push(keys::unknown_variable(name));
                }
                (None, _) => {
                    if let Some(meant) = one_underscore() {
                        let meant = meant.variable();
                        layer.problems.push(format!("{name} is not a key; did you mean {meant}?"));
                    }
                }
            }
        }
        layer.problems.sort();
        layer
    }

    /// Lays `over` over this layer. A secret given there in one way hides both ways of giving it here.
    pub fn with(mut self, over: Layer) -> Layer {
        for key in over.given.keys() {
            if let Some(twin) = key.twin() {
                self.given.remove(&twin);
            }
        }
        self.given.extend(over.given);
        self.problems.extend(over.problems);
        self
    }
}

impl Value {
    fn read(value: &DeValue<'_>) -> Value {
        match value {
            DeValue::String(text) => Value::Text(text.clone().into_owned()),
            DeValue::Boolean(flag) => Value::Flag(*flag),
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .map_or_else(|_| Value::Other(number.to_string()), Value::Whole),
            DeValue::Float(number) => Value::Other(number.to_string()),
            DeValue::Datetime(date) => Value::Other(date.to_string()),
            DeValue::Array(values) => {
                Value::List(values.iter().map(|value| Value::read(value.get_ref())).collect())
            }
            DeValue::Table(_) => Value::Other("a table".to_owned()),
        }
    }

    /// The values of a list; a variable's text is a TOML array, or values parted by `separator`.
    pub fn list(&self, separator: char) -> Option<Vec<Value>> {
        match self {
            Value::List(values) => Some(values.clone()),
            Value::Loose(text) if text.trim_start().starts_with('[') => {
                match Value::read(DeValue::parse(text.trim()).ok()?.get_ref()) {
                    Value::List(values) => Some(values),
                    _ => None,
                }
            }
            Value::Loose(text) => {
                let parts = text.split(separator).map(str::trim).filter(|part| !part.is_empty());
                Some(parts.map(|part| Value::Loose(part.to_owned())).collect())
            }
            Value::Text(_) | Value::Whole(_) | Value::Flag(_) | Value::Other(_) => None,
        }
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Value::Text(text) | Value::Loose(text) => write!(f, "{text:?}"),
            Value::Whole(number) => number.fmt(f),
            Value::Flag(flag) => flag.fmt(f),
            Value::List(_) => f.write_str("a list"),
            Value::Other(shown) => f.write_str(shown),
        }
    }
}

fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file_problems(text: &str) -> Vec<String> {
        Layer::of_file("djamon.toml", text).problems
    }

    fn variables(pairs: &[(&str, &str)]) -> Layer {
        Layer::of_environment(pairs.iter().map(|(name, value)| (name.into(), value.into())))
    }

    #[test]
    fn names_that_do_not_exist_are_told_with_their_lines_in_the_order_of_the_file() {
        let text = "[web]\nlisten = \"x\"\nlissen = 1\n\n[check]\ntimout = \"5s\"\n[[chekc]]\nemail = 3\n";
        assert_eq!(
            file_problems(text),
            [
                "djamon.toml:3: [web] lissen is not a key; did you mean listen?",
                "djamon.toml:6: [check] timout is not a key; did you mean timeout?",
                "djamon.toml:7: [chekc] is not a section; did you mean [check]?",
            ]
        );
        assert_eq!(
            file_problems("email = 3"),
            ["djamon.toml:1: [email] is a section; write [email] on a line of its own"]
        );
    }

    #[test]
    fn broken_toml_is_told_by_its_line_and_never_quoted() {
        let problems = file_problems("[email]\nhost = \"mail\"\npassword = \"hunter2\nport = 25\n");
        assert_eq!(problems.len(), 1);
        assert!(problems[0].starts_with("djamon.toml:3: "), "{problems:?}");
        assert!(!problems[0].contains("hunter2") && !problems[0].contains('\n'), "{problems:?}");
        let twice = file_problems("[web]\npublic = true\npublic = false\n");
        assert_eq!(twice, ["djamon.toml:3: duplicate key"]);
    }

    #[test]
    fn variables_that_set_nothing_are_refused_when_they_look_like_ours() {
        let layer = variables(&[
            ("DJAMON_CHECK__FOO", "1"),
            ("DJAMON_EMAIL_PASSWORD", "hunter2"),
            ("DJAMON_CONFIG", "x"),
            ("DJAMON_HOME", "/"),
            ("PATH", "/bin"),
            ("djamon_check__foo", "1"),
        ]);
        assert_eq!(
            layer.problems,
            [
                "DJAMON_CHECK__FOO is not a key; variables are called like DJAMON_CHECK__TIMEOUT",
                "DJAMON_EMAIL_PASSWORD is not a key; did you mean DJAMON_EMAIL__PASSWORD?",
            ]
        );
        assert!(layer.given.is_empty());
    }

    #[test]
    fn a_secret_of_the_environment_hides_both_ways_of_the_file() {
        let file = Layer::of_file("f", "[email]\npassword = \"a\"\n[web]\nsecret_key_file = \"b\"\n");
        let over = variables(&[("DJAMON_EMAIL__PASSWORD_FILE", "c"), ("DJAMON_WEB__SECRET_KEY", "d")]);
        let keys: Vec<_> = file.with(over).given.into_keys().collect();
        assert_eq!(keys, [Key("email", "password_file"), Key("web", "secret_key")]);
    }
}
