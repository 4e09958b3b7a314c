//! How messages are written, whatever they tell.

use crate::calendar::Zone;
use crate::config::Config;

/// How messages are written, whatever they tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Style {
    /// Where people see the pages; no slash at the end.
    pub base_url: String,
    /// The time zone of the times in messages.
    pub time_zone: Zone,
}

impl Style {
    /// The style that the configuration asks for: `[web] base_url` and `[history] time_zone`.
    pub fn of(config: &Config) -> Self {
        Style { base_url: config.web.base_url.clone(), time_zone: config.history.time_zone.clone() }
    }
}
