//! `GET /api/v1/sites`, `/sites/{slug}` and `/sites/{slug}/views`: the last is the documents' `site_data`.

use djamon_core::domain::ViewId;
use djamon_core::json::{SiteJson, ViewJson};
use djamon_core::store::statuses::{self, SiteStatus, Which};
use djamon_core::store::views as store;
use djamon_core::store::{AnyConnection, views::LookPage};

use crate::answer::Answer;
use crate::ask::Ask;
use crate::error::WebError;
use crate::view::objects::List;
use crate::view::visible;

/// The documented number of last requests.
const LAST: usize = 10;

/// Every site, the worst first; or a part of them.
///
/// # Errors
/// [`WebError::Database`].
#[utoipa::path(
    get, path = "/api/v1/sites", tag = "Sites", operation_id = "sites",
    params(
        (
            "limit" = Option<u32>,
            Query,
            minimum = 1,
            maximum = 1000,
            description = "How many at most, in the order they were added; all of them, the worst first, when not given",
        ),
        ("after" = Option<u32>, Query, description = "Those that follow: what next was"),
    ),
    responses((status = 200, description = "Sites", body = List<SiteJson>)),
)]
pub fn sites(ask: &Ask) -> Result<Answer, WebError> {
    let part = ask.query.part()?;
    let database = &mut *ask.database()?;
    let mut sites = visible::sites(ask.reader, statuses::of(database, &Which::All)?);
    let next = part.and_then(|part| part.cut(&mut sites, |one| one.site.id.0));
    statuses::add_figures(database, &mut sites, ask.now)?;
    let items = sites.iter().map(|one| SiteJson::new(one, ask.reader)).collect();
    Answer::json(&List { items, next })
}

/// One site.
///
/// # Errors
/// [`WebError::NotFound`], [`WebError::Database`].
#[utoipa::path(
    get, path = "/api/v1/sites/{slug}", tag = "Sites", operation_id = "site",
    params(("slug" = String, Path, description = "Its name in URLs")),
    responses(
        (
            status = 200,
            description = "The site",
            body = SiteJson,
            headers(("ETag" = String, description = "Its version, for If-Match")),
        ),
    ),
)]
pub fn site(ask: &Ask) -> Result<Answer, WebError> {
    shown(ask, &find(ask, &mut *ask.database()?)?)
}

/// The object of one site, with its version.
///
/// # Errors
/// [`WebError::Internal`].
pub fn shown(ask: &Ask, of: &SiteStatus) -> Result<Answer, WebError> {
    Answer::json(&SiteJson::new(of, ask.reader))?.with_version(of.site.version)
}

/// A site's looks, newest first.
///
/// # Errors
/// [`WebError::NotFound`], [`WebError::Invalid`], [`WebError::Database`].
#[utoipa::path(
    get, path = "/api/v1/sites/{slug}/views", tag = "Sites", operation_id = "views",
    params(
        ("slug" = String, Path, description = "Its name in URLs"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "How many at most (10)"),
        ("before" = Option<ViewId>, Query, description = "Those that follow: what next was"),
    ),
    responses(
        (
            status = 200,
            description = "Looks, newest first; an answer may be short, even empty, and go on all the same",
            body = List<ViewJson>,
        ),
    ),
)]
pub fn views(ask: &Ask) -> Result<Answer, WebError> {
    let (limit, before) = (ask.query.limit(LAST)?, ask.query.view("before")?);
    let database = &mut *ask.database()?;
    let site = find(ask, database)?.site.id;
    let LookPage { looks, next } = store::before(database, site, before, limit)?;
    let items = looks.iter().map(|look| ViewJson::new(look, ask.reader)).collect();
    Answer::json(&List { items, next: next.map(|next| next.to_string()) })
}

/// The site that the path names, if the reader may see it.
///
/// # Errors
/// [`WebError::NotFound`], [`WebError::Database`].
pub fn find(ask: &Ask, database: &mut AnyConnection) -> Result<SiteStatus, WebError> {
    of_slug(ask, database, ask.slug()?)
}

/// The site of this slug, if the reader may see it.
///
/// # Errors
/// [`WebError::NotFound`], [`WebError::Database`].
pub fn of_slug(ask: &Ask, database: &mut AnyConnection, slug: &str) -> Result<SiteStatus, WebError> {
    let mut found = statuses::of_site(database, slug)?;
    statuses::add_figures(database, std::slice::from_mut(&mut found), ask.now)?;
    if visible::is_visible(ask.reader, &found) { Ok(found) } else { Err(WebError::NotFound) }
}
