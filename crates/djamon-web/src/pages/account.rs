//! `/manage/account`: one's own password and sessions.

use actix_web::http::StatusCode;
use djamon_core::domain::{Invalid, UserId};
use djamon_core::store::{sessions, users, write};
use serde::Serialize;

use super::invite::{new_password, password_fields};
use super::{done, page};
use crate::answer::Answer;
use crate::ask::Ask;
use crate::auth::Caller;
use crate::auth::session::{Change, origin};
use crate::auth::sign_in::{self, Tried};
use crate::error::WebError;
use crate::view::agent::agent;
use crate::view::form::{self, Field, Kind};
use crate::view::time::{When, pause, when};

#[derive(Serialize)]
struct Page {
    fields: Vec<Field>,
    sessions: Vec<Line>,
    has_others: bool,
}

#[derive(Serialize)]
struct Line {
    id: String,
    is_this: bool,
    agent: String,
    from: String,
    begun: When,
    seen: When,
}

/// The page.
///
/// # Errors
/// [`WebError::Forbidden`] for tokens, [`WebError::Database`].
pub fn account(ask: &Ask) -> Result<Answer, WebError> {
    show(ask, &[])
}

/// Gives the person another password. Their other sessions end.
///
/// # Errors
/// As [`account`]; [`WebError::TooMany`].
pub fn password(ask: &Ask) -> Result<Answer, WebError> {
    let (id, name) = person(ask)?;
    let form = ask.form()?;
    match sign_in::again(ask, id, name, form.get("current").unwrap_or_default())? {
        Tried::Right(_) => {}
        Tried::Wrong => return show(ask, &[Invalid::new("current", "is not your password")]),
        Tried::Wait(wait) => {
            let said = format!("was wrong too often; try again in {}", pause(wait));
            return Ok(
                show(ask, &[Invalid::new("current", said)])?.with_status(StatusCode::TOO_MANY_REQUESTS)
            );
        }
    }
    let hash = match new_password(ask, &form)? {
        Ok(hash) => hash,
        Err(wrong) => return show(ask, &[wrong]),
    };
    let user = write(&mut *ask.database()?, |database| {
        users::set_password(database, name, &hash)?;
        users::by_id(database, id)
    })?;
    let said = "Your password is changed. Wherever else you were signed in, you no longer are.";
    let answer = Answer::redirect(&format!("{}/manage/account", ask.app.base))?;
    Ok(answer.with_session(Change::Begin(sign_in::begun(ask, &user, Some(said.into()))?)))
}

/// Ends one of the person's sessions, or all others.
///
/// # Errors
/// As [`account`]; [`WebError::NotFound`] for a session that is not theirs.
pub fn end_sessions(ask: &Ask) -> Result<Answer, WebError> {
    let (id, _) = person(ask)?;
    let form = ask.form()?;
    let this = ask.session.as_ref().map(|session| session.id.as_str());
    let one = form.get("session");
    write(&mut *ask.database()?, |database| match one {
        Some(one) => sessions::end_one(database, id, one),
        None => sessions::end_all(database, id, this),
    })?;
    if one.is_some() && one == this {
        return super::login::logout(ask);
    }
    let said = if one.is_some() { "That session has ended." } else { "All other sessions have ended." };
    done(ask, "/manage/account", said)
}

fn person(ask: &Ask) -> Result<(UserId, &str), WebError> {
    match &ask.caller {
        Caller::User { id, name, .. } => Ok((*id, name)),
        Caller::Token { .. } | Caller::Visitor => {
            Err(WebError::Forbidden("only people who are signed in have an account"))
        }
    }
}

fn show(ask: &Ask, wrong: &[Invalid]) -> Result<Answer, WebError> {
    let (id, _) = person(ask)?;
    let database = &mut *ask.database()?;
    let this = ask.session.as_ref().map(|session| session.id.as_str());
    let own = sessions::of_user(database, id, ask.app.sign_in.limits, ask.now)?;
    let line = |session: &sessions::Session| {
        let (sent, from) = origin(&session.state);
        Line {
            is_this: Some(session.id.as_str()) == this,
            id: session.id.clone(),
            agent: agent(&sent),
            from,
            begun: when(session.created_at, ask.now),
            seen: when(session.last_seen_at, ask.now),
        }
    };
    let mut fields = vec![
        Field::new("current", "Your password now", Kind::Password)
            .required()
            .autocomplete("current-password"),
    ];
    fields.extend(password_fields());
    form::complain(&mut fields, wrong);
    let view = Page { fields, sessions: own.iter().map(line).collect(), has_others: own.len() > 1 };
    let status = if wrong.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok(page(ask, database, "account.html", &view)?.with_status(status))
}
