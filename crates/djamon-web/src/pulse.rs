//! How everything stands and whether that is still true: asked by the home page, the summary and `/healthz`.

use std::time::Duration;

use djamon_core::domain::health::{self, Overall, StateCounts};
use djamon_core::domain::run::{BlindTime, Run, RunState};
use djamon_core::store::{AnyConnection, StoreError, blindness, runs};

use crate::ask::Ask;
use crate::error::WebError;
use crate::outages;
use crate::view::visible::Seen;

/// How everything stands.
pub struct Pulse {
    /// The one word.
    pub overall: Overall,
    /// The open outages, the oldest first, as the reader may see them.
    pub open: Vec<Seen>,
    /// The last run that came to its end.
    pub last_run: Option<Run>,
    /// How long runs have been missing.
    pub stale_for: Option<Duration>,
    /// Since when and why the monitor cannot see, when it could not in the last run.
    pub blind: Option<BlindTime>,
}

/// Takes the pulse; `counts` are of the sites that the reader may see.
///
/// # Errors
/// [`WebError::Database`].
pub fn take(ask: &Ask, database: &mut AnyConnection, counts: &StateCounts) -> Result<Pulse, WebError> {
    let (last_run, stale_for) = last_run(ask, database)?;
    let open = outages::open(ask, database)?;
    let first = open.first().map(|seen| seen.of.outage.id);
    let overall = health::overall(last_run.as_ref(), stale_for.is_some(), first, counts);
    let blind = blind(database, last_run.as_ref())?;
    Ok(Pulse { overall, open, last_run, stale_for, blind })
}

/// Since when and why the monitor cannot see, when it could not in its `last` run.
///
/// # Errors
/// What the database says.
pub fn blind(database: &mut AnyConnection, last: Option<&Run>) -> Result<Option<BlindTime>, StoreError> {
    match last.filter(|run| run.state == RunState::Blind) {
        Some(run) => blindness::going_on(database, run.location),
        None => Ok(None),
    }
}

/// The last run that came to its end, and how long runs have been missing since.
///
/// # Errors
/// What the database says.
pub fn last_run(
    ask: &Ask,
    database: &mut AnyConnection,
) -> Result<(Option<Run>, Option<Duration>), StoreError> {
    let last = match ask.last_run.get() {
        Some(known) => known.clone(),
        None => {
            let last = runs::last_ended(database)?;
            ask.last_run.get_or_init(|| last).clone()
        }
    };
    let stale_for = health::stale_for(last.as_ref(), promised(ask), ask.now);
    Ok((last, stale_for))
}

/// The pace that is promised now.
pub fn promised(ask: &Ask) -> Duration {
    ask.app.schedule.expected_interval(ask.now, &ask.app.time_zone)
}
