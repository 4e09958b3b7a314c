//! What the tests stand on: databases of their own, a clock they set, the real programs.

pub mod binary;
pub mod clock;
pub mod cluster;
pub mod database;
pub mod scripted;
