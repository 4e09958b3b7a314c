//! Hours and days of sites, read as uptime and coverage. Days that are over have rows of their own; a day that goes on is
//! made of its hours, and the hour that goes on is in the site's state.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer};

use super::rows::StateRow;
use super::schema::site_states;
use super::spans::Whose;
use super::{AnyConnection, CHUNK, StoreError, backend, spans};
use crate::calendar::Zone;
use crate::domain::plan::SiteState;
use crate::domain::uptime::{Figure, Figures, Open, Tally};
use crate::domain::{Instant, LocationId, SiteId};

#[derive(QueryableByName)]
struct Sums {
    #[diesel(sql_type = Integer)]
    site_id: i32,
    #[diesel(sql_type = Integer)]
    location_id: i32,
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
    // 1. What is open, as it stands now.
    let mut open_days: BTreeMap<i64, BTreeSet<Whose>> = BTreeMap::new();
    for (whose, mut state) in states(connection, ids)? {
        let day = zone.day_of(hours.start_of(state.ledger.hour.number));
        if windows.first_days.iter().any(|first| day >= *first) {
            open_days.entry(day).or_default().insert(whose);
        }
        let over = state.ledger.settle(now, None, hours);
        let of_site = figures.entry(whose.0).or_default();
        of_site.locations += 1;
        for open in over.iter().chain([&state.ledger.hour]) {
            let day = zone.day_of(hours.start_of(open.number));
            windows.add(of_site, open.number, day, &open.tally);
        }
    }
    // 2. Hours that are over: those of the last day, and those of the days that go on, which are mostly the same. At another
    // place the same day may be over, and written.
    let mut borders = BTreeSet::from([windows.first_hour, hour + 1]);
    for day in open_days.keys() {
        borders.extend([zone.first_hour_of(*day), zone.first_hour_of(day + 1).min(hour + 1)]);
    }
    for (from, to) in borders.iter().zip(borders.iter().skip(1)) {
        let (from, to) = (*from, *to);
        let (day, is_of_last_day) = (zone.day_of(hours.start_of(from)), from >= windows.first_hour);
        let open = open_days.get(&day);
        let named = open.map(sites_of).filter(|sites| !is_of_last_day && sites.len() <= MOST_BY_NAME);
        if !is_of_last_day && open.is_none() {
            continue;
        }
        for (whose, tally) in sums(connection, named.as_deref().or(ids), "site_hours", "hour", (from, to))? {
            let of_site = figures.entry(whose.0).or_default();
            if is_of_last_day {
                of_site.day.add(&tally);
            }
            if open.is_some_and(|open| open.contains(&whose)) {
                windows.add_day(of_site, day, &tally);
            }
        }
    }
    // 3. Days that are over: the week's, and those of the month before it.
    let [week, month] = windows.first_days;
    for (from, to) in [(month, week), (week, today + 1)] {
        for ((site, _), tally) in sums(connection, ids, "site_days", "day", (from, to))? {
            windows.add_day(figures.entry(site).or_default(), from, &tally);
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
    for ((site, _), day) in spans::days(connection, ids, (from, to))? {
        totals.entry(site).or_default().open.add_span(&day);
    }
    let is_in = |hour: i64| (from..to).contains(&zone.day_of(zone.hours().start_of(hour)));
    let mut open_days: BTreeMap<i64, BTreeSet<Whose>> = BTreeMap::new();
    for (whose, mut state) in states(connection, Some(ids))? {
        let total = totals.entry(whose.0).or_default();
        total.locations += 1;
        let day = zone.day_of(zone.hours().start_of(state.ledger.hour.number));
        if (from..to).contains(&day) {
            open_days.entry(day).or_default().insert(whose);
        }
        let over = state.ledger.settle(now, None, zone.hours());
        let open = over.iter().chain([&state.ledger.hour]).filter(|open| is_in(open.number));
        open.for_each(|open| total.open.add_span(open));
    }
    for (day, places) in open_days {
        let span = (zone.first_hour_of(day), zone.first_hour_of(day + 1));
        let hours = spans::hours(connection, &sites_of(&places), span)?;
        for (whose, hour) in hours.into_iter().filter(|(whose, _)| places.contains(whose)) {
            totals.entry(whose.0).or_default().open.add_span(&hour);
        }
    }
    Ok(totals)
}

/// The sites of these pairs, each once.
fn sites_of(places: &BTreeSet<Whose>) -> Vec<SiteId> {
    let mut sites: Vec<SiteId> = places.iter().map(|(site, _)| *site).collect();
    sites.dedup();
    sites
}

/// What no row of `site` tells of yet at `now`: the hours that go on and, when they are asked for, those of the days that
/// go on, which may be another day at another place.
pub(super) fn unwritten(
    connection: &mut AnyConnection,
    site: SiteId,
    zone: Zone,
    of_days: bool,
    now: Instant,
) -> Result<Vec<Open>, StoreError> {
    let mut found = Vec::new();
    for (whose, mut state) in states(connection, Some(&[site]))? {
        let day = zone.day_of(zone.hours().start_of(state.ledger.hour.number));
        found.extend(state.ledger.settle(now, None, zone.hours()));
        found.push(state.ledger.hour);
        if of_days {
            let span = (zone.first_hour_of(day), zone.first_hour_of(day + 1));
            let hours = spans::hours(connection, &[site], span)?.into_iter();
            found.extend(hours.filter(|(other, _)| *other == whose).map(|(_, hour)| hour));
        }
    }
    Ok(found)
}

/// The sums per site and place of the hours (or days) with these numbers, the last one not among them. The database adds: it is
/// many rows.
fn sums(
    connection: &mut AnyConnection,
    ids: Option<&[SiteId]>,
    table: &str,
    number: &str,
    (from, to): (i64, i64),
) -> Result<Vec<(Whose, Tally)>, StoreError> {
    let mut found: Vec<Sums> = Vec::new();
    match ids {
        None => {
            let query = diesel::sql_query(backend::sums::question(connection, table, number, ""));
            found.extend(query.bind::<BigInt, _>(from).bind::<BigInt, _>(to).load(connection)?);
        }
        Some(ids) => {
            let of_site = backend::sums::question(connection, table, number, "state.site_id = $3");
            for id in ids {
                let query = diesel::sql_query(&of_site);
                let query = query.bind::<BigInt, _>(from).bind::<BigInt, _>(to).bind::<Integer, _>(id.0);
                found.extend(query.load(connection)?);
            }
        }
    }
    Ok(found
        .iter()
        .map(|sums| ((SiteId(sums.site_id), LocationId(sums.location_id)), sums.tally()))
        .collect())
}

fn states(
    connection: &mut AnyConnection,
    ids: Option<&[SiteId]>,
) -> Result<Vec<(Whose, SiteState)>, StoreError> {
    let query = || site_states::table.select((site_states::location_id, StateRow::as_select()));
    let rows: Vec<(i32, StateRow)> = match ids {
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
    let whose = |(location, row): (i32, StateRow)| {
        let (site, state) = row.try_into()?;
        Ok(((site, LocationId(location)), state))
    };
    rows.into_iter().map(whose).collect()
}
