//! A clock that only moves when a test moves it.

use std::sync::Mutex;
use std::time::Duration;

use djamon_core::clock::Clock;
use djamon_core::domain::Instant;

/// Noon of a Monday, 2026-11-23, UTC: where tests begin.
pub const NOON: Instant = Instant::from_ms(1_795_435_200_000);

/// A clock that stands still until it is set or moved.
#[derive(Debug)]
pub struct SetClock(Mutex<(Instant, Duration)>);

impl Default for SetClock {
    fn default() -> Self {
        SetClock(Mutex::new((NOON, Duration::ZERO)))
    }
}

impl SetClock {
    /// Moves both clocks on.
    pub fn pass(&self, time: Duration) {
        let mut now = self.0.lock().unwrap();
        *now = (now.0.plus(time), now.1 + time);
    }

    /// Sets the time of day; the monotonic clock knows nothing of it.
    pub fn set(&self, now: Instant) {
        self.0.lock().unwrap().0 = now;
    }
}

impl Clock for SetClock {
    fn now(&self) -> Instant {
        self.0.lock().unwrap().0
    }

    fn elapsed(&self) -> Duration {
        self.0.lock().unwrap().1
    }
}
