//! The only folder that names a database: how each is reached, written, migrated, and what they do not have in common.

mod access;
pub mod bulk;
pub mod connection;
pub(in crate::store) mod fixed;
pub mod guid;
pub mod lock;
pub mod migrate;
mod multi;
pub mod partitions;
pub mod pool;
pub mod reserve;
pub mod space;
pub mod stamp;
pub mod tx;
pub mod url;
