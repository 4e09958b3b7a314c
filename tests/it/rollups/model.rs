//! The second model: what was every ten seconds, found by reading the raw SiteViews and the runs' records.

use std::collections::BTreeMap;

use chrono::{DateTime, Offset, TimeZone};
use chrono_tz::Tz;
use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt};
use diesel::{QueryableByName, RunQueryDsl};
use djamon_core::domain::times::Times;
use djamon_core::domain::{Instant, Site, SiteId};
use djamon_core::store::AnyConnection;

use super::{HOUR, STEP};

#[derive(QueryableByName, Debug)]
struct View {
    #[diesel(sql_type = Integer)]
    site_id: i32,
    #[diesel(sql_type = BigInt)]
    at: i64,
    #[diesel(sql_type = SmallInt)]
    outcome: i16,
    #[diesel(sql_type = SmallInt)]
    slow: i16,
    #[diesel(sql_type = Integer)]
    duration_ms: i32,
    #[diesel(sql_type = BigInt)]
    expected: i64,
}

#[derive(QueryableByName, Debug)]
struct Record {
    #[diesel(sql_type = BigInt)]
    started_at: i64,
    #[diesel(sql_type = BigInt)]
    finished_at: i64,
    #[diesel(sql_type = BigInt)]
    expected: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    blind_from: Option<i64>,
}

impl Record {
    fn could_see(&self) -> bool {
        self.blind_from != Some(self.started_at)
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Integer)]
    site_id: i32,
    #[diesel(sql_type = Integer)]
    number: i32,
    #[diesel(sql_type = Integer)]
    up_ms: i32,
    #[diesel(sql_type = Integer)]
    degraded_ms: i32,
    #[diesel(sql_type = Integer)]
    down_ms: i32,
    #[diesel(sql_type = Integer)]
    blind_ms: i32,
    #[diesel(sql_type = Integer)]
    looks: i32,
    #[diesel(sql_type = Integer)]
    failures: i32,
    #[diesel(sql_type = Binary)]
    times: Vec<u8>,
}

/// What the model and the rows are compared by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Span {
    pub up_degraded_down_blind: [i64; 4],
    pub looks: i32,
    pub failures: i32,
    pub times: Times,
}

impl Span {
    pub fn add(&mut self, other: &Span) {
        for (sum, ms) in self.up_degraded_down_blind.iter_mut().zip(other.up_degraded_down_blind) {
            *sum += ms;
        }
        self.looks += other.looks;
        self.failures += other.failures;
        self.times.merge(&other.times);
    }
}

pub fn rows(connection: &mut AnyConnection, table: &str, number: &str) -> BTreeMap<(i32, i64), Span> {
    let rows: Vec<Row> =
        diesel::sql_query(format!("SELECT *, {number} AS number FROM {table}")).load(connection).unwrap();
    let span = |row: &Row| Span {
        up_degraded_down_blind: [row.up_ms, row.degraded_ms, row.down_ms, row.blind_ms].map(i64::from),
        looks: row.looks,
        failures: row.failures,
        times: Times::from_bytes(&row.times).unwrap(),
    };
    rows.iter().map(|row| ((row.site_id, i64::from(row.number)), span(row))).collect()
}

/// By which zone days are cut from which hour on.
pub type Zones = Vec<(i64, Tz)>;

/// By how much the clocks there are ahead of UTC.
fn offset(zone: Tz, at: i64) -> i64 {
    let utc = DateTime::from_timestamp_millis(at).unwrap().naive_utc();
    i64::from(zone.offset_from_utc_datetime(&utc).fix().local_minus_utc()) * 1000
}

/// The number of the hour by the clocks of the place, and of its calendar day.
pub fn numbers(zones: &Zones, at: i64) -> (i64, i64) {
    let ahead = offset(zones[0].1, 1_767_225_600_000).rem_euclid(HOUR);
    let hour = (at + ahead).div_euclid(HOUR);
    let begin = hour * HOUR - ahead;
    let zone = zones.iter().rev().find(|(first, _)| *first <= hour).unwrap().1;
    (hour, (begin + offset(zone, begin)).div_euclid(24 * HOUR))
}

/// When the place was blind: from each blind run's moment until the next run, at most for twice the time that was to pass.
fn blind_times(connection: &mut AnyConnection) -> Vec<(i64, i64)> {
    let sql =
        "SELECT started_at, finished_at, expected_interval_ms AS expected, blind_from FROM runs ORDER BY id";
    let runs: Vec<Record> = diesel::sql_query(sql).load(connection).unwrap();
    let blind = |(n, run): (usize, &Record)| {
        let from = run.blind_from?;
        let next = runs.get(n + 1).map_or(i64::MAX, |next| match next.blind_from {
            Some(blind) if !next.could_see() => blind,
            _ => next.started_at,
        });
        Some((from, next.min(run.finished_at + 2 * run.expected)))
    };
    runs.iter().enumerate().filter_map(blind).collect()
}

/// Every hour and day by reading all SiteViews, from the first of each site to `now`.
pub fn model(
    connection: &mut AnyConnection,
    zones: &Zones,
    sites: &[Site; 2],
    now: Instant,
) -> [BTreeMap<(i32, i64), Span>; 2] {
    let sql = "SELECT v.site_id, v.at, v.outcome, CAST(v.degraded AS SMALLINT) AS slow, v.duration_ms, \
               r.expected_interval_ms AS expected FROM site_views v JOIN runs r ON r.id = v.run_id ORDER BY v.id";
    let sql = match connection {
        AnyConnection::Sqlite(_) => sql.to_owned(),
        AnyConnection::Postgres(_) => {
            sql.replace("CAST(v.degraded AS SMALLINT)", "CAST(CAST(v.degraded AS INTEGER) AS SMALLINT)")
        }
    };
    let views: Vec<View> = diesel::sql_query(sql).load(connection).unwrap();
    let blind = blind_times(connection);
    let mut spans = [BTreeMap::<(i32, i64), Span>::new(), BTreeMap::new()];
    for Site { id: SiteId(site), options, .. } in sites {
        let (site, interval) = (*site, options.interval.map_or(0, |interval| interval.0.as_millis() as i64));
        let views: Vec<&View> = views.iter().filter(|view| view.site_id == site).collect();
        let mut add = |at: i64, change: &dyn Fn(&mut Span)| {
            let (hour, day) = numbers(zones, at);
            change(spans[0].entry((site, hour)).or_default());
            change(spans[1].entry((site, day)).or_default());
        };
        for view in &views {
            add(view.at, &|span| {
                span.looks += 1;
                if view.outcome == 0 { span.times.add(view.duration_ms as u32) } else { span.failures += 1 }
            });
        }
        for (n, one) in views.iter().enumerate() {
            let next = views.get(n + 1).map_or(now.ms(), |next| next.at);
            for at in (one.at..next).step_by(STEP as usize) {
                let what: &[usize] = match (one.outcome == 0, one.slow == 1) {
                    _ if blind.iter().any(|(from, until)| (*from..*until).contains(&at)) => &[3],
                    _ if at >= one.at + 2 * one.expected.max(interval) => &[],
                    (false, _) => &[2],
                    (true, true) => &[0, 1],
                    (true, false) => &[0],
                };
                if what.is_empty() {
                    continue;
                }
                add(at, &|span| what.iter().for_each(|what| span.up_degraded_down_blind[*what] += STEP));
            }
        }
    }
    spans
}
