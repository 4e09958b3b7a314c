//! The common connection type, apart because its derive writes items without docs.
#![expect(missing_docs, reason = "written by the derive")]

use diesel::{PgConnection, SqliteConnection};

/// A connection to SQLite or PostgreSQL. Never opened by the derived `establish`: that one tries both in turn and would
/// make an SQLite file when PostgreSQL is down.
#[derive(diesel::MultiConnection)]
pub enum AnyConnection {
    /// PostgreSQL.
    Postgres(PgConnection),
    /// SQLite.
    Sqlite(SqliteConnection),
}
