//! Reads JSON and simple HTML as strictly as a service may.

use chrono::DateTime;
use serde_json::Value as Json;
use url::Url;

/// Nothing, or why it is refused.
pub type Verdict = Result<(), String>;

/// A table's fields, read as they must be.
pub struct Fields<'a>(pub &'a Json);

impl<'a> Fields<'a> {
    pub fn only(&self, known: &[&str]) -> Verdict {
        let fields = self.0.as_object().ok_or_else(|| format!("no table: {:.40}", self.0.to_string()))?;
        match fields.keys().find(|key| !known.contains(&key.as_str())) {
            None => Ok(()),
            Some(key) => Err(format!("{key} is not a field")),
        }
    }

    /// A text of 1 to `most` characters.
    pub fn text(&self, key: &str, most: usize) -> Result<&'a str, String> {
        let text = self.0.get(key).and_then(Json::as_str).ok_or(format!("{key} is no text"))?;
        match utf16(text) {
            0 => Err(format!("{key} is empty")),
            length if length > most => Err(format!("{key} has {length} characters, more than {most}")),
            _ => Ok(text),
        }
    }

    pub fn line(&self, key: &str) -> Verdict {
        let text = self.text(key, 10_000)?;
        holds(!text.chars().any(char::is_control), &format!("{key} has control characters"))
    }

    pub fn one_of(&self, key: &str, known: &[&str]) -> Result<&'a str, String> {
        let text = self.text(key, 200)?;
        if known.contains(&text) { Ok(text) } else { Err(format!("{key}: {text:?} is none of {known:?}")) }
    }

    pub fn time(&self, key: &str) -> Result<DateTime<chrono::FixedOffset>, String> {
        DateTime::parse_from_rfc3339(self.text(key, 40)?).map_err(|error| format!("{key}: {error}"))
    }

    pub fn address(&self, key: &str) -> Verdict {
        let url = Url::parse(self.text(key, 2000)?).map_err(|error| format!("{key}: {error}"))?;
        holds(matches!(url.scheme(), "http" | "https"), &format!("{key} is no http address"))
    }

    pub fn list(&self, key: &str) -> Result<&'a Vec<Json>, String> {
        self.0.get(key).and_then(Json::as_array).ok_or(format!("{key} is no list"))
    }

    pub fn table(&self, key: &str) -> Result<Fields<'a>, String> {
        self.0.get(key).filter(|value| value.is_object()).map(Fields).ok_or(format!("{key} is no table"))
    }
}

/// The text of simple HTML: only `tags`, each closed in order, only known entities.
pub fn html(text: &str, tags: &[&str]) -> Result<String, String> {
    let (mut shown, mut open, mut rest) = (String::new(), Vec::new(), text);
    while let Some((before, after)) = rest.split_once('<') {
        shown.push_str(before);
        let (tag, after) = after.split_once('>').ok_or("a tag without an end")?;
        let name = tag.trim_start_matches('/').split(' ').next().unwrap_or_default();
        holds(tags.contains(&name), &format!("the tag <{tag}>"))?;
        match tag.strip_prefix('/') {
            Some(_) => is("closed", open.pop(), Some(name))?,
            None if name == "br" => shown.push('\n'),
            None => open.push(name),
        }
        if name == "a" && !tag.starts_with('/') {
            let address = tag.strip_prefix("a href=\"").and_then(|rest| rest.strip_suffix('"'));
            let address = address.ok_or("a link without an address")?;
            holds(address.starts_with("http") && !address.contains('"'), "a link that is none")?;
        }
        rest = after;
    }
    shown.push_str(rest);
    holds(open.is_empty(), "a tag is left open")?;
    entities(&shown, &["&amp;", "&lt;", "&gt;", "&quot;"])?;
    Ok(shown.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&"))
}

pub fn entities(text: &str, known: &[&str]) -> Verdict {
    let bad =
        text.match_indices('&').find(|(at, _)| !known.iter().any(|entity| text[*at..].starts_with(entity)));
    holds(bad.is_none(), "an & that begins no entity")
}

pub fn utf16(text: &str) -> usize {
    text.encode_utf16().count()
}

pub fn is<T: PartialEq + std::fmt::Debug>(what: &str, found: T, expected: T) -> Verdict {
    if found == expected { Ok(()) } else { Err(format!("{what}: {found:?} instead of {expected:?}")) }
}

pub fn holds(is_so: bool, otherwise: &str) -> Verdict {
    if is_so { Ok(()) } else { Err(otherwise.to_owned()) }
}
