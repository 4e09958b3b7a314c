//! The JSON twins of the pages: the same questions, the objects of [`crate::view::objects`].

pub mod groups;
pub mod outages;
pub mod sites;
pub mod summary;
