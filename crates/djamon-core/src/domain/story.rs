//! Everything that one message tells, read when the message is about to leave.

use super::outage::Outage;
use super::storage::Shortage;
use super::{Event, EventId, EventKind, Instant, Left, Outcome};

/// What one message tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Story {
    /// The message's own name: Message-ID and idempotency key. The same message sent again has the same.
    pub key: String,
    /// The key of the outage's first message on this channel, when this is a later one.
    pub thread: Option<String>,
    /// What happened, oldest first; one message may tell the whole of a short outage.
    pub events: Vec<Event>,
    /// The outage they are of.
    pub outage: Option<Outage>,
    /// Its sites, in the order they joined.
    pub sites: Vec<StorySite>,
    /// The outages they are of when they are of several: then `outage` and `sites` are empty.
    pub backlog: Option<Backlog>,
    /// How little room the database had, in a message about that.
    pub storage: Option<Shortage>,
}

/// Several outages that are told in one message, because it is the first that a channel hears of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backlog {
    /// The channel that is told.
    pub channel: String,
    /// Whether the channel could not be told when they happened: they are of several runs.
    pub was_away: bool,
    /// The outages, those that go on first, else in order of number.
    pub outages: Vec<Chapter>,
}

/// One outage of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chapter {
    /// The outage.
    pub outage: Outage,
    /// Its sites, in the order they joined.
    pub sites: Vec<StorySite>,
}

impl Story {
    /// A message that only shows that a channel works.
    pub fn test(now: Instant) -> Self {
        let event =
            Event { id: EventId(0), kind: EventKind::Test, outage: None, site: None, run: None, at: now };
        let key = format!("djamon-test-{:x}", now.ms());
        Story {
            key,
            thread: None,
            events: vec![event],
            outage: None,
            sites: Vec::new(),
            backlog: None,
            storage: None,
        }
    }
}

/// One site's part in the story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorySite {
    /// Its slug.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Its address, credentials masked.
    pub url: String,
    /// The slug of its group.
    pub group: Option<String>,
    /// Its first failed look.
    pub down_at: Instant,
    /// When it left the outage.
    pub up_at: Option<Instant>,
    /// Why it left.
    pub left: Option<Left>,
    /// How the look that confirmed it ended.
    pub outcome: Outcome,
    /// Its status code.
    pub code: Option<u16>,
    /// Its sentence.
    pub detail: Option<String>,
    /// The last good look before it, if that is remembered.
    pub last_good_at: Option<Instant>,
    /// When its certificate ends, in a message about that.
    pub certificate_expires_at: Option<Instant>,
    /// Whether visitors may know of it; channels that everybody reads leave out the name of one that is not.
    pub is_public: bool,
    /// Whether one of the events tells of it for the first time.
    pub is_news: bool,
}
