//! Hours and days of sites: written by a run when they are over, read as uptime and coverage.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer};

use super::backend::bulk;
use super::rows::{NewDayRow, NewHourRow, StateRow};
use super::schema::site_states;
use super::{AnyConnection, CHUNK, StoreError};
use crate::domain::plan::{RunPlan, SiteState};
use crate::domain::uptime::{DAY_MS, Figure, Figures, HOUR_MS, Open, Tally};
use crate::domain::{Instant, LocationId, SiteId};

/// Writes the hours and days that a plan closes. One that is there already stays as it is.
pub(super) fn put(
    connection: &mut AnyConnection,
    location: LocationId,
    plan: &RunPlan,
) -> Result<(), StoreError> {
    let hours: Vec<_> =
        plan.hours.iter().map(|(site, hour)| NewHourRow::new(*site, location, hour)).collect();
    let days: Vec<_> = plan.days.iter().map(|(site, day)| NewDayRow::new(*site, location, day)).collect();
    bulk::insert_hours(connection, &hours)?;
    bulk::insert_days(connection, &days)
}

#[derive(QueryableByName)]
struct Sums {
    #[diesel(sql_type = Integer)]
    site_id: i32,
    #[diesel(sql_type = BigInt)]
    up_ms: i64,
    #[diesel(sql_type = BigInt)]
    down_ms: i64,
}

impl Sums {
    fn tally(&self) -> Tally {
        Tally { up_ms: self.up_ms, down_ms: self.down_ms, ..Tally::default() }
    }
}

/// The figures at `now` of the sites of `ids`; of all sites when there are none named. Sites that were never looked at
/// are not among them.
///
/// # Errors
/// What the database says.
pub fn figures(
    connection: &mut AnyConnection,
    ids: Option<&[SiteId]>,
    now: Instant,
) -> Result<HashMap<SiteId, Figures>, StoreError> {
    let mut figures: HashMap<SiteId, [(Tally, i64); 3]> = HashMap::new();
    let (hour, day) = (now.ms().div_euclid(HOUR_MS), now.ms().div_euclid(DAY_MS));
    let firsts = [(hour - 23, HOUR_MS), (day - 6, DAY_MS), (day - 29, DAY_MS)];
    // 1. What is over.
    for (at, (first, size)) in firsts.into_iter().enumerate() {
        for sums in sums(connection, ids, size, first)? {
            let of_site = figures.entry(SiteId(sums.site_id)).or_default();
            if let Some((tally, _)) = of_site.get_mut(at) {
                tally.add(&sums.tally());
            }
        }
    }
    // 2. What is open, as it stands now.
    for (site, mut state) in states(connection, ids)? {
        let closed = state.ledger.settle(now, None);
        let of_site = figures.entry(site).or_default();
        let hours = || closed.hours.iter().chain([&state.ledger.hour]);
        let days = || closed.days.iter().chain([&state.ledger.day]);
        for (at, (first, size)) in firsts.into_iter().enumerate() {
            let Some((tally, locations)) = of_site.get_mut(at) else { continue };
            let open: Vec<&Open> = if size == HOUR_MS { hours().collect() } else { days().collect() };
            open.into_iter().filter(|open| open.number >= first).for_each(|open| tally.add(&open.tally));
            *locations += 1;
        }
    }
    let figure = |(tally, locations): (Tally, i64), (first, size): (i64, i64)| Figure {
        uptime_ppm: tally.uptime_ppm(),
        coverage_ppm: tally.coverage_ppm((now.ms() - first * size).max(1) * locations.max(1)),
    };
    let [of_day, of_week, of_month] = firsts;
    let figures = figures.into_iter().map(|(site, [one, seven, thirty])| {
        let figures = Figures {
            day: figure(one, of_day),
            week: figure(seven, of_week),
            month: figure(thirty, of_month),
        };
        (site, figures)
    });
    Ok(figures.collect())
}

/// The sums per site of all hours (or days) from the number `first` on. The database adds: it is many rows.
fn sums(
    connection: &mut AnyConnection,
    ids: Option<&[SiteId]>,
    size: i64,
    first: i64,
) -> Result<Vec<Sums>, StoreError> {
    let (table, number) = if size == HOUR_MS { ("site_hours", "hour") } else { ("site_days", "day") };
    let select =
        "SELECT site_id, CAST(sum(up_ms) AS BIGINT) AS up_ms, CAST(sum(down_ms) AS BIGINT) AS down_ms";
    let all = format!("{select} FROM {table} WHERE {number} >= $1");
    let mut found = Vec::new();
    match ids {
        None => {
            let query = diesel::sql_query(format!("{all} GROUP BY site_id"));
            found.extend(query.bind::<BigInt, _>(first).load::<Sums>(connection)?);
        }
        Some(ids) => {
            for id in ids {
                let query = diesel::sql_query(format!("{all} AND site_id = $2 GROUP BY site_id"));
                found.extend(
                    query.bind::<BigInt, _>(first).bind::<Integer, _>(id.0).load::<Sums>(connection)?,
                );
            }
        }
    }
    Ok(found)
}

fn states(
    connection: &mut AnyConnection,
    ids: Option<&[SiteId]>,
) -> Result<Vec<(SiteId, SiteState)>, StoreError> {
    let query = || site_states::table.select(StateRow::as_select());
    let rows: Vec<StateRow> = match ids {
        None => query().load(connection)?,
        Some(ids) => {
            let ids: Vec<i32> = ids.iter().map(|id| id.0).collect();
            let mut rows = Vec::new();
            for chunk in ids.chunks(CHUNK) {
                rows.extend(query().filter(site_states::site_id.eq_any(chunk)).load(connection)?);
            }
            rows
        }
    };
    rows.into_iter().map(TryInto::try_into).collect()
}
