//! `/manage/sites`: all sites with search; pausing, resuming and removing one.

use djamon_core::domain::SiteId;
use djamon_core::domain::site::SiteChange;
use djamon_core::domain::status::State;
use djamon_core::store::outages::{self, Which as Outages};
use djamon_core::store::statuses::{self, SiteStatus, Which};
use djamon_core::store::{sites, write};
use serde::Serialize;
use url::form_urlencoded::byte_serialize;

use crate::answer::Answer;
use crate::ask::Ask;
use crate::error::WebError;
use crate::pages::{done, page};
use crate::view::words;

/// How many sites a page has.
const ROWS: usize = 100;

#[derive(Serialize)]
struct Page {
    query: String,
    encoded: String,
    rows: Vec<Row>,
    found: usize,
    all: usize,
    page: usize,
    pages: usize,
}

#[derive(Serialize)]
struct Row {
    slug: String,
    name: String,
    url: String,
    group: Option<String>,
    state: &'static str,
    word: &'static str,
    paused: bool,
    public: bool,
}

impl Row {
    fn new(of: &SiteStatus) -> Self {
        Row {
            slug: of.site.slug.clone(),
            name: of.site.name.clone(),
            url: of.site.shown_url(),
            group: of.group.clone(),
            state: of.status.state.name(),
            word: words::state(of.status.state),
            paused: of.status.state == State::Paused,
            public: of.is_public,
        }
    }

    fn is_meant(&self, words: &[String]) -> bool {
        let text =
            format!("{} {} {} {}", self.name, self.slug, self.url, self.group.as_deref().unwrap_or_default());
        let text = text.to_lowercase();
        words.iter().all(|word| text.contains(word))
    }
}

/// The list, by name.
///
/// # Errors
/// [`WebError::Invalid`], [`WebError::NotFound`] beyond the last page, [`WebError::Database`].
pub fn list(ask: &Ask) -> Result<Answer, WebError> {
    let number = usize::try_from(ask.query.page()?).unwrap_or(1);
    let query = ask.query.get("q").unwrap_or_default().trim().to_owned();
    let words: Vec<String> = query.split_whitespace().map(str::to_lowercase).collect();
    let database = &mut *ask.database()?;
    let mut all = statuses::of(database, &Which::All)?;
    all.sort_by_cached_key(|of| (of.site.name.to_lowercase(), of.site.id));
    let rows: Vec<Row> = all.iter().map(Row::new).filter(|row| row.is_meant(&words)).collect();
    let (found, pages) = (rows.len(), rows.len().div_ceil(ROWS).max(1));
    if number > pages {
        return Err(WebError::NotFound);
    }
    let rows = rows.into_iter().skip((number - 1) * ROWS).take(ROWS).collect();
    let encoded = byte_serialize(query.as_bytes()).collect();
    let view = Page { query, encoded, rows, found, all: all.len(), page: number, pages };
    page(ask, database, "manage_sites.html", &view)
}

/// Looks at a site no more until it is resumed.
///
/// # Errors
/// [`WebError::NotFound`], [`WebError::Database`].
pub fn pause(ask: &Ask) -> Result<Answer, WebError> {
    set_paused(ask, true)
}

/// Looks at a site again.
///
/// # Errors
/// As [`pause`].
pub fn resume(ask: &Ask) -> Result<Answer, WebError> {
    set_paused(ask, false)
}

fn set_paused(ask: &Ask, paused: bool) -> Result<Answer, WebError> {
    let slug = ask.slug()?;
    let change = SiteChange { paused: Some(paused), ..SiteChange::default() };
    let (_, site) = write(&mut *ask.database()?, |database| sites::edit(database, slug, change, ask.now))?;
    let said = if paused { "is paused" } else { "is checked again" };
    done(ask, &format!("/manage/sites/{slug}"), format!("{} {said}.", site.name))
}

/// Asks whether a site is really to be removed, and says what goes with it.
///
/// # Errors
/// As [`pause`].
pub fn confirm(ask: &Ask) -> Result<Answer, WebError> {
    #[derive(Serialize)]
    struct Page {
        slug: String,
        name: String,
        url: String,
        outage: Option<i32>,
        outages: usize,
    }
    let database = &mut *ask.database()?;
    let site = sites::by_slug(database, ask.slug()?)?;
    let view = Page {
        outage: open_outage(database, site.id)?,
        outages: outages::of_site(database, site.id, 1000)?.len(),
        url: site.shown_url(),
        slug: site.slug,
        name: site.name,
    };
    page(ask, database, "manage_site_remove.html", &view)
}

/// The open outage that a site is in.
fn open_outage(
    database: &mut djamon_core::store::AnyConnection,
    site: SiteId,
) -> Result<Option<i32>, WebError> {
    let open = outages::page(database, Outages::Open, None, 0, 1000)?;
    let is_in = |of: &&outages::OutageSites| {
        of.parts.iter().any(|named| named.part.site == site && named.part.up_at.is_none())
    };
    Ok(open.iter().find(is_in).map(|of| of.outage.id.0))
}

/// Removes a site; its history stays.
///
/// # Errors
/// As [`pause`].
pub fn remove(ask: &Ask) -> Result<Answer, WebError> {
    let slug = ask.slug()?;
    let site = write(&mut *ask.database()?, |database| sites::remove(database, slug, ask.now))?;
    done(ask, "/manage/sites", format!("{} is removed.", site.name))
}
