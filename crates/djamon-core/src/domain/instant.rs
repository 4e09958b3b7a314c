//! A point in time: UTC, whole milliseconds. There is no `now()` here; the only way in is an argument.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Instant(i64);

impl Instant {
    /// An instant from its milliseconds since 1970.
    pub const fn from_ms(ms: i64) -> Self {
        Instant(ms)
    }

    /// Milliseconds since 1970.
    pub const fn ms(self) -> i64 {
        self.0
    }

    /// The instant `later` after this one; the end of time when there is none.
    pub fn plus(self, later: Duration) -> Self {
        Instant(self.0.saturating_add(millis(later)))
    }

    /// The instant `earlier` before this one.
    pub fn minus(self, earlier: Duration) -> Self {
        Instant(self.0.saturating_sub(millis(earlier)))
    }

    /// How long after `earlier` this is; zero when it is not after it: a clock that jumps back gives no negative time.
    pub fn since(self, earlier: Instant) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl std::fmt::Debug for Instant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}ms", self.0)
    }
}

/// A duration in whole milliseconds, as tables and JSON hold it.
pub fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_never_runs_backwards() {
        let (noon, later) = (Instant::from_ms(1000), Instant::from_ms(4000));
        assert_eq!(later.since(noon), Duration::from_secs(3));
        assert_eq!(noon.since(later), Duration::ZERO);
        assert_eq!(noon.plus(Duration::MAX), Instant::from_ms(i64::MAX));
    }
}
