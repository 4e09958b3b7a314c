//! `GET /api/v1/sites`, `/sites/{slug}` and `/sites/{slug}/views`: the last is the documents' `site_data`.

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

/// Every site, the worst first.
///
/// # Errors
/// [`WebError::Database`].
pub fn sites(ask: &Ask) -> Result<Answer, WebError> {
    let database = &mut *ask.database()?;
    let mut sites = visible::sites(ask.reader, statuses::of(database, &Which::All)?);
    statuses::add_figures(database, &mut sites, ask.now)?;
    Answer::json(&List::whole(sites.iter().map(|one| SiteJson::new(one, ask.reader)).collect()))
}

/// One site.
///
/// # Errors
/// [`WebError::NotFound`], [`WebError::Database`].
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
