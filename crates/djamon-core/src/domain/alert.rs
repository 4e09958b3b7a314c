//! What people are told, when it is tried again, and what belongs into one message.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{EventId, Instant, OutageId, RunId, SiteId};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    /// An outage began.
    Opened,
    /// More sites joined it.
    Joined,
    /// It ended.
    Resolved,
    /// It still goes on.
    Reminder,
    /// A certificate runs out soon.
    Certificate,
    /// The disk of the database runs full.
    Storage,
    /// Somebody tries a channel.
    Test,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [EventKind; 7] = [
        EventKind::Opened,
        EventKind::Joined,
        EventKind::Resolved,
        EventKind::Reminder,
        EventKind::Certificate,
        EventKind::Storage,
        EventKind::Test,
    ];

    /// Its name in tables, JSON and mail headers.
    pub const fn name(self) -> &'static str {
        match self {
            EventKind::Opened => "opened",
            EventKind::Joined => "joined",
            EventKind::Resolved => "resolved",
            EventKind::Reminder => "reminder",
            EventKind::Certificate => "certificate",
            EventKind::Storage => "storage",
            EventKind::Test => "test",
        }
    }

    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Something that happened and that every channel is told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its number.
    pub id: EventId,
    /// What happened.
    pub kind: EventKind,
    /// To which outage.
    pub outage: Option<OutageId>,
    /// To which site, when it is of one site only.
    pub site: Option<SiteId>,
    /// The run that saw it.
    pub run: Option<RunId>,
    /// When.
    pub at: Instant,
}

/// Who reads what a channel carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// People: what has gathered becomes one message.
    People,
    /// Programs: every event is a message of its own.
    Machines,
}

impl Audience {
    /// How many processes tell them side by side, each of another outage.
    pub const fn at_a_time(self) -> usize {
        match self {
            Audience::People => 1,
            Audience::Machines => 8,
        }
    }
}

/// For how long an alert is tried before it is parked.
pub const TRIED_FOR: Duration = Duration::from_secs(24 * 3600);

/// The pause after the `tries`-th failed try: 1, 2, 4 … 60 minutes.
pub fn back_off(tries: u32) -> Duration {
    let minutes = 1u64.checked_shl(tries.saturating_sub(1)).unwrap_or(60).min(60);
    Duration::from_secs(minutes * 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_an_hour() {
        let minutes: Vec<_> = [1, 2, 3, 4, 6, 7, 8, 100].map(|tries| back_off(tries).as_secs() / 60).into();
        assert_eq!(minutes, [1, 2, 4, 8, 32, 60, 60, 60]);
    }
}
