//! A site: one address that is watched.

use super::{Credentials, GroupId, Instant, SiteId, SiteOptions, Target};

/// One address that is watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Its number.
    pub id: SiteId,
    /// Its name in URLs and commands; unique among sites that are not removed, and kept when the name changes.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// What is asked for.
    pub target: Target,
    /// The group it belongs to.
    pub group: Option<GroupId>,
    /// What it has of its own.
    pub options: SiteOptions,
    /// Whether visitors who are not signed in see it.
    pub public: bool,
    /// Counts its changes, for `If-Match`.
    pub version: i32,
    /// When it was made.
    pub created_at: Instant,
    /// When what a verdict rests on last changed (address, anything that is demanded of it, resumed): a streak is of one
    /// edit only.
    pub edited_at: Instant,
    /// Since when it is not checked.
    pub paused_at: Option<Instant>,
    /// Since when it is gone; its history stays.
    pub removed_at: Option<Instant>,
}

/// A site to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSite {
    /// Wanted slug; made from the name when there is none.
    pub slug: Option<String>,
    /// Its name; host, port and path of the address when there is none.
    pub name: Option<String>,
    /// What is asked for.
    pub target: Target,
    /// The group it belongs to.
    pub group: Option<GroupId>,
    /// What it has of its own.
    pub options: SiteOptions,
    /// Whether visitors see it.
    pub public: bool,
    /// Whether it starts paused.
    pub paused: bool,
}

/// What may change of a site; `None` leaves a thing as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SiteChange {
    /// A new name; the slug stays.
    pub name: Option<String>,
    /// A new address.
    pub target: Option<Target>,
    /// Another group, or none.
    pub group: Option<Option<GroupId>>,
    /// Its options, all of them.
    pub options: Option<SiteOptions>,
    /// Whether visitors see it.
    pub public: Option<bool>,
    /// Paused or resumed.
    pub paused: Option<bool>,
}

impl Site {
    /// This site after `change`, made at `now`. A new address, something else that is demanded ([`SiteOptions::asks_as`]) or
    /// a resumption count as an edit: the streak starts again and an open outage is left. The edit's instant is always
    /// later than the one before.
    #[must_use]
    pub fn changed(&self, change: SiteChange, now: Instant) -> Site {
        let mut site = self.clone();
        let resumed = change.paused == Some(false) && self.paused_at.is_some();
        site.name = change.name.unwrap_or(site.name);
        site.target = change.target.unwrap_or(site.target);
        site.group = change.group.unwrap_or(site.group);
        site.options = change.options.unwrap_or(site.options);
        site.public = change.public.unwrap_or(site.public);
        site.paused_at = match change.paused {
            Some(true) => site.paused_at.or(Some(now)),
            Some(false) => None,
            None => site.paused_at,
        };
        if resumed || site.target != self.target || !site.options.asks_as(&self.options) {
            site.edited_at = now.max(Instant::from_ms(self.edited_at.ms() + 1));
        }
        site.version += i32::from(site != *self);
        site
    }

    /// The address with the credentials masked, as people may see it.
    pub fn shown_url(&self) -> String {
        match &self.target.credentials {
            None => self.target.url.to_string(),
            Some(Credentials { .. }) => self.target.url.as_str().replacen("://", "://***@", 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site() -> Site {
        Site {
            id: SiteId(1),
            slug: "shop".into(),
            name: "Shop".into(),
            target: Target::parse("http://ann:secret@shop.example/").unwrap(),
            group: None,
            options: SiteOptions::default(),
            public: true,
            version: 1,
            created_at: Instant::from_ms(0),
            edited_at: Instant::from_ms(500),
            paused_at: None,
            removed_at: None,
        }
    }

    #[test]
    fn only_a_change_of_what_verdicts_rest_on_is_an_edit() {
        let now = Instant::from_ms(100);
        let renamed = site().changed(SiteChange { name: Some("Store".into()), ..Default::default() }, now);
        assert_eq!((renamed.edited_at, renamed.version), (Instant::from_ms(500), 2));
        let target = Target::parse("http://shop.example/other").unwrap();
        let moved = site().changed(SiteChange { target: Some(target), ..Default::default() }, now);
        assert_eq!(
            moved.edited_at,
            Instant::from_ms(501),
            "later than before although the clock jumped back"
        );
        let paused = site().changed(SiteChange { paused: Some(true), ..Default::default() }, now);
        assert_eq!((paused.edited_at, paused.paused_at), (Instant::from_ms(500), Some(now)));
        let resumed = paused.changed(SiteChange { paused: Some(false), ..Default::default() }, now);
        assert_eq!((resumed.edited_at, resumed.paused_at), (Instant::from_ms(501), None));
        assert_eq!(site().changed(SiteChange::default(), now), site());
    }

    #[test]
    fn another_demand_is_an_edit_and_how_often_or_how_patiently_is_none() {
        let is_edit = |options: SiteOptions| {
            let before = site();
            let change = SiteChange { options: Some(options), ..Default::default() };
            before.changed(change, Instant::from_ms(900)).edited_at != before.edited_at
        };
        let of = |name: &str, value: serde_json::Value| {
            let options = serde_json::json!({ name: value });
            serde_json::from_value::<SiteOptions>(options).unwrap_or_else(|error| panic!("{name}: {error}"))
        };
        for (name, value, expected) in [
            ("method", "get".into(), true),
            ("body", "x".into(), true),
            ("good_codes", serde_json::json!([200, 404]), true),
            ("timeout", "9s".into(), true),
            ("follow_redirects", false.into(), true),
            ("insecure", true.into(), true),
            ("ca_file", "/ca.pem".into(), true),
            ("client_cert", "/me.pem".into(), true),
            ("client_key", "/me.key".into(), true),
            ("ip_family", "ipv6".into(), true),
            ("contains", "Welcome".into(), true),
            ("not_contains", "Error".into(), true),
            ("matches", "v[0-9]".into(), true),
            ("json_path", "$.ok".into(), true),
            ("json_value", "== true".into(), true),
            ("expect_header", "X-Health: ok".into(), true),
            ("headers", serde_json::json!({"X-Token": "new"}), true),
            ("slow_is_failure", true.into(), true),
            ("max_time", "1s".into(), false),
            ("attempts", 5.into(), false),
            ("recover_after", 5.into(), false),
            ("interval", "5m".into(), false),
        ] {
            assert_eq!(is_edit(of(name, value)), expected, "{name}");
        }
        let strict = SiteOptions { slow_is_failure: Some(true), ..SiteOptions::default() };
        let stricter = SiteOptions { max_time: Some("1s".parse().unwrap()), ..strict.clone() };
        assert!(!stricter.asks_as(&strict), "too slow is a failure here");
    }

    #[test]
    fn credentials_are_never_shown() {
        assert_eq!(site().shown_url(), "http://***@shop.example/");
    }
}
