//! From domain values to what a template or a JSON object shows. Pure: no request, no clock, no database.

pub mod agent;
pub mod api;
pub mod bar;
pub mod form;
pub mod home;
pub mod objects;
pub mod outage;
pub mod paginator;
pub mod site;
pub mod site_form;
pub mod time;
pub mod tried;
pub mod visible;
pub mod words;
