//! Times of the same thing done again and again.

use std::time::Duration;

use anyhow::{Context, Result};
use djamon_core::clock::Stopwatch;

/// Times, from the shortest to the longest.
#[derive(Debug, Clone, Default)]
pub struct Laps(Vec<Duration>);

impl Laps {
    /// These times.
    pub fn of(times: impl IntoIterator<Item = Duration>) -> Laps {
        let mut times: Vec<Duration> = times.into_iter().collect();
        times.sort();
        Laps(times)
    }

    /// How long `work` takes on each of `over`.
    pub fn measured<T>(
        over: impl IntoIterator<Item = T>,
        mut work: impl FnMut(T) -> Result<()>,
    ) -> Result<Laps> {
        let lap = |one| {
            let watch = Stopwatch::start();
            work(one)?;
            Ok(watch.elapsed())
        };
        Ok(Laps::of(over.into_iter().map(lap).collect::<Result<Vec<_>>>()?))
    }

    /// The time that `per_cent` of them do not exceed.
    pub fn percentile(&self, per_cent: usize) -> Result<Duration> {
        let rank = (self.0.len() * per_cent).div_ceil(100).max(1);
        self.0.get(rank - 1).copied().context("nothing was timed")
    }

    /// The time in the middle.
    pub fn median(&self) -> Result<Duration> {
        self.percentile(50)
    }

    /// The longest.
    pub fn longest(&self) -> Result<Duration> {
        self.percentile(100)
    }
}
