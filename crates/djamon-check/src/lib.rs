//! What `djamon-check` is made of; its `main` only parses, reads the clock and gives the exit code.
//!
//! [`cli`] knows the words of the command line, [`commands`] does them, [`app`] is what every command is handed, and
//! [`output`] knows how tables and JSON look. A command writes to the writer it is given, never to the terminal itself.
//! [`run`] is the monitoring run, with the [`sandbox`] it asks first and the [`pool`] that probes.

pub mod app;
pub mod cli;
pub mod commands;
pub mod output;
pub mod pool;
pub mod run;
pub mod sandbox;
