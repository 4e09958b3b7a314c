//! Whether what pages show has changed: a run came to its end, somebody edited something, an alert left.

use diesel::prelude::*;
use diesel::sql_types::Text;

use super::{AnyConnection, StoreError};

#[derive(QueryableByName)]
struct Sign {
    #[diesel(sql_type = Text)]
    sign: String,
}

/// The last of what has numbers in order, and how often what is edited in place was edited.
const SIGN: &str = "SELECT \
    COALESCE((SELECT id FROM runs WHERE state IN ('done', 'blind') ORDER BY id DESC LIMIT 1), 0) || '.' || \
    COALESCE((SELECT max(id) FROM events), 0) || '.' || \
    COALESCE((SELECT max(id) FROM outbox), 0) || '.' || \
    (SELECT count(*) FROM outbox WHERE state IN ('pending', 'claimed', 'retry')) || '.' || \
    COALESCE((SELECT sum(version) FROM sites), 0) || '.' || (SELECT count(removed_at) FROM sites) || '.' || \
    COALESCE((SELECT sum(version) FROM groups), 0) || '.' || (SELECT count(removed_at) FROM groups) AS sign";

/// A text that is another after the end of a run, an edit of a site or group, an event, or an alert that left.
///
/// # Errors
/// What the database says.
pub fn sign(connection: &mut AnyConnection) -> Result<String, StoreError> {
    Ok(diesel::sql_query(SIGN).get_result::<Sign>(connection)?.sign)
}
