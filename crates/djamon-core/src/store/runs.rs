//! Run records: every run leaves one, also the blind, the killed and those that found another still going.

use diesel::prelude::*;

use super::idle::{self, Idle};
use super::rows::RunRow;
use super::schema::{locations, runs};
use super::{AnyConnection, StoreError, blindness, write};
use crate::domain::instant::millis;
use crate::domain::run::{Blind, Counts, Run, RunState};
use crate::domain::{Instant, LocationId, RunId};
use std::time::Duration;

/// The number of the location of this name, if it is known.
///
/// # Errors
/// What the database says.
pub fn known_location(connection: &mut AnyConnection, name: &str) -> Result<Option<LocationId>, StoreError> {
    let row = locations::table.filter(locations::name.eq(name)).select(locations::id);
    Ok(row.first::<i32>(connection).optional()?.map(LocationId))
}

/// The number of the location of this name, made if it is new.
///
/// # Errors
/// What the database says.
pub fn location(connection: &mut AnyConnection, name: &str) -> Result<LocationId, StoreError> {
    if let Some(id) = known_location(connection, name)? {
        return Ok(id);
    }
    write(connection, |connection| match known_location(connection, name)? {
        Some(id) => Ok(id),
        None => {
            let new = diesel::insert_into(locations::table).values(locations::name.eq(name));
            Ok(LocationId(new.returning(locations::id).get_result(connection)?))
        }
    })
}

/// Begins a run that may look: its record stands from now on. Earlier runs of the location that never ended were killed (the
/// caller holds the location's lock) and are marked so.
///
/// # Errors
/// What the database says.
pub fn begin(
    connection: &mut AnyConnection,
    location: LocationId,
    now: Instant,
    expected_interval: Duration,
) -> Result<RunId, StoreError> {
    write(connection, |connection| {
        bury(connection, location, now)?;
        idle::forget(connection, location)?;
        insert(connection, location, RunState::Running, now, None, expected_interval)
    })
}

/// Notes a run that had nothing to look at, from its beginning to its end; otherwise as [`begin`].
///
/// # Errors
/// What the database says.
pub fn note_idle(
    connection: &mut AnyConnection,
    location: LocationId,
    now: Instant,
    expected_interval: Duration,
) -> Result<RunId, StoreError> {
    write(connection, |connection| {
        bury(connection, location, now)?;
        insert(connection, location, RunState::Done, now, Some(now), expected_interval)
    })
}

fn bury(connection: &mut AnyConnection, location: LocationId, now: Instant) -> Result<(), StoreError> {
    let unfinished = runs::table.filter(runs::location_id.eq(location.0).and(runs::finished_at.is_null()));
    diesel::update(unfinished)
        .set((runs::state.eq(RunState::Died.name()), runs::finished_at.eq(now.ms())))
        .execute(connection)?;
    Ok(())
}

/// Notes that a run found another one of its location still going.
///
/// # Errors
/// What the database says.
pub fn note_overlap(
    connection: &mut AnyConnection,
    location: LocationId,
    now: Instant,
    expected_interval: Duration,
) -> Result<RunId, StoreError> {
    write(connection, |connection| {
        insert(connection, location, RunState::Overlap, now, Some(now), expected_interval)
    })
}

fn insert(
    connection: &mut AnyConnection,
    location: LocationId,
    state: RunState,
    started_at: Instant,
    finished_at: Option<Instant>,
    expected_interval: Duration,
) -> Result<RunId, StoreError> {
    let id: i32 = diesel::insert_into(runs::table)
        .values((
            runs::location_id.eq(location.0),
            runs::state.eq(state.name()),
            runs::started_at.eq(started_at.ms()),
            runs::finished_at.eq(finished_at.map(Instant::ms)),
            runs::expected_interval_ms.eq(millis(expected_interval)),
            (runs::sites.eq(0), runs::up.eq(0), runs::failing.eq(0), runs::down.eq(0), runs::skipped.eq(0)),
        ))
        .returning(runs::id)
        .get_result(connection)?;
    Ok(RunId(id))
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// When.
    pub at: Instant,
    /// Whether and why it could not see.
    pub blind: Option<Blind>,
    /// What it counted.
    pub counts: Counts,
    /// Why sites were skipped.
    pub skipped_reason: Option<String>,
    /// Until when the next runs of its location will find nothing due, if that is known.
    pub idle: Option<Idle>,
}

/// Ends a run; its alerts may be delivered from now on.
///
/// # Errors
/// What the database says.
pub fn finish(connection: &mut AnyConnection, run: RunId, ending: &Ending) -> Result<(), StoreError> {
    let count = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
    let state = if ending.blind.is_some() { RunState::Blind } else { RunState::Done };
    write(connection, |connection| {
        if let Some(idle) = &ending.idle {
            idle::note(connection, idle)?;
        }
        let (location, expected_interval_ms): (i32, i64) =
            diesel::update(runs::table.filter(runs::id.eq(run.0)))
                .set((
                    runs::state.eq(state.name()),
                    runs::finished_at.eq(ending.at.ms()),
                    runs::blind_reason.eq(ending.blind.as_ref().map(|blind| blind.reason.as_str())),
                    runs::blind_from.eq(ending.blind.as_ref().map(|blind| blind.from.ms())),
                    runs::sites.eq(count(ending.counts.sites)),
                    runs::up.eq(count(ending.counts.up)),
                    runs::failing.eq(count(ending.counts.failing)),
                    runs::down.eq(count(ending.counts.down)),
                    runs::skipped.eq(count(ending.counts.skipped)),
                    runs::skipped_reason.eq(ending.skipped_reason.as_deref()),
                ))
                .returning((runs::location_id, runs::expected_interval_ms))
                .get_result(connection)?;
        let Some(blind) = &ending.blind else { return Ok(()) };
        let until = Instant::from_ms(ending.at.ms().saturating_add(expected_interval_ms.saturating_mul(2)));
        blindness::goes_on(connection, LocationId(location), blind, until)
    })
}

/// The location's last run that was not turned away, before `run` if given.
///
/// # Errors
/// What the database says.
pub fn last(
    connection: &mut AnyConnection,
    location: Option<LocationId>,
    before: Option<RunId>,
) -> Result<Option<Run>, StoreError> {
    let mut query = runs::table
        .filter(runs::state.ne(RunState::Overlap.name()))
        .order(runs::id.desc())
        .select(RunRow::as_select())
        .into_boxed();
    if let Some(location) = location {
        query = query.filter(runs::location_id.eq(location.0));
    }
    if let Some(run) = before {
        query = query.filter(runs::id.lt(run.0));
    }
    query.first(connection).optional()?.map(Run::try_from).transpose()
}

/// The last run that came to its end, able to see or not: what is known is as old as it.
///
/// # Errors
/// What the database says.
pub fn last_ended(connection: &mut AnyConnection) -> Result<Option<Run>, StoreError> {
    let query = runs::table
        // Not as one of a list: that would be planned anew each time.
        .filter(runs::state.eq(RunState::Done.name()).or(runs::state.eq(RunState::Blind.name())))
        .order(runs::id.desc())
        .select(RunRow::as_select());
    query.first(connection).optional()?.map(Run::try_from).transpose()
}

/// The newest `limit` runs, newest first, of every kind.
///
/// # Errors
/// What the database says.
pub fn newest(connection: &mut AnyConnection, limit: i64) -> Result<Vec<Run>, StoreError> {
    let rows = runs::table.order(runs::id.desc()).limit(limit).select(RunRow::as_select());
    rows.load(connection)?.into_iter().map(Run::try_from).collect()
}
