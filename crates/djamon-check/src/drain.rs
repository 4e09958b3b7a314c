//! One channel is served: claim, send, mark, until nothing may leave, the time is over or the process is to end. What is
//! under way is finished and marked.
//!
//! One thread speaks with the database, and one for each message under way with the other side: of people's channels one
//! at a time, of machines' several, each of another outage. What has been settled is marked, and as much claimed anew, in
//! one transaction.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::channel;

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
        let Moment { now: at, goes_on } = now();
        let most = if goes_on { self.audience.at_a_time() } else { 0 };
        let (mut claims, _) = outbox::turn(&mut connection, self.channel, self.audience, &[], most, at)?;
        if claims.is_empty() {
            return Ok(Delivered::default());
        }
        let teller = teller(&mut connection);
        let settle = |claim: &Claim| match &teller {
            Ok(teller) => teller.settle(claim),
            Err(unready) => Settled::Refused { reason: unready.to_string(), after: None },
        };
        let (tell, told) = channel();
        std::thread::scope(|scope| {
            let mut done = Delivered::default();
            let mut under_way = 0;
            loop {
                for claim in claims.drain(..) {
                    under_way += 1;
                    let (tell, settle) = (tell.clone(), &settle);
                    scope.spawn(move || {
                        let became = settle(&claim);
                        // It is listened to until all have been heard, or the database fails.
                        drop(tell.send((claim, became)));
                    });
                }
                if under_way == 0 {
                    return Ok(done);
                }
                let settled: Vec<(Claim, Settled)> = told.recv().into_iter().chain(told.try_iter()).collect();
                under_way -= settled.len();
                let Moment { now: at, goes_on } = now();
                let room = self.audience.at_a_time() - under_way;
                let most = if goes_on { room } else { 0 };
                let parked;
                (claims, parked) = self.turn(&mut connection, &settled, most, at)?;
                done = done.and(self.count(&settled, parked));
            }
        })
    }

    /// A mark that is not written is a message sent twice: it is tried again, on a connection of its own, for a failed one
    /// may be dead.
    fn turn(
        &self,
        connection: &mut AnyConnection,
        settled: &[(Claim, Settled)],
        most: usize,
        now: Instant,
    ) -> Result<(Vec<Claim>, usize), StoreError> {
        let mut tries = 1;
        loop {
            match outbox::turn(connection, self.channel, self.audience, settled, most, now) {
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

    fn count(&self, settled: &[(Claim, Settled)], parked: usize) -> Delivered {
        let (mut sent, mut kept, mut for_good) = (0, 0, 0);
        let mut last_reason = "";
        for (claim, became) in settled {
            let rows = claim.rows.len();
            match became {
                Settled::Sent => sent += rows,
                Settled::Refused { reason, .. } | Settled::Unconfirmed { reason } => {
                    tracing::debug!(
                        "an alert did not leave by {} and is tried again: {reason}",
                        self.channel
                    );
                    (kept, last_reason) = (kept + rows, reason);
                }
                Settled::Parked { reason } => {
                    tracing::warn!("an alert was refused by {} and is parked: {reason}", self.channel);
                    (kept, for_good) = (kept + rows, for_good + rows);
                }
            }
        }
        if parked > for_good {
            tracing::warn!("an alert was refused by {} for a day and is parked: {last_reason}", self.channel);
        }
        let rows = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Delivered { sent: rows(sent), refused: rows(kept.saturating_sub(parked)), parked: rows(parked) }
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
