//! A store that is told what was seen: sites and observations without a network.

use std::time::Duration;

use djamon_core::calendar::Zone;
use djamon_core::domain::plan::RunContext;
use djamon_core::domain::run::{Blind, Counts};
use djamon_core::domain::site::NewSite;
use djamon_core::domain::{
    Instant, Line, Listener, LocationId, Observation, Outcome, Phases, Policy, ScopeRule, Site, SiteOptions,
    Target,
};
use djamon_core::store::record::{Recorded, ViewIds};
use djamon_core::store::runs::Ending;
use djamon_core::store::{AnyConnection, blindness, record, runs, sites, write};

/// Adds a site called `name` at an address nobody asks.
pub fn add_site(connection: &mut AnyConnection, name: &str, now: Instant) -> Site {
    add_site_with(connection, name, SiteOptions::default(), now)
}

/// The same with these options.
pub fn add_site_with(connection: &mut AnyConnection, name: &str, options: SiteOptions, now: Instant) -> Site {
    let new = NewSite {
        slug: None,
        name: Some(name.to_owned()),
        target: Target::parse(&format!("http://{name}.test/")).unwrap(),
        group: None,
        options,
        public: true,
        paused: false,
    };
    write(connection, |connection| sites::add(connection, &new, now)).unwrap()
}

/// What a probe of `site` at `at` saw: 200, or 503.
pub fn seen(site: &Site, at: Instant, good: bool) -> Observation {
    Observation {
        site: site.id,
        at,
        began: Duration::ZERO,
        edited_at: site.edited_at,
        outcome: if good { Outcome::Up } else { Outcome::Status },
        degraded: false,
        code: Some(if good { 200 } else { 503 }),
        detail: (!good).then(|| "answered 503 Service Unavailable".to_owned()),
        duration_ms: 12,
        phases: Phases { first_byte_ms: Some(12), ..Phases::default() },
        line: Line::Answered,
        resolved: false,
        certificate_expires_at: None,
    }
}

/// One whole run at `at` that saw `observations`, in one batch, telling `channels`.
pub fn run(
    connection: &mut AnyConnection,
    at: Instant,
    observations: Vec<Observation>,
    channels: &[&str],
) -> Recorded {
    let location = runs::location(connection, "default").unwrap();
    let context = begin(connection, location, at);
    let channels: Vec<Listener> = channels.iter().map(|name| Listener::from(*name)).collect();
    let mut ids = ViewIds::after_stored(connection).unwrap();
    let policy = Policy::default();
    record::departures(connection, &context, &policy, &channels, at).unwrap();
    let recorded =
        record::batch(connection, &context, &policy, &mut ids, observations, &channels, at).unwrap();
    let ending = Ending { at, blind: None, counts: Counts::default(), skipped_reason: None, idle: None };
    runs::finish(connection, context.run, &ending).unwrap();
    recorded
}

/// A run at `place` that could not see; the next one was promised after `pace`.
pub fn blind_run(connection: &mut AnyConnection, place: &str, at: Instant, pace: Duration, reason: &str) {
    let location = runs::location(connection, place).unwrap();
    let run = runs::begin(connection, location, at, pace).unwrap();
    let blind = Some(Blind { reason: reason.to_owned(), from: at });
    let ending = Ending { at, blind, counts: Counts::default(), skipped_reason: None, idle: None };
    runs::finish(connection, run, &ending).unwrap();
}

/// Begins a run that can see, and that the caller ends, or not.
pub fn begin(connection: &mut AnyConnection, location: LocationId, at: Instant) -> RunContext {
    let expected_interval = Duration::from_secs(60);
    let run = runs::begin(connection, location, at, expected_interval).unwrap();
    let blind = blindness::is_over(connection, location, at).unwrap();
    RunContext { run, location, scope: ScopeRule::All, expected_interval, blind, zone: Zone::default() }
}

/// A run at `place` that sees `site` up; the next one was promised after `expected_interval`.
pub fn look(
    connection: &mut AnyConnection,
    place: &str,
    site: &Site,
    at: Instant,
    expected_interval: Duration,
) {
    let location = runs::location(connection, place).unwrap();
    let run = runs::begin(connection, location, at, expected_interval).unwrap();
    let blind = blindness::is_over(connection, location, at).unwrap();
    let (scope, zone) = (ScopeRule::All, Zone::default());
    let context = RunContext { run, location, scope, expected_interval, blind, zone };
    let mut ids = ViewIds::after_stored(connection).unwrap();
    record::batch(connection, &context, &Policy::default(), &mut ids, vec![seen(site, at, true)], &[], at)
        .unwrap();
}
