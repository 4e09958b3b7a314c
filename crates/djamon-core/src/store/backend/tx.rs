//! Writing transactions, one at a time on both databases.

use std::path::Path;

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::sql_types::Text;
use diesel::{Connection, QueryableByName, RunQueryDsl};

use super::access::in_the_way;
use super::connection::AnyConnection;
use crate::store::StoreError;

type Manager = <AnyConnection as Connection>::TransactionManager;

/// Runs `work` in a transaction that holds the write lock from its beginning: one that reads first and then writes would
/// fail at once under contention in SQLite, in spite of its busy timeout. On PostgreSQL an advisory lock gives the same
/// order, so that what a plan read is still true when it is carried out.
///
/// # Errors
/// What `work` says, or what the database says of beginning and committing; in both cases nothing is written.
pub fn write<T>(
    connection: &mut AnyConnection,
    work: impl FnOnce(&mut AnyConnection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    attempt(connection, work).map_err(|error| with_the_reason(connection, error))
}

/// As [`write`], for work that can be refused for reasons of its own.
///
/// # Errors
/// What `work` says, or what the database says; in both cases nothing is written.
pub fn attempt<T, E: From<StoreError>>(
    connection: &mut AnyConnection,
    work: impl FnOnce(&mut AnyConnection) -> Result<T, E>,
) -> Result<T, E> {
    begin(connection)?;
    match work(connection) {
        Ok(value) => match Manager::commit_transaction(connection) {
            Ok(()) => Ok(value),
            Err(error) => {
                // A commit that found the disk full leaves SQLite's transaction open.
                let _ = Manager::rollback_transaction(connection);
                Err(StoreError::from(error).into())
            }
        },
        Err(error) => {
            let _ = Manager::rollback_transaction(connection);
            Err(error)
        }
    }
}

fn begin(connection: &mut AnyConnection) -> Result<(), StoreError> {
    match connection {
        AnyConnection::Sqlite(sqlite) => {
            AnsiTransactionManager::begin_transaction_sql(sqlite, "BEGIN IMMEDIATE")?
        }
        AnyConnection::Postgres(postgres) => {
            AnsiTransactionManager::begin_transaction(postgres)?;
            if let Err(error) = postgres.batch_execute("SELECT pg_advisory_xact_lock(68, 1)") {
                let _ = AnsiTransactionManager::rollback_transaction(postgres);
                return Err(error.into());
            }
        }
    }
    Ok(())
}

/// `error`; of a file that may not be written, with what stands in the way.
fn with_the_reason(connection: &mut AnyConnection, error: StoreError) -> StoreError {
    #[derive(QueryableByName)]
    struct Opened {
        #[diesel(sql_type = Text)]
        file: String,
    }
    let (StoreError::ReadOnly(_), AnyConnection::Sqlite(sqlite)) = (&error, connection) else { return error };
    let opened = diesel::sql_query("SELECT file FROM pragma_database_list WHERE name = 'main'");
    let opened = opened.get_result::<Opened>(sqlite).ok();
    opened.and_then(|opened| in_the_way(Path::new(&opened.file))).map_or(error, StoreError::ReadOnly)
}
