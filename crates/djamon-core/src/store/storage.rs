//! Telling that the disk of the database runs full: each level once until there was room again, to every channel that
//! hears of everything.

use diesel::prelude::*;

use super::backend::space;
use super::owing::Owing;
use super::schema::storage_warnings;
use super::{AnyConnection, DatabaseUrl, StoreError, write};
use crate::domain::plan::RunPlan;
use crate::domain::storage::{LEAST, Level, Room, Shortage, Told, Verdict, judge};
use crate::domain::{EventId, EventKind, Instant, Listener, RunId};

/// Notes what follows from how much room there is, and owes it to the `listeners`. Gives the worst level that is told now.
/// Most runs have nothing to note: they only read.
///
/// # Errors
/// What the database says; then nothing is written.
pub fn tell(
    connection: &mut AnyConnection,
    url: &DatabaseUrl,
    run: RunId,
    listeners: &[Listener],
    (room, is_full): (Room, bool),
    now: Instant,
) -> Result<Option<Level>, StoreError> {
    if judge(room, is_full, &told_lately(connection, now)?, now) == Verdict::default() {
        return Ok(None);
    }
    write(connection, |connection| {
        let verdict = judge(room, is_full, &told_lately(connection, now)?, now);
        for level in &verdict.over {
            let gone = storage_warnings::level.eq(level.name()).and(storage_warnings::over_at.is_null());
            diesel::update(storage_warnings::table.filter(gone))
                .set(storage_warnings::over_at.eq(now.ms()))
                .execute(connection)?;
        }
        let Some(worst) = verdict.begun.last() else { return Ok(None) };
        let mut owing = Owing::new(connection, run, listeners, &RunPlan::default(), now)?;
        let event = owing.of_monitor(connection, EventKind::Storage)?;
        for level in &verdict.begun {
            note(connection, url, event, *level, room, now)?;
        }
        Ok(Some(*worst))
    })
}

fn note(
    connection: &mut AnyConnection,
    url: &DatabaseUrl,
    event: EventId,
    level: Level,
    room: Room,
    now: Instant,
) -> Result<(), StoreError> {
    let bytes = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
    let (place, machine) = space::place(url);
    diesel::insert_into(storage_warnings::table)
        .values((
            storage_warnings::event_id.eq(event.0),
            storage_warnings::level.eq(level.name()),
            storage_warnings::place.eq(place),
            storage_warnings::machine.eq(machine),
            storage_warnings::free_bytes.eq(bytes(room.free)),
            storage_warnings::wanted_bytes.eq(bytes(room.wanted)),
            storage_warnings::told_at.eq(now.ms()),
        ))
        .execute(connection)?;
    Ok(())
}

/// Whether people were told, and it is not over.
///
/// # Errors
/// What the database says.
pub fn is_told(connection: &mut AnyConnection) -> Result<bool, StoreError> {
    let open = storage_warnings::table.filter(storage_warnings::over_at.is_null());
    Ok(open.count().get_result::<i64>(connection)? > 0)
}

/// The levels that are not over, and those that were told lately.
fn told_lately(connection: &mut AnyConnection, now: Instant) -> Result<Vec<Told>, StoreError> {
    let lately = storage_warnings::told_at.gt(now.minus(LEAST).ms());
    let rows = storage_warnings::table
        .filter(storage_warnings::over_at.is_null().or(lately))
        .select((storage_warnings::level, storage_warnings::told_at, storage_warnings::over_at.is_not_null()))
        .load::<(String, i64, bool)>(connection)?;
    let told = |(name, at, is_over): (String, i64, bool)| {
        Ok(Told { level: level(&name)?, at: Instant::from_ms(at), is_over })
    };
    rows.into_iter().map(told).collect()
}

/// The worst of what these events told.
pub(super) fn told(connection: &mut AnyConnection, events: &[i32]) -> Result<Option<Shortage>, StoreError> {
    let rows = storage_warnings::table
        .filter(storage_warnings::event_id.eq_any(events))
        .select((
            storage_warnings::level,
            storage_warnings::place,
            storage_warnings::machine,
            storage_warnings::free_bytes,
            storage_warnings::wanted_bytes,
        ))
        .load::<(String, String, String, i64, i64)>(connection)?;
    let told = rows.into_iter().map(|(name, place, machine, free, wanted)| {
        Ok(Shortage {
            level: level(&name)?,
            place,
            machine,
            free: free.max(0).unsigned_abs(),
            wanted: wanted.max(0).unsigned_abs(),
        })
    });
    let told = told.collect::<Result<Vec<_>, StoreError>>()?;
    Ok(told.into_iter().max_by_key(|shortage| shortage.level))
}

fn level(name: &str) -> Result<Level, StoreError> {
    Level::from_name(name).ok_or_else(|| StoreError::unreadable(name))
}
