//! When people are told that the disk of the database runs full. Pure.
//!
//! ```text
//!           less is free than should be           it is full
//!   room ─────────────────────────────► low ─────────────────► full     each told once
//!    ▲      a quarter more is free       │ ▲  an eighth is free │
//!    └───────────────────────────────────┘ └────────────────────┘       at the earliest an hour after it was told
//! ```
//! The hour, the quarter and the eighth keep a disk that swings about a border from telling it again and again.

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

/// A level that was told, and is not over or was told within [`LEAST`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// Which.
    pub level: Level,
    /// When.
    pub at: Instant,
    /// Whether there was room since.
    pub is_over: bool,
}

/// What follows from how much room there is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Levels that are over.
    pub over: Vec<Level>,
    /// Levels that begin, the worst last; all of them are told at once.
    pub begun: Vec<Level>,
}

/// How long a level is not told again, however the disk swings.
pub const LEAST: Duration = Duration::from_secs(3600);

/// Judges `room` at `now`, given what was `told`. `is_full` is what the reserve beside the database says. Whoever hears that
/// it is full need not hear afterwards that it is nearly so.
pub fn judge(room: Room, is_full: bool, told: &[Told], now: Instant) -> Verdict {
    let has_come = |level| match level {
        Level::Low => is_full || room.is_short(),
        Level::Full => is_full,
    };
    let has_gone = |level| match level {
        Level::Low => !is_full && room.free >= room.wanted.saturating_add(room.wanted / 4),
        Level::Full => !is_full && room.free >= room.wanted / 8,
    };
    let over = told.iter().filter(|told| !told.is_over && has_gone(told.level)).map(|told| told.level);
    // One told by a clock that was ahead is as old as any.
    let is_known = |told: &Told| !told.is_over || (told.at <= now && now.since(told.at) < LEAST);
    let is_told = |level| told.iter().any(|told| told.level == level && is_known(told));
    let begun = [Level::Low, Level::Full].into_iter().filter(|level| has_come(*level) && !is_told(*level));
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
        let told = |level| Told { level, at: at(0), is_over: false };
        let (low, full) = (told(Low), told(Full));
        let was_full = Told { is_over: true, ..full };
        let quarter_more = GIB + GIB / 4;
        let table: [(u64, bool, &[Told], i64, Verdict); 15] = [
            (GIB, false, &[], 0, verdict(&[], &[])),
            (GIB - 1, false, &[], 0, verdict(&[], &[Low])),
            (GIB - 1, false, &[low], 1, verdict(&[], &[])),
            (quarter_more - 1, false, &[low], 99, verdict(&[], &[])),
            (quarter_more, false, &[low], 1, verdict(&[Low], &[])),
            (0, true, &[low], 1, verdict(&[], &[Full])),
            (0, true, &[], 0, verdict(&[], &[Low, Full])),
            (0, true, &[low, full], 999, verdict(&[], &[])),
            (GIB / 8 - 1, false, &[low, full], 999, verdict(&[], &[])),
            (GIB / 8, false, &[low, full], 1, verdict(&[Full], &[])),
            (GIB / 2, false, &[low, full], 1, verdict(&[Full], &[])),
            // It fills again: within the hour that is known, after it that is told.
            (0, true, &[low, was_full], 59, verdict(&[], &[])),
            (0, true, &[low, was_full], 60, verdict(&[], &[Full])),
            (0, true, &[low, was_full], -5, verdict(&[], &[Full])),
            (quarter_more, false, &[low, full], -5, verdict(&[Low, Full], &[])),
        ];
        for (free, is_full, open, minute, expected) in table {
            let verdict = judge(Room { free, wanted: GIB }, is_full, open, at(minute));
            assert_eq!(verdict, expected, "{free} {is_full} {open:?} {minute}");
        }
    }

    proptest! {
        #[test]
        fn however_a_disk_swings_a_level_is_told_once_an_hour_and_not_forgotten(free in prop::collection::vec(0..2 * GIB, 1..600)) {
            let mut told: Vec<Told> = Vec::new();
            for (minute, free) in (0..).zip(free) {
                let is_full = free < GIB / 8;
                let verdict = judge(Room { free, wanted: GIB }, is_full, &told, at(minute));
                told.iter_mut().filter(|told| verdict.over.contains(&told.level)).for_each(|told| told.is_over = true);
                for level in verdict.begun {
                    let before = told.iter().rfind(|told| told.level == level);
                    prop_assert!(before.is_none_or(|before| at(minute).since(before.at) >= LEAST));
                    told.push(Told { level, at: at(minute), is_over: false });
                }
                let last = told.iter().rfind(|told| told.level == Level::Full);
                let is_known = last.is_some_and(|last| !last.is_over || at(minute).since(last.at) < LEAST);
                prop_assert!(!is_full || is_known, "whoever could be told was");
            }
        }
    }
}
