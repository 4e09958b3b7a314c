//! Hours and days of sites, read as what is known of ranges of them. Days that are over have rows of their own; a day that
//! goes on is made of its hours, and the hour that goes on is in the site's state.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::prelude::*;

use super::calendars::{self, Calendars};
use super::rows::StateRow;
use super::schema::site_states;
use super::spans::Whose;
use super::{AnyConnection, CHUNK, StoreError, blindness, spans};
use crate::calendar::Piece;
use crate::domain::plan::SiteState;
use crate::domain::uptime::Open;
use crate::domain::{Instant, LocationId, SiteId};

/// What is known of the sites of `ids` between the days `from` and `to` (not included), of each up to the time that `until`
/// gives: now, or when it was removed. The numbers mean nothing. Sites that were never looked at are not among them.
///
/// # Errors
/// What the database says.
pub fn totals(
    connection: &mut AnyConnection,
    ids: &[SiteId],
    (from, to): (i64, i64),
    until: impl Fn(SiteId) -> Instant,
) -> Result<HashMap<SiteId, Open>, StoreError> {
    let calendars = calendars::all(connection)?;
    let mut totals: BTreeMap<Whose, Open> = BTreeMap::new();
    for (whose, day) in spans::days(connection, ids, (from, to))? {
        totals.entry(whose).or_default().add_span(&day);
    }
    let oldest = ids.iter().map(|id| until(*id)).min().unwrap_or(Instant::from_ms(0));
    let blindness = blindness::of_places(connection, oldest)?;
    // Places and hours that go on there, with the sites: almost always all in the same hour.
    let mut going_on: BTreeMap<(LocationId, i64), Vec<SiteId>> = BTreeMap::new();
    for ((site, place), mut state) in states(connection, Some(ids))? {
        let total = totals.entry((site, place)).or_default();
        going_on.entry((place, state.ledger.hour.number)).or_default().push(site);
        let calendar = calendars.of(place);
        let over = state.ledger.settle(until(site), blindness.of(place), calendar.zone().hours());
        let open = over.iter().chain([&state.ledger.hour]);
        open.filter(|open| (from..to).contains(&calendar.day_of(open.number)))
            .for_each(|open| total.add_span(open));
    }
    for ((place, open), sites) in going_on {
        let pieces = calendars.of(place).going_on(open).into_iter();
        let pieces: Vec<_> = pieces.filter(|piece| (from..to).contains(&piece.day)).collect();
        for (site, hour) in written(connection, &sites, place, &pieces)? {
            totals.entry((site, place)).or_default().add_span(&hour);
        }
    }
    let totals: Vec<(Whose, Open)> = totals.into_iter().collect();
    let of_sites = totals.chunk_by(|((one, _), _), ((other, _), _)| one == other);
    let of_site = |places: &[(Whose, Open)]| {
        Some((places.first()?.0.0, Open::of_places(places.iter().map(|(_, place)| place))))
    };
    Ok(of_sites.filter_map(of_site).collect())
}

/// What rows tell of these hours of sites as they are seen from `place`.
fn written(
    connection: &mut AnyConnection,
    sites: &[SiteId],
    place: LocationId,
    pieces: &[Piece],
) -> Result<Vec<(SiteId, Open)>, StoreError> {
    if pieces.is_empty() {
        return Ok(Vec::new());
    }
    let is_asked_for = |hour: i64| pieces.iter().any(|piece| piece.hours.contains(&hour));
    let hours = spans::hours(connection, sites, spans::bounds(pieces))?.into_iter();
    let here = hours.filter(|((_, other), hour)| *other == place && is_asked_for(hour.number));
    Ok(here.map(|((site, _), hour)| (site, hour)).collect())
}

/// What no row of hours of `site` tells of yet at `now`.
pub(super) fn unwritten_hours(
    connection: &mut AnyConnection,
    site: SiteId,
    calendars: &Calendars,
    now: Instant,
) -> Result<Vec<(LocationId, Open)>, StoreError> {
    let hours = unwritten(connection, site, calendars, now)?.into_iter();
    Ok(hours.map(|(place, _, open)| (place, open)).collect())
}

/// What no row of days of `site` tells of yet at `now`, under the numbers of the days; several may be parts of one.
pub(super) fn unwritten_days(
    connection: &mut AnyConnection,
    site: SiteId,
    calendars: &Calendars,
    now: Instant,
) -> Result<Vec<(LocationId, Open)>, StoreError> {
    let mut found = Vec::new();
    let mut going_on: BTreeSet<(LocationId, i64)> = BTreeSet::new();
    for (place, goes_on, open) in unwritten(connection, site, calendars, now)? {
        going_on.insert((place, goes_on));
        found.push((place, Open { number: calendars.of(place).day_of(open.number), ..open }));
    }
    for (place, open) in going_on {
        let calendar = calendars.of(place);
        let hours = written(connection, &[site], place, &calendar.going_on(open))?.into_iter();
        let of_day = |hour: Open| (place, Open { number: calendar.day_of(hour.number), ..hour });
        found.extend(hours.map(|(_, hour)| of_day(hour)));
    }
    Ok(found)
}

/// From where it is seen, which hour goes on there by the last look, and what is known of that hour and of those since.
fn unwritten(
    connection: &mut AnyConnection,
    site: SiteId,
    calendars: &Calendars,
    now: Instant,
) -> Result<Vec<(LocationId, i64, Open)>, StoreError> {
    let mut found = Vec::new();
    let blindness = blindness::of_places(connection, now)?;
    for ((_, place), mut state) in states(connection, Some(&[site]))? {
        let goes_on = state.ledger.hour.number;
        let hours = calendars.of(place).zone().hours();
        let over = state.ledger.settle(now, blindness.of(place), hours);
        found.extend(over.into_iter().chain([state.ledger.hour]).map(|open| (place, goes_on, open)));
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
