//! The home page: the sentence first, then what is broken, then the rest.

use std::time::Duration;

use djamon_core::domain::health::{Overall, StateCounts};
use djamon_core::domain::run::BlindTime;
use djamon_core::domain::status::State;
use djamon_core::domain::text::count;
use djamon_core::domain::{Group, Instant};
use djamon_core::json::Reader;
use djamon_core::store::checkup::Room;
use djamon_core::store::statuses::SiteStatus;
use serde::Serialize;

use super::card::Card;
use super::filter::Filter;
use super::paginator::Paginator;
use super::section::{Section, sections};
use super::time::{When, exactly, span, when};
use super::{blind, visible, words};
use crate::outages::Story;
use crate::pulse::Pulse;

/// How many sites a page of the list has: so many still come in one answer of less than 100 KB.
pub const SITES: i64 = 1000;

/// What the home page is made of, as the reader may see it.
pub struct Known<'a> {
    /// Who reads.
    pub reader: Reader,
    /// How everything stands.
    pub pulse: &'a Pulse,
    /// The stories of the open outages, the oldest first.
    pub stories: &'a [Story],
    /// Every group, by name.
    pub groups: &'a [Group],
    /// Every site, the worst first.
    pub sites: &'a [SiteStatus],
    /// Which of them are asked for.
    pub filter: Filter,
    /// Which page of these, from 1.
    pub page: i64,
    /// When it is read.
    pub now: Instant,
}

/// The home page.
#[derive(Debug, Serialize)]
pub struct Home {
    now: &'static str,
    sentence: String,
    since: Option<When>,
    names: Option<String>,
    reason: Option<String>,
    is_empty: bool,
    /// What members are told of the monitor's disk.
    short_of_room: Option<String>,
    last_run: Option<When>,
    last_run_ago: Option<String>,
    counts: StateCounts,
    cards: Vec<Card>,
    find: Find,
    sections: Vec<Section>,
    paginator: Paginator,
}

/// The form that asks for some of the sites, and what it found.
#[derive(Debug, Serialize)]
struct Find {
    filter: Filter,
    is_open: bool,
    states: Vec<Choice>,
    groups: Vec<Choice>,
    all: usize,
}

#[derive(Debug, Serialize)]
struct Choice {
    value: String,
    name: String,
    chosen: bool,
}

impl Home {
    /// The same page, with a word about a disk that is nearly full.
    pub fn with_room(mut self, room: Option<Room>) -> Self {
        self.short_of_room = room.filter(|room| room.is_short()).map(|room| {
            format!(
                "The monitor's disk is nearly full: {} MiB are free, {} should be.",
                room.free >> 20,
                room.wanted >> 20
            )
        });
        self
    }

    /// The page, or `None` when the list has no such page.
    pub fn new(known: Known) -> Option<Self> {
        let Known { reader, pulse, stories, groups, sites, filter, page, now } = known;
        let counts = visible::counts(sites);
        let last_run_at = pulse.last_run.as_ref().map(|run| run.started_at);
        // Nobody knows how long anything has lasted since runs stopped.
        let known_until = last_run_at.filter(|_| pulse.overall == Overall::Stale).unwrap_or(now);
        let name_of = |one: &SiteStatus| {
            let group = groups.iter().find(|group| Some(group.id) == one.site.group);
            group.map(|group| group.name.as_str())
        };
        let wanted = filter.apply(reader, sites, name_of);
        let rows = i64::try_from(wanted.len()).unwrap_or(i64::MAX);
        let paginator = Paginator::new(page, rows, SITES)?.asking(filter.query());
        let mut home = Home {
            now: pulse.overall.name(),
            sentence: String::new(),
            since: None,
            names: None,
            reason: None,
            is_empty: sites.is_empty(),
            short_of_room: None,
            last_run: last_run_at.map(|at| exactly(at, now)),
            last_run_ago: last_run_at.map(|at| span(now.since(at))),
            counts,
            cards: stories.iter().map(|story| Card::new(reader, story, now, known_until)).collect(),
            find: Find::new(filter, groups, sites),
            sections: sections(groups, wanted, &paginator, now, known_until),
            paginator,
        };
        match pulse.overall {
            Overall::Stale => home.say_stale(pulse.stale_for.unwrap_or_default()),
            Overall::Outage => home.say_outage(pulse, now),
            Overall::Blind => home.say_blind(pulse.blind.as_ref(), now),
            Overall::Unknown => home.say_unknown(),
            Overall::Up => home.sentence = all_up(&counts),
        }
        Some(home)
    }

    fn say_stale(&mut self, silent: Duration) {
        self.sentence = format!("Monitoring has stopped: no run for {}", span(silent));
        self.reason =
            Some("What is shown here was true at the last run and may not be true any more.".into());
    }

    fn say_outage(&mut self, pulse: &Pulse, now: Instant) {
        let parts = || pulse.open.iter().flat_map(|seen| &seen.of.parts);
        let down = parts().filter(|named| named.part.up_at.is_none());
        let started_at = pulse.open.iter().map(|seen| seen.of.outage.started_at).min();
        self.sentence = "Outage".into();
        self.since = started_at.map(|at| when(at, now));
        self.names = Some(words::names(down.map(|named| named.name.as_str()), 6));
    }

    fn say_blind(&mut self, time: Option<&BlindTime>, now: Instant) {
        self.sentence = "The monitor cannot see".into();
        self.since = time.map(|time| when(time.from, now));
        let why = time.map_or("", |time| blind::why(&time.reason));
        self.reason =
            Some(format!("{}. Nothing below is counted as up or down until it sees again.", sentence(why)));
    }

    fn say_unknown(&mut self) {
        self.sentence = match (self.is_empty, self.last_run.is_some()) {
            (true, _) => "Nothing is watched yet",
            (false, false) => "No run yet: nothing is known",
            (false, true) => "Nothing is known yet",
        }
        .into();
    }
}

impl Find {
    fn new(filter: Filter, groups: &[Group], sites: &[SiteStatus]) -> Self {
        let state = |state: State| Choice {
            value: state.name().into(),
            name: words::state(state).into(),
            chosen: filter.state == Some(state),
        };
        let group = |group: &Group| Choice {
            value: group.slug.clone(),
            name: group.name.clone(),
            chosen: filter.group.as_ref() == Some(&group.slug),
        };
        // A group whose sites the reader may not see does not exist for the reader.
        let seen = groups.iter().filter(|group| sites.iter().any(|one| one.site.group == Some(group.id)));
        Find {
            is_open: filter.is_open(),
            states: State::ALL.into_iter().map(state).collect(),
            groups: seen.map(group).collect(),
            all: sites.len(),
            filter,
        }
    }
}

/// `words` as the beginning of a sentence.
fn sentence(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// The sentence for a good day, which hides nothing that is not up.
fn all_up(counts: &StateCounts) -> String {
    let watched = counts.all() - counts.paused;
    let mut said = match (counts.up, watched) {
        (1, 1) => "The one system is up".to_owned(),
        (up, watched) if up == watched => format!("All {} systems up", count(up)),
        (up, watched) => format!("{} of {} systems up", count(up), count(watched)),
    };
    for (many, word) in [(counts.failing, "failing"), (counts.unknown, "unknown"), (counts.paused, "paused")]
    {
        if many > 0 {
            said.push_str(&format!(", {} {word}", count(many)));
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_good_day_hides_nothing() {
        let counts = |up, failing, paused, unknown| StateCounts { up, failing, down: 0, paused, unknown };
        assert_eq!(all_up(&counts(42, 0, 0, 0)), "All 42 systems up");
        assert_eq!(all_up(&counts(12_345, 0, 0, 0)), "All 12,345 systems up");
        assert_eq!(all_up(&counts(10_000, 0, 0, 2_000)), "10,000 of 12,000 systems up, 2,000 unknown");
        assert_eq!(all_up(&counts(1, 0, 0, 0)), "The one system is up");
        assert_eq!(all_up(&counts(40, 1, 2, 1)), "40 of 42 systems up, 1 failing, 1 unknown, 2 paused");
    }
}
