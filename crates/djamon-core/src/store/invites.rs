//! Invitations: links with which a person gives themselves a password, once and within a day. At most one per person.

use std::time::Duration;

use diesel::prelude::*;

use super::schema::invites;
use super::users::{self, Role, User};
use super::{AnyConnection, StoreError};
use crate::domain::{Instant, Invalid, UserId};
use crate::secret::digest;

/// How long a link is good for.
pub const GOOD_FOR: Duration = Duration::from_secs(24 * 3600);

/// Invites a person who cannot sign in yet, under the name `name`: a new one, or one whose link has got lost; it becomes
/// the link with `key`. To be called within [`super::write`].
///
/// # Errors
/// [`StoreError::Invalid`] of the field `name`, when it cannot be one or its person has a password.
pub fn invite(
    connection: &mut AnyConnection,
    name: &str,
    role: Role,
    key: &str,
    now: Instant,
) -> Result<User, StoreError> {
    let user = match users::by_name(connection, name.trim()) {
        Ok(user) if user.has_password => {
            let problem = format!("{:?} has a password already; a link for a new one is a reset", user.name);
            return Err(Invalid::new("name", problem).into());
        }
        Ok(user) if user.disabled_at.is_some() => return Err(disabled(name).into()),
        Ok(user) => user,
        Err(StoreError::Missing { .. }) => users::add(connection, name, role, "", now)?,
        Err(error) => return Err(error),
    };
    if user.role != role {
        users::set_role(connection, user.id, role)?;
    }
    put(connection, user.id, key, now)?;
    users::by_id(connection, user.id)
}

/// Makes a link with which a person who is there gives themselves a new password; until then the old one stays. To be
/// called within [`super::write`].
///
/// # Errors
/// [`StoreError::Missing`]; [`StoreError::Invalid`] when they are disabled.
pub fn reset(
    connection: &mut AnyConnection,
    name: &str,
    key: &str,
    now: Instant,
) -> Result<User, StoreError> {
    let user = users::by_name(connection, name)?;
    if user.disabled_at.is_some() {
        return Err(disabled(name).into());
    }
    put(connection, user.id, key, now)?;
    Ok(user)
}

/// Whose link this is.
///
/// # Errors
/// [`StoreError::Missing`] when it was used, is too old, never was, or its person is disabled.
pub fn find(connection: &mut AnyConnection, key: &str, now: Instant) -> Result<User, StoreError> {
    let missing = || StoreError::missing("invitation", "of this link");
    let row: Option<(i32, i64)> = invites::table
        .find(digest(key))
        .select((invites::user_id, invites::expires_at))
        .first(connection)
        .optional()?;
    let (id, _) = row.filter(|(_, expires_at)| *expires_at > now.ms()).ok_or_else(missing)?;
    let user = users::by_id(connection, UserId(id))?;
    if user.disabled_at.is_some() { Err(missing()) } else { Ok(user) }
}

/// Uses a link up: its person has this password from now on, and their sessions end. To be called within
/// [`super::write`].
///
/// # Errors
/// As [`find`].
pub fn accept(
    connection: &mut AnyConnection,
    key: &str,
    password_hash: &str,
    now: Instant,
) -> Result<User, StoreError> {
    let user = find(connection, key, now)?;
    diesel::delete(invites::table.find(digest(key))).execute(connection)?;
    users::set_password(connection, &user.name, password_hash)?;
    users::by_id(connection, user.id)
}

/// Takes the link of a person back, if there is one. To be called within [`super::write`].
///
/// # Errors
/// What the database says.
pub fn withdraw(connection: &mut AnyConnection, user: UserId) -> Result<(), StoreError> {
    diesel::delete(invites::table.filter(invites::user_id.eq(user.0))).execute(connection)?;
    Ok(())
}

/// Removes links that are too old. To be called within [`super::write`].
///
/// # Errors
/// What the database says.
pub fn clean(connection: &mut AnyConnection, now: Instant) -> Result<(), StoreError> {
    diesel::delete(invites::table.filter(invites::expires_at.le(now.ms()))).execute(connection)?;
    Ok(())
}

fn disabled(name: &str) -> Invalid {
    Invalid::new("name", format!("{name:?} is disabled; enable them first"))
}

fn put(connection: &mut AnyConnection, user: UserId, key: &str, now: Instant) -> Result<(), StoreError> {
    withdraw(connection, user)?;
    diesel::insert_into(invites::table)
        .values((
            invites::key_hash.eq(digest(key)),
            invites::user_id.eq(user.0),
            invites::expires_at.eq(now.plus(GOOD_FOR).ms()),
        ))
        .execute(connection)?;
    Ok(())
}
