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

/// What is known at `now` of the sites of `ids` between the days `from` and `to` (not included), of those that were removed up to
/// then. The numbers mean nothing. Sites that were never looked at are not among them.
///
/// # Errors
/// What the database says.
pub fn totals(
    connection: &mut AnyConnection,
    ids: &[SiteId],
    (from, to): (i64, i64),
    now: Instant,
    removed: &HashMap<SiteId, Instant>,
) -> Result<HashMap<SiteId, Open>, StoreError> {
    let calendars = calendars::all(connection)?;
    let (today, present) = (calendars.zone.day_of(now), calendars.zone.hours().number_of(now));
    let is_asked_for = |day: i64| (from..to).contains(&day.min(today));
    let oldest = removed.values().copied().chain([now]).min().unwrap_or(now);
    let blindness = blindness::of_places(connection, oldest)?;
    let mut totals: BTreeMap<Whose, Open> = BTreeMap::new();
    // Places and hours that go on there, with the sites: almost always all in the same hour.
    let mut going_on: BTreeMap<(LocationId, i64), Vec<SiteId>> = BTreeMap::new();
    for ((site, place), mut state) in states(connection, Some(ids))? {
        let total = totals.entry((site, place)).or_default();
        going_on.entry((place, state.ledger.hour.number)).or_default().push(site);
        let calendar = calendars.of(place);
        let until = removed.get(&site).map_or(now, |removed_at| now.min(*removed_at));
        let over = state.ledger.settle(until, blindness.of(place), calendar.zone().hours());
        let open = over.iter().chain([&state.ledger.hour]);
        open.filter(|open| is_asked_for(calendar.day_of(open.number))).for_each(|open| total.add_span(open));
    }
    let mut not_over: BTreeSet<(Whose, i64)> = BTreeSet::new();
    for ((place, open), sites) in going_on {
        let pieces = calendars.of(place).going_on(open, present);
        for piece in &pieces {
            not_over.extend(sites.iter().map(|site| ((*site, place), piece.day)));
        }
        let pieces: Vec<_> = pieces.into_iter().filter(|piece| is_asked_for(piece.day)).collect();
        for (site, hour) in written(connection, &sites, place, &pieces)? {
            totals.entry((site, place)).or_default().add_span(&hour);
        }
    }
    for (whose, day) in spans::days(connection, ids, (from, to))? {
        if !not_over.contains(&(whose, day.number)) {
            totals.entry(whose).or_default().add_span(&day);
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

/// The days of `site` from `first` to the one of `now`, in parts: rows of days that are over, and the hours of those that go on.
/// What is past of a day that has not begun, by the days that are shown, is of today until then.
pub(super) fn days(
    connection: &mut AnyConnection,
    site: SiteId,
    calendars: &Calendars,
    first: i64,
    now: Instant,
) -> Result<Vec<(LocationId, Open)>, StoreError> {
    let (today, present) = (calendars.zone.day_of(now), calendars.zone.hours().number_of(now));
    let mut found = Vec::new();
    let mut going_on: BTreeSet<(LocationId, i64)> = BTreeSet::new();
    for (place, goes_on, open) in unwritten(connection, site, calendars, now)? {
        going_on.insert((place, goes_on));
        found.push((place, open));
    }
    let mut not_over: BTreeSet<(LocationId, i64)> = BTreeSet::new();
    for (place, open) in going_on {
        let pieces = calendars.of(place).going_on(open, present);
        not_over.extend(pieces.iter().map(|piece| (place, piece.day)));
        let hours = written(connection, &[site], place, &pieces)?.into_iter();
        found.extend(hours.map(|(_, hour)| (place, hour)));
    }
    let day_of = |(place, hour): (LocationId, Open)| {
        let number = calendars.of(place).day_of(hour.number).min(today);
        (place, Open { number, ..hour })
    };
    let mut found: Vec<_> = found.into_iter().map(day_of).filter(|(_, day)| day.number >= first).collect();
    let over = spans::days(connection, &[site], (first, today + 1))?.into_iter();
    let over = over.map(|((_, place), day)| (place, day));
    found.extend(over.filter(|(place, day)| !not_over.contains(&(*place, day.number))));
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
