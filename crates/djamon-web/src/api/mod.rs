//! The JSON twins of the pages: the same questions, the objects of [`djamon_core::json`].

pub mod groups;
pub mod history;
pub mod outages;
pub mod sites;
pub mod summary;
