//! People who may sign in.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::schema::users;
use super::{AnyConnection, StoreError};
use crate::domain::{Instant, Invalid, UserId, text};

/// What a person may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything.
    Admin,
    /// Read.
    Viewer,
}

impl Role {
    /// Its name in tables and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Role::Admin => "admin",
            Role::Viewer => "viewer",
        }
    }
}

/// A person who may sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Their number.
    pub id: UserId,
    /// The name they sign in with.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// When they were added.
    pub created_at: Instant,
    /// Since when they may not sign in.
    pub disabled_at: Option<Instant>,
}

type Row = (i32, String, String, i64, Option<i64>);

fn user((id, name, role, created_at, disabled_at): Row) -> User {
    let role = if role == Role::Admin.name() { Role::Admin } else { Role::Viewer };
    let created_at = Instant::from_ms(created_at);
    User { id: UserId(id), name, role, created_at, disabled_at: super::rows::instant(disabled_at) }
}

/// Everybody, by name.
///
/// # Errors
/// What the database says.
pub fn all(connection: &mut AnyConnection) -> Result<Vec<User>, StoreError> {
    let columns = (users::id, users::name, users::role, users::created_at, users::disabled_at);
    let mut all: Vec<User> =
        users::table.select(columns).load::<Row>(connection)?.into_iter().map(user).collect();
    all.sort_by_cached_key(|user| (user.name.to_lowercase(), user.id));
    Ok(all)
}

/// The person of this name.
///
/// # Errors
/// [`StoreError::Missing`].
pub fn by_name(connection: &mut AnyConnection, name: &str) -> Result<User, StoreError> {
    all(connection)?
        .into_iter()
        .find(|user| user.name == name)
        .ok_or_else(|| StoreError::missing("user", name))
}

/// Adds a person. To be called within [`super::write`].
///
/// # Errors
/// [`StoreError::Invalid`] for a name that is taken or none.
pub fn add(
    connection: &mut AnyConnection,
    name: &str,
    role: Role,
    password_hash: &str,
    now: Instant,
) -> Result<User, StoreError> {
    let name = text::name(name)?;
    if all(connection)?.iter().any(|user| user.name.to_lowercase() == name.to_lowercase()) {
        return Err(Invalid::new("name", format!("{name:?} is taken")).into());
    }
    diesel::insert_into(users::table)
        .values((
            users::name.eq(&name),
            users::role.eq(role.name()),
            users::password_hash.eq(password_hash),
            users::version.eq(1),
            users::created_at.eq(now.ms()),
        ))
        .execute(connection)?;
    by_name(connection, &name)
}

/// Gives a person another password. To be called within [`super::write`].
///
/// # Errors
/// [`StoreError::Missing`].
pub fn set_password(
    connection: &mut AnyConnection,
    name: &str,
    password_hash: &str,
) -> Result<(), StoreError> {
    let user = by_name(connection, name)?;
    diesel::update(users::table.find(user.id.0))
        .set((users::password_hash.eq(password_hash), users::version.eq(users::version + 1)))
        .execute(connection)?;
    Ok(())
}

/// Keeps a person from signing in. To be called within [`super::write`].
///
/// # Errors
/// [`StoreError::Missing`].
pub fn disable(connection: &mut AnyConnection, name: &str, now: Instant) -> Result<(), StoreError> {
    let user = by_name(connection, name)?;
    diesel::update(users::table.find(user.id.0))
        .set((users::disabled_at.eq(now.ms()), users::version.eq(users::version + 1)))
        .execute(connection)?;
    Ok(())
}
