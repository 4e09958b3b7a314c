//! What the tests of this package share: servers that play the other side, and keep what they were told.

pub mod http_sink;
pub mod smtp_sink;
