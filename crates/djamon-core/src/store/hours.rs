//! Hours and days of sites, read as uptime and coverage. Days that are over have rows of their own; a day that goes on is
//! made of its hours, and the hour that goes on is in the site's state.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer};

use super::rows::StateRow;
use super::schema::site_states;
use super::{AnyConnection, CHUNK, StoreError, spans};
use crate::domain::plan::SiteState;
use crate::domain::uptime::{Figure, Figures, Open, Tally};
use crate::domain::{Instant, SiteId};

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
    let zone = spans::zone(connection)?.unwrap_or_default();
    let hours = zone.hours();
    let (hour, today) = (hours.number_of(now), zone.day_of(now));
    let windows = Windows { first_hour: hour - 23, first_days: [today - 6, today - 29] };
    let mut figures: HashMap<SiteId, Sum> = HashMap::new();
    // 1. What is over.
    for (site, tally) in sums(connection, ids, "site_hours", "hour", (windows.first_hour, hour + 1))? {
        figures.entry(site).or_default().day.add(&tally);
    }
    for (at, first) in windows.first_days.into_iter().enumerate() {
        for (site, tally) in sums(connection, ids, "site_days", "day", (first, today + 1))? {
            figures.entry(site).or_default().add_to(at, &tally);
        }
    }
    // 2. What is open, as it stands now, and the hours of the day that is.
    let mut open_days: BTreeMap<i64, BTreeSet<SiteId>> = BTreeMap::new();
    for (site, mut state) in states(connection, ids)? {
        let day = zone.day_of(hours.start_of(state.ledger.hour.number));
        if windows.first_days.iter().any(|first| day >= *first) {
            open_days.entry(day).or_default().insert(site);
        }
        let over = state.ledger.settle(now, None, hours);
        let of_site = figures.entry(site).or_default();
        of_site.locations += 1;
        for open in over.iter().chain([&state.ledger.hour]) {
            let day = zone.day_of(hours.start_of(open.number));
            windows.add(of_site, open.number, day, &open.tally);
        }
    }
    for (day, sites) in open_days {
        let span = (zone.first_hour_of(day), zone.first_hour_of(day + 1));
        let named: Vec<SiteId> = sites.iter().copied().collect();
        let named = (named.len() <= MOST_BY_NAME).then_some(named.as_slice());
        for (site, tally) in sums(connection, named, "site_hours", "hour", span)? {
            if sites.contains(&site) {
                windows.add_day(figures.entry(site).or_default(), day, &tally);
            }
        }
    }
    let [week, month] = windows.first_days.map(|first| zone.start_of(first));
    let day = hours.start_of(windows.first_hour);
    Ok(figures.into_iter().map(|(site, sum)| (site, sum.figures(now, day, week, month))).collect())
}

/// Sites of which more than this are asked for all at once.
const MOST_BY_NAME: usize = 50;

/// Which hours and days count.
struct Windows {
    first_hour: i64,
    first_days: [i64; 2],
}

impl Windows {
    fn add(&self, to: &mut Sum, hour: i64, day: i64, tally: &Tally) {
        if hour >= self.first_hour {
            to.day.add(tally);
        }
        self.add_day(to, day, tally);
    }

    fn add_day(&self, to: &mut Sum, day: i64, tally: &Tally) {
        let wide = self.first_days.iter().enumerate().filter(|(_, first)| day >= **first);
        wide.for_each(|(at, _)| to.add_to(at, tally));
    }
}

/// What is known of one site.
#[derive(Default)]
struct Sum {
    day: Tally,
    week_and_month: [Tally; 2],
    locations: i64,
}

impl Sum {
    fn add_to(&mut self, at: usize, tally: &Tally) {
        if let Some(sum) = self.week_and_month.get_mut(at) {
            sum.add(tally);
        }
    }

    fn figures(&self, now: Instant, day: Instant, week: Instant, month: Instant) -> Figures {
        let figure = |tally: &Tally, from: Instant| Figure {
            uptime_ppm: tally.uptime_ppm(),
            coverage_ppm: tally.coverage_ppm((now.ms() - from.ms()).max(1) * self.locations.max(1)),
        };
        let [of_week, of_month] = &self.week_and_month;
        Figures { day: figure(&self.day, day), week: figure(of_week, week), month: figure(of_month, month) }
    }
}

/// What is known of a site in a range.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Total {
    /// Its time and response times; the number means nothing.
    pub open: Open,
    /// From how many places it was looked at.
    pub locations: i64,
}

/// What is known at `now` of the sites of `ids` between the days `from` and `to` (not included). Sites that were never
/// looked at are not among them.
///
/// # Errors
/// What the database says.
pub fn totals(
    connection: &mut AnyConnection,
    ids: &[SiteId],
    (from, to): (i64, i64),
    now: Instant,
) -> Result<HashMap<SiteId, Total>, StoreError> {
    let zone = spans::zone(connection)?.unwrap_or_default();
    let mut totals: HashMap<SiteId, Total> = HashMap::new();
    for (site, day) in spans::days(connection, ids, (from, to))? {
        totals.entry(site).or_default().open.add_span(&day);
    }
    let is_in = |hour: i64| (from..to).contains(&zone.day_of(zone.hours().start_of(hour)));
    let mut open_days: BTreeMap<i64, Vec<SiteId>> = BTreeMap::new();
    for (site, mut state) in states(connection, Some(ids))? {
        let total = totals.entry(site).or_default();
        total.locations += 1;
        let day = zone.day_of(zone.hours().start_of(state.ledger.hour.number));
        if (from..to).contains(&day) {
            open_days.entry(day).or_default().push(site);
        }
        let over = state.ledger.settle(now, None, zone.hours());
        let open = over.iter().chain([&state.ledger.hour]).filter(|open| is_in(open.number));
        open.for_each(|open| total.open.add_span(open));
    }
    for (day, sites) in open_days {
        let span = (zone.first_hour_of(day), zone.first_hour_of(day + 1));
        for (site, hour) in spans::hours(connection, &sites, span)? {
            totals.entry(site).or_default().open.add_span(&hour);
        }
    }
    Ok(totals)
}

/// The sums per site of the hours (or days) with these numbers, the last one not among them. The database adds: it is
/// many rows.
fn sums(
    connection: &mut AnyConnection,
    ids: Option<&[SiteId]>,
    table: &str,
    number: &str,
    (from, to): (i64, i64),
) -> Result<Vec<(SiteId, Tally)>, StoreError> {
    // From the states on, which is what CROSS tells SQLite: the key begins with site and place, and what is asked for is
    // little of the whole table.
    let all = format!(
        "SELECT state.site_id, CAST(sum(span.up_ms) AS BIGINT) AS up_ms, CAST(sum(span.down_ms) AS BIGINT) AS down_ms \
         FROM site_states state CROSS JOIN {table} span WHERE span.site_id = state.site_id \
         AND span.location_id = state.location_id AND span.{number} >= $1 AND span.{number} < $2"
    );
    let mut found: Vec<Sums> = Vec::new();
    match ids {
        None => {
            let query = diesel::sql_query(format!("{all} GROUP BY state.site_id"));
            found.extend(query.bind::<BigInt, _>(from).bind::<BigInt, _>(to).load(connection)?);
        }
        Some(ids) => {
            for id in ids {
                let query = diesel::sql_query(format!("{all} AND state.site_id = $3 GROUP BY state.site_id"));
                let query = query.bind::<BigInt, _>(from).bind::<BigInt, _>(to).bind::<Integer, _>(id.0);
                found.extend(query.load(connection)?);
            }
        }
    }
    Ok(found.iter().map(|sums| (SiteId(sums.site_id), sums.tally())).collect())
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
