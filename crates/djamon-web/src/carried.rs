//! A form that somebody sent after their session ended: what they typed is carried through signing in, sealed with a mark
//! of ours, and shown again afterwards; at once, if they have signed in anew meanwhile. Nothing is done with it until they
//! send it once more. Secrets are typed anew.

use djamon_core::config::{Kind, secret_keys};
use url::form_urlencoded;

use crate::ask::Ask;
use crate::auth::keys::Keys;
use crate::auth::origin;
use crate::routes::{Face, ROUTES, Route, Verb};

/// The most that is carried, in bytes.
pub const MOST: usize = 64 * 1024;
/// What it is called in the form for signing in.
pub const FIELD: &str = "carried";
const PURPOSE: &str = "carried";
/// What is ours in every form, or of no use without its page.
const OURS: [&str; 2] = [origin::FIELD, FIELD];
/// What people type into any form that nobody else may know.
const PASSWORDS: [&str; 3] = ["password", "current", "again"];

/// What was typed, and where it was going.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// The address it was sent to.
    pub to: String,
    /// The page it was sent from, or the nearest there is.
    pub from: String,
    /// Its fields in their order.
    pub fields: Vec<(String, String)>,
}

impl Carried {
    /// What `ask` sends to `route`; `None` when there is nothing to keep, or when it was not sent by a page of ours.
    pub fn of(ask: &Ask, route: &Route) -> Option<Self> {
        if !origin::is_surely_from_here(ask) {
            return None;
        }
        let is_kept = |name: &str| !OURS.contains(&name) && !is_secret(route, name);
        let fields = ask.form().ok()?.0.into_iter().filter(|(name, _)| is_kept(name)).collect();
        // Whoever writes a whole address into a request is no browser.
        let to = ask.address.split('?').next().filter(|path| path.starts_with('/'))?.to_owned();
        let from = page_of(&ask.app.base, route, &to);
        let carried = Carried { to, from, fields };
        carried.fields.iter().any(|(name, _)| !is_hidden(name)).then_some(carried)
    }

    /// It as text that only we can write.
    pub fn sealed(&self, keys: &Keys) -> String {
        let mut text = form_urlencoded::Serializer::new(String::new());
        text.append_pair("to", &self.to).append_pair("from", &self.from).extend_pairs(&self.fields);
        let text = text.finish();
        format!("{}.{text}", keys.mark(PURPOSE, &text))
    }

    /// What we sealed.
    pub fn open(keys: &Keys, sealed: &str) -> Option<Self> {
        let (mark, text) = sealed.split_once('.')?;
        if !keys.is_marked(PURPOSE, text, mark) {
            return None;
        }
        let mut pairs = form_urlencoded::parse(text.as_bytes()).into_owned();
        let ((_, to), (_, from)) = (pairs.next()?, pairs.next()?);
        Some(Carried { to, from, fields: pairs.collect() })
    }
}

/// Whether people do not type this field: which version the form is of, which button was pressed, whose session it ends.
pub fn is_hidden(name: &str) -> bool {
    ["version", "action", "session"].contains(&name)
}

/// Whether a field of this form is typed unseen: passwords, and the secrets of channels.
fn is_secret(route: &Route, name: &str) -> bool {
    let is_channel =
        ["/manage/channels/", "/manage/add/channel/"].iter().any(|path| route.path.starts_with(path));
    let is_of_channel = || Kind::ALL.into_iter().flat_map(secret_keys).any(|key| key == name);
    PASSWORDS.contains(&name) || (is_channel && is_of_channel())
}

/// The page that has the form which is sent to `path`: at the same address or above it.
fn page_of(base: &str, route: &Route, path: &str) -> String {
    let (mut pattern, mut path) = (route.path, path);
    let is_page = |pattern: &str| {
        ROUTES.iter().any(|one| (one.face, one.verb, one.path) == (Face::Page, Verb::Get, pattern))
    };
    while !pattern.is_empty() {
        if is_page(pattern) {
            return path.to_owned();
        }
        pattern = pattern.rsplit_once('/').map_or("", |(above, _)| above);
        path = path.rsplit_once('/').map_or("", |(above, _)| above);
    }
    format!("{base}/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn carried() -> Carried {
        Carried {
            to: "/outages/1/notes".into(),
            from: "/outages/1".into(),
            fields: vec![("text".into(), "The cable & ü.\r\n".into())],
        }
    }

    #[test]
    fn what_is_carried_comes_back_whole_and_nobody_else_can_write_it() {
        let (keys, other) = (Keys::from("one secret"), Keys::from("another secret"));
        let sealed = carried().sealed(&keys);
        assert_eq!(Carried::open(&keys, &sealed), Some(carried()));
        assert_eq!(Carried::open(&other, &sealed), None);
        for wrong in [sealed.replace("notes", "close"), String::new(), ".".into(), sealed[1..].to_owned()] {
            assert_eq!(Carried::open(&keys, &wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_page_of_a_form_is_the_nearest_above_it() {
        let page = |to: &str, path: &'static str| {
            let route = ROUTES.iter().find(|one| one.verb == Verb::Post && one.path == path).unwrap();
            page_of("/status", route, &format!("/status{to}"))
        };
        assert_eq!(page("/outages/1/notes", "/outages/{id}/notes"), "/status/outages/1");
        assert_eq!(page("/manage/sites/shop", "/manage/sites/{slug}"), "/status/manage/sites/shop");
        assert_eq!(page("/manage/users/2/role", "/manage/users/{id}/role"), "/status/manage/users");
        assert_eq!(page("/manage/add/site", "/manage/add/site"), "/status/manage/add/site");
        assert_eq!(page("/logout", "/logout"), "/status/");
    }

    #[test]
    fn passwords_and_the_secrets_of_channels_are_not_carried() {
        let is_secret = |path: &str, name: &str| {
            let route = ROUTES.iter().find(|one| one.verb == Verb::Post && one.path == path).unwrap();
            is_secret(route, name)
        };
        for name in ["url", "token", "oauth_secret", "password"] {
            assert!(is_secret("/manage/channels/{name}", name), "{name}");
            assert!(is_secret("/manage/add/channel/{kind}", name), "{name}");
        }
        assert!(!is_secret("/manage/channels/{name}", "groups") && !is_secret("/manage/add/site", "url"));
        for name in ["current", "password", "again"] {
            assert!(is_secret("/manage/account/password", name), "{name}");
        }
    }
}
