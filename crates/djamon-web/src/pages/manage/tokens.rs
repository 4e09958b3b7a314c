//! `/manage/tokens`: what scripts show to the API; making and revoking one. The text of a token is on one page, once.

use actix_web::http::StatusCode;
use djamon_core::domain::token::{NewToken, Scope, Token, TokenText};
use djamon_core::domain::{Invalid, Span, TokenId};
use djamon_core::random;
use djamon_core::store::{StoreError, tokens, write};
use serde::Serialize;

use crate::answer::Answer;
use crate::ask::Ask;
use crate::auth::Caller;
use crate::body::Form;
use crate::error::WebError;
use crate::pages::{done, page};
use crate::query::number;
use crate::view::form::{self, Choice, Field, Kind};
use crate::view::time::{When, when};

#[derive(Serialize)]
struct Page {
    good: Vec<Row>,
    over: Vec<Row>,
    fields: Vec<Field>,
    problems: Vec<String>,
    made: Option<Made>,
}

#[derive(Serialize)]
struct Row {
    id: i32,
    name: String,
    scope: String,
    /// It may do less than it was made for: who made it may no longer change anything.
    is_reduced: bool,
    by: Option<String>,
    made: When,
    used: Option<When>,
    ends: Option<When>,
    revoked: Option<When>,
    fault: Option<&'static str>,
}

/// A token that is shown once.
#[derive(Serialize)]
struct Made {
    name: String,
    text: String,
}

/// The list: those that are good, then those that are not any more, each in the order they were made.
///
/// # Errors
/// [`WebError::Database`].
pub fn list(ask: &Ask) -> Result<Answer, WebError> {
    show(ask, fields(), Vec::new(), None)
}

/// Makes a token and shows it.
///
/// # Errors
/// [`WebError::Database`].
pub fn add(ask: &Ask) -> Result<Answer, WebError> {
    let form = ask.form()?;
    let shown = random::token().map_err(WebError::Internal)?;
    let made = match read(&form, ask) {
        Ok(new) => write(&mut *ask.database()?, |database| tokens::add(database, &new, &shown, ask.now)),
        Err(wrong) => Err(wrong.into()),
    };
    match made {
        Ok(token) => {
            let TokenText(text) = shown;
            show(ask, fields(), Vec::new(), Some(Made { name: token.name, text }))
        }
        Err(StoreError::Invalid(wrong)) => {
            let mut fields = fields();
            form::keep(&mut fields, &form);
            let problems = form::complain(&mut fields, &[wrong]);
            Ok(show(ask, fields, problems, None)?.with_status(StatusCode::UNPROCESSABLE_ENTITY))
        }
        Err(error) => Err(error.into()),
    }
}

/// Asks whether a token is really to be revoked.
///
/// # Errors
/// [`WebError::NotFound`], [`WebError::Database`].
pub fn confirm(ask: &Ask) -> Result<Answer, WebError> {
    let database = &mut *ask.database()?;
    let token = tokens::by_id(database, id(ask)?)?;
    page(ask, database, "manage_token_revoke.html", &Row::new(token, ask))
}

/// Makes a token good for nothing.
///
/// # Errors
/// [`WebError::NotFound`], also when it was revoked before; [`WebError::Database`].
pub fn revoke(ask: &Ask) -> Result<Answer, WebError> {
    let id = id(ask)?;
    let token = write(&mut *ask.database()?, |database| tokens::revoke_one(database, id, ask.now))?;
    done(ask, "/manage/tokens", format!("{} is revoked: it opens nothing any more.", token.name))
}

fn id(ask: &Ask) -> Result<TokenId, WebError> {
    ask.part("id").and_then(number).map(TokenId).ok_or(WebError::NotFound)
}

fn read(form: &Form, ask: &Ask) -> Result<NewToken, Invalid> {
    let text = |name| form.get(name).unwrap_or_default();
    let scope: Scope = text("scope").parse().map_err(|problem: String| Invalid::new("scope", problem))?;
    let expires = match text("expires").trim() {
        "" => None,
        span => Some(span.parse::<Span>().map_err(|problem| Invalid::new("expires", problem))?),
    };
    let created_by = match ask.caller {
        Caller::User { id, .. } => Some(id),
        Caller::Token { .. } | Caller::Visitor => None,
    };
    Ok(NewToken { name: text("name").to_owned(), scope, expires, created_by })
}

fn fields() -> Vec<Field> {
    let scopes = vec![
        Choice::new("read", "read: sees everything but secrets"),
        Choice::new("write", "write: may change everything too"),
    ];
    vec![
        Field::new("name", "Name", Kind::Text).required().hint("Of the script or program that will show it."),
        Field::new("scope", "May", Kind::Select).choices(scopes).filled("read"),
        Field::new("expires", "Good for", Kind::Text).hint("Like 90d or 1year; for ever when empty."),
    ]
}

impl Row {
    fn new(token: Token, ask: &Ask) -> Self {
        let at = |instant| when(instant, ask.now);
        Row {
            id: token.id.0,
            scope: token.scope.to_string(),
            is_reduced: token.scope_now() != token.scope,
            fault: token.fault(ask.now),
            name: token.name,
            by: token.created_by.map(|creator| creator.name),
            made: at(token.created_at),
            used: token.last_used_at.map(at),
            ends: token.expires_at.map(at),
            revoked: token.revoked_at.map(at),
        }
    }
}

fn show(
    ask: &Ask,
    fields: Vec<Field>,
    problems: Vec<String>,
    made: Option<Made>,
) -> Result<Answer, WebError> {
    let database = &mut *ask.database()?;
    let rows = tokens::all(database)?.into_iter().map(|token| Row::new(token, ask));
    let (good, over) = rows.partition(|row| row.fault.is_none());
    page(ask, database, "manage_tokens.html", &Page { good, over, fields, problems, made })
}
