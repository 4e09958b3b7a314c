//! Channels as pages and API write them, and a message to see whether one works.

use std::path::PathBuf;
use std::sync::Arc;

use djamon_core::channels::Switchboard;
use djamon_core::clock::Clock;
use djamon_core::config::Config;
use djamon_core::domain::story::Story;
use djamon_core::domain::{Channel, Instant};
use djamon_core::notify::{self, NotifyError, Style, Templates};

/// What it takes to keep channels and to tell them something.
pub struct Exchange {
    config: Config,
    clock: Arc<dyn Clock>,
    /// What settings are checked and sealed by.
    pub board: Switchboard,
}

impl Exchange {
    /// As the configuration says.
    pub fn new(config: &Config, clock: Arc<dyn Clock>) -> Self {
        Exchange { config: config.clone(), clock, board: Switchboard::new(config, PathBuf::from("/")) }
    }

    /// The configuration, for its own channels.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Sends a message that says what it is, at once and past the outbox; never by a channel that is off.
    ///
    /// # Errors
    /// Why it was not sent, or the other side has not taken it, in one line without secrets.
    pub fn test(&self, channel: &Channel, now: Instant) -> Result<(), NotifyError> {
        if !channel.enabled {
            return Err(NotifyError::permanent("it is disabled; enable it first"));
        }
        let ready =
            self.board.ready(channel).map_err(|error| NotifyError::permanent(error.problems.join("; ")))?;
        let sender = notify::sender(&ready, &self.clock)
            .map_err(|invalid| NotifyError::permanent(invalid.to_string()))?;
        let templates = Templates::load(self.config.web.templates.as_deref())
            .map_err(|error| NotifyError::permanent(error.to_string()))?;
        let message = notify::compose(&Story::test(now), &Style::of(&self.config), &templates)
            .map_err(|error| NotifyError::permanent(error.to_string()))?;
        sender.send(&message)
    }
}
