//! Everything that needs a database, a socket or a process.

mod apply;
mod asking;
mod attack;
mod cli;
mod cli_shows;
mod conditions;
mod corpus;
mod crontab;
mod demo_target;
mod killed;
mod layering;
mod make_up;
mod netns;
mod nginx_and_mail;
mod notify;
mod pool;
mod probe;
mod probe_handshakes;
mod probe_tls;
mod refusals;
mod run;
mod scarce;
mod schema;
mod slow;
mod store;
mod web;
