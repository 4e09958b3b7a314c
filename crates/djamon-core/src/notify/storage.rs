//! The words of a message about the disk of the database: what is full, where, how much is left, what to do. Pure.

use serde::Serialize;

use super::words::{clipped, one_line};
use crate::domain::storage::{Level, Shortage};

const MOST_OF_A_MACHINE: usize = 60;
const MOST_OF_A_PLACE: usize = 200;

/// What templates see of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct StorageDigest {
    pub is_full: bool,
    /// How much is left, and how much should be: `23 MiB`.
    pub free: String,
    pub wanted: String,
    /// The file of the database, and the machine it is on.
    pub place: String,
    pub machine: String,
}

impl StorageDigest {
    pub fn new(shortage: &Shortage) -> Self {
        StorageDigest {
            is_full: shortage.level == Level::Full,
            free: amount(shortage.free),
            wanted: amount(shortage.wanted),
            place: clipped(&one_line(&shortage.place), MOST_OF_A_PLACE),
            machine: clipped(&one_line(&shortage.machine), MOST_OF_A_MACHINE),
        }
    }

    /// What stands in the subject.
    pub fn subject(&self) -> String {
        format!("{}: Djamon's database on {} has {} left", self.word(), self.machine, self.free)
    }

    /// All of it, as everybody may hear it: no machine, no file.
    pub fn short(&self) -> String {
        let then = match self.is_full {
            true => "When that is used up it can tell of no outage. Free some space: it goes on by itself",
            false => "Free some space before it is full",
        };
        format!("{}: the monitor's database has {} left. {then}", self.word(), self.free)
    }

    /// What chats show.
    pub fn lead(&self) -> String {
        let StorageDigest { free, wanted, place, machine, .. } = self;
        match self.is_full {
            true => format!(
                "The disk of {place} on {machine} is full: {free} are left. Checks and alerts go on until that is used up; \
                 then no outage is seen and no alert leaves. Free some space now: it goes on by itself, nothing has to be \
                 restarted, and nothing stored is lost."
            ),
            false => format!(
                "The disk of {place} on {machine} is nearly full: {free} are left, {wanted} should be. Free some space, or keep \
                 less history: [history] keep_views in djamon.toml, and djamon-check purge."
            ),
        }
    }

    const fn word(&self) -> &'static str {
        if self.is_full { "DISK FULL" } else { "DISK LOW" }
    }
}

fn amount(bytes: u64) -> String {
    match bytes >> 20 {
        0 => "less than 1 MiB".to_owned(),
        mib => format!("{mib} MiB"),
    }
}
