//! Everything that needs a socket, a process or a database.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests: what they cannot do must stop them")]

mod pool;
mod probe;
mod probe_tls;
