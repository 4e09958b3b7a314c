//! `/outages/{id}` and `/outages/current`: the story of one outage.

use actix_web::http::StatusCode;
use djamon_core::domain::OutageId;
use djamon_core::store::{AnyConnection, StoreError, notes, write};
use serde::Serialize;

use super::page;
use crate::answer::Answer;
use crate::ask::Ask;
use crate::error::WebError;
use crate::outages as ours;
use crate::view::form::{self, Field, Kind};
use crate::view::outage::OutagePage;

/// One outage.
///
/// # Errors
/// [`WebError::NotFound`], [`WebError::Database`].
pub fn outage(ask: &Ask) -> Result<Answer, WebError> {
    let id = ask.outage()?;
    told(ask, &mut *ask.database()?, id)
}

/// The open outage (of several the oldest), or a page that says there is none.
///
/// # Errors
/// [`WebError::Database`].
pub fn current(ask: &Ask) -> Result<Answer, WebError> {
    let database = &mut *ask.database()?;
    match ours::open(ask, database)?.first() {
        Some(seen) => told(ask, database, seen.of.outage.id),
        None => page(ask, database, "no_outage.html", &serde_json::json!({})),
    }
}

/// Adds a note, also to an outage that is over.
///
/// # Errors
/// As [`outage`].
pub fn note(ask: &Ask) -> Result<Answer, WebError> {
    let (id, form) = (ask.outage()?, ask.form()?);
    let text = form.get("text").unwrap_or_default();
    let author = ask.caller.name().unwrap_or_default();
    match write(&mut *ask.database()?, |database| notes::add(database, id, author, text, ask.now)) {
        Ok(()) => super::done(ask, &format!("/outages/{id}"), "Your note is added."),
        Err(StoreError::Invalid(wrong)) => {
            let mut field = [note_field().filled(text)];
            form::complain(&mut field, &[wrong]);
            let [field] = field;
            let answer = shown(ask, &mut *ask.database()?, id, field)?;
            Ok(answer.with_status(StatusCode::UNPROCESSABLE_ENTITY))
        }
        Err(error) => Err(error.into()),
    }
}

fn note_field() -> Field {
    Field::new("text", "Add a note", Kind::Area).hint("Only people who are signed in see it.")
}

fn told(ask: &Ask, database: &mut AnyConnection, id: OutageId) -> Result<Answer, WebError> {
    shown(ask, database, id, note_field())
}

fn shown(ask: &Ask, database: &mut AnyConnection, id: OutageId, note: Field) -> Result<Answer, WebError> {
    #[derive(Serialize)]
    struct Page {
        note: Field,
        #[serde(flatten)]
        page: OutagePage,
    }
    let story = ours::story(ask, database, id)?;
    let view = Page { note, page: OutagePage::new(ask.reader, &story, ask.now) };
    page(ask, database, "outage.html", &view)
}
