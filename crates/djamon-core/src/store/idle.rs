//! Until when nothing is due: found out once, by a run that found nothing, so that the next ones need not ask about each site.
//! It holds while the clock is not set back before that run, nobody edits what is watched, and no run looks.

use diesel::dsl::{exists, min, select};
use diesel::prelude::*;

use super::schema::{locations, site_states, sites, watch_list};
use super::{AnyConnection, StoreError};
use crate::domain::plan::EARLY;
use crate::domain::{Instant, LocationId};

/// From when until when nothing is due at a location, if nobody edits what is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Idle {
    location: LocationId,
    from: Instant,
    until: Instant,
    version: i64,
}

/// The version of what is watched: another one after every edit of a site or group, by whomever. To be read before it is
/// asked what is due.
///
/// # Errors
/// What the database says.
pub fn version(connection: &mut AnyConnection) -> Result<Option<i64>, StoreError> {
    Ok(watch_list::table.select(watch_list::version).first(connection).optional()?)
}

/// Until when nothing will be due, where nothing is due at `now`, of this `version`. `None` when that is not known.
///
/// # Errors
/// What the database says.
pub fn of(
    connection: &mut AnyConnection,
    location: LocationId,
    version: Option<i64>,
    now: Instant,
) -> Result<Option<Idle>, StoreError> {
    let watched = sites::paused_at.is_null().and(sites::removed_at.is_null());
    let first: Option<i64> = site_states::table
        .inner_join(sites::table.on(site_states::site_id.eq(sites::id)))
        .filter(site_states::location_id.eq(location.0).and(watched))
        .select(min(site_states::next_due_at))
        .get_result(connection)?;
    let until = first.map(|first| Instant::from_ms(first).minus(EARLY));
    Ok(version.zip(until).map(|(version, until)| Idle { location, from: now, until, version }))
}

/// Whether it is known that nothing is due at `now`.
///
/// # Errors
/// What the database says.
pub fn holds(connection: &mut AnyConnection, location: LocationId, now: Instant) -> Result<bool, StoreError> {
    let version = watch_list::table.select(watch_list::version).single_value();
    let known = locations::table
        .filter(locations::id.eq(location.0))
        .filter(locations::idle_from.le(now.ms()).and(locations::idle_until.gt(now.ms())))
        .filter(locations::idle_version.eq(version));
    Ok(select(exists(known)).get_result(connection)?)
}

/// Notes it. To be called within [`super::write`].
///
/// # Errors
/// What the database says.
pub(super) fn note(connection: &mut AnyConnection, idle: &Idle) -> Result<(), StoreError> {
    diesel::update(locations::table.filter(locations::id.eq(idle.location.0)))
        .set((
            locations::idle_from.eq(idle.from.ms()),
            locations::idle_until.eq(idle.until.ms()),
            locations::idle_version.eq(idle.version),
        ))
        .execute(connection)?;
    Ok(())
}

/// Forgets it: a run that looks moves slots. To be called within [`super::write`].
///
/// # Errors
/// What the database says.
pub(super) fn forget(connection: &mut AnyConnection, location: LocationId) -> Result<(), StoreError> {
    let noted = locations::id.eq(location.0).and(locations::idle_until.is_not_null());
    diesel::update(locations::table.filter(noted))
        .set(locations::idle_until.eq(None::<i64>))
        .execute(connection)?;
    Ok(())
}
