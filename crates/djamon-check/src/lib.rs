//! The command that checks: its parts that are not command lines.

pub mod pool;
pub mod sandbox;
