//! How far back a chart looks.

use std::time::Duration;

use djamon_core::domain::Instant;
use djamon_core::domain::uptime::HOUR_MS;
use serde::Serialize;

/// Milliseconds of a day, where the calendar does not matter.
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// A span of time up to now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Range {
    /// 24 hours.
    #[default]
    Day,
    /// 7 days.
    Week,
    /// 30 days.
    Month,
    /// 365 days.
    Year,
}

impl Range {
    /// Every one, the shortest first.
    pub const ALL: [Range; 4] = [Range::Day, Range::Week, Range::Month, Range::Year];

    /// Its name in `range=`.
    pub const fn name(self) -> &'static str {
        match self {
            Range::Day => "24h",
            Range::Week => "7d",
            Range::Month => "30d",
            Range::Year => "1y",
        }
    }

    /// Its name on pages.
    pub const fn words(self) -> &'static str {
        match self {
            Range::Day => "24 hours",
            Range::Week => "7 days",
            Range::Month => "30 days",
            Range::Year => "1 year",
        }
    }

    /// The range of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|range| range.name() == name)
    }

    /// How long it is.
    pub const fn length(self) -> Duration {
        let days = match self {
            Range::Day => 1,
            Range::Week => 7,
            Range::Month => 30,
            Range::Year => 365,
        };
        Duration::from_hours(24 * days)
    }

    /// How many of the stretches that are known make a point: 100 to 200 points are a line that is worth reading.
    pub const fn together(self) -> usize {
        match self {
            Range::Day | Range::Week => 1,
            Range::Month => 4,
            Range::Year => 2,
        }
    }

    /// Its beginning, when `now` is its end.
    pub fn from(self, now: Instant) -> Instant {
        now.minus(self.length())
    }

    /// The links that choose one, of which this is the one shown.
    pub fn choices(self) -> Vec<RangeChoice> {
        let choice =
            |range: Range| RangeChoice { name: range.name(), words: range.words(), chosen: range == self };
        Self::ALL.into_iter().map(choice).collect()
    }
}

/// A link to a range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RangeChoice {
    name: &'static str,
    words: &'static str,
    chosen: bool,
}
