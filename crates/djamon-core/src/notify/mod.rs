//! Messages and the channels that carry them. It knows the domain and the configuration, and no database: whoever
//! delivers hands in a [`Story`] and gets a [`Message`] from [`compose()`].

pub mod compose;
mod short;
pub mod story;
pub mod templates;
mod words;

use crate::domain::{EventKind, Instant};

pub use compose::{ComposeError, compose};
pub use story::{Story, StorySite, Style};
pub use templates::{TemplateError, Templates};

/// A message, fit for every channel: each takes of it what it can carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its stable name: the same message tried again has the same key.
    pub key: String,
    /// The key of the first message of its outage on this channel, when this is a later one.
    pub thread: Option<String>,
    /// What it tells; of several events the one its subject speaks of.
    pub kind: EventKind,
    /// One line without control characters, beginning with what happened.
    pub subject: String,
    /// The whole story in plain text; lines end with `\n`.
    pub text: String,
    /// The story in at most 280 weighted characters, without links.
    pub short: String,
    /// When the last event it tells of happened.
    pub at: Instant,
}
