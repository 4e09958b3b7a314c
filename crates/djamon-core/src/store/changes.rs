//! Whether what pages show has changed: a run came to its end, somebody edited something, an alert left.

use diesel::prelude::*;
use diesel::sql_types::Text;

use super::backend::fixed::Fixed;
use super::{AnyConnection, StoreError};

/// Another one after every change that pages show.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sign {
    /// Of what happens: the end of a run, an event, a note, an acknowledgement, an alert that left.
    pub events: String,
    /// Of what is watched: an edit of a site or group.
    pub plan: String,
}

/// The last of what has numbers in order, and how often what is edited in place was edited.
const SIGN: &str = "SELECT \
    COALESCE((SELECT id FROM runs WHERE state IN ('done', 'blind') ORDER BY id DESC LIMIT 1), 0) || '.' || \
    COALESCE((SELECT max(id) FROM events), 0) || '.' || \
    COALESCE((SELECT max(id) FROM outbox), 0) || '.' || \
    (SELECT count(*) FROM outbox WHERE state IN ('pending', 'claimed', 'retry')) || '.' || \
    (SELECT count(acknowledged_at) FROM outages WHERE resolved_at IS NULL) || '.' || \
    COALESCE((SELECT max(id) FROM outage_notes), 0) AS events, \
    CAST(COALESCE((SELECT version FROM watch_list), 0) AS TEXT) AS plan";

/// The sign of what pages show now.
///
/// # Errors
/// What the database says.
pub fn sign(connection: &mut AnyConnection) -> Result<Sign, StoreError> {
    let (events, plan) = Fixed::<(Text, Text)>::new(SIGN).get_result(connection)?;
    Ok(Sign { events, plan })
}
