//! Instants as people and protocols write them, and back. The border to calendars: the domain counts milliseconds.
//! What lies beyond the calendar is written as its first or last instant.

mod days;

use std::str::FromStr;

use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, Utc};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, Zoned};

use crate::domain::Instant;
use crate::domain::uptime::{HOUR_MS, Hours};

pub use days::{Days, Piece};

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
pub fn clock_time(at: Instant, zone: &Zone) -> String {
    zone.local(at).strftime("%H:%M").to_string()
}

/// Day and time there: `2026-11-23 09:02`.
pub fn date_time(at: Instant, zone: &Zone) -> String {
    zone.local(at).strftime("%Y-%m-%d %H:%M").to_string()
}

/// A place of the IANA time zone database, as it is built in: its clocks show the times that people read, its calendar days
/// are the days of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Default for Zone {
    fn default() -> Self {
        Zone(TimeZone::UTC)
    }
}

impl FromStr for Zone {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = TimeZoneDatabase::bundled().get(name).ok().filter(|zone| !zone.is_unknown());
        known
            .map(Zone)
            .ok_or_else(|| format!("{name:?} is not a time zone; write its IANA name like \"Europe/London\""))
    }
}

impl Zone {
    /// Its IANA name: `Europe/London`.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// What its clocks and calendars show.
    pub fn local(&self, at: Instant) -> Zoned {
        timestamp(at).to_zoned(self.0.clone())
    }

    /// Its hours. In the one place whose clocks change by half an hour (Lord Howe Island) midnight lies within an hour
    /// for half of the year: an hour is of the day in which it begins.
    pub fn hours(&self) -> Hours {
        Hours { ahead_ms: self.ahead_ms(Instant::from_ms(MODERN_MS)).rem_euclid(HOUR_MS) }
    }

    /// The day at `at`: days since 1970-01-01 by the calendar there.
    pub fn day_of(&self, at: Instant) -> i64 {
        (at.ms().clamp(FIRST_MS, LAST_MS) + self.ahead_ms(at)).div_euclid(DAY_MS)
    }

    /// When that day begins: where the calendar jumps over midnight, or over the day, with what follows.
    pub fn start_of(&self, day: i64) -> Instant {
        let midnight = day.saturating_mul(DAY_MS);
        let found = (0..200).find_map(|quarters| {
            let time = Offset::UTC.to_datetime(timestamp(Instant::from_ms(midnight + QUARTER_MS * quarters)));
            let time = self.0.to_ambiguous_timestamp(time);
            match time.offset() {
                AmbiguousOffset::Gap { .. } => None,
                AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => time.earlier().ok(),
            }
        });
        Instant::from_ms(found.map_or(midnight, Timestamp::as_millisecond))
    }

    fn ahead_ms(&self, at: Instant) -> i64 {
        i64::from(self.0.to_offset(timestamp(at)).seconds()) * 1000
    }

    /// The number of the first hour of that day; its last is the one before the next day's first.
    pub fn first_hour_of(&self, day: i64) -> i64 {
        let (hours, start) = (self.hours(), self.start_of(day));
        let number = hours.number_of(start);
        // Only where midnight lies within an hour.
        number + i64::from(hours.start_of(number) < start && self.day_of(hours.start_of(number)) != day)
    }
}

/// 2026-01-01: what clocks show today counts, not what they did a century ago.
const MODERN_MS: i64 = 1_767_225_600_000;

const DAY_MS: i64 = 24 * HOUR_MS;
const QUARTER_MS: i64 = HOUR_MS / 4;

/// The day of a text like `2026-11-23`.
///
/// # Errors
/// A sentence with the text, when there is no such day.
pub fn parse_day(text: &str) -> Result<i64, String> {
    NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d")
        .map(day_number)
        .map_err(|_| format!("{text:?} is not a day; write it like \"2026-11-23\""))
}

/// A month of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Month {
    year: i32,
    month: u32,
}

impl Month {
    /// The month of a text like `2026-11`.
    ///
    /// # Errors
    /// A sentence with the text, when there is no such month.
    pub fn parse(text: &str) -> Result<Self, String> {
        NaiveDate::parse_from_str(&format!("{}-01", text.trim()), "%Y-%m-%d")
            .map(|first| Month { year: first.year(), month: first.month() })
            .map_err(|_| format!("{text:?} is not a month; write it like \"2026-11\""))
    }

    /// The month in which this day lies.
    pub fn of(day: i64) -> Self {
        let date = date_of(day);
        Month { year: date.year(), month: date.month() }
    }

    /// Its first day, and the first day of the next one.
    pub fn days(self) -> (i64, i64) {
        let next = if self.month == 12 { (self.year + 1, 1) } else { (self.year, self.month + 1) };
        let first = |(year, month)| day_number(NaiveDate::from_ymd_opt(year, month, 1).unwrap_or_default());
        (first((self.year, self.month)), first(next))
    }

    /// Its number in tables: 202611.
    pub fn number(self) -> i32 {
        self.year * 100 + i32::try_from(self.month).unwrap_or(0)
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

/// The days since 1970-01-01.
pub fn day_number(date: NaiveDate) -> i64 {
    i64::from(date.num_days_from_ce()) - EPOCH_DAY
}

/// The date of a number of days since 1970-01-01.
pub fn date_of(day: i64) -> NaiveDate {
    let from_ce = i32::try_from(day.saturating_add(EPOCH_DAY)).unwrap_or(i32::MAX);
    NaiveDate::from_num_days_from_ce_opt(from_ce).unwrap_or_default()
}

/// 1970-01-01 in days since the year 1.
const EPOCH_DAY: i64 = 719_163;

fn timestamp(at: Instant) -> Timestamp {
    let last = Timestamp::MAX.as_millisecond();
    Timestamp::from_millisecond(at.ms().clamp(FIRST_MS, last)).unwrap_or_default()
}

fn utc(at: Instant) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at.ms().clamp(FIRST_MS, LAST_MS)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::LazyLock;

    static NAMES: LazyLock<Vec<String>> =
        LazyLock::new(|| TimeZoneDatabase::bundled().available().map(|name| name.to_string()).collect());

    fn zone(name: &str) -> Zone {
        name.parse().unwrap()
    }

    #[test]
    fn an_instant_is_written_for_people_and_protocols() {
        let at = parse_rfc3339("2026-11-23T09:02:00.123Z").unwrap();
        assert_eq!(rfc3339(at), "2026-11-23T09:02:00.123Z");
        assert_eq!(rfc2822(at), "Mon, 23 Nov 2026 09:02:00 +0000");
        assert_eq!(clock_time(at, &zone("Europe/Berlin")), "10:02");
        assert_eq!(date_time(at, &zone("Asia/Tokyo")), "2026-11-23 18:02");
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
            assert!(!clock_time(at, &zone("Asia/Tokyo")).is_empty());
            assert!(!date_time(at, &zone("America/New_York")).is_empty());
        }
    }

    #[test]
    fn days_are_those_of_the_place_and_made_of_its_hours() {
        let day = |text: &str| day_number(text.parse().unwrap());
        let length = |name: &str, text: &str| {
            let (zone, day) = (zone(name), day(text));
            let (first, next) = (zone.first_hour_of(day), zone.first_hour_of(day + 1));
            assert_eq!(zone.day_of(zone.start_of(day)), day, "{zone:?} {text}");
            (rfc3339(zone.start_of(day))[5..16].to_owned(), next - first)
        };
        assert_eq!(length("UTC", "2026-10-25"), ("10-25T00:00".into(), 24));
        assert_eq!(length("Europe/Berlin", "2026-10-25"), ("10-24T22:00".into(), 25));
        assert_eq!(length("Europe/Berlin", "2026-03-29"), ("03-28T23:00".into(), 23));
        assert_eq!(length("Asia/Kolkata", "2026-10-25"), ("10-24T18:30".into(), 24));
        assert_eq!(length("Asia/Kathmandu", "2026-10-25"), ("10-24T18:15".into(), 24));
        // Midnight is left out in Santiago, and the clocks change by half an hour on Lord Howe Island.
        assert_eq!(length("America/Santiago", "2026-09-06"), ("09-06T04:00".into(), 23));
        assert_eq!(length("Australia/Lord_Howe", "2026-04-05"), ("04-04T13:00".into(), 25));
        assert_eq!(length("Australia/Lord_Howe", "2026-10-04"), ("10-03T13:30".into(), 23));
    }

    #[test]
    fn days_and_months_are_read_or_refused_by_name() {
        let month = Month::parse("2026-12").unwrap();
        assert_eq!((month.number(), month.to_string()), (202_612, "2026-12".to_owned()));
        let (first, next) = month.days();
        assert_eq!(
            (date_of(first).to_string(), date_of(next).to_string()),
            ("2026-12-01".into(), "2027-01-01".into())
        );
        assert_eq!(
            (Month::of(first), Month::of(next - 1), parse_day("2026-12-01")),
            (month, month, Ok(first))
        );
        assert!(Month::parse("2026-13").unwrap_err().contains("\"2026-13\" is not a month"));
        assert!(parse_day("2026-02-30").unwrap_err().contains("\"2026-02-30\" is not a day"));
    }

    proptest! {
        #[test]
        fn every_hour_is_of_one_day(ms in 0i64..4_000_000_000_000, name in 0..NAMES.len()) {
            let zone = zone(&NAMES[name]);
            let hour = zone.hours().number_of(Instant::from_ms(ms));
            let day = zone.day_of(zone.hours().start_of(hour));
            prop_assert!(zone.first_hour_of(day) <= hour && hour < zone.first_hour_of(day + 1), "{zone:?} {day}");
            prop_assert_eq!(date_of(day_number(date_of(day))), date_of(day));
        }

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
