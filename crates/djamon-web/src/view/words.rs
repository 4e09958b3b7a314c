//! What states, outcomes and events are called on pages.

use djamon_core::domain::outage::Left;
use djamon_core::domain::recent::Mark;
use djamon_core::domain::status::State;
use djamon_core::domain::{EventKind, Instant, Outcome, text};
use djamon_core::store::outbox::Trouble;

use super::time::span;

/// How many letters of names a sentence has at most, unless one name has more.
const LINE: usize = 120;

/// A site's state.
pub const fn state(state: State) -> &'static str {
    match state {
        State::Down => "Down",
        State::Failing => "Failing",
        State::Unknown => "Unknown",
        State::Up => "Up",
        State::Paused => "Paused",
    }
}

/// How a look ended, beside its status code.
pub const fn result(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Up => "good",
        Outcome::Status => "bad status",
        Outcome::Dns => "name not found",
        Outcome::Connect => "no connection",
        Outcome::Tls => "no trusted TLS connection",
        Outcome::Timeout => "no answer in time",
        Outcome::Protocol => "no proper HTTP answer",
        Outcome::Redirect => "redirect leads nowhere",
        Outcome::Body => "answer broken off",
        Outcome::Content => "page not as it should be",
        Outcome::Local => "fault of the monitor",
    }
}

/// How a look ended, in a sentence: the status code where it decided, else what failed.
pub fn outcome(outcome: Outcome, code: Option<u16>) -> String {
    match (outcome, code) {
        (Outcome::Up | Outcome::Status, Some(code)) => format!("HTTP {code}"),
        (outcome, _) => result(outcome).to_owned(),
    }
}

/// What happened to an outage.
pub const fn event(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Opened => "Outage raised",
        EventKind::Joined => "More sites down",
        EventKind::Resolved => "Outage over",
        EventKind::Reminder => "Reminder",
        EventKind::Certificate => "Certificate",
        EventKind::Storage => "Disk of the database",
        EventKind::Test => "Test",
    }
}

/// What people who look after alerts must know: `None` when all leave.
pub fn trouble(trouble: Trouble, now: Instant) -> Option<String> {
    let alerts =
        |count: i64| if count == 1 { "1 alert".to_owned() } else { format!("{} alerts", text::count(count)) };
    let late = trouble.late_since.map(|since| span(now.since(since)));
    let late = late.map(|late| format!("{} did not leave for up to {late}", alerts(trouble.late)));
    let parked = (trouble.parked > 0).then(|| format!("{} parked", alerts(trouble.parked)));
    let told: Vec<String> = late.into_iter().chain(parked).collect();
    (!told.is_empty()).then(|| told.join(", "))
}

/// How a site left an outage.
pub const fn left(left: Left) -> &'static str {
    match left {
        Left::Recovered => "recovered",
        Left::Paused => "paused",
        Left::Removed => "removed",
        Left::Changed => "changed",
    }
}

/// A mark in the bar of last looks.
pub const fn mark(mark: Mark) -> &'static str {
    match mark {
        Mark::Up => "up",
        Mark::Degraded => "slow",
        Mark::Failing => "failing",
        Mark::Down => "down",
        Mark::Blind => "blind",
        Mark::Unknown => "unknown",
    }
}

/// Names in a sentence, at most `most` of them and fewer when they are long: `Shop, API and 3 more`. None is cut.
pub fn names<'a>(names: impl Iterator<Item = &'a str>, most: usize) -> String {
    let mut known: Vec<&str> = Vec::new();
    for name in names {
        if !known.contains(&name) {
            known.push(name);
        }
    }
    let mut length = 0;
    let fit = known.iter().take(most).take_while(|name| {
        length += name.chars().count();
        length <= LINE
    });
    let fit = fit.count().max(1);
    let more = known.len().saturating_sub(fit);
    known.truncate(fit);
    match more {
        0 => known.join(", "),
        more => format!("{} and {} more", known.join(", "), text::count(more)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_names_are_counted() {
        assert_eq!(names(["a", "b", "a"].into_iter(), 5), "a, b");
        assert_eq!(names(["a", "b", "c", "d"].into_iter(), 2), "a, b and 2 more");
        let long = "x".repeat(100);
        assert_eq!(names([long.as_str(), "b", &long[1..]].into_iter(), 5), format!("{long}, b and 1 more"));
        let longer = "x".repeat(500);
        assert_eq!(names([longer.as_str(), "b"].into_iter(), 5), format!("{longer} and 1 more"));
        assert_eq!(names([].into_iter(), 5), "");
    }

    #[test]
    fn a_status_is_told_by_its_code_and_a_timeout_is_not() {
        assert_eq!(outcome(Outcome::Status, Some(503)), "HTTP 503");
        assert_eq!(outcome(Outcome::Timeout, Some(500)), "no answer in time");
    }

    #[test]
    fn alerts_that_do_not_leave_are_counted() {
        let now = Instant::from_ms(3_600_000);
        let told = |parked, late| {
            let late_since = (late > 0).then_some(Instant::from_ms(0));
            trouble(Trouble { parked, late, late_since }, now)
        };
        assert_eq!(told(0, 0), None);
        assert_eq!(told(2, 0).unwrap(), "2 alerts parked");
        assert_eq!(told(1, 3).unwrap(), "3 alerts did not leave for up to 1 h, 1 alert parked");
    }
}
