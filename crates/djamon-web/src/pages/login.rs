//! `/login` and `/logout`: the documents' `login_user`. Whoever sent a form after their session ended signs in here, and
//! is shown what they typed.

use actix_web::http::{StatusCode, header};
use djamon_core::store::users::{Role, User};
use serde::Serialize;

use super::{Me, me, page_for};
use crate::answer::Answer;
use crate::ask::Ask;
use crate::auth::session::Change;
use crate::auth::sign_in::{self, Tried};
use crate::auth::{Caller, next, origin};
use crate::carried::{self, Carried};
use crate::error::WebError;
use crate::view::form::{self, Field, Kind};
use crate::view::time::pause;

#[derive(Serialize)]
struct Page {
    fields: [Field; 2],
    problem: Option<String>,
    next: String,
    forms: String,
    /// A form that was sent too late, sealed.
    carried: Option<String>,
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
    show(ask, next, None, fields(), None)
}

/// The form for somebody who sent another one after their session had ended (401).
///
/// # Errors
/// [`WebError::Database`].
pub fn carry(ask: &Ask, carried: &Carried) -> Result<Answer, WebError> {
    let next = next::next(Some(&carried.from), &ask.app.base);
    let sealed = carried.sealed(&ask.app.sign_in.keys);
    let answer = show(ask, next, Some(sealed), fields(), None)?.with_status(StatusCode::UNAUTHORIZED);
    answer.with_header(header::WWW_AUTHENTICATE, "Bearer")
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
            if let Some(carried) =
                form.get(carried::FIELD).and_then(|text| Carried::open(&ask.app.sign_in.keys, text))
            {
                return again(ask, &user, &carried);
            }
            let answer = Answer::redirect(&next)?
                .with_header(header::SET_COOKIE, sign_in::device_cookie(ask, &user.name)?)?;
            return Ok(answer.with_session(Change::Begin(sign_in::begun(ask, &user, None)?)));
        }
        Tried::Wrong => None,
        Tried::Wait(wait) => Some(wait),
    };
    let carried = form.get(carried::FIELD).map(str::to_owned);
    let mut fields = fields();
    form::keep(&mut fields, &form);
    // The name is right more often than the password.
    let [name, password] = &mut fields;
    (name.focus, password.focus) = (name.value.is_empty(), !name.value.is_empty());
    match problem {
        None => {
            let answer = show(ask, next, carried, fields, Some("Name or password is wrong.".into()))?;
            Ok(answer.with_status(StatusCode::UNPROCESSABLE_ENTITY))
        }
        Some(wait) => {
            let said = format!("Too many attempts have failed. Try again in {}.", pause(wait));
            let answer =
                show(ask, next, carried, fields, Some(said))?.with_status(StatusCode::TOO_MANY_REQUESTS);
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

fn show(
    ask: &Ask,
    next: String,
    carried: Option<String>,
    fields: [Field; 2],
    problem: Option<String>,
) -> Result<Answer, WebError> {
    let (forms, cookie) = origin::for_visitors(ask)?;
    let view = Page { fields, problem, next, forms, carried };
    // A form that came late was sent to where there may be no page.
    let answer = page_for(ask, me(ask), &view.next, &mut *ask.database()?, "login.html", &view)?;
    origin::with_cookie(ask, answer, cookie)
}

/// Signs `user` in, and shows them what they typed: they send it once more, changed or not, or leave it.
fn again(ask: &Ask, user: &User, carried: &Carried) -> Result<Answer, WebError> {
    let begun = sign_in::begun(ask, user, None)?;
    let is_admin = user.role == Role::Admin;
    let me = Me { name: &user.name, role: user.role.name(), is_admin, forms: &begun.forms };
    let answer = typed(ask, Some(me), carried)?
        .with_header(header::SET_COOKIE, sign_in::device_cookie(ask, &user.name)?)?;
    Ok(answer.with_session(Change::Begin(begun)))
}

/// Shows somebody who has signed in anew what they typed into a form of the session before (403).
///
/// # Errors
/// [`WebError::Database`].
pub fn outdated(ask: &Ask, carried: &Carried) -> Result<Answer, WebError> {
    Ok(typed(ask, me(ask), carried)?.with_status(StatusCode::FORBIDDEN))
}

fn typed(ask: &Ask, me: Option<Me<'_>>, carried: &Carried) -> Result<Answer, WebError> {
    #[derive(Serialize)]
    struct Typed<'a> {
        name: &'a str,
        label: String,
        value: &'a str,
        is_hidden: bool,
        is_long: bool,
    }
    #[derive(Serialize)]
    struct Page<'a> {
        to: &'a str,
        from: &'a str,
        typed: Vec<Typed<'a>>,
    }
    let typed = carried.fields.iter().map(|(name, value)| Typed {
        name,
        label: name.replace('_', " "),
        value,
        // What was left empty is as usual, and a form may have thirty fields.
        is_hidden: carried::is_hidden(name) || value.is_empty(),
        is_long: value.contains('\n') || value.chars().count() > 60,
    });
    let view = Page { to: &carried.to, from: &carried.from, typed: typed.collect() };
    page_for(ask, me, &carried.from, &mut *ask.database()?, "typed.html", &view)
}
