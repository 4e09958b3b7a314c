//! Whether somebody else has written: the cheapest question that either database answers.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::connection::AnyConnection;
use crate::store::StoreError;

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = BigInt)]
    data_version: i64,
}

#[derive(QueryableByName)]
struct Snapshot {
    #[diesel(sql_type = Text)]
    snapshot: String,
}

/// A text that differs from the one before, asked for on the same connection, when another connection has committed
/// anything in between. On PostgreSQL it also differs when nothing of this database was written.
///
/// # Errors
/// What the database says.
pub fn stamp(connection: &mut AnyConnection) -> Result<String, StoreError> {
    match connection {
        AnyConnection::Sqlite(sqlite) => {
            let row: Version = diesel::sql_query("PRAGMA data_version").get_result(sqlite)?;
            Ok(row.data_version.to_string())
        }
        // With the transactions in progress: one that commits leaves the list.
        AnyConnection::Postgres(postgres) => {
            let query = "SELECT CAST(pg_current_snapshot() AS TEXT) AS snapshot";
            let row: Snapshot = diesel::sql_query(query).get_result(postgres)?;
            Ok(row.snapshot)
        }
    }
}
