//! Whether somebody else has written: the cheapest question that either database answers.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::connection::AnyConnection;
use super::fixed::Fixed;
use crate::store::StoreError;

/// A text that differs from the one before, asked for on the same connection, when another connection has committed
/// anything in between. On PostgreSQL it also differs when nothing of this database was written.
///
/// # Errors
/// What the database says.
pub fn stamp(connection: &mut AnyConnection) -> Result<String, StoreError> {
    match connection {
        AnyConnection::Sqlite(sqlite) => {
            let version: i64 = Fixed::<BigInt>::new("PRAGMA data_version").get_result(sqlite)?;
            Ok(version.to_string())
        }
        // With the transactions in progress: one that commits leaves the list.
        AnyConnection::Postgres(postgres) => {
            Ok(Fixed::<Text>::new("SELECT CAST(pg_current_snapshot() AS TEXT)").get_result(postgres)?)
        }
    }
}
