//! The database as requests reach it: a pool that never goes on reading a file that was deleted or replaced.

use std::ops::DerefMut;
use std::os::unix::fs::MetadataExt;
use std::sync::{PoisonError, RwLock};

use djamon_core::store::backend::migrate::open_current;
use djamon_core::store::{AnyConnection, DatabaseUrl, Pool, StoreError, pool};

use crate::turns;

/// How many requests read at a time, at most.
const CONNECTIONS: u32 = 8;

/// Device and inode of an SQLite file.
pub type FileId = (u64, u64);

/// The database and its open connections.
pub struct Database {
    url: DatabaseUrl,
    pool: RwLock<(Option<FileId>, Pool)>,
}

impl Database {
    /// The database at `url`, whose schema is this program's.
    ///
    /// # Errors
    /// [`StoreError::Open`], [`StoreError::Schema`].
    pub fn open(url: DatabaseUrl) -> Result<Self, StoreError> {
        open_current(&url)?;
        let pool = RwLock::new((file_id(&url)?, pool(&url, at_a_time(&url))));
        Ok(Database { url, pool })
    }

    /// Its address.
    pub fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// A connection, for one request. SQLite reads on in a file that has been deleted, so the file is looked at first;
    /// another file of the same name (a restored backup) gets connections of its own.
    ///
    /// # Errors
    /// [`StoreError::Open`] when the database cannot be reached.
    pub fn connection(&self) -> Result<impl DerefMut<Target = AnyConnection> + use<>, StoreError> {
        let file = file_id(&self.url)?;
        let held = self.pool.read().unwrap_or_else(PoisonError::into_inner);
        let pool = if held.0 == file {
            held.1.clone()
        } else {
            drop(held);
            let mut held = self.pool.write().unwrap_or_else(PoisonError::into_inner);
            if held.0 != file {
                *held = (file, pool(&self.url, at_a_time(&self.url)));
            }
            held.1.clone()
        };
        pool.get().map_err(|error| self.gone(error))
    }

    /// Which file it is just now; `None` on PostgreSQL.
    ///
    /// # Errors
    /// [`StoreError::Open`] when there is none.
    pub fn file(&self) -> Result<Option<FileId>, StoreError> {
        file_id(&self.url)
    }

    /// Opens the database anew and looks at its schema.
    ///
    /// # Errors
    /// As [`Database::open`].
    pub fn look(&self) -> Result<AnyConnection, StoreError> {
        open_current(&self.url)
    }

    fn gone(&self, problem: impl ToString) -> StoreError {
        StoreError::Open { database: self.url.to_string(), problem: problem.to_string() }
    }
}

/// A file is read by our own processors; a server's answers are waited for.
fn at_a_time(url: &DatabaseUrl) -> u32 {
    match url {
        DatabaseUrl::Sqlite(_) => u32::try_from(turns::enough()).unwrap_or(CONNECTIONS).min(CONNECTIONS),
        DatabaseUrl::Postgres(_) => CONNECTIONS,
    }
}

fn file_id(url: &DatabaseUrl) -> Result<Option<FileId>, StoreError> {
    match url {
        DatabaseUrl::Postgres(_) => Ok(None),
        DatabaseUrl::Sqlite(path) => match std::fs::metadata(path) {
            Ok(file) => Ok(Some((file.dev(), file.ino()))),
            Err(error) => Err(StoreError::Open { database: url.to_string(), problem: error.to_string() }),
        },
    }
}
