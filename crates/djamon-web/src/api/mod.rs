//! The JSON twins of the pages: the same questions, the objects of [`djamon_core::json`].

pub mod channel_changes;
pub mod channels;
pub mod described;
pub mod document;
pub mod group_changes;
pub mod groups;
pub mod history;
pub mod outages;
pub mod probe;
pub mod site_changes;
pub mod site_fields;
pub mod sites;
pub mod summary;
