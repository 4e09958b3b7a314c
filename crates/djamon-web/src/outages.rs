//! The questions about outages, asked in a reader's name: for pages and JSON alike.

use djamon_core::domain::outage::{Acknowledged, Note};
use djamon_core::domain::{Event, OutageId};
use djamon_core::store::notes;
use djamon_core::store::outages::{self as store, OutageStory, Which};
use djamon_core::store::outbox::Alert;
use djamon_core::store::{AnyConnection, StoreError, statuses};

use crate::ask::Ask;
use crate::error::WebError;
use crate::query::MOST;
use crate::view::visible::Seen;
use djamon_core::json::Reader;

/// An outage with all that belongs to it, as a reader may see it.
pub struct Story {
    /// The outage and its sites.
    pub seen: Seen,
    /// What happened, oldest first.
    pub events: Vec<Event>,
    /// What the channels are owed or were told of it, oldest first.
    pub alerts: Vec<Alert>,
    /// What people noted, oldest first; none for visitors.
    pub notes: Vec<Note>,
}

/// At most `limit` outages with numbers below `before`, newest first.
///
/// # Errors
/// What the database says.
pub fn page(
    ask: &Ask,
    database: &mut AnyConnection,
    which: Which,
    before: Option<OutageId>,
    offset: i64,
    limit: usize,
) -> Result<Vec<Seen>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let found = match ask.reader {
        Reader::Visitor => store::public_page(database, which, before, offset, limit)?,
        Reader::Member => store::page(database, which, before, offset, limit)?,
    };
    Ok(found.into_iter().filter_map(|of| Seen::new(ask.reader, of)).collect())
}

/// How many outages there are with numbers below `before`.
///
/// # Errors
/// What the database says.
pub fn count(
    ask: &Ask,
    database: &mut AnyConnection,
    which: Which,
    before: Option<OutageId>,
) -> Result<i64, StoreError> {
    match ask.reader {
        Reader::Visitor => store::public_count(database, which, before),
        Reader::Member => store::count(database, which, before),
    }
}

/// The open outages, the oldest first; there is one, or one a group.
///
/// # Errors
/// What the database says.
pub fn open(ask: &Ask, database: &mut AnyConnection) -> Result<Vec<Seen>, StoreError> {
    // Mostly there is none, which is found out with less ado.
    if statuses::open_outage(database)?.is_none() {
        return Ok(Vec::new());
    }
    let mut open = page(ask, database, Which::Open, None, 0, MOST)?;
    open.reverse();
    Ok(open)
}

/// One outage.
///
/// # Errors
/// [`WebError::NotFound`] also when the reader may see nothing of it; [`WebError::Database`].
pub fn story(ask: &Ask, database: &mut AnyConnection, id: OutageId) -> Result<Story, WebError> {
    let OutageStory { of, events, alerts } = store::story(database, id)?;
    let seen = Seen::new(ask.reader, of).ok_or(WebError::NotFound)?;
    let events = seen.events(events);
    let alerts = seen.alerts(alerts, &events);
    let notes = if ask.reader.sees_private() { notes::of_outage(database, id)? } else { Vec::new() };
    Ok(Story { seen, events, alerts, notes })
}

/// Takes an open outage in hand.
///
/// # Errors
/// [`WebError::NotFound`], [`WebError::Conflict`] when it is over or somebody was first, [`WebError::Database`].
pub fn acknowledge(ask: &Ask, id: OutageId, acknowledged: &Acknowledged) -> Result<(), WebError> {
    store::acknowledge(&mut *ask.database()?, id, acknowledged).map_err(|error| match error {
        StoreError::Invalid(late) => WebError::Conflict(late),
        error => error.into(),
    })
}
