//! `/groups/{slug}`: the systems of one group.

use djamon_core::store::statuses::Which;
use djamon_core::store::{groups, outages as store, statuses};
use serde::Serialize;

use super::{known_until, page};
use crate::answer::Answer;
use crate::ask::Ask;
use crate::error::WebError;
use crate::view::outage::OutageLine;
use crate::view::section::Section;
use crate::view::visible::{self, Seen};

/// How many outages are listed.
const OUTAGES: usize = 10;
/// Of how many sites the outages are asked for.
const SITES: usize = 50;

/// One group.
///
/// # Errors
/// [`WebError::NotFound`], [`WebError::Database`].
pub fn group(ask: &Ask) -> Result<Answer, WebError> {
    #[derive(Serialize)]
    struct Page {
        face: &'static str,
        section: Section,
        outages: Vec<OutageLine>,
    }
    let slug = ask.slug()?;
    let database = &mut *ask.database()?;
    let group = groups::by_slug(database, slug)?;
    if !(group.public || ask.reader.sees_private()) {
        return Err(WebError::NotFound);
    }
    let which = Which::Group(group.id);
    let sites = statuses::with_figures(database, &which, ask.now)?;
    let sites = visible::sites(ask.reader, sites);
    let mut found = Vec::new();
    for one in sites.iter().take(SITES) {
        found.extend(store::of_site(database, one.site.id, i64::try_from(OUTAGES).unwrap_or(i64::MAX))?);
    }
    found.sort_by_key(|of| std::cmp::Reverse(of.outage.id));
    found.dedup_by_key(|of| of.outage.id);
    let outages = found.into_iter().filter_map(|of| Seen::new(ask.reader, of)).take(OUTAGES);
    let outages = outages.map(|seen| OutageLine::new(&seen, ask.now)).collect();
    let known_until = known_until(ask, database)?;
    let section = Section::new(Some(group.slug), &group.name, sites.iter(), ask.now, known_until);
    page(ask, database, "group.html", &Page { face: section.face(), section, outages })
}
