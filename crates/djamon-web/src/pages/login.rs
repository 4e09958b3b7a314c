//! `/login` and `/logout`: the documents' `login_user`.

use actix_web::http::{StatusCode, header};
use serde::Serialize;

use super::page;
use crate::answer::Answer;
use crate::ask::Ask;
use crate::auth::session::Change;
use crate::auth::sign_in::{self, Tried};
use crate::auth::{Caller, next, origin};
use crate::error::WebError;
use crate::view::form::{self, Field, Kind};
use crate::view::time::pause;

#[derive(Serialize)]
struct Page {
    fields: [Field; 2],
    problem: Option<String>,
    next: String,
    forms: String,
}

/// The form.
///
/// # Errors
/// [`WebError::Database`].
pub fn form(ask: &Ask) -> Result<Answer, WebError> {
    let next = next::next(ask.query.get("next"), &ask.app.base);
    if let Caller::User { .. } = ask.caller {
        return Answer::redirect(&next);
    }
    show(ask, next, fields(), None)
}

/// Signs in.
///
/// # Errors
/// [`WebError::TooMany`] when many do, [`WebError::Database`].
pub fn login(ask: &Ask) -> Result<Answer, WebError> {
    let form = ask.form()?;
    let next = next::next(form.get("next"), &ask.app.base);
    let (name, password) = (form.get("name").unwrap_or_default(), form.get("password").unwrap_or_default());
    let problem = match sign_in::attempt(ask, name, password)? {
        Tried::Right(user) => {
            let answer = Answer::redirect(&next)?
                .with_header(header::SET_COOKIE, sign_in::device_cookie(ask, &user.name)?)?;
            return Ok(answer.with_session(Change::Begin(sign_in::begun(ask, &user, None)?)));
        }
        Tried::Wrong => None,
        Tried::Wait(wait) => Some(wait),
    };
    let mut fields = fields();
    form::keep(&mut fields, &form);
    // The name is right more often than the password.
    let [name, password] = &mut fields;
    (name.focus, password.focus) = (name.value.is_empty(), !name.value.is_empty());
    match problem {
        None => {
            let answer = show(ask, next, fields, Some("Name or password is wrong.".into()))?;
            Ok(answer.with_status(StatusCode::UNPROCESSABLE_ENTITY))
        }
        Some(wait) => {
            let said = format!("Too many attempts have failed. Try again in {}.", pause(wait));
            let answer = show(ask, next, fields, Some(said))?.with_status(StatusCode::TOO_MANY_REQUESTS);
            answer.with_header(header::RETRY_AFTER, wait.as_millis().div_ceil(1000).to_string())
        }
    }
}

/// Signs out.
///
/// # Errors
/// None in truth.
pub fn logout(ask: &Ask) -> Result<Answer, WebError> {
    Ok(Answer::redirect(&format!("{}/", ask.app.base))?.with_session(Change::End))
}

fn fields() -> [Field; 2] {
    [
        Field::new("name", "Name", Kind::Text).required().focused().autocomplete("username"),
        Field::new("password", "Password", Kind::Password).required().autocomplete("current-password"),
    ]
}

fn show(ask: &Ask, next: String, fields: [Field; 2], problem: Option<String>) -> Result<Answer, WebError> {
    let (forms, cookie) = origin::for_visitors(ask)?;
    let answer = page(ask, &mut *ask.database()?, "login.html", &Page { fields, problem, next, forms })?;
    origin::with_cookie(ask, answer, cookie)
}
