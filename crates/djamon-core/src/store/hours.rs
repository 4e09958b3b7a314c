//! Hours and days of sites, read as what is known of ranges of them. Days that are over have rows of their own; a day that
//! goes on is made of its hours, and the hour that goes on is in the site's state.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::prelude::*;

use super::rows::StateRow;
use super::schema::site_states;
use super::spans::Whose;
use super::{AnyConnection, CHUNK, StoreError, blindness, spans};
use crate::calendar::Zone;
use crate::domain::plan::SiteState;
use crate::domain::uptime::Open;
use crate::domain::{Instant, LocationId, SiteId};

/// What is known of a site in a range.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Total {
    /// Its time and response times; the number means nothing.
    pub open: Open,
    /// From how many places it was looked at.
    pub locations: i64,
}

/// What is known of the sites of `ids` between the days `from` and `to` (not included), of each up to the time that `until`
/// gives: now, or when it was removed. Sites that were never looked at are not among them.
///
/// # Errors
/// What the database says.
pub fn totals(
    connection: &mut AnyConnection,
    ids: &[SiteId],
    (from, to): (i64, i64),
    until: impl Fn(SiteId) -> Instant,
) -> Result<HashMap<SiteId, Total>, StoreError> {
    let zone = spans::zone(connection)?.unwrap_or_default();
    let mut totals: HashMap<SiteId, Total> = HashMap::new();
    for ((site, _), day) in spans::days(connection, ids, (from, to))? {
        totals.entry(site).or_default().open.add_span(&day);
    }
    let is_in = |hour: i64| (from..to).contains(&zone.day_of(zone.hours().start_of(hour)));
    let mut open_days: BTreeMap<i64, BTreeSet<Whose>> = BTreeMap::new();
    let oldest = ids.iter().map(|id| until(*id)).min().unwrap_or(Instant::from_ms(0));
    let blindness = blindness::of_places(connection, oldest)?;
    for (whose, mut state) in states(connection, Some(ids))? {
        let total = totals.entry(whose.0).or_default();
        total.locations += 1;
        let day = zone.day_of(zone.hours().start_of(state.ledger.hour.number));
        if (from..to).contains(&day) {
            open_days.entry(day).or_default().insert(whose);
        }
        let over = state.ledger.settle(until(whose.0), blindness.of(whose.1), zone.hours());
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
    zone: &Zone,
    of_days: bool,
    now: Instant,
) -> Result<Vec<Open>, StoreError> {
    let mut found = Vec::new();
    let blindness = blindness::of_places(connection, now)?;
    for (whose, mut state) in states(connection, Some(&[site]))? {
        let day = zone.day_of(zone.hours().start_of(state.ledger.hour.number));
        found.extend(state.ledger.settle(now, blindness.of(whose.1), zone.hours()));
        found.push(state.ledger.hour);
        if of_days {
            let span = (zone.first_hour_of(day), zone.first_hour_of(day + 1));
            let hours = spans::hours(connection, &[site], span)?.into_iter();
            found.extend(hours.filter(|(other, _)| *other == whose).map(|(_, hour)| hour));
        }
    }
    Ok(found)
}

/// The states of these sites; of all when there are none named.
pub(super) fn states(
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
