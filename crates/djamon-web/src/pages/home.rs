//! `/`: all systems.

use std::sync::Arc;

use djamon_core::store::statuses::{SiteStatus, Which};
use djamon_core::store::{AnyConnection, checkup, groups, statuses};

use super::page;
use crate::answer::Answer;
use crate::ask::Ask;
use crate::error::WebError;
use crate::view::home::{Home, Known};
use crate::view::visible;
use crate::{outages, pulse};

/// How many open outages are shown with their story; there is one, or one a group.
const STORIES: usize = 5;

/// Every site, said in one sentence first.
///
/// # Errors
/// [`WebError::Invalid`]; [`WebError::NotFound`] beyond the last page; [`WebError::Database`].
pub fn home(ask: &Ask) -> Result<Answer, WebError> {
    let (filter, number) = (ask.query.filter()?, ask.query.page()?);
    let database = &mut *ask.database()?;
    let sites = all_sites(ask, database)?;
    let pulse = pulse::take(ask, database, &visible::counts(&*sites))?;
    let groups = groups::all(database)?;
    let open = pulse.open.iter().take(STORIES);
    let stories =
        open.map(|seen| outages::story(ask, database, seen.of.outage.id)).collect::<Result<Vec<_>, _>>()?;
    let known = Known {
        reader: ask.reader,
        pulse: &pulse,
        stories: &stories,
        groups: &groups,
        sites: &sites,
        filter,
        page: number,
        now: ask.now,
    };
    let room = match ask.reader.sees_private() {
        true => checkup::room(database, ask.app.database.url(), ask.now)?,
        false => None,
    };
    let home = Home::new(known).ok_or(WebError::NotFound)?.with_room(room);
    page(ask, database, "home.html", &home)
}

/// Every site that the reader may see, the worst first.
fn all_sites(ask: &Ask, database: &mut AnyConnection) -> Result<Arc<Vec<SiteStatus>>, WebError> {
    let Some(state) = ask.state else {
        let sites = statuses::with_figures(database, &Which::All, ask.now)?;
        return Ok(Arc::new(visible::sites(ask.reader, sites)));
    };
    ask.app.roster.sites(ask.reader.sees_private(), state.number, ask.now, |known| {
        let sites = statuses::all_again(database, ask.now, state.plan, known)?;
        Ok(visible::sites(ask.reader, sites))
    })
}
