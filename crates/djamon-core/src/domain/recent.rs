//! What a site's state remembers of its last looks: ten in full, fifty as marks for the bar.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::{Look, Standing};

/// How many looks are kept in full.
pub const FULL: usize = 10;
/// How many looks are kept as marks.
pub const MARKS: usize = 50;

/// One place in the bar of a site's last looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// A good look.
    Up,
    /// A good but slow look.
    Degraded,
    /// A failed look that was no outage (yet).
    Failing,
    /// A look while the site was in an outage.
    Down,
    /// One or more blind runs stood here.
    Blind,
    /// Nobody looked for longer than expected.
    Unknown,
}

/// The last looks of one site, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recent {
    /// At most [`FULL`] looks, newest first.
    pub looks: VecDeque<Look>,
    /// At most [`MARKS`] marks, newest first.
    pub marks: VecDeque<Mark>,
}

impl Recent {
    /// Remembers `look`, after which the site stood as `standing`; `pause` is what lay between it and the look before.
    pub fn push(&mut self, look: Look, standing: Standing, pause: Option<Mark>) {
        if let Some(pause) = pause.filter(|_| !self.marks.is_empty()) {
            self.marks.push_front(pause);
        }
        self.marks.push_front(match (standing, look.degraded) {
            (Standing::Down, _) => Mark::Down,
            (Standing::Failing, _) => Mark::Failing,
            (Standing::Up, true) => Mark::Degraded,
            (Standing::Up, false) => Mark::Up,
        });
        self.looks.push_front(look);
        self.looks.truncate(FULL);
        self.marks.truncate(MARKS);
    }
}
