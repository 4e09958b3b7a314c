//! People who may sign in. Whatever takes something from a person ends their sessions in the same transaction.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::schema::users;
use super::{AnyConnection, StoreError, invites, sessions};
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

    /// Whether this role may change things.
    pub const fn may_change(self) -> bool {
        matches!(self, Role::Admin)
    }
}

impl std::str::FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "admin" => Ok(Role::Admin),
            "viewer" => Ok(Role::Viewer),
            other => Err(format!("{other:?} is not a role; use admin or viewer")),
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
    /// Whether they have a password; an invited person has none yet.
    pub has_password: bool,
    /// When they were added.
    pub created_at: Instant,
    /// Since when they may not sign in.
    pub disabled_at: Option<Instant>,
}

impl User {
    /// Whether they can sign in.
    pub fn can_sign_in(&self) -> bool {
        self.has_password && self.disabled_at.is_none()
    }
}

type Row = (i32, String, String, String, i64, Option<i64>);

type Columns =
    (users::id, users::name, users::role, users::password_hash, users::created_at, users::disabled_at);
const COLUMNS: Columns =
    (users::id, users::name, users::role, users::password_hash, users::created_at, users::disabled_at);

fn user((id, name, role, password_hash, created_at, disabled_at): Row) -> User {
    User {
        id: UserId(id),
        name,
        role: role.parse().unwrap_or(Role::Viewer),
        has_password: !password_hash.is_empty(),
        created_at: Instant::from_ms(created_at),
        disabled_at: super::rows::instant(disabled_at),
    }
}

fn rows(connection: &mut AnyConnection) -> Result<Vec<Row>, StoreError> {
    Ok(users::table.select(COLUMNS).load(connection)?)
}

/// Everybody, by name.
///
/// # Errors
/// What the database says.
pub fn all(connection: &mut AnyConnection) -> Result<Vec<User>, StoreError> {
    let mut all: Vec<User> = rows(connection)?.into_iter().map(user).collect();
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

/// The person of this number.
///
/// # Errors
/// [`StoreError::Missing`].
pub fn by_id(connection: &mut AnyConnection, id: UserId) -> Result<User, StoreError> {
    let row: Option<Row> = users::table.find(id.0).select(COLUMNS).first(connection).optional()?;
    row.map(user).ok_or_else(|| StoreError::missing("user", id))
}

/// The person who signs in as `name`, in whatever case, and the hash of their password.
///
/// # Errors
/// What the database says.
pub fn who_signs_in(
    connection: &mut AnyConnection,
    name: &str,
) -> Result<Option<(User, String)>, StoreError> {
    let name = name.trim().to_lowercase();
    let found = rows(connection)?.into_iter().find(|row| row.1.to_lowercase() == name);
    Ok(found.map(|row| (row.3.clone(), user(row))).map(|(hash, user)| (user, hash)))
}

/// Adds a person; without a password they cannot sign in before they have accepted an invitation. To be called within
/// [`super::write`].
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

/// Gives a person another password; their sessions and their link end. To be called within [`super::write`].
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
    invites::withdraw(connection, user.id)?;
    sessions::end_all(connection, user.id, None)
}

/// Gives a person another role; their sessions end. To be called within [`super::write`].
///
/// # Errors
/// [`StoreError::Missing`]; [`StoreError::Invalid`] of the field `role` for the last admin.
pub fn set_role(connection: &mut AnyConnection, id: UserId, role: Role) -> Result<(), StoreError> {
    let user = by_id(connection, id)?;
    if user.role == role {
        return Ok(());
    }
    if !role.may_change() {
        keep_an_admin(connection, &user, "role")?;
    }
    diesel::update(users::table.find(id.0))
        .set((users::role.eq(role.name()), users::version.eq(users::version + 1)))
        .execute(connection)?;
    sessions::end_all(connection, id, None)
}

/// Keeps a person from signing in; their sessions and their link end. To be called within [`super::write`].
///
/// # Errors
/// [`StoreError::Missing`].
pub fn disable(connection: &mut AnyConnection, name: &str, now: Instant) -> Result<(), StoreError> {
    let user = by_name(connection, name)?;
    diesel::update(users::table.find(user.id.0))
        .set((users::disabled_at.eq(now.ms()), users::version.eq(users::version + 1)))
        .execute(connection)?;
    invites::withdraw(connection, user.id)?;
    sessions::end_all(connection, user.id, None)
}

/// Lets a person sign in again. To be called within [`super::write`].
///
/// # Errors
/// [`StoreError::Missing`].
pub fn enable(connection: &mut AnyConnection, name: &str) -> Result<(), StoreError> {
    let user = by_name(connection, name)?;
    diesel::update(users::table.find(user.id.0))
        .set((users::disabled_at.eq(None::<i64>), users::version.eq(users::version + 1)))
        .execute(connection)?;
    Ok(())
}

/// Checks that somebody other than `user` is an admin who can sign in.
///
/// # Errors
/// [`StoreError::Invalid`] of `field`, when there is nobody.
pub fn keep_an_admin(
    connection: &mut AnyConnection,
    user: &User,
    field: &'static str,
) -> Result<(), StoreError> {
    let is_admin = |user: &User| user.role.may_change() && user.can_sign_in();
    let others = all(connection)?;
    if !is_admin(user) || others.iter().any(|other| other.id != user.id && is_admin(other)) {
        return Ok(());
    }
    let problem = format!("{:?} is the last admin who can sign in; make somebody else one first", user.name);
    Err(Invalid::new(field, problem).into())
}
