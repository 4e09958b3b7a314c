//! What `djamon-check` is made of; its `main` only parses, reads the clock and gives the exit code.
//!
//! [`cli`] knows the words of the command line, [`commands`] does them, [`app`] is what every command is handed, and
//! [`output`] knows how tables and JSON look. A command writes to the writer it is given, never to the terminal itself.
//! [`run`] is the command that cron calls: the pipeline of one run is [`round`], with the [`sandbox`] it asks first and
//! the [`pool`] that probes; [`deliver`] sends what the channels are owed, each served by a [`drain`], with further
//! [`hands`] for programs; [`report`] tells what a run did, and [`stop`] knows when it is to end.

pub mod app;
pub mod cli;
pub mod commands;
pub mod deliver;
pub mod drain;
pub mod hands;
pub mod output;
pub mod pool;
mod progress;
pub mod report;
pub mod round;
pub mod run;
pub mod sandbox;
pub mod stop;
