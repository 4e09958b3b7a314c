//! The heart of Djamon: what a site, a look at it and an outage are, and how they are stored, probed and told.
//!
//! Arrows point one way. [`domain`] knows nothing but itself: no IO, no clock, no SQL. [`store`] is the one place that
//! speaks SQL, [`probe`] looks at one URL and decides nothing, [`notify`] sends messages and has no database; each of
//! the three knows the domain and not the others. [`config`] is read once by the binaries and handed down, [`clock`]
//! is the only reader of the time of day, [`calendar`] turns instants into what people and protocols write, [`json`] domain
//! values into what scripts read, [`schedule`] knows when runs were promised, [`privacy`] which addresses are nobody's
//! outside, and [`random`] is where secrets come from. [`channels`] checks and keeps what people write of channels,
//! [`vault`] encrypts their secrets.

#![cfg_attr(test, allow(clippy::as_conversions, reason = "tests may count in small numbers"))]

pub mod calendar;
pub mod channels;
pub mod clock;
pub mod config;
pub mod domain;
pub mod json;
pub mod notify;
pub mod privacy;
pub mod probe;
pub mod random;
pub mod schedule;
pub mod store;
pub mod vault;
