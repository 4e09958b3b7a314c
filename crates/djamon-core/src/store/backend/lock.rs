//! Locks that die with their holder: `flock` on a file beside an SQLite database, advisory locks on PostgreSQL.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use diesel::RunQueryDsl;
use diesel::connection::SimpleConnection;
use diesel::sql_types::{Bool, Text};

use super::access;
use super::connection::{AnyConnection, Opening, POSTGRES_SETTINGS, open};
use super::url::DatabaseUrl;
use crate::store::StoreError;

const MIGRATE_LOCK: &str = "migrate.lock";

/// Held while a run or a purge goes on; released when it is dropped or the process dies.
pub struct RunLock(Held);

#[expect(dead_code, reason = "held, not read")]
enum Held {
    File(File),
    Session(Box<AnyConnection>),
}

impl Drop for RunLock {
    fn drop(&mut self) {
        if let Held::Session(session) = &mut self.0 {
            // A server notices a moment late that a session is gone: who runs next would find the lock taken.
            let _ = session.batch_execute("SELECT pg_advisory_unlock_all()");
        }
    }
}

/// Tries to take the lock of `location`'s runs; `None` when another run holds it.
///
/// # Errors
/// [`StoreError`] when the lock file cannot be made or the server not be reached.
pub fn try_run_lock(url: &DatabaseUrl, location: &str) -> Result<Option<RunLock>, StoreError> {
    try_lock(
        url,
        &format!("{location}.lock"),
        "SELECT pg_try_advisory_lock(69, hashtext($1)) AS taken",
        location,
    )
}

/// Tries to take the lock of purges; `None` when another purge holds it.
///
/// # Errors
/// [`StoreError`] when the lock file cannot be made or the server not be reached.
pub fn try_purge_lock(url: &DatabaseUrl) -> Result<Option<RunLock>, StoreError> {
    // No location can be called so: none has a dot in its name.
    try_lock(url, "purge.run.lock", "SELECT pg_try_advisory_lock(70, hashtext($1)) AS taken", "purge")
}

fn try_lock(
    url: &DatabaseUrl,
    suffix: &str,
    on_server: &str,
    name: &str,
) -> Result<Option<RunLock>, StoreError> {
    match url {
        DatabaseUrl::Sqlite(path) => {
            let file = lock_file(url, &beside(path, suffix))?;
            match file.try_lock() {
                Ok(()) => Ok(Some(RunLock(Held::File(file)))),
                Err(TryLockError::WouldBlock) => Ok(None),
                Err(TryLockError::Error(error)) => Err(unusable(url, error)),
            }
        }
        DatabaseUrl::Postgres(_) => {
            #[derive(diesel::QueryableByName)]
            struct Taken {
                #[diesel(sql_type = Bool)]
                taken: bool,
            }
            let mut session = open(url, Opening::Existing)?;
            let Taken { taken } =
                diesel::sql_query(on_server).bind::<Text, _>(name).get_result(&mut session)?;
            Ok(taken.then(|| RunLock(Held::Session(Box::new(session)))))
        }
    }
}

/// Waits for the lock of schema changes of an SQLite database: migrations themselves take none.
pub(super) fn wait_for_migration_lock(url: &DatabaseUrl, path: &Path) -> Result<File, StoreError> {
    let file = lock_file(url, &beside(path, MIGRATE_LOCK))?;
    file.lock().map_err(|error| unusable(url, error))?;
    Ok(file)
}

/// Waits until nobody changes the schema. Takes as long as that takes: nothing can be done before.
pub(super) fn wait_out_migration(
    url: &DatabaseUrl,
    connection: &mut AnyConnection,
) -> Result<(), StoreError> {
    match (url, connection) {
        (DatabaseUrl::Sqlite(path), _) => match File::open(beside(path, MIGRATE_LOCK)) {
            Ok(file) => file.lock_shared().map_err(|error| unusable(url, error)),
            // Whoever changes the schema makes it first.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(unusable(url, error)),
        },
        (DatabaseUrl::Postgres(_), connection) => Ok(connection.batch_execute(&format!(
            "SET lock_timeout = 0; SET statement_timeout = 0; SELECT pg_advisory_lock_shared(68, 2); \
             SELECT pg_advisory_unlock_shared(68, 2); {POSTGRES_SETTINGS}"
        ))?),
    }
}

fn lock_file(url: &DatabaseUrl, path: &Path) -> Result<File, StoreError> {
    OpenOptions::new().create(true).truncate(false).write(true).open(path).map_err(|error| {
        match access::in_the_way(path) {
            Some(problem) => StoreError::Open { database: url.to_string(), problem },
            None => unusable(url, error),
        }
    })
}

fn unusable(url: &DatabaseUrl, error: std::io::Error) -> StoreError {
    let problem =
        format!("its lock file cannot be used ({error}); check that its directory exists and may be written");
    StoreError::Open { database: url.to_string(), problem }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}
