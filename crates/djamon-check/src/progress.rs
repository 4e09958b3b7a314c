//! How far a run is, for a person who waits longer than a second.

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
        let bar = ProgressBar::with_draw_target(Some(u64::from(sites)), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{bar:32} {pos} of {len} sites, {elapsed}") {
            bar.set_style(style);
        }
        Progress { bar, since: Stopwatch::start(), is_wanted }
    }

    /// One more site is done.
    pub fn step(&mut self) {
        self.bar.inc(1);
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
