//! Everything that needs a database, a socket or a process.

mod crontab;
mod demo_target;
mod layering;
mod make_up;
mod notify;
mod schema;
mod store;
mod web;
