//! Times and lengths of time on pages. In JSON they are RFC 3339 and milliseconds.

use std::time::Duration;

use djamon_core::calendar::rfc3339;
use djamon_core::domain::Instant;
use serde::Serialize;

/// A point in time on a page: for `<time>`, and in words (UTC; a script may put the reader's clock in its place).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct When {
    /// RFC 3339.
    pub iso: String,
    /// `09:02 UTC` when it is of the same day as now, else with its date.
    pub text: String,
}

/// `at` as it is written at `now`, to the minute.
pub fn when(at: Instant, now: Instant) -> When {
    written(at, now, 16)
}

/// `at` as it is written at `now`, to the second.
pub fn exactly(at: Instant, now: Instant) -> When {
    written(at, now, 19)
}

fn written(at: Instant, now: Instant, until: usize) -> When {
    let (iso, today) = (rfc3339(at), rfc3339(now));
    let part = |from: usize, to: usize| iso.get(from..to).unwrap_or_default();
    let clock = part(11, until);
    let text = if iso.get(..10) == today.get(..10) {
        format!("{clock} UTC")
    } else {
        format!("{} {clock} UTC", part(0, 10))
    };
    When { iso, text }
}

/// A length of time at a glance: its two largest units, `3 h 5 min`.
pub fn span(length: Duration) -> String {
    let seconds = length.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let two = |large: String, small: u64, unit: &str| match small {
        0 => large,
        small => format!("{large} {small} {unit}"),
    };
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{minutes} min"),
        3600..86_400 => two(format!("{hours} h"), minutes % 60, "min"),
        _ => two(format!("{days} d"), hours % 24, "h"),
    }
}

/// How long one has to wait, rounded up: `20 s`, `3 min`.
pub fn pause(length: Duration) -> String {
    let seconds = length.as_millis().div_ceil(1000);
    match seconds {
        0..100 => format!("{seconds} s"),
        _ => format!("{} min", seconds.div_ceil(60)),
    }
}

/// How long a look took.
pub fn took(duration_ms: u32) -> String {
    match duration_ms {
        0..1000 => format!("{duration_ms} ms"),
        _ => format!("{}.{:02} s", duration_ms / 1000, duration_ms % 1000 / 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_today_has_no_date() {
        let at = Instant::from_ms(1_795_424_520_500); // 2026-11-23T09:02:00.500Z
        assert_eq!(when(at, at).text, "09:02 UTC");
        assert_eq!(exactly(at, at).text, "09:02:00 UTC");
        assert_eq!(when(at, at.plus(Duration::from_secs(86_400))).text, "2026-11-23 09:02 UTC");
        assert_eq!(when(at, at).iso, "2026-11-23T09:02:00.500Z");
    }

    #[test]
    fn spans_have_two_units_at_most() {
        for (seconds, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3599, "59 min"),
            (3600, "1 h"),
            (11_100, "3 h 5 min"),
            (86_400, "1 d"),
            (93_600, "1 d 2 h"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), text);
        }
        assert_eq!((took(999), took(5012)), ("999 ms".into(), "5.01 s".into()));
        assert_eq!(
            [1, 19_001, 100_000].map(|ms| pause(Duration::from_millis(ms))),
            ["1 s", "20 s", "2 min"].map(str::to_owned)
        );
    }
}
