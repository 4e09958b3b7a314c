//! The one place that speaks SQL, written once for SQLite and PostgreSQL. Only [`backend`] names one of the two.
//!
//! One writer per table: a run writes what it saw ([`record`], [`runs`]), commands and pages write configuration
//! ([`sites`], [`groups`], [`users`], [`tokens`], [`invites`], [`notes`]), the pages their own ([`sessions`], [`sign_ins`]).
//! Everything that writes goes through [`write`].

pub mod backend;
pub mod blindness;
pub mod calendars;
pub mod changes;
pub mod channels;
pub mod checkup;
mod details;
pub mod due;
mod error;
pub mod figures;
pub mod groups;
pub mod hours;
pub mod idle;
pub mod invites;
mod last_good;
mod memory;
pub mod notes;
pub mod outages;
pub mod outbox;
mod owing;
mod policies;
pub mod purge;
mod recent;
pub mod record;
pub mod report;
mod rows;
pub mod runs;
mod schema;
pub mod series;
pub mod sessions;
pub mod sign_ins;
pub mod sites;
pub mod snapshot;
pub mod spans;
pub mod statuses;
pub mod storage;
pub mod stories;
pub mod tokens;
pub mod users;
pub mod views;

pub use backend::connection::AnyConnection;
pub use backend::pool::{Pool, pool};
pub use backend::stamp::stamp;
pub use backend::tx::{attempt, write};
pub use backend::url::DatabaseUrl;
pub use error::StoreError;

/// How many keys one query is asked for at most: SQLite takes 32,766 values, and smaller queries stay in the cache.
pub(crate) const CHUNK: usize = 1000;
