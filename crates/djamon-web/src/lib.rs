//! The dashboard and its JSON twin: shows what the checker wrote, decides nothing about sites.
//!
//! A request's way: [`routes`] says which handler answers and who may ask; the handler runs on a blocking thread with
//! an [`ask::Ask`] (the parsed request and one instant), reads from the store, lets [`view`] turn domain values into
//! what is shown, and gives an [`answer::Answer`]. What goes wrong becomes a page or a JSON object in [`error`].

pub mod answer;
pub mod api;
pub mod ask;
pub mod assets;
pub mod auth;
pub mod body;
pub mod carried;
pub mod client;
pub mod code;
pub mod cors;
pub mod database;
pub mod error;
pub mod exchange;
pub mod fields;
pub mod kept;
pub mod openapi;
pub mod outages;
pub mod pages;
pub mod probes;
pub mod pulse;
pub mod query;
pub mod render;
pub mod roster;
pub mod routes;
pub mod startup;
pub mod theme;
pub mod turns;
pub mod view;
pub mod wanted;
pub mod watch;
