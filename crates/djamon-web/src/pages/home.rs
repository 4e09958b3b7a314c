//! `/`: all systems.

use djamon_core::store::statuses::Which;
use djamon_core::store::{checkup, groups, statuses};

use super::page;
use crate::answer::Answer;
use crate::ask::Ask;
use crate::error::WebError;
use crate::pulse;
use crate::view::home::Home;
use crate::view::visible;

/// Every site, said in one sentence first.
///
/// # Errors
/// [`WebError::Database`].
pub fn home(ask: &Ask) -> Result<Answer, WebError> {
    let database = &mut *ask.database()?;
    let mut sites = visible::sites(ask.reader, statuses::of(database, &Which::All)?);
    statuses::add_figures(database, &mut sites, ask.now)?;
    let pulse = pulse::take(ask, database, &visible::counts(&sites))?;
    let groups = groups::all(database)?;
    let room = match ask.reader.sees_private() {
        true => checkup::room(database, ask.app.database.url(), ask.now)?,
        false => None,
    };
    page(ask, database, "home.html", &Home::new(&pulse, &groups, &sites, ask.now).with_room(room))
}
