//! Which keys there are, and which one was meant. Knows names, not values.

use crate::domain::text::nearest;

/// Every section with its keys, in the order of the documentation.
pub(super) const SECTIONS: [(&str, &[&str]); 7] = [
    ("database", &["url", "url_file"]),
    (
        "check",
        &[
            "sandbox_urls",
            "good_codes",
            "attempts",
            "recover_after",
            "method",
            "timeout",
            "follow_redirects",
            "concurrency",
            "location",
            "schedule",
            "outage_scope",
            "deny_private",
        ],
    ),
    ("history", &["keep_views", "keep_hours", "time_zone"]),
    ("alerts", &["reminders", "key", "key_file"]),
    ("email", &["from", "to", "host", "port", "tls", "user", "password", "password_file", "file_dir"]),
    (
        "twitter",
        &[
            "enabled",
            "consumer_key",
            "consumer_key_file",
            "consumer_secret",
            "consumer_secret_file",
            "oauth_token",
            "oauth_token_file",
            "oauth_secret",
            "oauth_secret_file",
            "api_url",
            "include_url",
        ],
    ),
    (
        "web",
        &[
            "listen",
            "base_url",
            "secret_key",
            "secret_key_file",
            "state_dir",
            "public",
            "session_idle",
            "session_max",
            "templates",
            "trusted_proxies",
            "cors_origins",
        ],
    ),
];

/// A key and the section it stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key(pub &'static str, pub &'static str);

impl Key {
    /// Every key there is.
    pub fn all() -> impl Iterator<Item = Key> {
        SECTIONS.into_iter().flat_map(|(section, keys)| keys.iter().map(move |key| Key(section, key)))
    }

    /// The key of this name.
    pub fn find(section: &str, key: &str) -> Option<Key> {
        Key::all().find(|known| (known.0, known.1) == (section, key))
    }

    /// The key that gives the same secret in the other way: `password` and `password_file`.
    pub fn twin(self) -> Option<Key> {
        Key::all().find(|other| {
            self.0 == other.0
                && (other.1.strip_suffix("_file") == Some(self.1)
                    || self.1.strip_suffix("_file") == Some(other.1))
        })
    }

    /// The environment variable that sets it.
    pub fn variable(self) -> String {
        format!("DJAMON_{}__{}", self.0, self.1).to_ascii_uppercase()
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "[{}] {}", self.0, self.1)
    }
}

/// What to say of the section `name`, which does not exist.
pub(super) fn unknown_section(name: &str) -> String {
    let names = SECTIONS.map(|(section, _)| section);
    let hint = if matches!(name, "group" | "site" | "channel") {
        "groups, sites and channels stand in the file of `djamon-check apply`".to_owned()
    } else if let Some(meant) = nearest(name, &names) {
        format!("did you mean [{meant}]?")
    } else if let Some(key) = Key::all().find(|key| key.1 == name) {
        format!("did you mean {key}?")
    } else {
        format!("the sections are {}", names.join(", "))
    };
    format!("[{name}] is not a section; {hint}")
}

/// What to say of `name`, which is not a key of the existing section `section`.
pub(super) fn unknown_key(section: &str, name: &str) -> String {
    let keys = SECTIONS.iter().find(|(known, _)| *known == section).map_or(&[][..], |(_, keys)| keys);
    let hint = if let Some(meant) = nearest(name, keys) {
        format!("did you mean {meant}?")
    } else if let Some(key) = Key::all().find(|key| key.1 == name) {
        format!("it belongs into [{}]", key.0)
    } else {
        format!("the keys are {}", keys.join(", "))
    };
    format!("[{section}] {name} is not a key; {hint}")
}

/// What to say of `name`, which is none of `keys`.
pub(super) fn unknown_among(name: &str, keys: &[&str]) -> String {
    match nearest(name, keys) {
        Some(meant) => format!("is not a key; did you mean {meant}?"),
        None => format!("is not a key; the keys are {}", keys.join(", ")),
    }
}

/// What to say of the environment variable `name`, which sets no key.
pub(super) fn unknown_variable(name: &str) -> String {
    let variables: Vec<String> = Key::all().map(Key::variable).collect();
    let candidates: Vec<&str> = variables.iter().map(String::as_str).collect();
    let hint = match nearest(name, &candidates) {
        Some(meant) => format!("did you mean {meant}?"),
        None => "variables are called like DJAMON_CHECK__TIMEOUT".to_owned(),
    };
    format!("{name} is not a key; {hint}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_gets_the_nearest_one() {
        assert_eq!(unknown_key("check", "timout"), "[check] timout is not a key; did you mean timeout?");
        assert_eq!(unknown_key("check", "listen"), "[check] listen is not a key; it belongs into [web]");
        assert_eq!(
            unknown_key("database", "colour"),
            "[database] colour is not a key; the keys are url, url_file"
        );
        assert_eq!(unknown_section("chek"), "[chek] is not a section; did you mean [check]?");
        assert_eq!(unknown_section("timeout"), "[timeout] is not a section; did you mean [check] timeout?");
        assert_eq!(
            unknown_section("site"),
            "[site] is not a section; groups, sites and channels stand in the file of `djamon-check apply`"
        );
        assert_eq!(
            unknown_section("zebra"),
            "[zebra] is not a section; the sections are database, check, history, alerts, email, twitter, web"
        );
        assert_eq!(
            unknown_variable("DJAMON_CHEK__TIMOUT"),
            "DJAMON_CHEK__TIMOUT is not a key; did you mean DJAMON_CHECK__TIMEOUT?"
        );
        assert_eq!(
            unknown_variable("DJAMON_A__B"),
            "DJAMON_A__B is not a key; variables are called like DJAMON_CHECK__TIMEOUT"
        );
    }

    #[test]
    fn every_secret_has_its_twin() {
        let twins: Vec<_> = Key::all().filter(|key| key.twin().is_some()).map(|key| key.1).collect();
        assert_eq!(twins.len(), 16);
        assert_eq!(Key("email", "password").twin(), Some(Key("email", "password_file")));
        assert_eq!(Key("email", "password_file").twin(), Some(Key("email", "password")));
        assert_eq!(Key("web", "listen").twin(), None);
    }
}
