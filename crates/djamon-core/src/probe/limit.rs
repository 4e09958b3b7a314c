//! How long things may take: the limit of one request and the end of a whole run. Knows no network.

use std::time::Duration;

use crate::clock::Stopwatch;

/// A moment by the monotonic clock after which nothing is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    watch: Stopwatch,
    at: Duration,
}

impl Deadline {
    /// The moment `from_now`.
    pub fn after(from_now: Duration) -> Self {
        Deadline { watch: Stopwatch::start(), at: from_now }
    }

    /// How long until then; zero when it has passed.
    pub fn left(&self) -> Duration {
        self.at.saturating_sub(self.watch.elapsed())
    }

    /// Whether it has passed.
    pub fn has_passed(&self) -> bool {
        self.left().is_zero()
    }
}

/// The limit of one request. Time spent in our own queues is not the site's and is taken off.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    watch: Stopwatch,
    whole: Duration,
    excused: Duration,
    stop: Option<Deadline>,
}

impl Limit {
    /// A limit of `whole` from now, cut short by `stop`.
    pub fn start(whole: Duration, stop: Option<Deadline>) -> Self {
        Limit { watch: Stopwatch::start(), whole, excused: Duration::ZERO, stop }
    }

    /// Takes time off that was spent waiting for ourselves.
    pub fn excuse(&mut self, waited: Duration) {
        self.excused += waited;
    }

    /// How much of it the site has used.
    pub fn spent(&self) -> Duration {
        self.watch.elapsed().saturating_sub(self.excused)
    }

    /// Whether the site has used it up.
    pub fn is_spent(&self) -> bool {
        self.spent() >= self.whole
    }

    /// Whether the run ended before it did.
    pub fn is_stopped(&self) -> bool {
        !self.is_spent() && self.stop.is_some_and(|stop| stop.has_passed())
    }

    /// How long may still be waited.
    pub fn left(&self) -> Duration {
        self.until_stop().min(self.whole.saturating_sub(self.spent()))
    }

    /// How long until the run ends.
    pub fn until_stop(&self) -> Duration {
        self.stop.map_or(Duration::MAX, |stop| stop.left())
    }

    /// The limit as it was set.
    pub fn whole(&self) -> Duration {
        self.whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_in_our_own_queues_is_not_the_sites() {
        let mut limit = Limit::start(Duration::ZERO, None);
        assert!(limit.is_spent());
        limit.excuse(Duration::from_secs(60));
        limit.whole = Duration::from_secs(5);
        assert_eq!((limit.spent(), limit.left()), (Duration::ZERO, Duration::from_secs(5)));
    }

    #[test]
    fn the_end_of_the_run_cuts_a_limit_short_without_using_it_up() {
        let limit = Limit::start(Duration::from_secs(5), Some(Deadline::after(Duration::ZERO)));
        assert!(limit.is_stopped() && !limit.is_spent());
        assert_eq!(limit.left(), Duration::ZERO);
    }
}
