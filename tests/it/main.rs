//! Everything that needs a database, a socket or a process.

mod apply;
mod cli;
mod cli_shows;
mod crontab;
mod pool;
mod probe;
mod probe_tls;
