//! How far a run or a purge is, for a person who waits longer than a second.

use std::time::Duration;

use djamon_core::clock::Stopwatch;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

const PATIENCE: Duration = Duration::from_secs(1);

/// A bar on stderr that shows itself only when the work takes longer than a second.
pub struct Progress {
    bar: ProgressBar,
    since: Stopwatch,
    is_wanted: bool,
}

impl Progress {
    /// A bar for `sites` sites; none is ever shown unless `is_wanted`.
    pub fn new(is_wanted: bool, sites: u32) -> Self {
        Self::of(is_wanted, u64::from(sites), "sites")
    }

    /// A bar for `count` of anything.
    pub fn of(is_wanted: bool, count: u64, what: &str) -> Self {
        let bar = ProgressBar::with_draw_target(Some(count), ProgressDrawTarget::hidden());
        let template = format!("{{bar:32}} {{human_pos}} of {{human_len}} {what}, {{elapsed}}");
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style);
        }
        Progress { bar, since: Stopwatch::start(), is_wanted }
    }

    /// One more site is done.
    pub fn step(&mut self) {
        self.advance(1);
    }

    /// So many more are done.
    pub fn advance(&mut self, count: u64) {
        self.bar.inc(count);
        if self.is_wanted && self.since.elapsed() > PATIENCE {
            self.is_wanted = false;
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
