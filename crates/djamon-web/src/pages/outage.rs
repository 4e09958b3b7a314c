//! `/outages/{id}` and `/outages/current`: the story of one outage.

use actix_web::http::StatusCode;
use djamon_core::domain::OutageId;
use djamon_core::domain::outage::Acknowledged;
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
    // The connection is given back before a page asks for one.
    let written = write(&mut *ask.database()?, |database| notes::add(database, id, author, text, ask.now));
    match written {
        Ok(()) => super::done(ask, &format!("/outages/{id}"), "Your note is added."),
        Err(StoreError::Invalid(wrong)) => {
            let mut field = [note_field().filled(text)];
            form::complain(&mut field, &[wrong]);
            let [field] = field;
            let answer = shown(ask, &mut *ask.database()?, id, field, why_field())?;
            Ok(answer.with_status(StatusCode::UNPROCESSABLE_ENTITY))
        }
        Err(error) => Err(error.into()),
    }
}

/// Takes an open outage in hand, in the name of whoever is signed in.
///
/// # Errors
/// As [`outage`]; [`WebError::Conflict`] when it is over or somebody was first.
pub fn acknowledge(ask: &Ask) -> Result<Answer, WebError> {
    let (id, form) = (ask.outage()?, ask.form()?);
    let (who, why) = (ask.caller.name().unwrap_or_default(), form.get("why"));
    match Acknowledged::new(who, why, ask.now) {
        Ok(acknowledged) => {
            ours::acknowledge(ask, id, &acknowledged)?;
            super::done(
                ask,
                &format!("/outages/{id}"),
                "It is in your hands: nobody is reminded of it any more.",
            )
        }
        Err(wrong) => {
            let mut field = [why_field().filled(why.unwrap_or_default())];
            form::complain(&mut field, &[wrong]);
            let [field] = field;
            let answer = shown(ask, &mut *ask.database()?, id, note_field(), field)?;
            Ok(answer.with_status(StatusCode::UNPROCESSABLE_ENTITY))
        }
    }
}

fn why_field() -> Field {
    Field::new("why", "Acknowledge it", Kind::Text)
        .hint("What there is to say to it, for people who are signed in.")
}

fn note_field() -> Field {
    Field::new("text", "Add a note", Kind::Area).hint("Only people who are signed in see it.")
}

fn told(ask: &Ask, database: &mut AnyConnection, id: OutageId) -> Result<Answer, WebError> {
    shown(ask, database, id, note_field(), why_field())
}

fn shown(
    ask: &Ask,
    database: &mut AnyConnection,
    id: OutageId,
    note: Field,
    why: Field,
) -> Result<Answer, WebError> {
    #[derive(Serialize)]
    struct Page {
        note: Field,
        /// While nobody has it in hand.
        why: Option<Field>,
        #[serde(flatten)]
        page: OutagePage,
    }
    let story = ours::story(ask, database, id)?;
    let outage = &story.seen.of.outage;
    let is_free = outage.resolved_at.is_none() && outage.acknowledged.is_none();
    let view = Page { note, why: is_free.then_some(why), page: OutagePage::new(ask.reader, &story, ask.now) };
    page(ask, database, "outage.html", &view)
}
