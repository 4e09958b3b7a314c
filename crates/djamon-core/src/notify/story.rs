//! What a message is made of: everything it tells, read by the store when the rows of the outbox are claimed.

use chrono_tz::Tz;

use crate::config::Config;
use crate::domain::outage::Outage;
use crate::domain::{Event, Instant, Left, Outcome};

/// Everything one message tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Story {
    /// Stable name of the message: Message-ID, idempotency key.
    pub key: String,
    /// The key of the first message of this outage on this channel, when this is a later one.
    pub thread: Option<String>,
    /// What happened, oldest first; one message may tell opened, joined and resolved at once.
    pub events: Vec<Event>,
    /// The outage they belong to.
    pub outage: Option<Outage>,
    /// All sites of the outage in the order they joined; one that came back is in it twice.
    pub sites: Vec<StorySite>,
}

/// One site's part in the story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorySite {
    /// Its name in URLs and commands.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// Its address, credentials masked.
    pub url: String,
    /// Its first failed look.
    pub down_at: Instant,
    /// When it left the outage; `None` while it is down.
    pub up_at: Option<Instant>,
    /// Why it left.
    pub left: Option<Left>,
    /// How the look that counts ended.
    pub outcome: Outcome,
    /// That look's status code.
    pub code: Option<u16>,
    /// That look's detail.
    pub detail: Option<String>,
    /// The last good look before it failed, when it is known.
    pub last_good_at: Option<Instant>,
    /// Whether one of the story's events is its joining.
    pub is_news: bool,
}

/// How messages are written, whatever they tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Style {
    /// Where people see the pages; no slash at the end.
    pub base_url: String,
    /// The time zone of the times in messages.
    pub time_zone: Tz,
}

impl Style {
    /// The style that the configuration asks for: `[web] base_url` and `[history] time_zone`.
    pub fn of(config: &Config) -> Self {
        Style { base_url: config.web.base_url.clone(), time_zone: config.history.time_zone }
    }
}
