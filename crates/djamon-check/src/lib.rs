//! What `djamon-check` is made of; its `main` only parses, reads the clock and gives the exit code.

pub mod commands;
