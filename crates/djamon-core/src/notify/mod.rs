//! Messages and the channels that carry them. It knows the domain and the configuration, and no database: whoever
//! delivers hands in a [`Story`], gets a [`Message`] from [`compose()`] and gives it to a [`Sender`].

mod alertmanager;
mod answer;
mod apprise;
mod backlog;
mod card;
pub mod compose;
mod courier;
mod digest;
mod discord;
pub mod email;
mod facts;
mod mastodon;
mod matrix;
mod ntfy;
mod pagerduty;
mod post;
mod redact;
mod short;
mod slack;
mod smtp;
mod storage;
pub mod style;
mod teams;
mod telegram;
pub mod templates;
pub mod twitter;
mod webhook;
mod words;

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::config::{ChannelSettings, Config};
use crate::domain::storage::Level;
pub use crate::domain::story::{Story, StorySite};
use crate::domain::{EventKind, Instant, Invalid};

pub use compose::{ComposeError, compose};
pub use email::email;
pub use style::Style;
pub use templates::{TemplateError, Templates};
pub use twitter::twitter;

use courier::Courier;

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
    /// The story as HTML, complete in itself.
    pub html: Option<String>,
    /// The story as everybody may hear it, in so few weighted characters that a link fits behind it in a post on X.
    pub short: String,
    /// The page about it.
    pub link: String,
    /// When the last event it tells of happened.
    pub at: Instant,
    /// The story in parts, for channels that lay it out themselves; without it they carry the text.
    pub details: Option<Box<Details>>,
}

impl Message {
    /// Whether it tells that the disk of the database is full, not only that it will be.
    fn tells_of_a_full_disk(&self) -> bool {
        let storage = self.details.as_deref().and_then(|details| details.story.storage.as_ref());
        storage.is_some_and(|storage| storage.level == Level::Full)
    }

    /// What stands before the sites in short messages.
    fn lead(&self) -> &str {
        self.details.as_deref().and_then(|details| details.digest.lead.as_deref()).unwrap_or_default()
    }
}

/// A story in parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details {
    /// The story itself: what programs are told.
    pub story: Story,
    /// The story in words.
    digest: digest::Digest,
}

/// Why a message did not go out. Reasons are one line, say what to do, and hold no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotifyError {
    /// It may work later.
    #[error("{reason}")]
    Temporary {
        /// What went wrong.
        reason: String,
        /// How long the other side asks to be left alone.
        after: Option<Duration>,
    },
    /// It may have arrived: nobody confirmed it. It comes again as it is, under the same key.
    #[error("{reason}")]
    Unconfirmed {
        /// What was heard instead.
        reason: String,
    },
    /// It will not work until somebody changes something.
    #[error("{reason}")]
    Permanent {
        /// What was refused, and what to change.
        reason: String,
    },
}

impl NotifyError {
    fn temporary(reason: impl Into<String>) -> Self {
        NotifyError::Temporary { reason: reason.into(), after: None }
    }

    /// That it went out and nobody knows whether it was taken.
    pub fn unconfirmed(reason: impl Into<String>) -> Self {
        NotifyError::Unconfirmed { reason: reason.into() }
    }

    /// That it will not work until somebody changes something.
    pub fn permanent(reason: impl Into<String>) -> Self {
        NotifyError::Permanent { reason: reason.into() }
    }
}

/// The longest that one [`Sender::send`] takes: whoever claims a message claims it for longer than this.
pub const LONGEST_SEND: Duration = Duration::from_secs(45);

/// A channel. Senders block: call them from a plain thread, never from within async code.
pub trait Sender: Send + Sync {
    /// The channel's name.
    fn name(&self) -> &str;

    /// Sends one message; `Ok` when the other side has taken it.
    ///
    /// # Errors
    /// [`NotifyError`]: temporary when trying again later makes sense, permanent when it does not.
    fn send(&self, message: &Message) -> Result<(), NotifyError>;

    /// What would be sent, as text for people: without secrets, and without sending anything.
    ///
    /// # Errors
    /// A permanent [`NotifyError`] when the message cannot be written.
    fn preview(&self, message: &Message) -> Result<String, NotifyError>;
}

/// The channel that `settings` describe; `clock` dates its signatures and tells how long a pause is that a server asks for
/// by the time of day.
///
/// # Errors
/// [`Invalid`] of the key that makes sending impossible.
pub fn sender(settings: &ChannelSettings, clock: &Arc<dyn Clock>) -> Result<Box<dyn Sender>, Invalid> {
    match settings {
        ChannelSettings::Email(settings) => Ok(Box::new(email::Mailer::new(settings)?.of_channel())),
        ChannelSettings::Twitter(settings) => twitter::of_channel(settings, Arc::clone(clock)),
        ChannelSettings::Webhook(settings) => Ok(Box::new(Courier::new(settings.clone(), clock))),
        ChannelSettings::Slack(settings) => Ok(Box::new(Courier::new(settings.clone(), clock))),
        ChannelSettings::Discord(settings) => Ok(Box::new(Courier::new(settings.clone(), clock))),
        ChannelSettings::Telegram(settings) => Ok(Box::new(Courier::new(settings.clone(), clock))),
        ChannelSettings::Teams(settings) => Ok(Box::new(Courier::new(settings.clone(), clock))),
        ChannelSettings::Ntfy(settings) => Ok(Box::new(Courier::new(settings.clone(), clock))),
        ChannelSettings::PagerDuty(settings) => Ok(Box::new(Courier::new(settings.clone(), clock))),
        ChannelSettings::Matrix(settings) => Ok(Box::new(Courier::new(settings.clone(), clock))),
        ChannelSettings::Mastodon(settings) => Ok(Box::new(Courier::new(settings.clone(), clock))),
        ChannelSettings::Alertmanager(settings) => Ok(Box::new(Courier::new(settings.clone(), clock))),
        ChannelSettings::Apprise(settings) => Ok(Box::new(Courier::new(settings.clone(), clock))),
    }
}

/// The channels of the configuration: `email` when `[email] from` is set, `twitter` when it is enabled, in this order.
///
/// # Errors
/// [`Invalid`] of the first key that makes a channel impossible.
pub fn configured(config: &Config, clock: &Arc<dyn Clock>) -> Result<Vec<Box<dyn Sender>>, Invalid> {
    let mut senders = Vec::new();
    if config.email.is_on() {
        senders.push(email(&config.email)?);
    }
    if config.twitter.enabled {
        senders.push(twitter(&config.twitter, Arc::clone(clock))?);
    }
    Ok(senders)
}
