//! A scene for pages and commands that show things: groups and sites, and minutes of looks at them. No network.

use std::time::Duration;

use djamon_core::domain::group::NewGroup;
use djamon_core::domain::run::Counts;
use djamon_core::domain::site::{NewSite, SiteChange};
use djamon_core::domain::{
    Group, Instant, Line, Listener, Observation, Outcome, Phases, Policy, Site, SiteOptions, Target,
};
use djamon_core::store::record::{Recorded, ViewIds};
use djamon_core::store::runs::Ending;
use djamon_core::store::{AnyConnection, groups, record, runs, sites, write};

use crate::scripted::{begin, blind_run};

/// A database that is being filled, and the time it has got to.
pub struct Scene {
    /// The database.
    pub connection: AnyConnection,
    /// When the next run begins.
    pub now: Instant,
    /// How long until the next one.
    pub pace: Duration,
    /// Who is told of outages.
    pub channels: Vec<Listener>,
    sites: Vec<Site>,
}

/// What a look sees.
#[derive(Debug, Clone)]
pub struct Seen {
    outcome: Outcome,
    code: Option<u16>,
    detail: Option<String>,
    degraded: bool,
    took_ms: Option<u32>,
}

impl Seen {
    /// The same with this detail.
    #[must_use]
    pub fn saying(self, detail: &str) -> Self {
        Seen { detail: Some(detail.into()), ..self }
    }

    /// The same after so long.
    #[must_use]
    pub fn after(self, took_ms: u32) -> Self {
        Seen { took_ms: Some(took_ms), ..self }
    }
}

/// A good answer.
pub fn good() -> Seen {
    Seen { outcome: Outcome::Up, code: Some(200), detail: None, degraded: false, took_ms: None }
}

/// A good answer that took too long.
pub fn slow() -> Seen {
    Seen { degraded: true, ..good() }
}

/// A status that is not good, with a detail.
pub fn status(code: u16, detail: &str) -> Seen {
    Seen { outcome: Outcome::Status, code: Some(code), detail: Some(detail.into()), ..good() }
}

/// No HTTP answer at all.
pub fn failed(outcome: Outcome) -> Seen {
    Seen { outcome, code: None, detail: Some(format!("{outcome}, in more words")), ..good() }
}

impl Scene {
    /// An empty scene that begins at `now`.
    pub fn new(connection: AnyConnection, now: Instant) -> Self {
        Scene {
            connection,
            now,
            pace: Duration::from_secs(60),
            channels: vec!["email".into()],
            sites: Vec::new(),
        }
    }

    /// Adds a group.
    pub fn group(&mut self, name: &str, public: bool) -> Group {
        let new = NewGroup { slug: None, name: name.into(), public };
        write(&mut self.connection, |connection| groups::add(connection, &new, self.now)).unwrap()
    }

    /// Adds a site that visitors may see, at an address nobody asks.
    pub fn site(&mut self, name: &str, group: Option<&Group>) -> Site {
        self.site_at(name, group, "http://site.test/", true)
    }

    /// Adds a site.
    pub fn site_at(&mut self, name: &str, group: Option<&Group>, url: &str, public: bool) -> Site {
        let new = NewSite {
            slug: None,
            name: Some(name.into()),
            target: Target::parse(url).unwrap(),
            group: group.map(|group| group.id),
            options: SiteOptions::default(),
            public,
            paused: false,
        };
        let site = write(&mut self.connection, |connection| sites::add(connection, &new, self.now)).unwrap();
        self.sites.push(site.clone());
        site
    }

    /// Changes a site.
    pub fn edit(&mut self, slug: &str, change: SiteChange) {
        let (_, after) =
            write(&mut self.connection, |connection| sites::edit(connection, slug, change, self.now))
                .unwrap();
        self.sites.retain(|site| site.id != after.id);
        self.sites.push(after);
    }

    /// Removes a site softly.
    pub fn remove(&mut self, slug: &str) {
        let gone =
            write(&mut self.connection, |connection| sites::remove(connection, slug, self.now)).unwrap();
        self.sites.retain(|site| site.id != gone.id);
    }

    /// One run that looks at every site that is not paused; it sees what `see` says of the site's slug. A minute
    /// passes, or as long as [`Scene::pace`] says.
    pub fn minute(&mut self, mut see: impl FnMut(&str) -> Seen) -> Recorded {
        let looked_at = self.sites.iter().filter(|site| site.paused_at.is_none());
        let observations =
            looked_at.enumerate().map(|(n, site)| observation(site, self.now, n, see(&site.slug))).collect();
        self.run(observations)
    }

    /// As many runs, all alike.
    pub fn minutes(&mut self, count: usize, mut see: impl FnMut(&str) -> Seen) {
        for _ in 0..count {
            self.minute(&mut see);
        }
    }

    /// One run that could not see.
    pub fn blind_minute(&mut self) {
        blind_run(&mut self.connection, "default", self.now, self.pace, "line");
        self.now = self.now.plus(self.pace);
    }

    fn run(&mut self, observations: Vec<Observation>) -> Recorded {
        let connection = &mut self.connection;
        let location = runs::location(connection, "default").unwrap();
        let mut context = begin(connection, location, self.now);
        context.expected_interval = self.pace;
        let mut ids = ViewIds::after_stored(connection).unwrap();
        let policy = Policy::default();
        record::departures(connection, &context, &policy, &self.channels, self.now).unwrap();
        let batch = record::batch(
            connection,
            &context,
            &policy,
            &mut ids,
            observations,
            &self.channels,
            self.now.plus(Duration::from_secs(1)),
        );
        let at = self.now.plus(Duration::from_secs(2));
        let ending = Ending { at, blind: None, counts: Counts::default(), skipped_reason: None, idle: None };
        runs::finish(connection, context.run, &ending).unwrap();
        self.now = self.now.plus(self.pace);
        batch.unwrap()
    }
}

/// The `n`-th look of the run at `at`.
fn observation(site: &Site, at: Instant, n: usize, seen: Seen) -> Observation {
    let n = u32::try_from(n).unwrap();
    let first_byte_ms = seen.took_ms.map_or(20 + n * 37 % 180, |took_ms| took_ms.saturating_sub(14));
    Observation {
        site: site.id,
        at: at.plus(Duration::from_millis(u64::from(n))),
        began: Duration::ZERO,
        edited_at: site.edited_at,
        outcome: seen.outcome,
        degraded: seen.degraded,
        code: seen.code,
        detail: seen.detail,
        duration_ms: first_byte_ms + 14,
        phases: Phases {
            dns_ms: Some(2),
            connect_ms: Some(12),
            first_byte_ms: Some(first_byte_ms),
            ..Phases::default()
        },
        line: if seen.code.is_some() { Line::Answered } else { Line::Silent },
        resolved: true,
        certificate_expires_at: None,
    }
}
