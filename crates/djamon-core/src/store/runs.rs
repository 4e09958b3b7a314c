//! Run records: every run leaves one, also the blind, the killed and those that found another still going.

use diesel::prelude::*;

use super::idle::{self, Idle};
use super::rows::RunRow;
use super::schema::{locations, runs};
use super::{AnyConnection, StoreError, write};
use crate::domain::instant::millis;
use crate::domain::run::{Blind, BlindTime, Counts, Run, RunState};
use crate::domain::{Instant, LocationId, RunId};
use std::collections::HashMap;
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
            .execute(connection)?;
        Ok(())
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

/// Since when the runs of the location just before `run` were blind; `None` when the last one to end could see.
///
/// # Errors
/// What the database says.
pub fn blind_since(
    connection: &mut AnyConnection,
    location: LocationId,
    run: RunId,
) -> Result<Option<Instant>, StoreError> {
    let before = || runs::table.filter(runs::location_id.eq(location.0).and(runs::id.lt(run.0)));
    let could_see: Option<i32> = before()
        .filter(runs::state.eq(RunState::Done.name()))
        .order(runs::id.desc())
        .select(runs::id)
        .first(connection)
        .optional()?;
    let since: Option<i64> = before()
        .filter(runs::state.eq(RunState::Blind.name()).and(runs::id.gt(could_see.unwrap_or(0))))
        .select(diesel::dsl::min(runs::blind_from))
        .get_result(connection)?;
    Ok(since.map(Instant::from_ms))
}

/// As many runs are looked through for blind ones: a month of one a minute.
const LOOKED_THROUGH: i32 = 43_200;

/// The newest `limit` times when a location could not see, newest first, as far as the last month of runs tells.
///
/// # Errors
/// What the database says.
pub fn blind_times(connection: &mut AnyConnection, limit: usize) -> Result<Vec<BlindTime>, StoreError> {
    let newest = runs::table.select(diesel::dsl::max(runs::id)).get_result::<Option<i32>>(connection)?;
    let oldest = newest.unwrap_or(0).saturating_sub(LOOKED_THROUGH);
    let mut times: Vec<BlindTime> = Vec::new();
    // Of each location, the run of its latest time that was looked at last, and which time that is.
    let mut at: HashMap<i32, (i32, usize)> = HashMap::new();
    let blind = runs::table
        .filter(runs::id.gt(oldest).and(runs::state.eq(RunState::Blind.name())))
        .order(runs::id.desc())
        .select(RunRow::as_select());
    for run in blind.load(connection)? {
        let run = Run::try_from(run)?;
        let Some(Blind { reason, from }) = run.blind else { continue };
        let location = run.location.0;
        match at.get(&location).copied() {
            Some((later, time)) if could_see(connection, location, run.id.0, later)?.is_none() => {
                if let Some(time) = times.get_mut(time) {
                    time.from = from;
                }
                at.insert(location, (run.id.0, time));
            }
            Some(_) | None if times.len() < limit => {
                let until = could_see(connection, location, run.id.0, i32::MAX)?;
                at.insert(location, (run.id.0, times.len()));
                times.push(BlindTime { location: run.location, from, until, reason });
            }
            Some(_) | None => break,
        }
    }
    Ok(times)
}

/// When the first run of the location between two others began that could see.
fn could_see(
    connection: &mut AnyConnection,
    location: i32,
    after: i32,
    before: i32,
) -> Result<Option<Instant>, StoreError> {
    if before == after.saturating_add(1) {
        return Ok(None);
    }
    let between = runs::table.filter(runs::location_id.eq(location).and(runs::id.gt(after)));
    let first = between
        .filter(runs::id.lt(before).and(runs::state.eq(RunState::Done.name())))
        .order(runs::id.asc())
        .select(runs::started_at);
    Ok(first.first::<i64>(connection).optional()?.map(Instant::from_ms))
}

/// The newest `limit` runs, newest first, of every kind.
///
/// # Errors
/// What the database says.
pub fn newest(connection: &mut AnyConnection, limit: i64) -> Result<Vec<Run>, StoreError> {
    let rows = runs::table.order(runs::id.desc()).limit(limit).select(RunRow::as_select());
    rows.load(connection)?.into_iter().map(Run::try_from).collect()
}
