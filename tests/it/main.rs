//! Everything that needs a database, a socket or a process.

mod cli;
mod corpus;
mod crontab;
mod demo_target;
mod layering;
mod make_up;
mod netns;
mod notify;
mod pool;
mod probe;
mod probe_handshakes;
mod probe_tls;
mod run;
mod scarce;
mod schema;
mod slow;
mod store;
