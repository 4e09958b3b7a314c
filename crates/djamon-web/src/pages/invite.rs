//! `/invite?key=…`: the page behind a one-time link, where a person gives themselves a password. The key stands behind the
//! question mark, where our log does not look; looking at the page does not use it up.

use actix_web::http::{StatusCode, header};
use djamon_core::domain::Invalid;
use djamon_core::password;
use djamon_core::store::{StoreError, invites, write};
use serde::Serialize;

use super::page;
use crate::answer::Answer;
use crate::ask::Ask;
use crate::auth::session::Change;
use crate::auth::{origin, sign_in};
use crate::error::WebError;
use crate::view::form::{self, Field, Kind};

#[derive(Serialize)]
struct Page<'a> {
    name: &'a str,
    may: &'static str,
    is_new: bool,
    fields: [Field; 2],
    key: &'a str,
    forms: String,
}

/// The form.
///
/// # Errors
/// [`WebError::Database`].
pub fn form(ask: &Ask) -> Result<Answer, WebError> {
    show(ask, ask.query.get("key").unwrap_or_default(), &[])
}

/// Sets the password and signs in.
///
/// # Errors
/// [`WebError::TooMany`] when many do, [`WebError::Database`].
pub fn accept(ask: &Ask) -> Result<Answer, WebError> {
    let form = ask.form()?;
    let key = form.get("key").unwrap_or_default();
    // Nobody hashes for those who have no link.
    match invites::find(&mut *ask.database()?, key, ask.now) {
        Err(StoreError::Missing { .. }) => return over(ask),
        found => found?,
    };
    let hash = match new_password(ask, &form)? {
        Ok(hash) => hash,
        Err(wrong) => return show(ask, key, &[wrong]),
    };
    let accepted = write(&mut *ask.database()?, |database| invites::accept(database, key, &hash, ask.now));
    match accepted {
        Err(StoreError::Missing { .. }) => over(ask),
        accepted => {
            let user = accepted?;
            let said = "Your password is set and you are signed in.".to_owned();
            let answer = Answer::redirect(&format!("{}/", ask.app.base))?
                .with_header(header::SET_COOKIE, sign_in::device_cookie(ask, &user.name)?)?;
            Ok(answer.with_session(Change::Begin(sign_in::begun(ask, &user, Some(said))?)))
        }
    }
}

/// The hash of the password that was typed twice, as `password` and `again`.
///
/// # Errors
/// [`WebError::TooMany`], [`WebError::Internal`]; the inner one is what is wrong with it.
pub fn new_password(ask: &Ask, form: &crate::body::Form) -> Result<Result<String, Invalid>, WebError> {
    let password = form.get("password").unwrap_or_default();
    if let Err(wrong) = password::check(password) {
        return Ok(Err(wrong));
    }
    if form.get("again") != Some(password) {
        return Ok(Err(Invalid::new("again", "is not the same as above; type both once more")));
    }
    let hash = ask.app.sign_in.hashing(|| password::hash(password))?;
    hash.map(Ok).map_err(WebError::Internal)
}

/// Two fields for a password that is chosen.
pub fn password_fields() -> [Field; 2] {
    [
        Field::new("password", "New password", Kind::Password)
            .required()
            .autocomplete("new-password")
            .hint("At least 10 characters; a few words are easier to remember than odd signs."),
        Field::new("again", "The same again", Kind::Password).required().autocomplete("new-password"),
    ]
}

fn show(ask: &Ask, key: &str, wrong: &[Invalid]) -> Result<Answer, WebError> {
    let database = &mut *ask.database()?;
    let user = match invites::find(database, key, ask.now) {
        Err(StoreError::Missing { .. }) => return over(ask),
        found => found?,
    };
    let (forms, cookie) = origin::for_visitors(ask)?;
    // Somebody may be signed in already, as somebody else even: then their forms' token is asked for.
    let forms = ask.session.as_ref().map_or(forms, |session| session.forms.clone());
    let mut fields = password_fields();
    if let Some(first) = fields.first_mut() {
        first.focus = true;
    }
    form::complain(&mut fields, wrong);
    let view =
        Page { name: &user.name, may: user.role.name(), is_new: !user.has_password, fields, key, forms };
    let answer = origin::with_cookie(ask, page(ask, database, "invite.html", &view)?, cookie)?;
    let status = if wrong.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok(answer.with_status(status))
}

/// The page for links that open nothing.
fn over(ask: &Ask) -> Result<Answer, WebError> {
    let answer = page(ask, &mut *ask.database()?, "invite_over.html", &serde_json::json!({}))?;
    Ok(answer.with_status(StatusCode::NOT_FOUND))
}
