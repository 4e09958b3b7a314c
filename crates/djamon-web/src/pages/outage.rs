//! `/outages/{id}` and `/outages/current`: the story of one outage.

use djamon_core::domain::OutageId;
use djamon_core::store::AnyConnection;

use super::page;
use crate::answer::Answer;
use crate::ask::Ask;
use crate::error::WebError;
use crate::outages as ours;
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

fn told(ask: &Ask, database: &mut AnyConnection, id: OutageId) -> Result<Answer, WebError> {
    let story = ours::story(ask, database, id)?;
    page(ask, database, "outage.html", &OutagePage::new(ask.reader, &story, ask.now))
}
