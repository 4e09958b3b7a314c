//! Times when the monitor could not see, told to people. What a run wrote down may name addresses, so only its first word,
//! the kind of reason, is told.

use djamon_core::domain::Instant;
use djamon_core::domain::run::BlindTime;
use serde::Serialize;

use super::time::{When, span, when};

/// Why the monitor could not see, from the reason that a run wrote down.
pub fn why(reason: &str) -> &'static str {
    match kind(reason) {
        "dns" => "no name could be looked up, its resolver is down",
        "portal" => "something else answered in place of the sandbox, such as a captive portal",
        _ => "no answer from any sandbox URL, its own connection is down",
    }
}

/// The kind of a reason, its first word: `line`, `dns` or `portal`.
pub fn kind(reason: &str) -> &str {
    reason.split(':').next().unwrap_or_default()
}

/// A time when the monitor could not see.
#[derive(Debug, Serialize)]
pub struct BlindLine {
    since: When,
    /// None while it lasts.
    until: Option<When>,
    lasted: String,
    why: &'static str,
}

impl BlindLine {
    /// The line of `time` at `now`.
    pub fn new(time: &BlindTime, now: Instant) -> Self {
        BlindLine {
            since: when(time.from, now),
            until: time.until.map(|until| when(until, now)),
            lasted: span(time.until.unwrap_or(now).since(time.from)),
            why: why(&time.reason),
        }
    }
}
