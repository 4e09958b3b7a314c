//! What `djamon-check` is made of; its `main` only parses, reads the clock and gives the exit code.

pub mod app;
pub mod commands;
pub mod deliver;
pub mod pool;
mod progress;
pub mod report;
pub mod round;
pub mod run;
pub mod sandbox;
