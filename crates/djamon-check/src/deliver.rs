//! Delivery: claim, send, mark, until nothing may leave or the time is over. It decides nothing about verdicts and runs
//! after the lock of the run has been given back; claims protect it from another run's delivery.
//!
//! Every channel has a thread and a connection of its own: one that hangs delays no other. A channel is made ready only
//! when something is owed to it. Programs that are owed several messages are told by several processes.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use djamon_core::channels::Switchboard;
use djamon_core::clock::Clock;
use djamon_core::config::{Config, Kind};
use djamon_core::domain::alert::Audience;
use djamon_core::domain::story::Story;
use djamon_core::domain::{Channel, Listener};
use djamon_core::notify::{self, NotifyError, Sender, Style, Templates};
use djamon_core::store::backend::migrate::open_current;
use djamon_core::store::{AnyConnection, DatabaseUrl, StoreError, channels, outbox};

use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::drain::{Drain, Moment, Teller};
use crate::hands::{Hands, Program};
use crate::stop::Stop;

/// How many further processes serve channels at a time: each is a connection to the database.
const HANDS: usize = 8;

/// How long a run's delivery may take in all.
pub const DEADLINE: Duration = Duration::from_secs(50);

/// Who is told, and how.
pub struct Post {
    config: Config,
    url: DatabaseUrl,
    clock: Arc<dyn Clock>,
    stop: Stop,
    program: Option<Program>,
}

/// What one delivery did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivered {
    /// Rows that left.
    pub sent: u32,
    /// Rows that were refused for now, and are tried again.
    pub refused: u32,
    /// Rows that were parked: refused for good, or for a day.
    pub parked: u32,
}

impl Delivered {
    /// Both together.
    pub fn and(self, other: Delivered) -> Delivered {
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
        Post {
            config: app.config.clone(),
            url: app.url.clone(),
            clock: Arc::clone(&app.clock),
            stop: app.stop.clone(),
            program: app.program.clone(),
        }
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

    fn names(&self, connection: &mut AnyConnection) -> Result<Vec<String>, StoreError> {
        Ok(self.listeners(connection)?.into_iter().map(|listener| listener.channel).collect())
    }

    /// The channels that there are, on or off, by name: those that can be asked to send something.
    ///
    /// # Errors
    /// What the database says.
    pub fn channels(&self, connection: &mut AnyConnection) -> Result<Vec<String>, StoreError> {
        let mut there = self.names(connection)?;
        there.extend(channels::all(connection)?.into_iter().map(|channel| channel.name));
        there.sort();
        there.dedup();
        Ok(there)
    }

    /// The channels that there are and those that were ever owed something, by name: those that have alerts.
    ///
    /// # Errors
    /// What the database says.
    pub fn known_channels(&self, connection: &mut AnyConnection) -> Result<Vec<String>, StoreError> {
        let mut known = self.channels(connection)?;
        known.extend(outbox::channels(connection)?);
        known.sort();
        known.dedup();
        Ok(known)
    }

    /// Sends what is owed, all channels side by side, until nothing may leave now, `deadline` has passed or the process is
    /// told to end. A message under way is finished. What is owed to a channel that is no more is parked.
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
        if owed.is_empty() {
            return Ok(Delivered::default());
        }
        let stored = channels::all(connection)?;
        let owed: Vec<_> = owed.iter().map(|channel| (channel, audience(channel, &stored))).collect();
        let programs = owed.iter().filter(|(_, audience)| *audience == Audience::Machines).count();
        let hands = HANDS / programs.max(1);
        let done: Vec<_> = std::thread::scope(|scope| {
            let serving: Vec<_> = owed
                .into_iter()
                .map(|(channel, audience)| {
                    scope.spawn(move || self.tell_all(channel, audience, hands, until))
                })
                .collect();
            // A channel whose thread panics leaves its claims to run out; its messages are sent again.
            serving.into_iter().map(|one| one.join().unwrap_or(Ok(Delivered::default()))).collect()
        });
        done.into_iter().try_fold(Delivered::default(), |all, one| Ok(all.and(one?)))
    }

    /// Serves one channel by this process alone, for a process that has begun to.
    ///
    /// # Errors
    /// What the database says.
    pub fn serve(
        &self,
        mut connection: AnyConnection,
        channel: &str,
        deadline: Duration,
    ) -> Result<Delivered, StoreError> {
        let until = self.clock.elapsed().saturating_add(deadline);
        let audience = audience(channel, &channels::all(&mut connection)?);
        drop(connection);
        self.tell(channel, audience, until)
    }

    /// Sends a message of its own to one channel, at once and past the outbox.
    ///
    /// # Errors
    /// Why it was not taken; when there is no such channel, a permanent refusal that names those there are.
    pub fn test(&self, connection: &mut AnyConnection, channel: &str) -> Result<(), NotifyError> {
        self.teller(connection, channel)?.tell(&Story::test(self.clock.now()))
    }

    /// What `channel` would be sent to tell `story`, as text for people.
    ///
    /// # Errors
    /// When it cannot be composed, or the channel is not ready.
    pub fn preview(
        &self,
        connection: &mut AnyConnection,
        story: &Story,
        channel: &str,
    ) -> Result<String, NotifyError> {
        let teller = self.teller(connection, channel)?;
        let message = teller.message(story).map_err(|error| NotifyError::permanent(error.to_string()))?;
        teller.sender?.preview(&message)
    }

    /// Serves one channel, with at most so many further hands when there is work for them.
    fn tell_all(
        &self,
        channel: &str,
        audience: Audience,
        hands: usize,
        until: Duration,
    ) -> Result<Delivered, StoreError> {
        let Some(program) = self.program.as_ref().filter(|_| audience == Audience::Machines) else {
            return self.tell(channel, audience, until);
        };
        let ready = outbox::ready(&mut open_current(&self.url)?, channel, audience, self.clock.now())?;
        let within = until.saturating_sub(self.clock.elapsed());
        let hands = Hands::start(program, channel, ready.saturating_sub(1).min(hands), within);
        let done = self.tell(channel, audience, until);
        let theirs = hands.finish(&self.stop);
        Ok(done?.and(theirs))
    }

    fn tell(&self, channel: &str, audience: Audience, until: Duration) -> Result<Delivered, StoreError> {
        let moment = || Moment {
            now: self.clock.now(),
            goes_on: self.clock.elapsed() < until && !self.stop.is_told(),
        };
        Drain { channel, audience, url: &self.url }
            .serve(moment, |connection| self.teller(connection, channel))
    }

    fn teller(&self, connection: &mut AnyConnection, channel: &str) -> Result<Teller, NotifyError> {
        let templates = Templates::load(self.config.web.templates.as_deref())
            .map_err(|error| NotifyError::Temporary { reason: error.to_string(), after: None })?;
        let sender = self.sender(connection, channel);
        Ok(Teller { sender, style: Style::of(&self.config), templates })
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
                let Some(stored) = stored.into_iter().find(|channel| channel.name == name) else {
                    let known = self.names(connection).unwrap_or_default();
                    return Err(NotifyError::permanent(no_such_channel(name, &known)));
                };
                if !stored.enabled {
                    let way_out = format!("channel {name:?} is disabled; see djamon-check channel enable");
                    return Err(NotifyError::permanent(way_out));
                }
                let ready = Switchboard::new(&self.config, Path::new("/"))
                    .ready(&stored)
                    .map_err(|error| unready(format!("channel {name}: {}", error.problems.join("; "))))?;
                notify::sender(&ready, &self.clock)
                    .map_err(|invalid| unready(format!("channel {name}: {invalid}")))
            }
        }
    }
}

/// Who reads this channel. One of a kind that is unknown has no sender: its rows are refused, whoever reads them.
fn audience(name: &str, stored: &[Channel]) -> Audience {
    let kind = stored.iter().find(|channel| channel.name == name).map(|channel| &channel.kind);
    kind.and_then(|kind| Kind::from_name(kind).ok()).map_or(Audience::People, Kind::audience)
}

/// What to say of a channel that is not there.
pub fn no_such_channel(name: &str, known: &[String]) -> String {
    match known {
        [] => format!("there is no channel {name:?}, and no other either; set [email] from in djamon.toml"),
        some => format!("there is no channel {name:?}; there are {}", some.join(", ")),
    }
}
