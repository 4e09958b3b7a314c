//! The heart of Djamon: what a site, a look at it and an outage are, and how they are stored, probed and told.
//!
//! Arrows point one way. [`domain`] knows nothing but itself: no IO, no clock, no SQL. [`store`] is the one place that
//! speaks SQL, [`probe`] looks at one URL and decides nothing, [`notify`] sends messages and has no database; each of
//! the three knows the domain and not the others. [`config`] is read once by the binaries and handed down, [`clock`]
//! is the only reader of the time of day, [`calendar`] turns instants into what people and protocols write, [`json`] domain
//! values into what scripts read, [`schedule`] knows when runs were promised, and [`privacy`] which addresses are nobody's
//! outside.

#![cfg_attr(test, allow(clippy::as_conversions, reason = "tests may count in small numbers"))]

pub mod calendar;
pub mod clock;
pub mod config;
pub mod domain;
pub mod json;
pub mod notify;
pub mod password;
pub mod privacy;
pub mod probe;
pub mod schedule;
pub mod secret;
pub mod store;
