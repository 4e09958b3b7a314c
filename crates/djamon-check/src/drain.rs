//! One channel is served: claim, send, mark, until nothing may leave, the time is over or the process is to end. What is
//! under way is finished and marked.
//!
//! One message is under way at a time, so that a process that is killed leaves one that may come twice. What became of it is
//! marked and the next one claimed in one transaction.

use std::panic::{AssertUnwindSafe, catch_unwind};

use djamon_core::domain::Instant;
use djamon_core::domain::alert::Audience;
use djamon_core::domain::story::Story;
use djamon_core::notify::{self, ComposeError, Message, NotifyError, Sender, Style, Templates};
use djamon_core::store::backend::migrate::open_current;
use djamon_core::store::outbox::{self, Claim, Settled};
use djamon_core::store::{AnyConnection, DatabaseUrl, StoreError};

use crate::deliver::Delivered;

/// How often a mark is tried: each try waits as long for the database's lock as a run does.
const MARKED_IN: u32 = 3;

/// What tells stories to one channel.
pub struct Teller {
    /// The channel, or why it cannot be told of anything.
    pub sender: Result<Box<dyn Sender>, NotifyError>,
    /// How messages are written.
    pub style: Style,
    /// Their texts.
    pub templates: Templates,
}

impl Teller {
    /// The message that tells `story`.
    ///
    /// # Errors
    /// When it cannot be composed.
    pub fn message(&self, story: &Story) -> Result<Message, ComposeError> {
        notify::compose(story, &self.style, &self.templates)
    }

    /// Tells `story`.
    ///
    /// # Errors
    /// Why it was not taken.
    pub fn tell(&self, story: &Story) -> Result<(), NotifyError> {
        let sender = self.sender.as_ref().map_err(NotifyError::clone)?;
        sender.send(&self.message(story).map_err(|error| NotifyError::permanent(error.to_string()))?)
    }

    fn settle(&self, claim: &Claim) -> Settled {
        // A sender that panics may have sent.
        match catch_unwind(AssertUnwindSafe(|| self.tell(&claim.story))) {
            Ok(Ok(())) => Settled::Sent,
            Ok(Err(NotifyError::Temporary { reason, after })) => Settled::Refused { reason, after },
            Ok(Err(NotifyError::Unconfirmed { reason })) => Settled::Unconfirmed { reason },
            Ok(Err(NotifyError::Permanent { reason })) => Settled::Parked { reason },
            Err(_) => Settled::Unconfirmed { reason: "the program failed while it sent this".to_owned() },
        }
    }
}

/// A channel that is served.
pub struct Drain<'a> {
    /// Its name.
    pub channel: &'a str,
    /// Who reads it.
    pub audience: Audience,
    /// The database.
    pub url: &'a DatabaseUrl,
}

impl Drain<'_> {
    /// Serves the channel while `now` tells a time; what that is ends with the deadline. `teller` is made when there is
    /// something to tell.
    ///
    /// # Errors
    /// What the database says.
    pub fn serve(
        &self,
        now: impl Fn() -> Moment,
        teller: impl FnOnce(&mut AnyConnection) -> Result<Teller, NotifyError>,
    ) -> Result<Delivered, StoreError> {
        let mut connection = open_current(self.url)?;
        let mut done = Delivered::default();
        let (mut claim, _) = self.turn(&mut connection, None, now())?;
        if claim.is_none() {
            return Ok(done);
        }
        let teller = teller(&mut connection);
        while let Some(under_way) = claim {
            let became = match &teller {
                Ok(teller) => teller.settle(&under_way),
                Err(unready) => Settled::Refused { reason: unready.to_string(), after: None },
            };
            let settled = (under_way, became);
            let parked;
            (claim, parked) = self.turn(&mut connection, Some(&settled), now())?;
            done = done.and(self.count(&settled, parked));
        }
        Ok(done)
    }

    /// A mark that is not written is a message sent twice: it is tried again, on a connection of its own, for a failed one
    /// may be dead.
    fn turn(
        &self,
        connection: &mut AnyConnection,
        settled: Option<&(Claim, Settled)>,
        Moment { now, goes_on }: Moment,
    ) -> Result<(Option<Claim>, usize), StoreError> {
        let mut tries = 1;
        loop {
            match outbox::turn(connection, self.channel, self.audience, settled, goes_on, now) {
                Err(error) if tries < MARKED_IN => {
                    tries += 1;
                    tracing::debug!("a message by {} is not marked yet: {error}", self.channel);
                    if let Ok(fresh) = open_current(self.url) {
                        *connection = fresh;
                    }
                }
                done => return done,
            }
        }
    }

    fn count(&self, (claim, became): &(Claim, Settled), parked: usize) -> Delivered {
        let rows = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let kept = Delivered {
            sent: 0,
            refused: rows(claim.rows.len().saturating_sub(parked)),
            parked: rows(parked),
        };
        match became {
            Settled::Sent => Delivered { sent: rows(claim.rows.len()), ..Delivered::default() },
            Settled::Refused { reason, .. } | Settled::Unconfirmed { reason } if parked == 0 => {
                tracing::debug!("an alert did not leave by {} and is tried again: {reason}", self.channel);
                kept
            }
            Settled::Refused { reason, .. } | Settled::Unconfirmed { reason } => {
                tracing::warn!("an alert was refused by {} for a day and is parked: {reason}", self.channel);
                kept
            }
            Settled::Parked { reason } => {
                tracing::warn!("an alert was refused by {} and is parked: {reason}", self.channel);
                kept
            }
        }
    }
}

/// The time of day, and whether there is time left to begin another message.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// The time of day.
    pub now: Instant,
    /// Whether another message may be begun.
    pub goes_on: bool,
}
