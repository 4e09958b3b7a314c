//! `/sites/{slug}`: one system, its response times, its last looks and its outages.

use djamon_core::store::{groups, outages as store};

use super::{known_until, page, past};
use crate::answer::Answer;
use crate::api::sites::find;
use crate::ask::Ask;
use crate::error::WebError;
use crate::view::site::SitePage;
use crate::view::visible::Seen;

/// How many outages are listed.
const OUTAGES: i64 = 50;

/// One site.
///
/// # Errors
/// [`WebError::NotFound`], [`WebError::Invalid`], [`WebError::Database`].
pub fn site(ask: &Ask) -> Result<Answer, WebError> {
    let window = ask.query.window()?;
    let database = &mut *ask.database()?;
    let found = find(ask, database)?;
    let group = match &found.group {
        Some(slug) => Some(groups::by_slug(database, slug)?.name),
        None => None,
    };
    let outages = store::of_site(database, found.site.id, OUTAGES)?;
    let outages: Vec<Seen> = outages.into_iter().filter_map(|of| Seen::new(ask.reader, of)).collect();
    let past = past::of(database, found.site.id, window, ask.now)?;
    let known_until = known_until(ask, database)?;
    let view = SitePage::new(ask.reader, &found, group, &outages, &past, known_until, ask.now);
    page(ask, database, "site.html", &view)
}
