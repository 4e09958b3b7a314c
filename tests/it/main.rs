//! Everything that needs a database, a socket or a process.

mod layering;
mod schema;
mod store;
