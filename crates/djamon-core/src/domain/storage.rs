//! When people are told that the disk of the database runs full. Pure.
//!
//! ```text
//!           less is free than should be           it is full
//!   room ─────────────────────────────► low ─────────────────► full     each told once
//!    ▲      a quarter more is free       │ ▲   there is room    │
//!    └───────────────────────────────────┘ └────────────────────┘       at the earliest an hour after it was told
//! ```
//! The hour and the quarter keep a disk that swings about a border from telling it each minute.

use std::time::Duration;

use super::Instant;

/// How little room there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Less than should be free.
    Low,
    /// The reserve beside the database was given up, or there is none.
    Full,
}

impl Level {
    /// Its name in tables and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Level::Low => "low",
            Level::Full => "full",
        }
    }

    /// The level of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Level::Low, Level::Full].into_iter().find(|level| level.name() == name)
    }
}

/// How much room there is for the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Bytes that are free on its disk.
    pub free: u64,
    /// Bytes that should be: what a week needs, at least a gibibyte.
    pub wanted: u64,
}

impl Room {
    /// Whether somebody should be told.
    pub fn is_short(self) -> bool {
        self.free < self.wanted
    }
}

/// What people were told, as it was then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortage {
    /// How little room there was.
    pub level: Level,
    /// The file of the database.
    pub place: String,
    /// The machine it is on.
    pub machine: String,
    /// Bytes that were free on its disk.
    pub free: u64,
    /// Bytes that should have been.
    pub wanted: u64,
}

/// A level that was told and is not over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// Which.
    pub level: Level,
    /// When.
    pub at: Instant,
}

/// What follows from how much room there is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Levels that are over.
    pub over: Vec<Level>,
    /// Levels that begin, the worst last; all of them are told at once.
    pub begun: Vec<Level>,
}

/// How long a level that was told goes on at least.
const LEAST: Duration = Duration::from_secs(3600);

/// Judges `room` at `now`, given what is `open`. `is_full` is what the reserve beside the database says. Whoever hears that
/// it is full need not hear afterwards that it is nearly so.
pub fn judge(room: Room, is_full: bool, open: &[Told], now: Instant) -> Verdict {
    let has_come = |level| match level {
        Level::Low => is_full || room.is_short(),
        Level::Full => is_full,
    };
    let has_gone = |level| match level {
        Level::Low => !is_full && room.free >= room.wanted.saturating_add(room.wanted / 4),
        Level::Full => !is_full,
    };
    // One told by a clock that was ahead is as old as any.
    let is_old = |told: &Told| told.at > now || now.since(told.at) >= LEAST;
    let over = open.iter().filter(|told| has_gone(told.level) && is_old(told)).map(|told| told.level);
    let is_open = |level| open.iter().any(|told| told.level == level);
    let begun = [Level::Low, Level::Full].into_iter().filter(|level| has_come(*level) && !is_open(*level));
    Verdict { over: over.collect(), begun: begun.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GIB: u64 = 1 << 30;

    fn at(minute: i64) -> Instant {
        Instant::from_ms(minute * 60_000)
    }

    fn verdict(over: &[Level], begun: &[Level]) -> Verdict {
        Verdict { over: over.to_vec(), begun: begun.to_vec() }
    }

    #[test]
    fn each_level_is_told_once_and_again_only_after_there_was_room() {
        use Level::{Full, Low};
        let (low, full) = (Told { level: Low, at: at(0) }, Told { level: Full, at: at(0) });
        let quarter_more = GIB + GIB / 4;
        let table: [(u64, bool, &[Told], i64, Verdict); 12] = [
            (GIB, false, &[], 0, verdict(&[], &[])),
            (GIB - 1, false, &[], 0, verdict(&[], &[Low])),
            (GIB - 1, false, &[low], 1, verdict(&[], &[])),
            (quarter_more - 1, false, &[low], 99, verdict(&[], &[])),
            (quarter_more, false, &[low], 59, verdict(&[], &[])),
            (quarter_more, false, &[low], 60, verdict(&[Low], &[])),
            (0, true, &[low], 1, verdict(&[], &[Full])),
            (0, true, &[], 0, verdict(&[], &[Low, Full])),
            (0, true, &[low, full], 999, verdict(&[], &[])),
            (GIB / 2, false, &[low, full], 60, verdict(&[Full], &[])),
            (GIB / 2, false, &[low, full], 59, verdict(&[], &[])),
            (quarter_more, false, &[low, full], -5, verdict(&[Low, Full], &[])),
        ];
        for (free, is_full, open, minute, expected) in table {
            let verdict = judge(Room { free, wanted: GIB }, is_full, open, at(minute));
            assert_eq!(verdict, expected, "{free} {is_full} {open:?} {minute}");
        }
    }

    proptest! {
        #[test]
        fn however_a_disk_swings_a_level_is_told_at_most_once_an_hour(free in prop::collection::vec(0..2 * GIB, 1..600)) {
            let mut open: Vec<Told> = Vec::new();
            let mut told: Vec<Told> = Vec::new();
            for (minute, free) in (0..).zip(free) {
                let verdict = judge(Room { free, wanted: GIB }, free < GIB / 8, &open, at(minute));
                open.retain(|told| !verdict.over.contains(&told.level));
                let new = verdict.begun.iter().map(|level| Told { level: *level, at: at(minute) });
                for new in new {
                    let before = told.iter().rfind(|told| told.level == new.level);
                    prop_assert!(before.is_none_or(|before| new.at.since(before.at) >= LEAST));
                    open.push(new);
                    told.push(new);
                }
            }
        }
    }
}
