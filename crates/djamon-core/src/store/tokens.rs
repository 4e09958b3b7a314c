//! Tokens for the API: made and revoked by commands and pages, looked up and dated by the API.

use diesel::prelude::*;

use super::rows::{instant, ms};
use super::schema::{tokens, users};
use super::users::Role;
use super::{AnyConnection, StoreError};
use crate::domain::token::{Creator, NewToken, Token, TokenText};
use crate::domain::{Instant, Invalid, TokenId, UserId, text};

/// How exactly the last use is known: every use costs no write.
const MINUTE_MS: i64 = 60_000;

#[derive(Queryable, Selectable)]
#[diesel(table_name = tokens)]
struct Row {
    id: i32,
    name: String,
    scope: String,
    created_at: i64,
    created_by: Option<i32>,
    last_used_at: Option<i64>,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
}

/// Name, role and end of who made a token.
type Maker = (Option<String>, Option<String>, Option<i64>);

fn token((row, (name, role, disabled_at)): (Row, Maker)) -> Result<Token, StoreError> {
    let creator = |(id, name): (i32, String)| Creator {
        id: UserId(id),
        name,
        is_disabled: disabled_at.is_some(),
        may_change: role.as_deref() == Some(Role::Admin.name()),
    };
    Ok(Token {
        id: TokenId(row.id),
        name: row.name,
        scope: row.scope.parse().map_err(StoreError::Unreadable)?,
        created_at: Instant::from_ms(row.created_at),
        created_by: row.created_by.zip(name).map(creator),
        last_used_at: instant(row.last_used_at),
        expires_at: instant(row.expires_at),
        revoked_at: instant(row.revoked_at),
    })
}

macro_rules! select {
    () => {
        tokens::table.left_join(users::table).select((
            Row::as_select(),
            (users::name.nullable(), users::role.nullable(), users::disabled_at.nullable()),
        ))
    };
}

/// Every token, also revoked ones, in the order they were made.
///
/// # Errors
/// What the database says.
pub fn all(connection: &mut AnyConnection) -> Result<Vec<Token>, StoreError> {
    let rows: Vec<(Row, Maker)> = select!().order(tokens::id).load(connection)?;
    rows.into_iter().map(token).collect()
}

/// The token of this number, good or not.
///
/// # Errors
/// [`StoreError::Missing`].
pub fn by_id(connection: &mut AnyConnection, id: TokenId) -> Result<Token, StoreError> {
    let row = select!().filter(tokens::id.eq(id.0)).first::<(Row, Maker)>(connection).optional()?;
    token(row.ok_or_else(|| StoreError::missing("token", id.0.to_string()))?)
}

/// The token of this text, good or not.
///
/// # Errors
/// What the database says.
pub fn by_text(connection: &mut AnyConnection, shown: &TokenText) -> Result<Option<Token>, StoreError> {
    let wanted = shown.hash();
    let row = select!().filter(tokens::hash.eq(wanted.as_slice())).first::<(Row, Maker)>(connection);
    row.optional()?.map(token).transpose()
}

/// Notes that a token is used at `now`, at most once a minute: one compare-and-set update.
///
/// # Errors
/// What the database says.
pub fn used(connection: &mut AnyConnection, token: &Token, now: Instant) -> Result<(), StoreError> {
    let long_ago = now.ms() - MINUTE_MS;
    if token.last_used_at.is_some_and(|last| last.ms() > long_ago) {
        return Ok(());
    }
    let is_old = tokens::last_used_at.is_null().or(tokens::last_used_at.le(long_ago));
    diesel::update(tokens::table.filter(tokens::id.eq(token.id.0).and(is_old)))
        .set(tokens::last_used_at.eq(now.ms()))
        .execute(connection)?;
    Ok(())
}

/// Makes a token of these random bits. To be called within [`super::write`].
///
/// # Errors
/// [`StoreError::Invalid`] for a name that is taken or none, and for an impossible end.
pub fn add(
    connection: &mut AnyConnection,
    new: &NewToken,
    shown: &TokenText,
    now: Instant,
) -> Result<Token, StoreError> {
    let name = text::name(&new.name)?;
    let expires_at = new.expires_at(now)?;
    if all(connection)?.iter().any(|token| token.revoked_at.is_none() && token.name == name) {
        let problem = format!("{name:?} is taken; choose another one, or revoke that token first");
        return Err(Invalid::new("name", problem).into());
    }
    diesel::insert_into(tokens::table)
        .values((
            tokens::name.eq(&name),
            tokens::hash.eq(shown.hash().as_slice()),
            tokens::scope.eq(new.scope.to_string()),
            tokens::created_at.eq(now.ms()),
            tokens::created_by.eq(new.created_by.map(|user| user.0)),
            tokens::expires_at.eq(ms(expires_at)),
        ))
        .execute(connection)?;
    by_text(connection, shown)?.ok_or_else(|| StoreError::missing("token", name))
}

/// Makes a token good for nothing. To be called within [`super::write`].
///
/// # Errors
/// [`StoreError::Missing`], also when it was revoked before.
pub fn revoke(connection: &mut AnyConnection, name: &str, now: Instant) -> Result<(), StoreError> {
    let good = tokens::table.filter(tokens::name.eq(name).and(tokens::revoked_at.is_null()));
    match diesel::update(good).set(tokens::revoked_at.eq(now.ms())).execute(connection)? {
        0 => Err(StoreError::missing("token", name)),
        _ => Ok(()),
    }
}

/// Makes the token of this number good for nothing, and gives it as it was. To be called within [`super::write`].
///
/// # Errors
/// [`StoreError::Missing`], also when it was revoked before.
pub fn revoke_one(connection: &mut AnyConnection, id: TokenId, now: Instant) -> Result<Token, StoreError> {
    let token = by_id(connection, id)?;
    if token.revoked_at.is_some() {
        return Err(StoreError::missing("token", token.name));
    }
    // Of tokens that are not revoked, a name means one.
    revoke(connection, &token.name, now)?;
    Ok(token)
}
