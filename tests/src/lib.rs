//! What tests share: servers that misbehave on purpose.

pub mod fault_server;
