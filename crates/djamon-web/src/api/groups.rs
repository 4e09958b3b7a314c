//! `GET /api/v1/groups` and `/groups/{slug}`: the documents' `group_data`.

use djamon_core::domain::Group;
use djamon_core::json::GroupJson;
use djamon_core::store::statuses::Which;
use djamon_core::store::{AnyConnection, groups as store, statuses};

use crate::answer::Answer;
use crate::ask::Ask;
use crate::error::WebError;
use crate::view::objects::List;

/// Every group with its sites.
///
/// # Errors
/// [`WebError::Database`].
pub fn groups(ask: &Ask) -> Result<Answer, WebError> {
    let database = &mut *ask.database()?;
    let all = store::all(database)?;
    let mut sites = statuses::of(database, &Which::All)?;
    statuses::add_figures(database, &mut sites, ask.now)?;
    let object = |group: &Group| GroupJson::new(group, &sites, ask.reader);
    let shown = all.iter().filter(|group| group.public || ask.reader.sees_private());
    Answer::json(&List::whole(shown.map(object).collect()))
}

/// One group with its sites.
///
/// # Errors
/// [`WebError::NotFound`], [`WebError::Database`].
pub fn group(ask: &Ask) -> Result<Answer, WebError> {
    let slug = ask.slug()?;
    let database = &mut *ask.database()?;
    let group = store::by_slug(database, slug)?;
    if !(group.public || ask.reader.sees_private()) {
        return Err(WebError::NotFound);
    }
    shown(ask, database, &group)
}

/// The object of one group, with its version.
///
/// # Errors
/// [`WebError::Database`].
pub fn shown(ask: &Ask, database: &mut AnyConnection, group: &Group) -> Result<Answer, WebError> {
    let mut sites = statuses::of(database, &Which::Group(group.id))?;
    statuses::add_figures(database, &mut sites, ask.now)?;
    Answer::json(&GroupJson::new(group, &sites, ask.reader))?.with_version(group.version)
}
