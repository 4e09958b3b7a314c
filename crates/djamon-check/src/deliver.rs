//! Delivery: claim, send, mark, until nothing may leave or the time is over. It decides nothing about verdicts and runs
//! after the lock of the run has been given back; claims protect it from another run's delivery.
//!
//! Every channel has a thread and a connection of its own: one that hangs delays no other.

use std::sync::Arc;
use std::time::Duration;

use djamon_core::clock::Clock;
use djamon_core::config::Config;
use djamon_core::domain::Invalid;
use djamon_core::notify::{self, NotifyError, Sender, Style, Templates};
use djamon_core::store::backend::migrate::open_current;
use djamon_core::store::outbox::{self, Claim};
use djamon_core::store::{AnyConnection, DatabaseUrl, StoreError};

use crate::app::{App, Failure};

/// How long a run's delivery may take in all.
pub const DEADLINE: Duration = Duration::from_secs(50);

/// Who is told, and how.
pub struct Post {
    senders: Vec<Box<dyn Sender>>,
    style: Style,
    templates: Templates,
    url: DatabaseUrl,
    clock: Arc<dyn Clock>,
}

/// What one delivery did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Delivered {
    /// Rows that left.
    pub sent: u32,
    /// Rows that were parked: refused for good, or for a day.
    pub parked: u32,
}

impl Delivered {
    fn and(self, other: Delivered) -> Delivered {
        Delivered { sent: self.sent + other.sent, parked: self.parked + other.parked }
    }
}

impl Post {
    /// The channels that the configuration names.
    ///
    /// # Errors
    /// Exit code 2: a channel that cannot work, or templates that cannot be read.
    pub fn new(app: &App) -> Result<Post, Failure> {
        Post::of(&app.config, app.url.clone(), Arc::clone(&app.clock))
    }

    /// As [`Post::new`], from its parts.
    ///
    /// # Errors
    /// As there.
    pub fn of(config: &Config, url: DatabaseUrl, clock: Arc<dyn Clock>) -> Result<Post, Failure> {
        Ok(Post {
            senders: notify::configured(config, &clock)
                .map_err(|Invalid { field, problem }| Failure::usage(format!("{field}: {problem}")))?,
            style: Style::of(config),
            templates: Templates::load(config.web.templates.as_deref())
                .map_err(|error| Failure::usage(error.to_string()))?,
            url,
            clock,
        })
    }

    /// The names of the channels: every event is owed to each of them.
    pub fn channels(&self) -> Vec<String> {
        self.senders.iter().map(|sender| sender.name().to_owned()).collect()
    }

    /// The sender of the channel of this name.
    pub fn sender(&self, channel: &str) -> Option<&dyn Sender> {
        self.senders.iter().find(|sender| sender.name() == channel).map(AsRef::as_ref)
    }

    /// Sends what is owed, all channels side by side, until nothing may leave now or `deadline` has passed. A message
    /// under way is finished. What is owed to a channel that is no more is parked.
    ///
    /// # Errors
    /// What the database says.
    pub fn deliver(
        &self,
        connection: &mut AnyConnection,
        deadline: Duration,
    ) -> Result<Delivered, StoreError> {
        let until = self.clock.elapsed().saturating_add(deadline);
        let owed = outbox::owed_channels(connection)?;
        let done = std::thread::scope(|scope| {
            let channels: Vec<_> =
                owed.iter().map(|channel| scope.spawn(move || self.serve(channel, until))).collect();
            channels
                .into_iter()
                .map(|channel| channel.join().unwrap_or_else(|_| Ok(Delivered::default())))
                .collect::<Vec<_>>()
        });
        done.into_iter().try_fold(Delivered::default(), |all, one| Ok(all.and(one?)))
    }

    fn serve(&self, channel: &str, until: Duration) -> Result<Delivered, StoreError> {
        let mut connection = open_current(&self.url)?;
        let mut done = Delivered::default();
        while self.clock.elapsed() < until {
            let Some(claim) = outbox::claim(&mut connection, channel, self.clock.now())? else { break };
            done = done.and(self.send(&mut connection, channel, &claim)?);
        }
        Ok(done)
    }

    fn send(
        &self,
        connection: &mut AnyConnection,
        channel: &str,
        claim: &Claim,
    ) -> Result<Delivered, StoreError> {
        let rows = u32::try_from(claim.rows.len()).unwrap_or(u32::MAX);
        let parked = Delivered { parked: rows, sent: 0 };
        let Some(sender) = self.sender(channel) else {
            outbox::park(connection, claim, "the configuration has no such channel any more")?;
            return Ok(parked);
        };
        let sent = notify::compose(&claim.story, &self.style, &self.templates)
            .map_err(|error| NotifyError::permanent(error.to_string()))
            .and_then(|message| sender.send(&message));
        match sent {
            Ok(()) => {
                outbox::sent(connection, claim, self.clock.now())?;
                Ok(Delivered { sent: rows, parked: 0 })
            }
            Err(NotifyError::Permanent { reason }) => {
                tracing::warn!("an alert was refused by {channel} and is parked: {reason}");
                outbox::park(connection, claim, &reason)?;
                Ok(parked)
            }
            Err(NotifyError::Temporary { reason, after }) => {
                tracing::debug!("an alert did not leave by {channel} and is tried again: {reason}");
                let is_parked = outbox::refused(connection, claim, &reason, after, self.clock.now())?;
                if is_parked {
                    tracing::warn!("an alert was refused by {channel} for a day and is parked: {reason}");
                }
                Ok(if is_parked { parked } else { Delivered::default() })
            }
        }
    }
}
