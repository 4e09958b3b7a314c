//! How long those must wait who try to sign in and fail. Pure: tallies and the time come in, waiting times go out.
//!
//! ```text
//!             failure                     failure no. `free`
//!   none ───────────────► counted(n) ─────────────────────────► paused ◄───────────────┐
//!    ▲                        │                                 │    │ the pause passes │ failure: twice
//!    │ success, or a day      │                                 │    ▼                  │ the pause
//!    └────────────────────────┴─────────────────────────────────┴─ open ────────────────┘
//! ```
//! Trying during a pause is refused and not counted: a pause cannot be made longer by hammering at it.
//!
//! Four things are counted (after the idea of device cookies): an account from one network, which is strict; the whole
//! network, for those who try one password on many names; the whole account, mildly, so that strangers everywhere cannot
//! lock its owner out for longer than half a minute; and, in the place of all three, a device from which the account was
//! signed in to before: strangers cannot make it wait.

use std::time::Duration;

use super::Instant;

/// After so long without a failure all are forgotten.
pub const FORGOTTEN: Duration = Duration::from_secs(24 * 3600);

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// An account from one network.
    Pair,
    /// A network, whatever the account.
    Network,
    /// An account, wherever from.
    Account,
    /// A device that the account is known on.
    Device,
}

/// Failures so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// How many.
    pub failures: u32,
    /// When the last one was.
    pub last_at: Instant,
}

impl Counted {
    /// How many failures are free, the first pause, the longest.
    const fn rule(self) -> (u32, Duration, Duration) {
        let (free, first, longest) = match self {
            Counted::Pair | Counted::Device => (5, 5, 900),
            Counted::Network => (30, 5, 900),
            Counted::Account => (50, 1, 30),
        };
        (free, Duration::from_secs(first), Duration::from_secs(longest))
    }

    /// The pause after so many failures.
    pub fn pause(self, failures: u32) -> Duration {
        let (free, first, longest) = self.rule();
        match failures.checked_sub(free) {
            None => Duration::ZERO,
            Some(more) => first.saturating_mul(2u32.saturating_pow(more)).min(longest),
        }
    }

    /// How long somebody with this tally must still wait at `now`; `None` when they may try. A clock that was set back
    /// never makes anybody wait for longer than the pause.
    pub fn wait(self, tally: Option<Tally>, now: Instant) -> Option<Duration> {
        let tally = tally?;
        let left = self.pause(tally.failures).saturating_sub(now.since(tally.last_at));
        (!left.is_zero()).then_some(left)
    }
}

impl Tally {
    /// The tally after one more failure.
    #[must_use]
    pub fn failed(before: Option<Tally>, now: Instant) -> Tally {
        let before = before.filter(|tally| now.since(tally.last_at) < FORGOTTEN);
        Tally { failures: before.map_or(0, |tally| tally.failures).saturating_add(1), last_at: now }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Instant = Instant::from_ms(1_000_000_000);

    fn after(failures: u32) -> Option<Tally> {
        (0..failures).fold(None, |tally, _| Some(Tally::failed(tally, NOW)))
    }

    #[test]
    fn pauses_begin_after_some_failures_and_double_up_to_a_limit() {
        let pauses = |counted: Counted, failures: [u32; 4]| failures.map(|n| counted.pause(n).as_secs());
        assert_eq!(pauses(Counted::Pair, [4, 5, 6, 7]), [0, 5, 10, 20]);
        assert_eq!(pauses(Counted::Pair, [12, 13, 100, u32::MAX]), [640, 900, 900, 900]);
        assert_eq!(pauses(Counted::Network, [29, 30, 31, 60]), [0, 5, 10, 900]);
        assert_eq!(pauses(Counted::Account, [49, 50, 51, 1000]), [0, 1, 2, 30]);
        assert_eq!(pauses(Counted::Device, [4, 5, 6, 7]), [0, 5, 10, 20]);
    }

    #[test]
    fn who_waits_may_try_again_and_a_further_failure_costs_twice_as_long() {
        let wait = |tally, seconds| Counted::Pair.wait(tally, NOW.plus(Duration::from_secs(seconds)));
        assert_eq!(wait(after(4), 0), None);
        assert_eq!(wait(after(5), 1), Some(Duration::from_secs(4)));
        assert_eq!(wait(after(5), 5), None);
        let again = Some(Tally::failed(after(5), NOW.plus(Duration::from_secs(5))));
        assert_eq!(wait(again, 6), Some(Duration::from_secs(9)));
    }

    #[test]
    fn after_a_day_all_is_forgotten() {
        let next_day = Tally::failed(after(40), NOW.plus(FORGOTTEN));
        assert_eq!(next_day.failures, 1);
    }

    proptest! {
        #[test]
        fn nobody_ever_waits_for_longer_than_the_longest_pause(failures in 0u32.., jump in -1_000_000_000i64..1_000_000_000) {
            let tally = Some(Tally { failures, last_at: NOW });
            for counted in [Counted::Pair, Counted::Network, Counted::Account, Counted::Device] {
                let wait = counted.wait(tally, Instant::from_ms(NOW.ms() + jump));
                prop_assert!(wait.unwrap_or_default() <= Duration::from_secs(900));
            }
        }
    }
}
