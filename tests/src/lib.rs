//! The harness: what tests need to put the real programs and databases to work.

pub mod binary;
