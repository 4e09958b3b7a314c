//! `GET /api/v1/outages`, `/outages/{id}` and `/outages/current`.

use djamon_core::domain::outage::Acknowledged;
use djamon_core::domain::{Event, OutageId};
use djamon_core::json::{OutageJson, OutageState};
use djamon_core::store::{AnyConnection, outages as store};

use super::described;
use crate::answer::Answer;
use crate::ask::Ask;
use crate::error::WebError;
use crate::fields::Fields;
use crate::outages::{self as ours, Story};
use crate::view::objects::List;

/// How many outages a list has when nobody says otherwise.
const USUAL: usize = 50;

/// Outages, newest first.
///
/// # Errors
/// [`WebError::Invalid`], [`WebError::Database`].
#[utoipa::path(
    get, path = "/api/v1/outages", tag = "Outages", operation_id = "outages",
    params(
        ("state" = Option<OutageState>, Query, description = "Only these"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "How many at most (50)"),
        ("before" = Option<u32>, Query, description = "Those that follow: what next was"),
    ),
    responses((status = 200, description = "Outages, newest first", body = List<OutageJson>)),
)]
pub fn outages(ask: &Ask) -> Result<Answer, WebError> {
    let (which, before) = (ask.query.which()?, ask.query.outage("before")?);
    let limit = ask.query.limit(USUAL)?;
    let database = &mut *ask.database()?;
    let mut found = ours::page(ask, database, which, before, 0, limit + 1)?;
    let is_more = found.len() > limit;
    found.truncate(limit);
    let ids: Vec<OutageId> = found.iter().map(|seen| seen.of.outage.id).collect();
    let events = store::events_of(database, &ids)?;
    let items = found.iter().map(|seen| {
        let is_own = |event: &&Event| event.outage == Some(seen.of.outage.id);
        let own = events.iter().filter(is_own).cloned().collect();
        OutageJson::new(&seen.of, &seen.events(own), ask.now, ask.reader)
    });
    let next = ids.last().filter(|_| is_more).map(ToString::to_string);
    Answer::json(&List { items: items.collect(), next })
}

/// One outage with its alerts.
///
/// # Errors
/// [`WebError::NotFound`], [`WebError::Database`].
#[utoipa::path(
    get, path = "/api/v1/outages/{id}", tag = "Outages", operation_id = "outage",
    params(("id" = u32, Path, description = "Its number")),
    responses((status = 200, description = "The outage with its alerts", body = OutageJson)),
)]
pub fn outage(ask: &Ask) -> Result<Answer, WebError> {
    let id = ask.outage()?;
    told(ask, &mut *ask.database()?, id)
}

/// The open outage; of several (one a group) the oldest.
///
/// # Errors
/// [`WebError::NoOpenOutage`], [`WebError::Database`].
#[utoipa::path(
    get, path = "/api/v1/outages/current", tag = "Outages", operation_id = "currentOutage",
    responses((status = 200, description = "The outage", body = OutageJson)),
)]
pub fn current(ask: &Ask) -> Result<Answer, WebError> {
    let database = &mut *ask.database()?;
    let open = ours::open(ask, database)?;
    let id = open.first().ok_or(WebError::NoOpenOutage)?.of.outage.id;
    told(ask, database, id)
}

/// Takes an open outage in hand: nobody is reminded of it any more.
///
/// # Errors
/// [`WebError::NotFound`], [`WebError::Conflict`] when it is over or somebody was first, [`WebError::Invalid`],
/// [`WebError::Database`], and those of its body.
#[utoipa::path(
    post, path = "/api/v1/outages/{id}/ack", tag = "Outages", operation_id = "acknowledgeOutage",
    params(("id" = i32, Path, description = "Its number")),
    request_body = described::Acknowledgement,
    responses((status = 200, description = "The outage, in the hands of the token's or person's name", body = OutageJson)),
)]
pub fn acknowledge(ask: &Ask) -> Result<Answer, WebError> {
    let id = ask.outage()?;
    let mut fields = Fields::of(ask.json()?, &["why"]);
    let why: Option<String> = fields.take("why").flatten();
    let who = ask.caller.name().unwrap_or_default();
    let acknowledged = fields.check(Acknowledged::new(who, why.as_deref(), ask.now));
    fields.done()?;
    if let Some(acknowledged) = acknowledged {
        ours::acknowledge(ask, id, &acknowledged)?;
    }
    told(ask, &mut *ask.database()?, id)
}

fn told(ask: &Ask, database: &mut AnyConnection, id: OutageId) -> Result<Answer, WebError> {
    let Story { seen, events, alerts, .. } = ours::story(ask, database, id)?;
    Answer::json(&OutageJson::new(&seen.of, &events, ask.now, ask.reader).with_alerts(&alerts, ask.reader))
}
