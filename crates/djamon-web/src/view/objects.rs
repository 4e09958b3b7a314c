//! The objects that only the API has; all others are those of [`djamon_core::json`]. docs/api.md shows each.

use djamon_core::calendar::rfc3339;
use djamon_core::domain::health::{Overall, StateCounts};
use djamon_core::domain::{Instant, OutageId};
use serde::Serialize;
use utoipa::ToSchema;

use super::blind;
use crate::pulse::Pulse;

/// A list, and where to go on.
#[derive(Debug, Serialize, ToSchema)]
pub struct List<T> {
    /// Some of it.
    pub items: Vec<T>,
    /// What `before` (`after` for sites and groups) has to be for those that follow; null when nothing follows.
    pub next: Option<String>,
}

/// Everything in one word and five numbers.
#[derive(Debug, Serialize, ToSchema)]
pub struct Summary {
    /// The one word.
    status: Overall,
    /// How many sites are in each state; they add up to all.
    sites: StateCounts,
    /// The open outage; of several (one a group) the oldest.
    #[schema(value_type = Option<i32>)]
    open_outage: Option<OutageId>,
    /// Since when and why the monitor cannot see.
    blind: Option<BlindJson>,
    /// The beginning of the last run that came to its end.
    last_run: Option<String>,
    /// When this was said.
    generated_at: String,
}

/// Since when and why the monitor cannot see.
#[derive(Debug, Serialize, ToSchema)]
struct BlindJson {
    /// Since when.
    from: String,
    /// `line`, `dns` or `portal`.
    reason: String,
    /// The same in words.
    why: &'static str,
}

impl Summary {
    /// The summary of `pulse` at `now`.
    pub fn new(pulse: &Pulse, sites: StateCounts, now: Instant) -> Self {
        Summary {
            status: pulse.overall,
            sites,
            open_outage: pulse.open.first().map(|seen| seen.of.outage.id),
            blind: pulse.blind.as_ref().map(|time| BlindJson {
                from: rfc3339(time.from),
                reason: blind::kind(&time.reason).to_owned(),
                why: blind::why(&time.reason),
            }),
            last_run: pulse.last_run.as_ref().map(|run| rfc3339(run.started_at)),
            generated_at: rfc3339(now),
        }
    }
}
