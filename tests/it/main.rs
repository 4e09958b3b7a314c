//! Everything that needs a database, a socket or a process.

mod crontab;
mod layering;
mod notify;
mod schema;
mod store;
