//! `GET /api/v1/groups` and `/groups/{slug}`: the documents' `group_data`.

use djamon_core::domain::Group;
use djamon_core::json::GroupJson;
use djamon_core::store::statuses::Which;
use djamon_core::store::{AnyConnection, groups as store, statuses};

use crate::answer::Answer;
use crate::ask::Ask;
use crate::error::WebError;
use crate::view::objects::List;

/// Every group with its sites; or a part of them.
///
/// # Errors
/// [`WebError::Database`].
#[utoipa::path(
    get, path = "/api/v1/groups", tag = "Groups", operation_id = "groups",
    params(
        (
            "limit" = Option<u32>,
            Query,
            minimum = 1,
            maximum = 1000,
            description = "How many at most, in the order they were added; all of them by name when not given",
        ),
        ("after" = Option<u32>, Query, description = "Those that follow: what next was"),
    ),
    responses((status = 200, description = "Groups with their sites", body = List<GroupJson>)),
)]
pub fn groups(ask: &Ask) -> Result<Answer, WebError> {
    let part = ask.query.part()?;
    let database = &mut *ask.database()?;
    let mut all = store::all(database)?;
    all.retain(|group| group.public || ask.reader.sees_private());
    let next = part.and_then(|part| part.cut(&mut all, |group| group.id.0));
    let sites = statuses::with_figures(database, &Which::All, ask.now)?;
    let object = |group: &Group| GroupJson::new(group, &sites, ask.reader);
    Answer::json(&List { items: all.iter().map(object).collect(), next })
}

/// One group with its sites.
///
/// # Errors
/// [`WebError::NotFound`], [`WebError::Database`].
#[utoipa::path(
    get, path = "/api/v1/groups/{slug}", tag = "Groups", operation_id = "group",
    params(("slug" = String, Path, description = "Its name in URLs")),
    responses(
        (
            status = 200,
            description = "The group",
            body = GroupJson,
            headers(("ETag" = String, description = "Its version, for If-Match")),
        ),
    ),
)]
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
    let which = Which::Group(group.id);
    let sites = statuses::with_figures(database, &which, ask.now)?;
    Answer::json(&GroupJson::new(group, &sites, ask.reader))?.with_version(group.version)
}
