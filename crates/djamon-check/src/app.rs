//! What every command is handed, and how a command ends. It knows no command.

use std::sync::Arc;

use djamon_core::clock::Clock;
use djamon_core::config::{Config, ConfigError};
use djamon_core::domain::{Instant, Invalid};
use djamon_core::probe::{Prober, Settings};
use djamon_core::store::backend::migrate::open_or_create;
use djamon_core::store::{AnyConnection, DatabaseUrl, StoreError};

use crate::hands::Program;
use crate::stop::Stop;

/// What every command is handed.
pub struct App {
    /// The configuration, checked.
    pub config: Config,
    /// The database it names.
    pub url: DatabaseUrl,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Whether `-v` was given.
    pub verbose: bool,
    /// Whether `-q` was given.
    pub quiet: bool,
    /// Whether a person reads along: stdout is a terminal.
    pub terminal: bool,
    /// Whether it was told to stop; runs and deliveries ask.
    pub stop: Stop,
    /// How the program is started once more; `None` when it cannot be.
    pub program: Option<Program>,
}

impl App {
    /// A connection to the database; an empty one gets its tables.
    ///
    /// # Errors
    /// Exit code 3, when it cannot be opened or has another schema.
    pub fn connect(&self) -> Result<AnyConnection, Failure> {
        Ok(open_or_create(&self.url)?)
    }

    /// What looks at sites, as the configuration says.
    ///
    /// # Errors
    /// Exit code 2, when we cannot say who we are.
    pub fn prober(&self) -> Result<Prober, Failure> {
        let user_agent = format!("djamon/{} (+{})", env!("CARGO_PKG_VERSION"), self.config.web.base_url);
        let settings = Settings { user_agent, deny_private: self.config.check.deny_private };
        Prober::new(settings, Arc::clone(&self.clock)).map_err(|error| Failure::usage(error.to_string()))
    }

    /// The time of day.
    pub fn now(&self) -> Instant {
        self.clock.now()
    }
}

/// How a command ended: the exit codes that scripts hold on to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It did its work.
    Done,
    /// It did its work, and the news that was asked for is bad.
    BadNews,
    /// It was asked in a way it cannot take, or the configuration is wrong.
    Usage,
    /// It could not do its work: database, disk.
    Failed,
    /// Another run of this location is still going.
    Busy,
}

impl Exit {
    /// The number the shell sees.
    pub const fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::BadNews => 1,
            Exit::Usage => 2,
            Exit::Failed => 3,
            Exit::Busy => 75,
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// Why a command did not do its work: an exit code, and what to say on stderr.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Failure {
    exit: Exit,
    text: String,
    met_a_lock: bool,
}

impl Failure {
    fn new(exit: Exit, text: impl Into<String>) -> Self {
        Failure { exit, text: text.into(), met_a_lock: false }
    }

    /// Input or configuration that cannot be taken (2).
    pub fn usage(text: impl Into<String>) -> Self {
        Failure::new(Exit::Usage, text)
    }

    /// Work that could not be done (3).
    pub fn failed(text: impl Into<String>) -> Self {
        Failure::new(Exit::Failed, text)
    }

    /// Another run is still going (75).
    pub fn busy(text: impl Into<String>) -> Self {
        Failure::new(Exit::Busy, text)
    }

    /// An end without words.
    pub fn silent(exit: Exit) -> Self {
        Failure::new(exit, "")
    }

    /// This failure; of one that met a locked database, with who tries `again`.
    pub fn or_again(mut self, again: &str) -> Self {
        if self.met_a_lock {
            self.text = format!("{}; {again}", self.text);
        }
        self
    }

    /// The exit code.
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// What to say: one line, or one for each of several problems; none for a silent end.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.text.lines()
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Url(_) | StoreError::Invalid(_) => Failure::usage(error.to_string()),
            StoreError::Missing { what, .. } => Failure::usage(format!("{error}{}", list_of(what))),
            StoreError::Locked => Failure { met_a_lock: true, ..Failure::failed(error.to_string()) },
            StoreError::Open { .. }
            | StoreError::Schema { .. }
            | StoreError::Full
            | StoreError::ReadOnly(_)
            | StoreError::Unreadable(_)
            | StoreError::Query(_) => Failure::failed(error.to_string()),
        }
    }
}

/// How to see which things of a kind there are.
fn list_of(what: &str) -> String {
    match what {
        "outage" => "; djamon-check outages lists them".to_owned(),
        "site" | "group" | "user" | "token" | "channel" => format!("; djamon-check {what} list shows all"),
        _ => String::new(),
    }
}

impl From<Invalid> for Failure {
    fn from(invalid: Invalid) -> Self {
        Failure::usage(invalid.to_string())
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Failure::usage(error.to_string())
    }
}

impl From<std::io::Error> for Failure {
    /// A reader that has read enough (`| head`) is no fault.
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Failure::silent(Exit::Done),
            _ => Failure::failed(format!("cannot write the output: {error}")),
        }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        std::io::Error::from(error).into()
    }
}
