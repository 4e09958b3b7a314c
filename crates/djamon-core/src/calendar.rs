//! Instants as people and protocols write them, and back. The border to calendars: the domain counts milliseconds.
//! What lies beyond the calendar is written as its first or last instant.

use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;

use crate::domain::Instant;

/// The years that four digits can write; beyond them RFC 3339 has no text and mail no date.
const FIRST_MS: i64 = -62_167_219_200_000;
const LAST_MS: i64 = 253_402_300_799_999;

/// RFC 3339 in UTC, always with milliseconds: `2026-11-23T09:02:00.123Z`.
pub fn rfc3339(at: Instant) -> String {
    utc(at).to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The instant of an RFC 3339 text in any offset; finer than a millisecond is cut off.
///
/// # Errors
/// A sentence with the text, when it is not RFC 3339.
pub fn parse_rfc3339(text: &str) -> Result<Instant, String> {
    DateTime::parse_from_rfc3339(text.trim())
        .map(|time| Instant::from_ms(time.timestamp_millis()))
        .map_err(|_| format!("{text:?} is not a time; write it like \"2026-11-23T09:02:00Z\""))
}

/// RFC 2822, as mails carry dates: `Mon, 23 Nov 2026 09:02:00 +0000`.
pub fn rfc2822(at: Instant) -> String {
    utc(at).to_rfc2822()
}

/// The time of day there: `09:02`.
pub fn clock_time(at: Instant, time_zone: Tz) -> String {
    utc(at).with_timezone(&time_zone).format("%H:%M").to_string()
}

/// Day and time there: `2026-11-23 09:02`.
pub fn date_time(at: Instant, time_zone: Tz) -> String {
    utc(at).with_timezone(&time_zone).format("%Y-%m-%d %H:%M").to_string()
}

fn utc(at: Instant) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at.ms().clamp(FIRST_MS, LAST_MS)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_instant_is_written_for_people_and_protocols() {
        let at = parse_rfc3339("2026-11-23T09:02:00.123Z").unwrap();
        assert_eq!(rfc3339(at), "2026-11-23T09:02:00.123Z");
        assert_eq!(rfc2822(at), "Mon, 23 Nov 2026 09:02:00 +0000");
        assert_eq!(clock_time(at, Tz::Europe__Berlin), "10:02");
        assert_eq!(date_time(at, Tz::Asia__Tokyo), "2026-11-23 18:02");
        assert_eq!(rfc3339(Instant::from_ms(0)), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn rfc_3339_is_read_in_any_offset() {
        let noon = Instant::from_ms(1_795_435_200_000);
        for text in ["2026-11-23T12:00:00Z", "2026-11-23T13:00:00.0009+01:00", " 2026-11-23 12:00:00z "] {
            assert_eq!(parse_rfc3339(text), Ok(noon), "{text}");
        }
        assert_eq!(
            parse_rfc3339("yesterday").unwrap_err(),
            "\"yesterday\" is not a time; write it like \"2026-11-23T09:02:00Z\""
        );
    }

    #[test]
    fn what_lies_beyond_the_calendar_is_its_first_or_last_instant() {
        assert_eq!(rfc3339(Instant::from_ms(i64::MIN)), "0000-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(Instant::from_ms(i64::MAX)), "9999-12-31T23:59:59.999Z");
        for at in [Instant::from_ms(i64::MIN), Instant::from_ms(i64::MAX)] {
            assert!(!rfc2822(at).is_empty());
            assert!(!clock_time(at, Tz::Asia__Tokyo).is_empty());
            assert!(!date_time(at, Tz::America__New_York).is_empty());
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(ms in FIRST_MS..=LAST_MS) {
            let at = Instant::from_ms(ms);
            prop_assert_eq!(parse_rfc3339(&rfc3339(at)), Ok(at));
            prop_assert_eq!(rfc3339(at).len(), 24);
        }

        #[test]
        fn no_instant_panics(ms: i64) {
            let at = Instant::from_ms(ms);
            prop_assert_eq!(rfc3339(at).len(), 24);
            prop_assert!(rfc2822(at).ends_with("+0000"));
        }
    }
}
