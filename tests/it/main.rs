//! Everything that needs a socket, a process or a database.

mod pool;
mod probe;
mod probe_tls;
