//! Which days the hours of each place are of: by the time zone of its runs, from the hour on that it was changed.

use std::collections::HashMap;

use diesel::prelude::*;

use super::schema::day_zones;
use super::{AnyConnection, StoreError};
use crate::calendar::{Days, Zone};
use crate::domain::plan::{RunContext, RunPlan};
use crate::domain::{Instant, LocationId};

/// The days of all places.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calendars {
    /// Whose days people are shown: the zone that was noted last.
    pub zone: Zone,
    places: HashMap<LocationId, Days>,
    /// Of places without looks.
    others: Days,
}

impl Calendars {
    /// The days of `place`.
    pub fn of(&self, place: LocationId) -> &Days {
        self.places.get(&place).unwrap_or(&self.others)
    }
}

/// The days of all places, as runs noted them.
///
/// # Errors
/// What the database says.
pub fn all(connection: &mut AnyConnection) -> Result<Calendars, StoreError> {
    let mut newest: Option<(i64, Zone)> = None;
    let mut noted: HashMap<LocationId, Vec<(i64, Zone)>> = HashMap::new();
    let rows: Vec<(i32, i64, String)> = day_zones::table
        .order((day_zones::location_id, day_zones::first_hour))
        .select((day_zones::location_id, day_zones::first_hour, day_zones::zone))
        .load(connection)?;
    for (place, hour, name) in rows {
        let zone: Zone = name.parse().map_err(StoreError::unreadable)?;
        if newest.as_ref().is_none_or(|(newest, _)| hour > *newest) {
            newest = Some((hour, zone.clone()));
        }
        noted.entry(LocationId(place)).or_default().push((hour, zone));
    }
    let zone = newest.map(|(_, zone)| zone).unwrap_or_default();
    let places = noted.into_iter().map(|(place, noted)| (place, days(noted))).collect();
    Ok(Calendars { others: Days::new(zone.clone(), Vec::new()), zone, places })
}

/// Whose days people are shown; `None` before the first look.
///
/// # Errors
/// What the database says.
pub fn zone(connection: &mut AnyConnection) -> Result<Option<Zone>, StoreError> {
    let newest = day_zones::table.order((day_zones::first_hour.desc(), day_zones::location_id));
    let Some(name) = newest.select(day_zones::zone).first::<String>(connection).optional()? else {
        return Ok(None);
    };
    name.parse().map(Some).map_err(StoreError::unreadable)
}

/// The days of the run's place, with its zone from the next hour on when that is another than before.
pub(super) fn of_run(
    connection: &mut AnyConnection,
    context: &RunContext,
    plan: &RunPlan,
) -> Result<Days, StoreError> {
    let place = day_zones::location_id.eq(context.location.0);
    let mut noted: Vec<(i64, Zone)> = Vec::new();
    let rows: Vec<(i64, String)> = day_zones::table
        .filter(place)
        .order(day_zones::first_hour)
        .select((day_zones::first_hour, day_zones::zone))
        .load(connection)?;
    for (hour, name) in rows {
        noted.push((hour, name.parse().map_err(StoreError::unreadable)?));
    }
    let Some((_, look)) = plan.views.first() else { return Ok(days(noted)) };
    // A clock that is set back before a change changes nothing.
    if noted.last().is_none_or(|(_, zone)| *zone != context.zone) {
        let next = noted.last().map_or(ALWAYS, |(_, zone)| next_hour(&[zone, &context.zone], look.at));
        noted.retain(|(hour, _)| *hour < next);
        diesel::delete(day_zones::table.filter(place.and(day_zones::first_hour.ge(next))))
            .execute(connection)?;
        if noted.last().is_none_or(|(_, zone)| *zone != context.zone) {
            diesel::insert_into(day_zones::table)
                .values((place, day_zones::first_hour.eq(next), day_zones::zone.eq(context.zone.name())))
                .execute(connection)?;
            noted.push((next, context.zone.clone()));
        }
    }
    Ok(days(noted))
}

/// From which hour on the first zone of a place holds.
const ALWAYS: i64 = 0;

/// The hour after the one at `at`, whichever of these zones counts.
fn next_hour(zones: &[&Zone], at: Instant) -> i64 {
    zones.iter().map(|zone| zone.hours().number_of(at)).max().unwrap_or(0) + 1
}

fn days(noted: Vec<(i64, Zone)>) -> Days {
    let mut noted = noted.into_iter();
    let first = noted.next().map(|(_, zone)| zone).unwrap_or_default();
    Days::new(first, noted.collect())
}
