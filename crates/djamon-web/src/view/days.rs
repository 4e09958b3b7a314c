//! The bars of a site's last ninety days, one a day (UTC): how it was, told by height and kind, and as a table.

use djamon_core::calendar::rfc3339;
use djamon_core::domain::Instant;
use djamon_core::domain::uptime::{DAY_MS, Open, Tally, percent};
use serde::Serialize;

use super::bar::Stroke;
use super::time::span;

/// How many days are shown.
pub const DAYS: i64 = 90;
/// How wide a day is, with the gap behind it.
const STEP: i64 = 10;
/// Less than this share of a day down (in millionths of what is known) is a dip, more is a bad day.
const DIP_PPM: u32 = 990_000;

/// The days, the newest at the right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Days {
    strokes: Vec<Stroke>,
    text: String,
    rows: Vec<Row>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Row {
    x: i64,
    date: String,
    kind: &'static str,
    uptime: Option<String>,
    known: Option<String>,
    down: Option<String>,
}

/// The days up to the one of `now`; those of `tallies` count days since 1970, in any order, and what is missing is unknown.
pub fn days(tallies: &[Open], now: Instant) -> Days {
    let today = now.ms().div_euclid(DAY_MS);
    let first = today - DAYS + 1;
    let rows: Vec<Row> = (first..=today)
        .map(|number| {
            let mut tally = Tally::default();
            tallies.iter().filter(|day| day.number == number).for_each(|day| tally.add(&day.tally));
            let length = if number == today { now.ms() - today * DAY_MS } else { DAY_MS };
            row(number, number - first, &tally, length)
        })
        .collect();
    let known = rows.iter().filter(|row| row.uptime.is_some()).count();
    let bad = rows.iter().filter(|row| row.down.is_some()).count();
    let text = match (known, bad) {
        (0, _) => format!("Nothing is known of the last {DAYS} days"),
        (known, bad) => format!("Last {DAYS} days: {known} known, {bad} of them with failures"),
    };
    let strokes =
        [("up", "12v28"), ("dip", "6v34"), ("down", "0v40"), ("blind", "18v4"), ("unknown", "38v2")];
    let stroke = |(kind, shape): (&'static str, &str)| {
        let of_kind = rows.iter().filter(|row| row.kind == kind);
        let d: String = of_kind.map(|row| format!("M{} {shape}", row.x)).collect();
        (!d.is_empty()).then_some(Stroke { kind, d })
    };
    Days { strokes: strokes.into_iter().filter_map(stroke).collect(), text, rows }
}

fn row(number: i64, place: i64, tally: &Tally, length_ms: i64) -> Row {
    let uptime = tally.uptime_ppm();
    let kind = match uptime {
        Some(_) if tally.down_ms == 0 => "up",
        Some(ppm) if ppm >= DIP_PPM => "dip",
        Some(_) => "down",
        None if tally.blind_ms > 0 => "blind",
        None => "unknown",
    };
    let down = u64::try_from(tally.down_ms).ok().filter(|ms| *ms > 0);
    Row {
        x: place * STEP + STEP / 2,
        date: rfc3339(Instant::from_ms(number * DAY_MS)).get(..10).unwrap_or_default().to_owned(),
        kind,
        uptime: uptime.map(percent),
        known: tally.coverage_ppm(length_ms).map(percent),
        down: down.map(|ms| span(std::time::Duration::from_millis(ms))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Instant = Instant::from_ms(1_795_435_200_000); // 2026-11-23T12:00:00Z
    const TODAY: i64 = 20_780;

    fn day(before: i64, up_ms: i64, down_ms: i64, blind_ms: i64) -> Open {
        let tally = Tally { up_ms, down_ms, blind_ms, ..Tally::default() };
        Open { number: TODAY - before, tally }
    }

    #[test]
    fn each_day_stands_in_its_place_by_kind() {
        let known = [
            day(0, DAY_MS / 2, 0, 0),
            day(1, DAY_MS - 60_000, 60_000, 0),
            day(2, DAY_MS / 2, DAY_MS / 4, 0),
            day(3, 0, 0, DAY_MS),
            day(90, DAY_MS, 0, 0),
        ];
        let days = days(&known, NOON);
        let of = |kind: &str| days.strokes.iter().find(|stroke| stroke.kind == kind).unwrap().d.clone();
        assert_eq!((of("up"), of("dip")), ("M895 12v28".into(), "M885 6v34".into()));
        assert_eq!((of("down"), of("blind")), ("M875 0v40".into(), "M865 18v4".into()));
        assert_eq!(of("unknown").matches('M').count(), 86);
        assert_eq!(days.text, "Last 90 days: 3 known, 2 of them with failures");
        let rows: Vec<_> = days.rows[87..].iter().map(|r| (r.date.as_str(), r.known.as_deref())).collect();
        assert_eq!(
            rows,
            [("2026-11-21", Some("75.00")), ("2026-11-22", Some("100")), ("2026-11-23", Some("100"))],
            "of today only what has passed can be known"
        );
        assert_eq!(days.rows[87].down.as_deref(), Some("6 h"));
    }

    #[test]
    fn several_places_of_one_day_are_one_bar() {
        let days = days(&[day(0, 1000, 0, 0), day(0, 0, 1000, 0)], NOON);
        assert_eq!(days.rows[89].uptime.as_deref(), Some("50.00"));
    }
}
