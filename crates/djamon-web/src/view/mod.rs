//! From domain values to what a template or a JSON object shows. Pure: no request, no clock, no database.

pub mod api;
pub mod bar;
pub mod home;
pub mod objects;
pub mod outage;
pub mod paginator;
pub mod site;
pub mod time;
pub mod visible;
pub mod words;
