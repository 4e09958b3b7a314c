//! Looks that people and scripts ask for ("try it now"): by the checker's own prober, nothing stored, few at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use djamon_core::clock::Clock;
use djamon_core::config::Config;
use djamon_core::domain::{Check, Target};
use djamon_core::probe::{ProbeError, Prober, Settings, Sight};

use crate::error::WebError;

/// How many looks go on at a time. Each holds a thread that could answer requests, for up to twice a site's limit.
const MOST: usize = 4;

/// The prober, and who uses it.
pub struct Probes {
    prober: Prober,
    going_on: AtomicUsize,
}

impl Probes {
    /// A prober as the configuration says.
    ///
    /// # Errors
    /// [`ProbeError`] when it cannot say who it is.
    pub fn new(config: &Config, clock: Arc<dyn Clock>) -> Result<Self, ProbeError> {
        let user_agent = format!("djamon/{} (+{})", env!("CARGO_PKG_VERSION"), config.web.base_url);
        let settings = Settings { user_agent, deny_private: config.check.deny_private };
        Ok(Probes { prober: Prober::new(settings, clock)?, going_on: AtomicUsize::new(0) })
    }

    /// One look.
    ///
    /// # Errors
    /// [`WebError::TooMany`] while as many go on as may.
    pub fn look(&self, target: &Target, check: &Check) -> Result<Sight, WebError> {
        let more = |now| (now < MOST).then_some(now + 1);
        let began = self.going_on.fetch_update(Ordering::AcqRel, Ordering::Acquire, more);
        began.map_err(|_| WebError::TooMany {
            problem: format!("{MOST} looks go on already"),
            retry_after_s: 5,
        })?;
        let _place = Place(&self.going_on);
        self.prober.forget_names();
        Ok(self.prober.look(target, check, false))
    }
}

/// A place that is free again when this goes, also in a panic.
struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
