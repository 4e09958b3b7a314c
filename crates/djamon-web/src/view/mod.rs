//! From domain values to what a template or a JSON object shows. Pure: no request, no clock, no database.

pub mod agent;
pub mod api;
pub mod bar;
pub mod blind;
pub mod card;
pub mod channel_form;
pub mod chart;
pub mod days;
pub mod filter;
pub mod form;
pub mod home;
pub mod objects;
pub mod outage;
pub mod paginator;
pub mod range;
pub mod section;
pub mod site;
pub mod site_form;
pub mod ticks;
pub mod time;
pub mod tried;
pub mod visible;
pub mod words;
