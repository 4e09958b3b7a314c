//! Delivery: claim, send, mark, until nothing may leave or the time is over. It decides nothing about verdicts and runs
//! after the lock of the run has been given back; claims protect it from another run's delivery.
//!
//! Every channel has a thread and a connection of its own: one that hangs delays no other. A channel is made ready only
//! when something is owed to it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use djamon_core::channels::Switchboard;
use djamon_core::clock::Clock;
use djamon_core::config::Config;
use djamon_core::domain::story::Story;
use djamon_core::domain::{Instant, Listener};
use djamon_core::notify::{self, NotifyError, Sender, Style, Templates};
use djamon_core::store::backend::migrate::open_current;
use djamon_core::store::outbox::{self, Claim};
use djamon_core::store::{AnyConnection, DatabaseUrl, StoreError, channels};

use crate::app::App;

/// How long a run's delivery may take in all.
pub const DEADLINE: Duration = Duration::from_secs(50);

/// Who is told, and how.
pub struct Post {
    config: Config,
    url: DatabaseUrl,
    clock: Arc<dyn Clock>,
}

/// What one delivery did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Delivered {
    /// Rows that left.
    pub sent: u32,
    /// Rows that were refused for now, and are tried again.
    pub refused: u32,
    /// Rows that were parked: refused for good, or for a day.
    pub parked: u32,
}

impl Delivered {
    fn and(self, other: Delivered) -> Delivered {
        Delivered {
            sent: self.sent + other.sent,
            refused: self.refused + other.refused,
            parked: self.parked + other.parked,
        }
    }
}

impl Post {
    /// The post of the configuration and of the database.
    pub fn new(app: &App) -> Post {
        Post { config: app.config.clone(), url: app.url.clone(), clock: Arc::clone(&app.clock) }
    }

    /// The channels that are on, those of the configuration first.
    ///
    /// # Errors
    /// What the database says.
    pub fn listeners(&self, connection: &mut AnyConnection) -> Result<Vec<Listener>, StoreError> {
        let of_config = [("email", self.config.email.is_on()), ("twitter", self.config.twitter.enabled)];
        let of_config = of_config.into_iter().filter(|(_, is_on)| *is_on).map(|(name, _)| name.into());
        let stored = channels::all(connection)?.into_iter().filter(|channel| channel.enabled);
        let stored = stored.map(|channel| Listener { channel: channel.name, groups: channel.groups });
        Ok(of_config.chain(stored).collect())
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
        let done: Vec<_> = std::thread::scope(|scope| {
            let serving: Vec<_> =
                owed.iter().map(|channel| scope.spawn(move || self.serve(channel, until))).collect();
            // A sender that panics leaves its claim to run out; the message is sent again.
            serving.into_iter().map(|one| one.join().unwrap_or(Ok(Delivered::default()))).collect()
        });
        done.into_iter().try_fold(Delivered::default(), |all, one| Ok(all.and(one?)))
    }

    /// Sends a message of its own to one channel, at once and past the outbox.
    ///
    /// # Errors
    /// Why it was not taken; when there is no such channel, a permanent refusal that names those there are.
    pub fn test(&self, connection: &mut AnyConnection, channel: &str) -> Result<(), NotifyError> {
        let story = Story::test(self.clock.now());
        self.tell(self.sender(connection, channel)?.as_ref(), &story)
    }

    fn serve(&self, channel: &str, until: Duration) -> Result<Delivered, StoreError> {
        let mut connection = open_current(&self.url)?;
        let mut sender = None;
        let mut done = Delivered::default();
        while self.clock.elapsed() < until {
            let Some(claim) = outbox::claim(&mut connection, channel, self.clock.now())? else { break };
            if sender.is_none() {
                sender = Some(self.sender(&mut connection, channel));
            }
            let sent = match &sender {
                Some(Ok(sender)) => self.tell(sender.as_ref(), &claim.story),
                Some(Err(refusal)) => Err(refusal.clone()),
                None => break,
            };
            done = done.and(self.mark(&mut connection, channel, &claim, sent, self.clock.now())?);
        }
        Ok(done)
    }

    /// The channel of this name, made ready. One that is wrongly configured may be mended: that is a refusal for now.
    fn sender(&self, connection: &mut AnyConnection, name: &str) -> Result<Box<dyn Sender>, NotifyError> {
        let unready = |problem: String| NotifyError::Temporary { reason: problem, after: None };
        match name {
            "email" if self.config.email.is_on() => {
                notify::email(&self.config.email).map_err(|invalid| unready(invalid.to_string()))
            }
            "twitter" if self.config.twitter.enabled => {
                notify::twitter(&self.config.twitter, Arc::clone(&self.clock))
                    .map_err(|invalid| unready(invalid.to_string()))
            }
            name => {
                let stored = channels::all(connection).map_err(|error| unready(error.to_string()))?;
                let Some(stored) = stored.into_iter().find(|channel| channel.name == name && channel.enabled)
                else {
                    let known = self.listeners(connection).unwrap_or_default();
                    return Err(NotifyError::permanent(no_such_channel(name, &known)));
                };
                let ready = Switchboard::new(&self.config, Path::new("/"))
                    .ready(&stored)
                    .map_err(|error| unready(format!("channel {name}: {}", error.problems.join("; "))))?;
                notify::sender(&ready, &self.clock)
                    .map_err(|invalid| unready(format!("channel {name}: {invalid}")))
            }
        }
    }

    fn tell(&self, sender: &dyn Sender, story: &Story) -> Result<(), NotifyError> {
        let templates = Templates::load(self.config.web.templates.as_deref())
            .map_err(|error| NotifyError::Temporary { reason: error.to_string(), after: None })?;
        let message = notify::compose(story, &Style::of(&self.config), &templates)
            .map_err(|error| NotifyError::permanent(error.to_string()))?;
        sender.send(&message)
    }

    fn mark(
        &self,
        connection: &mut AnyConnection,
        channel: &str,
        claim: &Claim,
        sent: Result<(), NotifyError>,
        now: Instant,
    ) -> Result<Delivered, StoreError> {
        let rows = u32::try_from(claim.rows.len()).unwrap_or(u32::MAX);
        let parked = Delivered { parked: rows, ..Delivered::default() };
        match sent {
            Ok(()) => {
                outbox::sent(connection, claim, now)?;
                Ok(Delivered { sent: rows, ..Delivered::default() })
            }
            Err(NotifyError::Permanent { reason }) => {
                tracing::warn!("an alert was refused by {channel} and is parked: {reason}");
                outbox::park(connection, claim, &reason)?;
                Ok(parked)
            }
            Err(NotifyError::Temporary { reason, after }) => {
                tracing::debug!("an alert did not leave by {channel} and is tried again: {reason}");
                if !outbox::refused(connection, claim, &reason, after, now)? {
                    return Ok(Delivered { refused: rows, ..Delivered::default() });
                }
                tracing::warn!("an alert was refused by {channel} for a day and is parked: {reason}");
                Ok(parked)
            }
        }
    }
}

fn no_such_channel(name: &str, known: &[Listener]) -> String {
    let known: Vec<&str> = known.iter().map(|listener| listener.channel.as_str()).collect();
    match known.as_slice() {
        [] => format!("there is no channel {name:?}, and no other either; set [email] from in djamon.toml"),
        some => format!("there is no channel {name:?}; there are {}", some.join(", ")),
    }
}
