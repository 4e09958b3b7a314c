//! How long nothing is due: found out once, by a run that found nothing, so that the next ones need not ask about each site.
//! It holds as long as the clock goes forward, nobody edits what is watched, and no run looks.

use diesel::dsl::{exists, min, select};
use diesel::prelude::*;

use super::schema::{locations, site_states, sites, watch_list};
use super::{AnyConnection, StoreError, write};
use crate::domain::plan::EARLY;
use crate::domain::{Instant, LocationId};

/// The version of what is watched: another one after every edit of a site or group, by whomever.
///
/// # Errors
/// What the database says.
pub fn version(connection: &mut AnyConnection) -> Result<i64, StoreError> {
    Ok(watch_list::table.select(watch_list::version).first(connection)?)
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

/// Notes that a run found nothing due at `now`, of the `version` read before it asked.
///
/// # Errors
/// What the database says.
pub fn note(
    connection: &mut AnyConnection,
    location: LocationId,
    version: i64,
    now: Instant,
) -> Result<(), StoreError> {
    let at = site_states::location_id.eq(location.0).and(site_states::site_id.eq(sites::id));
    let slots = site_states::table.inner_join(sites::table.on(at));
    let watched = sites::paused_at.is_null().and(sites::removed_at.is_null());
    let first = slots.filter(watched).select(min(site_states::next_due_at));
    let Some(first) = first.get_result::<Option<i64>>(connection)?.map(Instant::from_ms) else {
        return Ok(());
    };
    write(connection, |connection| {
        diesel::update(locations::table.filter(locations::id.eq(location.0)))
            .set((
                locations::idle_from.eq(now.ms()),
                locations::idle_until.eq(first.minus(EARLY).ms()),
                locations::idle_version.eq(version),
            ))
            .execute(connection)?;
        Ok(())
    })
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
