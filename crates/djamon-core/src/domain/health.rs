//! Whether the monitor itself is alive, and the one word for everything it watches.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::run::{Run, RunState};
use super::status::State;
use super::{Instant, OutageId};

/// Promised runs that may be missed before what is known counts as stale.
pub const MISSED_RUNS: u32 = 3;

/// The one word for everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Overall {
    /// Runs have stopped: what is shown may no longer be true.
    Stale,
    /// An outage is open.
    Outage,
    /// The monitor's own line was dead in the last run.
    Blind,
    /// Nothing is known yet.
    Unknown,
    /// No outage.
    Up,
}

impl Overall {
    /// Its name in JSON and on pages.
    pub const fn name(self) -> &'static str {
        match self {
            Overall::Stale => "stale",
            Overall::Outage => "outage",
            Overall::Blind => "blind",
            Overall::Unknown => "unknown",
            Overall::Up => "up",
        }
    }
}

/// How many sites are in each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StateCounts {
    /// Fine.
    pub up: u32,
    /// Failing, but not yet an outage.
    pub failing: u32,
    /// In an outage.
    pub down: u32,
    /// Not checked.
    pub paused: u32,
    /// Not looked at yet.
    pub unknown: u32,
}

impl StateCounts {
    /// Counts one site.
    pub fn add(&mut self, state: State) {
        match state {
            State::Up => self.up += 1,
            State::Failing => self.failing += 1,
            State::Down => self.down += 1,
            State::Paused => self.paused += 1,
            State::Unknown => self.unknown += 1,
        }
    }

    /// All sites.
    pub fn all(&self) -> u32 {
        self.up + self.failing + self.down + self.paused + self.unknown
    }
}

/// How long runs have been missing, when they have: three promised intervals after the last one's end (or beginning,
/// while it goes on). `promised` is the interval promised for `now`.
pub fn stale_for(last: Option<&Run>, promised: Duration, now: Instant) -> Option<Duration> {
    let last = last?;
    (now >= stale_from(last, promised)).then(|| now.since(last.finished_at.unwrap_or(last.started_at)))
}

/// The first instant at which what the run `last` saw is stale.
pub fn stale_from(last: &Run, promised: Duration) -> Instant {
    let interval = Duration::from_millis(u64::try_from(last.expected_interval_ms).unwrap_or(0)).max(promised);
    let allowed = interval.saturating_mul(MISSED_RUNS).saturating_add(Duration::from_millis(1));
    last.finished_at.unwrap_or(last.started_at).plus(allowed)
}

/// The one word for everything: a monitor that has stopped says so before anything else.
pub fn overall(last: Option<&Run>, stale: bool, open: Option<OutageId>, sites: &StateCounts) -> Overall {
    match last {
        _ if stale => Overall::Stale,
        _ if open.is_some() => Overall::Outage,
        Some(run) if run.state == RunState::Blind => Overall::Blind,
        None => Overall::Unknown,
        Some(_) if sites.up + sites.failing + sites.down == 0 => Overall::Unknown,
        Some(_) => Overall::Up,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::run::Counts;
    use crate::domain::{LocationId, RunId};

    fn run(state: RunState, finished_s: i64) -> Run {
        Run {
            id: RunId(1),
            location: LocationId(1),
            state,
            started_at: Instant::from_ms(finished_s * 1000 - 500),
            finished_at: Some(Instant::from_ms(finished_s * 1000)),
            expected_interval_ms: 60_000,
            blind: None,
            counts: Counts::default(),
            skipped_reason: None,
        }
    }

    #[test]
    fn runs_are_stale_after_three_promised_intervals() {
        let (last, minute) = (run(RunState::Done, 1000), Duration::from_secs(60));
        let stale =
            |promised, now_s: i64| stale_for(Some(&last), promised, Instant::from_ms(now_s * 1000)).is_some();
        assert!(!stale(minute, 1180));
        assert!(stale(minute, 1181));
        assert!(!stale(minute * 5, 1890), "nights at five minutes are not stale");
        assert_eq!(stale_for(None, minute, Instant::from_ms(0)), None);
    }

    #[test]
    fn the_worst_is_said_first() {
        let sites = StateCounts { up: 1, ..StateCounts::default() };
        let (done, blind) = (run(RunState::Done, 1), run(RunState::Blind, 1));
        assert_eq!(overall(Some(&done), true, Some(OutageId(1)), &sites), Overall::Stale);
        assert_eq!(overall(Some(&blind), false, Some(OutageId(1)), &sites), Overall::Outage);
        assert_eq!(overall(Some(&blind), false, None, &sites), Overall::Blind);
        assert_eq!(overall(Some(&done), false, None, &sites), Overall::Up);
        assert_eq!(overall(Some(&done), false, None, &StateCounts::default()), Overall::Unknown);
        assert_eq!(overall(None, false, None, &sites), Overall::Unknown);
    }
}
