//! Who is signed in: one row per session, its key only as a hash. A session ends by itself after a pause (`idle`) and after
//! its whole time (`longest`), with its person's password or role, and when they are disabled.

use std::time::Duration;

use diesel::prelude::*;

use super::schema::{sessions, users};
use super::{AnyConnection, StoreError};
use crate::domain::{Instant, UserId};
use crate::secret::digest;

/// A session is written as seen at most this often: looking at pages must not mean writing.
const TOUCHED_AFTER: Duration = Duration::from_secs(60);

/// How long sessions last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Without a request.
    pub idle: Duration,
    /// In all.
    pub longest: Duration,
}

/// A session that goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// What it is called where it is listed: the hash of its key, which opens nothing.
    pub id: String,
    /// Whose it is.
    pub user: UserId,
    /// When they signed in.
    pub created_at: Instant,
    /// When they asked for something last, to the minute.
    pub last_seen_at: Instant,
    /// What the pages remember with it: a small JSON object.
    pub state: String,
}

type Row = (Vec<u8>, i32, i64, i64, String);

fn session((hash, user, created_at, last_seen_at, state): Row) -> Session {
    Session {
        id: hash.iter().map(|byte| format!("{byte:02x}")).collect(),
        user: UserId(user),
        created_at: Instant::from_ms(created_at),
        last_seen_at: Instant::from_ms(last_seen_at),
        state,
    }
}

impl Session {
    fn goes_on(&self, limits: Limits, now: Instant) -> bool {
        now.since(self.last_seen_at) < limits.idle && now.since(self.created_at) < limits.longest
    }
}

/// Begins a session. To be called within [`super::write`].
///
/// # Errors
/// What the database says.
pub fn begin(
    connection: &mut AnyConnection,
    key: &str,
    user: UserId,
    state: &str,
    now: Instant,
) -> Result<(), StoreError> {
    diesel::insert_into(sessions::table)
        .values((
            sessions::key_hash.eq(digest(key)),
            sessions::user_id.eq(user.0),
            sessions::created_at.eq(now.ms()),
            sessions::last_seen_at.eq(now.ms()),
            sessions::state.eq(state),
        ))
        .execute(connection)?;
    Ok(())
}

/// The session of this key, if it goes on and its person may sign in.
///
/// # Errors
/// What the database says.
pub fn find(
    connection: &mut AnyConnection,
    key: &str,
    limits: Limits,
    now: Instant,
) -> Result<Option<Session>, StoreError> {
    let found: Option<Row> = sessions::table
        .inner_join(users::table)
        .filter(sessions::key_hash.eq(digest(key)).and(users::disabled_at.is_null()))
        .select(sessions::all_columns)
        .first(connection)
        .optional()?;
    Ok(found.map(session).filter(|session| session.goes_on(limits, now)))
}

/// Whether `session` is to be written as seen at `now`.
pub fn is_due(session: &Session, now: Instant) -> bool {
    now.since(session.last_seen_at) >= TOUCHED_AFTER
}

/// Notes that the session of this key was seen. To be called within [`super::write`].
///
/// # Errors
/// What the database says.
pub fn seen(connection: &mut AnyConnection, key: &str, now: Instant) -> Result<(), StoreError> {
    diesel::update(sessions::table.find(digest(key)))
        .set(sessions::last_seen_at.eq(now.ms()))
        .execute(connection)?;
    Ok(())
}

/// Gives the session of this key another state; tells whether there is such a session. To be called within
/// [`super::write`].
///
/// # Errors
/// What the database says.
pub fn keep(connection: &mut AnyConnection, key: &str, state: &str) -> Result<bool, StoreError> {
    let changed = diesel::update(sessions::table.find(digest(key))).set(sessions::state.eq(state));
    Ok(changed.execute(connection)? > 0)
}

/// Ends the session of this key. To be called within [`super::write`].
///
/// # Errors
/// What the database says.
pub fn end(connection: &mut AnyConnection, key: &str) -> Result<(), StoreError> {
    diesel::delete(sessions::table.find(digest(key))).execute(connection)?;
    Ok(())
}

/// The person's sessions that go on, the one seen last first.
///
/// # Errors
/// What the database says.
pub fn of_user(
    connection: &mut AnyConnection,
    user: UserId,
    limits: Limits,
    now: Instant,
) -> Result<Vec<Session>, StoreError> {
    let rows: Vec<Row> = sessions::table.filter(sessions::user_id.eq(user.0)).load(connection)?;
    let mut found: Vec<Session> =
        rows.into_iter().map(session).filter(|session| session.goes_on(limits, now)).collect();
    found.sort_by(|one, other| {
        (other.last_seen_at, other.created_at, &one.id).cmp(&(one.last_seen_at, one.created_at, &other.id))
    });
    Ok(found)
}

/// Ends the one of the person's sessions that is listed as `id`. To be called within [`super::write`].
///
/// # Errors
/// [`StoreError::Missing`].
pub fn end_one(connection: &mut AnyConnection, user: UserId, id: &str) -> Result<(), StoreError> {
    let rows: Vec<Row> = sessions::table.filter(sessions::user_id.eq(user.0)).load(connection)?;
    let hash = rows.into_iter().find(|row| session(row.clone()).id == id).map(|row| row.0);
    let hash = hash.ok_or_else(|| StoreError::missing("session", id))?;
    diesel::delete(sessions::table.find(hash)).execute(connection)?;
    Ok(())
}

/// Ends all of the person's sessions, or all but the one listed as `except`. To be called within [`super::write`].
///
/// # Errors
/// What the database says.
pub fn end_all(connection: &mut AnyConnection, user: UserId, except: Option<&str>) -> Result<(), StoreError> {
    let rows: Vec<Row> = sessions::table.filter(sessions::user_id.eq(user.0)).load(connection)?;
    for row in rows.into_iter().filter(|row| Some(session(row.clone()).id.as_str()) != except) {
        diesel::delete(sessions::table.find(row.0)).execute(connection)?;
    }
    Ok(())
}

/// Removes what has ended by itself. To be called within [`super::write`].
///
/// # Errors
/// What the database says.
pub fn clean(connection: &mut AnyConnection, limits: Limits, now: Instant) -> Result<(), StoreError> {
    let idle_since = sessions::last_seen_at.le(now.minus(limits.idle).ms());
    let begun = sessions::created_at.le(now.minus(limits.longest).ms());
    diesel::delete(sessions::table.filter(idle_since.or(begun))).execute(connection)?;
    Ok(())
}
