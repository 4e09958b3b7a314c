//! The bars of a site's last ninety days, one a day by the calendar of the history: how it was, told by height and kind, and as a table.

use djamon_core::calendar::date_of;
use djamon_core::domain::Instant;
use djamon_core::domain::instant::millis;
use djamon_core::domain::uptime::{Tally, percent};
use djamon_core::store::series::Stretch;
use serde::Serialize;

use super::bar::Stroke;
use super::range::DAY_MS;
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

/// The last [`DAYS`] days up to `now`; `known` are those that are known, oldest first, and what is missing is unknown.
pub fn days(known: &[Stretch], now: Instant) -> Days {
    // Days are counted from the newest known one, whose calendar it is; without any, from today's in UTC.
    let today = known
        .last()
        .map_or(now.ms().div_euclid(DAY_MS), |last| last.open.number + millis(now.since(last.from)) / DAY_MS);
    let first = today - DAYS + 1;
    let rows: Vec<Row> = (first..=today)
        .map(|number| {
            let day = known.iter().find(|day| day.open.number == number);
            let tally = day.map(|day| day.open.tally).unwrap_or_default();
            let length = day.map_or(DAY_MS, |day| day.to.min(now).ms() - day.from.ms());
            row(number, number - first, &tally, length)
        })
        .collect();
    let seen = rows.iter().filter(|row| row.uptime.is_some()).count();
    let bad = rows.iter().filter(|row| row.down.is_some()).count();
    let text = match (seen, bad) {
        (0, _) => format!("Nothing is known of the last {DAYS} days"),
        (seen, bad) => format!("Last {DAYS} days: {seen} known, {bad} of them with failures"),
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
        date: date_of(number).to_string(),
        kind,
        uptime: uptime.map(percent),
        known: tally.coverage_ppm(length_ms).map(percent),
        down: down.map(|ms| span(std::time::Duration::from_millis(ms))),
    }
}

#[cfg(test)]
mod tests {
    use djamon_core::domain::uptime::Open;

    use super::*;

    const NOON: Instant = Instant::from_ms(1_795_435_200_000); // 2026-11-23T12:00:00Z
    const TODAY: i64 = 20_780;

    fn day(before: i64, up_ms: i64, down_ms: i64, blind_ms: i64) -> Stretch {
        let tally = Tally { up_ms, down_ms, blind_ms, ..Tally::default() };
        let start = |number: i64| Instant::from_ms(number * DAY_MS);
        let number = TODAY - before;
        let open = Open { number, tally, ..Open::default() };
        Stretch { from: start(number), to: start(number + 1), open }
    }

    #[test]
    fn each_day_stands_in_its_place_by_kind() {
        let known = [
            day(90, DAY_MS, 0, 0),
            day(3, 0, 0, DAY_MS),
            day(2, DAY_MS / 2, DAY_MS / 4, 0),
            day(1, DAY_MS - 60_000, 60_000, 0),
            day(0, DAY_MS / 2, 0, 0),
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
    fn the_newest_bar_is_today_though_nothing_is_known_of_it() {
        let days = days(&[day(2, DAY_MS, 0, 0)], NOON);
        assert_eq!((days.rows[89].date.as_str(), days.rows[89].kind), ("2026-11-23", "unknown"));
        assert_eq!(days.rows[87].kind, "up");
        assert_eq!(super::days(&[], NOON).text, "Nothing is known of the last 90 days");
    }
}
