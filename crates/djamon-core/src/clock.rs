//! The only reader of the time of day, and the stopwatch. `main` makes one clock; everything else is handed instants.

use std::time::Duration;

use crate::domain::Instant;

/// Tells the time. Binaries use [`SystemClock`]; tests bring one that they set.
pub trait Clock: Send + Sync {
    /// The time of day, UTC. It may jump.
    fn now(&self) -> Instant;

    /// Time since some fixed moment; it never jumps back.
    fn elapsed(&self) -> Duration;
}

/// The machine's clocks.
#[derive(Debug)]
pub struct SystemClock(Stopwatch);

impl SystemClock {
    /// A clock whose [`Clock::elapsed`] counts from now.
    pub fn start() -> Self {
        SystemClock(Stopwatch::start())
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the time of day")]
    fn now(&self) -> Instant {
        let since_1970 =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Instant::from_ms(0).plus(since_1970)
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Measures how long something takes, by the machine's monotonic clock.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Starts to measure.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the monotonic clock")]
    pub fn start() -> Self {
        Stopwatch(std::time::Instant::now())
    }

    /// How long it has been running.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    /// The moment `after` its start, for waits with a deadline.
    pub fn deadline(&self, after: Duration) -> std::time::Instant {
        self.0 + after
    }
}
