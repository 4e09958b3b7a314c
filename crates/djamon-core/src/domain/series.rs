//! A site's history: how far back it is looked at, and the steps that it is told in, each with its time and response times.

use std::collections::BTreeMap;
use std::time::Duration;

use super::times::Times;
use super::uptime::{Open, Tally};
use super::{Instant, LocationId, report::Range};

/// How far back, and in which steps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Window {
    /// 24 hours.
    #[default]
    Day,
    /// 7 days of hours.
    Week,
    /// 30 days in steps of 6 hours.
    Month,
    /// 365 days.
    Year,
}

impl Window {
    /// All of them, the shortest first.
    pub const ALL: [Window; 4] = [Window::Day, Window::Week, Window::Month, Window::Year];

    /// Its name in addresses.
    pub const fn name(self) -> &'static str {
        match self {
            Window::Day => "24h",
            Window::Week => "7d",
            Window::Month => "30d",
            Window::Year => "1y",
        }
    }

    /// The window of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Window::ALL.into_iter().find(|window| window.name() == name)
    }

    /// How long it is.
    pub const fn length(self) -> Duration {
        let days = match self {
            Window::Day => 1,
            Window::Week => 7,
            Window::Month => 30,
            Window::Year => 365,
        };
        Duration::from_hours(24 * days)
    }

    /// Its beginning, when `now` is its end.
    pub fn from(self, now: Instant) -> Instant {
        now.minus(self.length())
    }

    /// How many hours (days for a year) it goes back, the current one among them.
    pub const fn count(self) -> i64 {
        match self {
            Window::Day => 24,
            Window::Week => 7 * 24,
            Window::Month => 30 * 24,
            Window::Year => 365,
        }
    }

    /// How many of them make one step.
    pub const fn step(self) -> i64 {
        match self {
            Window::Day | Window::Week | Window::Year => 1,
            Window::Month => 6,
        }
    }
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// When it is; the last one may go on.
    pub range: Range,
    /// Its time.
    pub tally: Tally,
    /// How long good looks took.
    pub times: Times,
}

/// The steps of what places know from `first` on, each `step` numbers long, up to `now`; `start_of` tells when a number begins.
pub fn steps(
    spans: impl IntoIterator<Item = (LocationId, Open)>,
    (first, count, step): (i64, i64, i64),
    now: Instant,
    start_of: impl Fn(i64) -> Instant,
) -> Vec<Step> {
    let mut sums: BTreeMap<(usize, LocationId), Open> = BTreeMap::new();
    for (place, span) in spans {
        if let Ok(at) = usize::try_from((span.number - first).div_euclid(step)) {
            sums.entry((at, place)).or_default().add_span(&span);
        }
    }
    let mut steps: Vec<Step> = (0..count)
        .step_by(usize::try_from(step).unwrap_or(1))
        .map(|at| Step {
            range: Range { from: start_of(first + at), to: start_of(first + at + step).min(now) },
            tally: Tally::default(),
            times: Times::default(),
        })
        .collect();
    let sums: Vec<((usize, LocationId), Open)> = sums.into_iter().collect();
    for places in sums.chunk_by(|((one, _), _), ((other, _), _)| one == other) {
        if let Some(step) = places.first().and_then(|((at, _), _)| steps.get_mut(*at)) {
            let all = Open::of_places(places.iter().map(|(_, open)| open));
            (step.tally, step.times) = (all.tally, all.times);
        }
    }
    steps
}
