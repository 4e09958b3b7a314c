//! One site's state machine. A streak is data, not memory: it survives restarts.
//!
//! ```text
//!                failed                failed × attempts
//!   Up(good) ─────────────► Failing(n) ─────────────────► Down(n) ◄──────┐
//!      ▲  ▲                    │  ▲  │ long pause: n = 1     │ good       │ failed
//!      │  └────────── good ────┘  └──┘                       ▼            │
//!      └───────────────────── good × recover_after ───── Recovering(m) ───┘
//! ```
//! From nothing, the first look decides between `Up(1)` and `Failing(1)`. With `attempts` 1 the way leads straight to
//! `Down`, with `recover_after` 1 straight back to `Up`. An edit of the site starts again from nothing.

use serde::{Deserialize, Serialize};

use super::{Instant, Look, Policy};

/// How a site stands, with what the next decision needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Streak {
    /// Fine.
    Up {
        /// Consecutive good looks.
        good: u32,
        /// The first of them.
        since: Instant,
    },
    /// Failing, but not yet an outage.
    Failing {
        /// Consecutive failed looks.
        failures: u32,
        /// The first of them.
        first: Look,
    },
    /// In an outage.
    Down {
        /// Consecutive failed looks.
        failures: u32,
        /// The failed look that began it.
        since: Instant,
    },
    /// Still in an outage, with good looks of late.
    Recovering {
        /// Consecutive good looks.
        good: u32,
        /// The first of them.
        first: Look,
        /// The failed look that began the outage.
        since: Instant,
    },
}

/// How a site stands, for lists and counts. A recovering site is still down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// Fine.
    Up,
    /// Failing, but not yet an outage.
    Failing,
    /// In an outage.
    Down,
}

impl Standing {
    /// Its name in tables and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Standing::Up => "up",
            Standing::Failing => "failing",
            Standing::Down => "down",
        }
    }
}

/// What a look meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// Nothing to tell.
    None,
    /// The site is down: the streak's first failed look. The look that was just taken is the one that confirmed it.
    Confirmed(Look),
    /// The site is back: the first good look.
    Recovered(Look),
}

impl Streak {
    /// The streak after `look`, and what the look meant. `last_at` is the look before it, if it was of the same edit.
    pub fn step(before: Option<(Streak, Instant)>, look: &Look, policy: &Policy) -> (Streak, Turn) {
        let paused = |last_at: Instant| look.at.since(last_at) > policy.longest_pause();
        let at = look.at;
        if look.outcome.is_good() {
            match before {
                Some((Streak::Up { good, since }, _)) => {
                    (Streak::Up { good: good.saturating_add(1), since }, Turn::None)
                }
                None | Some((Streak::Failing { .. }, _)) => (Streak::Up { good: 1, since: at }, Turn::None),
                Some((Streak::Down { since, .. }, _)) => Self::recovering(1, look.clone(), since, policy),
                Some((Streak::Recovering { since, .. }, last_at)) if paused(last_at) => {
                    Self::recovering(1, look.clone(), since, policy)
                }
                Some((Streak::Recovering { good, first, since }, _)) => {
                    Self::recovering(good.saturating_add(1), first, since, policy)
                }
            }
        } else {
            match before {
                None | Some((Streak::Up { .. }, _)) => Self::failing(1, look.clone(), policy),
                Some((Streak::Failing { .. }, last_at)) if paused(last_at) => {
                    Self::failing(1, look.clone(), policy)
                }
                Some((Streak::Failing { failures, first }, _)) => {
                    Self::failing(failures.saturating_add(1), first, policy)
                }
                Some((Streak::Down { failures, since }, _)) => {
                    (Streak::Down { failures: failures.saturating_add(1), since }, Turn::None)
                }
                Some((Streak::Recovering { since, .. }, _)) => {
                    (Streak::Down { failures: 1, since }, Turn::None)
                }
            }
        }
    }

    fn failing(failures: u32, first: Look, policy: &Policy) -> (Streak, Turn) {
        if failures < policy.attempts {
            (Streak::Failing { failures, first }, Turn::None)
        } else {
            (Streak::Down { failures, since: first.at }, Turn::Confirmed(first))
        }
    }

    fn recovering(good: u32, first: Look, since: Instant, policy: &Policy) -> (Streak, Turn) {
        if good < policy.recover_after {
            (Streak::Recovering { good, first, since }, Turn::None)
        } else {
            (Streak::Up { good, since: first.at }, Turn::Recovered(first))
        }
    }

    /// How the site stands.
    pub const fn standing(&self) -> Standing {
        match self {
            Streak::Up { .. } => Standing::Up,
            Streak::Failing { .. } => Standing::Failing,
            Streak::Down { .. } | Streak::Recovering { .. } => Standing::Down,
        }
    }

    /// Since when it stands so.
    pub const fn since(&self) -> Instant {
        match self {
            Streak::Up { since, .. } | Streak::Down { since, .. } | Streak::Recovering { since, .. } => {
                *since
            }
            Streak::Failing { first, .. } => first.at,
        }
    }

    /// Consecutive failed looks up to now.
    pub const fn failures(&self) -> u32 {
        match self {
            Streak::Failing { failures, .. } | Streak::Down { failures, .. } => *failures,
            Streak::Up { .. } | Streak::Recovering { .. } => 0,
        }
    }

    /// Consecutive good looks up to now.
    pub const fn good(&self) -> u32 {
        match self {
            Streak::Up { good, .. } | Streak::Recovering { good, .. } => *good,
            Streak::Failing { .. } | Streak::Down { .. } => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Outcome, Phases, ViewId};
    use std::time::Duration;

    fn look(minute: i64, outcome: Outcome) -> Look {
        let at = Instant::from_ms(minute * 60_000);
        Look {
            id: ViewId::floor(at),
            at,
            outcome,
            degraded: false,
            code: None,
            detail: None,
            duration_ms: 1,
            phases: Phases::default(),
        }
    }

    /// Plays `u`p and `f`ailed looks at the given minutes; tells how the site stands after each.
    fn play(policy: &Policy, looks: &[(i64, char)]) -> Vec<String> {
        let mut before = None;
        let mut told = Vec::new();
        for (minute, kind) in looks {
            let look = look(*minute, if *kind == 'u' { Outcome::Up } else { Outcome::Status });
            let (streak, turn) = Streak::step(before.take(), &look, policy);
            let turn = match turn {
                Turn::None => String::new(),
                Turn::Confirmed(first) => format!(" down since {}", first.at.ms() / 60_000),
                Turn::Recovered(first) => format!(" back since {}", first.at.ms() / 60_000),
            };
            told.push(format!("{} {}/{}{turn}", streak.standing().name(), streak.failures(), streak.good()));
            before = Some((streak, look.at));
        }
        told
    }

    #[test]
    fn third_failure_confirms_and_second_good_look_recovers() {
        let looks = [(0, 'u'), (1, 'f'), (2, 'f'), (3, 'f'), (4, 'u'), (5, 'f'), (6, 'u'), (7, 'u')];
        assert_eq!(
            play(&Policy::default(), &looks),
            [
                "up 0/1",
                "failing 1/0",
                "failing 2/0",
                "down 3/0 down since 1",
                "down 0/1",
                "down 1/0",
                "down 0/1",
                "up 0/2 back since 6"
            ]
        );
    }

    #[test]
    fn one_good_look_resets_the_streak() {
        let told = play(&Policy::default(), &[(0, 'f'), (1, 'f'), (2, 'u'), (3, 'f'), (4, 'f')]);
        assert_eq!(told, ["failing 1/0", "failing 2/0", "up 0/1", "failing 1/0", "failing 2/0"]);
    }

    #[test]
    fn a_long_pause_starts_the_streak_again() {
        let told = play(&Policy::default(), &[(0, 'f'), (1, 'f'), (12, 'f'), (22, 'f'), (23, 'f')]);
        assert_eq!(told[2..], ["failing 1/0", "failing 2/0", "down 3/0 down since 12"]);
        let slow = Policy { interval: Some(Duration::from_secs(1800)), ..Policy::default() };
        assert_eq!(play(&slow, &[(0, 'f'), (30, 'f'), (90, 'f')])[2], "down 3/0 down since 0");
    }

    #[test]
    fn single_attempts_decide_at_once() {
        let policy = Policy { attempts: 1, recover_after: 1, ..Policy::default() };
        assert_eq!(play(&policy, &[(0, 'f'), (1, 'u')]), ["down 1/0 down since 0", "up 0/1 back since 1"]);
    }
}
