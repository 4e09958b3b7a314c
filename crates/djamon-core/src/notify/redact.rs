//! Takes secrets out of what is shown. It knows no services, only texts that must not be seen.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::{AsciiSet, percent_decode_str, utf8_percent_encode};
use serde_json::Value as Json;
use url::Url;

use crate::config::channel::SignIn;

/// What stands in a secret's place.
const HIDDEN: &str = "…";
/// A part of an address shorter than this is a word that stands in every such address.
const LEAST_OF_A_PART: usize = 6;

/// What stands as itself in addresses and in OAuth's headers (RFC 3986, unreserved).
const NON_ALPHANUMERIC: &AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Texts that must not be seen.
#[derive(Default)]
pub(super) struct Secrets(Vec<String>);

impl Secrets {
    /// Without any.
    pub fn none() -> Self {
        Secrets::default()
    }

    /// What a server knows us by.
    pub fn of(sign_in: &SignIn) -> Self {
        match sign_in {
            SignIn::Nobody => Secrets::none(),
            SignIn::Token(token) => Secrets::none().and(&token.0),
            SignIn::Password(user, password) => Secrets::none()
                .and(&password.0)
                .and(&BASE64_STANDARD.encode(format!("{user}:{}", password.0))),
        }
    }

    /// This too; empty ones count for nothing.
    pub fn and(mut self, secret: &str) -> Self {
        if !secret.is_empty() {
            self.0.push(secret.to_owned());
            self.0.push(utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string());
            // The longest first, so that no part of one is left.
            self.0.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        }
        self
    }

    /// Those of an address that is a secret: its path and query, whole and in parts.
    pub fn and_address(self, url: &Url) -> Self {
        let after_host = &url[url::Position::BeforePath..];
        let whole = [after_host, url.path()].into_iter().filter(|part| part.len() > 1);
        let parts = after_host.split(['/', '?', '&', '=', '#', ';']);
        let parts = parts.filter(|part| part.len() >= LEAST_OF_A_PART).flat_map(|part| {
            let decoded = percent_decode_str(part).decode_utf8_lossy().into_owned();
            [part.to_owned(), decoded]
        });
        let found: Vec<String> = whole.map(str::to_owned).chain(parts).collect();
        found.iter().fold(self, |secrets, secret| secrets.and(secret))
    }

    /// `text` without them.
    pub fn hidden(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| match text.contains(secret.as_str()) {
            true => text.replace(secret.as_str(), HIDDEN),
            false => text,
        })
    }

    /// `json` without them, in names and values.
    pub fn hidden_in(&self, json: &Json) -> Json {
        match json {
            Json::String(text) => Json::String(self.hidden(text)),
            Json::Array(values) => values.iter().map(|value| self.hidden_in(value)).collect(),
            Json::Object(fields) => {
                fields.iter().map(|(name, value)| (self.hidden(name), self.hidden_in(value))).collect()
            }
            Json::Null | Json::Bool(_) | Json::Number(_) => json.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_of_a_secret_address_is_left() {
        let url =
            Url::parse("https://hooks.example/services/T0001/B0001/hunter2hunter2?sig=a%2Fsecret").unwrap();
        let secrets = Secrets::none().and_address(&url).and("tok").and("token-of-mine");
        let said = "no hunter2hunter2 at https://hooks.example/services/T0001/B0001/hunter2hunter2?sig=a%2Fsecret \
                    nor a/secret, token-of-mine, tok";
        let shown = secrets.hidden(said);
        assert_eq!(shown, "no … at https://hooks.example… nor …, …, …");
        let json = serde_json::json!({"key": ["token-of-mine", 1], "tok": null});
        assert_eq!(secrets.hidden_in(&json), serde_json::json!({"key": ["…", 1], "…": null}));
    }
}
