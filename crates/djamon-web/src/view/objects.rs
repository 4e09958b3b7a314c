//! The objects that only the API has; all others are those of [`djamon_core::json`]. docs/api.md shows each.

use djamon_core::calendar::rfc3339;
use djamon_core::domain::health::StateCounts;
use djamon_core::domain::{Instant, OutageId};
use serde::Serialize;

use crate::pulse::Pulse;

/// A list, and where to go on.
#[derive(Debug, Serialize)]
pub struct List<T> {
    /// Some of it.
    pub items: Vec<T>,
    /// What `before` has to be for those that follow.
    pub next: Option<String>,
}

impl<T> List<T> {
    /// A whole list.
    pub fn whole(items: Vec<T>) -> Self {
        List { items, next: None }
    }
}

/// Everything in one word and five numbers.
#[derive(Debug, Serialize)]
pub struct Summary {
    status: &'static str,
    sites: StateCounts,
    open_outage: Option<OutageId>,
    last_run: Option<String>,
    generated_at: String,
}

impl Summary {
    /// The summary of `pulse` at `now`.
    pub fn new(pulse: &Pulse, sites: StateCounts, now: Instant) -> Self {
        Summary {
            status: pulse.overall.name(),
            sites,
            open_outage: pulse.open.first().map(|seen| seen.of.outage.id),
            last_run: pulse.last_run.as_ref().map(|run| rfc3339(run.started_at)),
            generated_at: rfc3339(now),
        }
    }
}
