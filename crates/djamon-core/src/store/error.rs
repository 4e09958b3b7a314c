//! What can go wrong with the database, each said in one line with the way out.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

use crate::domain::Invalid;

/// Why the store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database's address is not one.
    #[error("[database] url: {0}; use sqlite://PATH or postgres://USER@HOST/NAME")]
    Url(String),
    /// The database cannot be reached or opened.
    #[error("cannot open the database {database}: {problem}")]
    Open {
        /// Its address without a password.
        database: String,
        /// What the database said, and what to do.
        problem: String,
    },
    /// The schema is older or newer than this program, or there is none.
    #[error("the database {database} {problem}")]
    Schema {
        /// Its address without a password.
        database: String,
        /// How it differs, and what to do.
        problem: String,
    },
    /// Another process held the database for too long.
    #[error("the database is locked by another process")]
    Locked,
    /// No room is left on the disk.
    #[error("the disk of the database is full; free some space, nothing stored is lost")]
    Full,
    /// The database may not be written: what stands in the way, and what to do.
    #[error("the database cannot be written: {0}")]
    ReadOnly(String),
    /// The thing that was asked for is not there.
    #[error("there is no {what} {name:?}")]
    Missing {
        /// Its kind.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// A value that cannot be taken.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// A stored value that this program cannot read.
    #[error("the database holds a value that cannot be read: {0}")]
    Unreadable(String),
    /// Anything else the database says.
    #[error("the database said: {0}")]
    Query(String),
}

impl StoreError {
    /// Whether the same may well work a little later.
    pub fn is_temporary(&self) -> bool {
        matches!(self, StoreError::Locked | StoreError::Full | StoreError::Open { .. })
    }

    /// That there is no such thing.
    pub fn missing(what: &'static str, name: impl std::fmt::Display) -> Self {
        StoreError::Missing { what, name: name.to_string() }
    }

    /// That a stored value cannot be read.
    pub(crate) fn unreadable(what: impl std::fmt::Display) -> Self {
        StoreError::Unreadable(what.to_string())
    }
}

impl From<DieselError> for StoreError {
    fn from(error: DieselError) -> Self {
        let text = match &error {
            DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => {
                return StoreError::Query(format!("{error}: somebody else just took that name"));
            }
            DieselError::DatabaseError(_, info) => info.message().to_owned(),
            other => other.to_string(),
        };
        match text.as_str() {
            t if t.contains("database is locked") || t.contains("lock timeout") => StoreError::Locked,
            t if t.contains("disk is full") || t.contains("No space left") => StoreError::Full,
            t if t.contains("readonly database") => {
                StoreError::ReadOnly(format!("{text}; check the permissions of its file and directory"))
            }
            t if t.contains("read-only transaction") => StoreError::ReadOnly(format!(
                "{text}; name the server that takes changes in [database] url, or switch \
                 default_transaction_read_only off"
            )),
            _ => StoreError::Query(text),
        }
    }
}
