//! `/groups/{slug}`: the systems of one group.

use djamon_core::store::statuses::Which;
use djamon_core::store::{groups, statuses};
use serde::Serialize;

use super::page;
use crate::answer::Answer;
use crate::ask::Ask;
use crate::error::WebError;
use crate::view::home::Section;
use crate::view::visible;

/// One group.
///
/// # Errors
/// [`WebError::NotFound`], [`WebError::Database`].
pub fn group(ask: &Ask) -> Result<Answer, WebError> {
    #[derive(Serialize)]
    struct Page {
        section: Section,
    }
    let slug = ask.slug()?;
    let database = &mut *ask.database()?;
    let group = groups::by_slug(database, slug)?;
    if !(group.public || ask.reader.sees_private()) {
        return Err(WebError::NotFound);
    }
    let mut sites = visible::sites(ask.reader, statuses::of(database, &Which::Group(group.id))?);
    statuses::add_figures(database, &mut sites, ask.now)?;
    let section = Section::new(Some(group.slug), &group.name, sites.iter(), ask.now, ask.now);
    page(ask, database, "group.html", &Page { section })
}
