//! The words of messages: names fit for one line, lists, times and outcomes. Pure.

use crate::calendar::Zone;
use crate::domain::text::{count, readable_time};
use crate::domain::{Instant, Outcome};

use super::StorySite;

/// `text` as one line: control characters, line breaks and marks that turn the direction of writing are spaces, runs of
/// spaces one. This is what keeps a name from writing headers of its own.
pub(super) fn one_line(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if breaks(c) { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn breaks(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{feff}')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `text` as it stands in HTML.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// `text` in at most `most` characters, the cut shown by an ellipsis.
pub(super) fn clipped(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// Names as people list them: `shop`, `shop and api`, `shop, api and blog`, `shop, api and 3 more`.
pub(super) fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => only.clone(),
        [first, second] => format!("{first} and {second}"),
        [first, second, third] => format!("{first}, {second} and {third}"),
        [first, second, rest @ ..] => format!("{first}, {second} and {} more", count(rest.len())),
    }
}

/// A length of time for a subject: whole minutes from one minute on.
pub(super) fn roughly(seconds: u64) -> String {
    readable_time(if seconds < 60 { seconds } else { seconds - seconds % 60 })
}

/// A time of day, with the date when it is not the day of `beside`.
pub(super) fn brief_time(at: Instant, beside: Instant, zone: &Zone) -> String {
    let (at, beside) = (zone.local(at), zone.local(beside));
    let form = if at.date() == beside.date() {
        "%H:%M"
    } else if at.year() == beside.year() {
        "%-d %b %H:%M"
    } else {
        "%-d %b %Y %H:%M"
    };
    at.strftime(form).to_string()
}

/// A time in full: `Mon 23 Nov 2026 09:02:13 GMT`.
pub(super) fn full_time(at: Instant, zone: &Zone) -> String {
    zone.local(at).strftime("%a %-d %b %Y %H:%M:%S %Z").to_string()
}

/// The name of `zone` and its distance from UTC at `at`: `Europe/London (UTC+00:00)`.
pub(super) fn zone_name(at: Instant, zone: &Zone) -> String {
    format!("{} (UTC{})", zone.name(), zone.local(at).strftime("%:z"))
}

/// What was seen of a site, as a person would say it, with the detail behind it.
pub(super) fn seen(site: &StorySite) -> String {
    let words = match (site.outcome, site.code) {
        (Outcome::Up, _) => "answers".to_owned(),
        (Outcome::Dns, _) => "its name leads to no address".to_owned(),
        (Outcome::Connect, _) => "no connection".to_owned(),
        (Outcome::Tls, _) => "no trusted encrypted connection".to_owned(),
        (Outcome::Timeout, _) => "no answer in time".to_owned(),
        (Outcome::Protocol, _) => "no proper HTTP answer".to_owned(),
        (Outcome::Redirect, _) => "its redirects lead nowhere".to_owned(),
        (Outcome::Status, Some(code)) => format!("answered with status {code}"),
        (Outcome::Status, None) => "answered with a bad status".to_owned(),
        (Outcome::Body, _) => "its page came broken".to_owned(),
        (Outcome::Content, _) => "its page is not what it should be".to_owned(),
        (Outcome::Local, _) => "could not be checked".to_owned(),
    };
    match site.detail.as_deref().map(one_line) {
        Some(detail) if !detail.is_empty() => format!("{words}: {detail}"),
        Some(_) | None => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_line() {
        assert_eq!(
            one_line(" shop\r\nBcc: all@example.org\u{2028}\u{202e}x\0 "),
            "shop Bcc: all@example.org x"
        );
        assert_eq!(clipped("checkout", 6), "check…");
    }

    #[test]
    fn long_lists_name_two_and_count_the_rest() {
        let names: Vec<String> = ["a", "b", "c", "d", "e"].map(String::from).into();
        let lists: Vec<_> = (0..=5).map(|count| listed(&names[..count])).collect();
        assert_eq!(lists, ["", "a", "a and b", "a, b and c", "a, b and 2 more", "a, b and 3 more"]);
    }

    #[test]
    fn times_carry_a_date_only_when_it_is_another_day() {
        let zone = &"Europe/Berlin".parse().unwrap();
        let at = |text: &str| crate::calendar::parse_rfc3339(text).unwrap();
        let now = at("2026-01-01T00:30:00+01:00");
        assert_eq!(brief_time(at("2025-12-31T23:10:00Z"), now, zone), "00:10", "the day is that of the zone");
        assert_eq!(brief_time(at("2025-12-31T22:10:00Z"), now, zone), "31 Dec 2025 23:10");
        assert_eq!(brief_time(now, at("2026-06-01T00:00:00Z"), zone), "1 Jan 00:30");
        assert_eq!(full_time(now, zone), "Thu 1 Jan 2026 00:30:00 CET");
        assert_eq!(zone_name(at("2026-06-01T00:00:00Z"), zone), "Europe/Berlin (UTC+02:00)");
    }

    #[test]
    fn subjects_round_to_minutes() {
        assert_eq!(
            [roughly(59), roughly(60), roughly(3_725)],
            ["59 seconds", "1 minute", "1 hour and 2 minutes"]
        );
    }
}
