//! Everything that needs a database, a socket or a process.

mod cli;
mod crontab;
mod pool;
mod probe;
mod probe_tls;
