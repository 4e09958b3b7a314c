//! "Try it now": one look at what an admin typed, by the monitor's own prober, a few at a time.

use std::sync::{Arc, OnceLock};

use djamon_core::clock::Clock;
use djamon_core::config::{CheckSection, Config};
use djamon_core::domain::{SiteOptions, Target};
use djamon_core::probe::{Prober, Settings, Sight};

use crate::auth::gate::Gate;
use crate::error::WebError;

/// What looks.
pub struct Trials {
    /// What counts where a site says nothing of its own.
    pub check: CheckSection,
    base_url: String,
    clock: Arc<dyn Clock>,
    prober: OnceLock<Prober>,
    gate: Gate,
}

impl Trials {
    /// Looks as runs do.
    pub fn of(config: &Config, clock: Arc<dyn Clock>) -> Self {
        Trials {
            check: config.check.clone(),
            base_url: config.web.base_url.clone(),
            clock,
            prober: OnceLock::new(),
            gate: Gate::new(4, 4),
        }
    }

    /// One look; it takes as long as the site's limit lets it.
    ///
    /// # Errors
    /// [`WebError::TooMany`] when others are at it, [`WebError::Internal`] when we cannot say who we are.
    pub fn look(&self, target: &Target, options: &SiteOptions) -> Result<Sight, WebError> {
        let busy =
            || WebError::TooMany { problem: "others are trying sites just now".into(), retry_after_s: 10 };
        let _place = self.gate.enter().ok_or_else(busy)?;
        let prober = self.prober()?;
        // What was looked up for somebody else may have changed.
        prober.forget_names();
        Ok(prober.look(target, &self.check.policy.with(options).check, false))
    }

    fn prober(&self) -> Result<&Prober, WebError> {
        if let Some(prober) = self.prober.get() {
            return Ok(prober);
        }
        let user_agent = format!("djamon/{} (+{})", env!("CARGO_PKG_VERSION"), self.base_url);
        let settings = Settings { user_agent, deny_private: self.check.deny_private };
        let prober = Prober::new(settings, Arc::clone(&self.clock));
        let prober = prober.map_err(|error| WebError::Internal(error.to_string()))?;
        Ok(self.prober.get_or_init(|| prober))
    }
}
