//! When people are told that a certificate runs out: once at each of a few distances, whoever of several servers answers.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Instant;

/// So many days before the end people are told, once each.
pub const WARNED_AT_DAYS: [u8; 5] = [21, 14, 7, 3, 1];

const DAY: Duration = Duration::from_secs(86_400);

/// What is remembered of a site's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// When the one last seen ends.
    pub expires_at: Instant,
    /// The last warning.
    pub warned: Option<Warned>,
}

/// A warning that was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warned {
    /// When the certificate it was about ends.
    pub expires_at: Instant,
    /// The distance in days it was given at: one of [`WARNED_AT_DAYS`].
    pub at_days: u8,
}

/// What is remembered after a look at `at` saw a certificate that ends at `expires_at`, and whether to warn now.
///
/// Servers behind one name may show different certificates in turn: one that ends within three weeks of the one warned
/// of is of the same generation, and is not warned of again at the same distance.
pub fn seen(before: Option<Certificate>, expires_at: Instant, at: Instant) -> (Certificate, bool) {
    let warned = before.and_then(|certificate| certificate.warned);
    let same_generation = |warned: &Warned| {
        at < warned.expires_at && expires_at < warned.expires_at.plus(DAY * u32::from(WARNED_AT_DAYS[0]))
    };
    let last = warned.filter(same_generation).map(|warned| warned.at_days);
    match distance(expires_at, at) {
        Some(at_days) if last.is_none_or(|last| at_days < last) => {
            (Certificate { expires_at, warned: Some(Warned { expires_at, at_days }) }, true)
        }
        Some(_) | None => (Certificate { expires_at, warned }, false),
    }
}

/// The nearest distance that has been reached; none for a certificate that is still good for long, or good no more.
fn distance(expires_at: Instant, at: Instant) -> Option<u8> {
    let left = expires_at.since(at);
    WARNED_AT_DAYS.into_iter().filter(|days| !left.is_zero() && left <= DAY * u32::from(*days)).min()
}

/// Whole days from `at` until `expires_at`, and whether they lie behind.
pub fn days_left(expires_at: Instant, at: Instant) -> (u64, bool) {
    let is_over = expires_at <= at;
    let apart = if is_over { at.since(expires_at) } else { expires_at.since(at) };
    (apart.as_secs() / DAY.as_secs(), is_over)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(n: i64) -> Instant {
        Instant::from_ms(n * 86_400_000)
    }

    /// On which days from `from` on people are told, when the certificate seen on each day ends as told.
    fn warned_on(from: i64, to: i64, ends: impl Fn(i64) -> i64) -> Vec<i64> {
        let mut before = None;
        let mut days = Vec::new();
        for n in from..to {
            let (after, warn) = seen(before, day(ends(n)), day(n));
            days.extend(warn.then_some(n));
            before = Some(after);
        }
        days
    }

    #[test]
    fn people_are_told_once_at_each_distance() {
        assert_eq!(warned_on(0, 110, |_| 100), [79, 86, 93, 97, 99]);
    }

    #[test]
    fn a_site_added_late_is_warned_of_at_once_and_then_at_the_next_distance() {
        assert_eq!(warned_on(95, 110, |_| 100), [95, 97, 99]);
    }

    #[test]
    fn a_renewed_certificate_starts_anew() {
        assert_eq!(
            warned_on(0, 200, |n| if n < 95 { 100 } else { 190 }),
            [79, 86, 93, 169, 176, 183, 187, 189]
        );
    }

    #[test]
    fn servers_that_take_turns_do_not_repeat_the_warning() {
        assert_eq!(warned_on(70, 105, |n| if n % 2 == 0 { 100 } else { 102 }), [80, 86, 94, 98, 101]);
        assert_eq!(warned_on(92, 95, |n| if n % 2 == 0 { 99 } else { 300 }), [92]);
    }
}
