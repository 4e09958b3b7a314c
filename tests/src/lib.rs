//! What the tests stand on: databases of their own, a clock they set, the real programs, servers that play the other side.

pub mod binary;
pub mod clock;
pub mod fault_server;
pub mod place;
pub mod scripted;
