//! The home page and a group's page: the sentence first, then what is broken, then the rest.

use std::time::Duration;

use djamon_core::domain::health::{Overall, StateCounts};
use djamon_core::domain::run::BlindTime;
use djamon_core::domain::{Group, GroupId, Instant};
use djamon_core::store::statuses::SiteStatus;
use serde::Serialize;

use super::outage::OutageLine;
use super::site::SiteLine;
use super::time::{When, span, when};
use super::{blind, visible, words};
use crate::pulse::Pulse;

/// The home page.
#[derive(Debug, Serialize)]
pub struct Home {
    now: &'static str,
    sentence: String,
    since: Option<When>,
    names: Option<String>,
    reason: Option<String>,
    is_empty: bool,
    last_run: Option<When>,
    last_run_ago: Option<String>,
    counts: StateCounts,
    outages: Vec<OutageLine>,
    sections: Vec<Section>,
}

impl Home {
    /// The page of all that the reader may see; `sites` are the worst first, `groups` by name.
    pub fn new(pulse: &Pulse, groups: &[Group], sites: &[SiteStatus], now: Instant) -> Self {
        let counts = visible::counts(sites);
        let last_run_at = pulse.last_run.as_ref().map(|run| run.started_at);
        // Nobody knows how long anything has lasted since runs stopped.
        let known_until = last_run_at.filter(|_| pulse.overall == Overall::Stale).unwrap_or(now);
        let mut home = Home {
            now: pulse.overall.name(),
            sentence: String::new(),
            since: None,
            names: None,
            reason: None,
            is_empty: sites.is_empty(),
            last_run: last_run_at.map(|at| when(at, now)),
            last_run_ago: last_run_at.map(|at| span(now.since(at))),
            counts,
            outages: pulse.open.iter().map(|seen| OutageLine::new(seen, now)).collect(),
            sections: sections(groups, sites, now, known_until),
        };
        match pulse.overall {
            Overall::Stale => home.say_stale(pulse.stale_for.unwrap_or_default()),
            Overall::Outage => home.say_outage(pulse, now),
            Overall::Blind => home.say_blind(pulse.blind.as_ref(), now),
            Overall::Unknown => home.say_unknown(),
            Overall::Up => home.sentence = all_up(&counts),
        }
        home
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
        (up, watched) if up == watched => format!("All {up} systems up"),
        (up, watched) => format!("{up} of {watched} systems up"),
    };
    for (count, word) in [(counts.failing, "failing"), (counts.unknown, "unknown"), (counts.paused, "paused")]
    {
        if count > 0 {
            said.push_str(&format!(", {count} {word}"));
        }
    }
    said
}

/// Sites shown together.
#[derive(Debug, Serialize)]
pub struct Section {
    /// The group's slug; none for sites without a group.
    slug: Option<String>,
    name: String,
    counts: StateCounts,
    sites: Vec<SiteLine>,
}

impl Section {
    /// A section of these sites, which come the worst first, as they stood at `known_until`.
    pub fn new<'a>(
        slug: Option<String>,
        name: &str,
        sites: impl Iterator<Item = &'a SiteStatus> + Clone,
        now: Instant,
        known_until: Instant,
    ) -> Self {
        Section {
            slug,
            name: name.to_owned(),
            counts: visible::counts(sites.clone()),
            sites: sites.map(|one| SiteLine::new(one, now, known_until)).collect(),
        }
    }
}

/// Groups with something down first, then with something failing, then by name; sites without a group come last.
fn sections(groups: &[Group], sites: &[SiteStatus], now: Instant, known_until: Instant) -> Vec<Section> {
    let of = |group: Option<GroupId>| sites.iter().filter(move |one| one.site.group == group);
    let mut sections: Vec<Section> = groups
        .iter()
        .map(|group| {
            Section::new(Some(group.slug.clone()), &group.name, of(Some(group.id)), now, known_until)
        })
        .collect();
    let others =
        if sections.iter().any(|section| !section.sites.is_empty()) { "Other systems" } else { "Systems" };
    sections.push(Section::new(None, others, of(None), now, known_until));
    sections.retain(|section| !section.sites.is_empty());
    sections.sort_by_key(|section| match section.counts {
        StateCounts { down: 1.., .. } => 0,
        StateCounts { failing: 1.., .. } => 1,
        _ => 2,
    });
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_good_day_hides_nothing() {
        let counts = |up, failing, paused, unknown| StateCounts { up, failing, down: 0, paused, unknown };
        assert_eq!(all_up(&counts(42, 0, 0, 0)), "All 42 systems up");
        assert_eq!(all_up(&counts(1, 0, 0, 0)), "The one system is up");
        assert_eq!(all_up(&counts(40, 1, 2, 1)), "40 of 42 systems up, 1 failing, 1 unknown, 2 paused");
    }
}
