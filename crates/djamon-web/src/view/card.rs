//! The card of an open outage on the home page: what is down, why and since when, and what happened last.

use djamon_core::domain::Instant;
use serde::Serialize;

use super::outage::{OutageLine, Step, steps};
use super::site::SiteLink;
use super::time::{When, span, when};
use super::words;
use crate::outages::Story;

/// How many sites are shown with their reason.
const SITES: usize = 12;
/// How much of the story is told.
const STEPS: usize = 5;

/// An open outage.
#[derive(Debug, Serialize)]
pub struct Card {
    outage: OutageLine,
    down: Vec<Down>,
    more: usize,
    steps: Vec<Step>,
}

#[derive(Debug, Serialize)]
struct Down {
    site: SiteLink,
    reason: String,
    since: When,
    lasting: String,
    ticking: bool,
}

impl Card {
    /// The card of this outage at `now`; how long it has lasted is known until `known_until`.
    pub fn new(story: &Story, now: Instant, known_until: Instant) -> Self {
        let parts = story.seen.of.parts.iter().filter(|named| named.part.up_at.is_none());
        let mut down: Vec<Down> = parts
            .map(|named| Down {
                site: named.into(),
                reason: words::outcome(named.part.first.outcome, named.part.first.code),
                since: when(named.part.down_at, now),
                lasting: span(known_until.since(named.part.down_at)),
                ticking: known_until == now,
            })
            .collect();
        let more = down.len().saturating_sub(SITES);
        down.truncate(SITES);
        let mut steps = steps(story, now);
        steps.drain(..steps.len().saturating_sub(STEPS));
        Card { outage: OutageLine::new(&story.seen, now), down, more, steps }
    }
}
