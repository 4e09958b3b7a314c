//! How much room the database has, and telling people when it is too little: early in a run, while it still can be told.

use std::time::Duration;

use djamon_core::domain::plan::RunContext;
use djamon_core::store::backend::reserve::{self, Reserve};
use djamon_core::store::{AnyConnection, StoreError, checkup, storage};

use super::Order;
use crate::app::App;

const WEEK: Duration = Duration::from_secs(7 * 86_400);

/// Whether there is so much room for runs of so many `sites`, the next after `promised`, that nothing is to be told, nor
/// taken back.
pub(super) fn is_plenty(
    app: &App,
    connection: &mut AnyConnection,
    promised: Duration,
    sites: u32,
) -> Result<bool, StoreError> {
    let runs_a_week = WEEK.as_secs() / promised.as_secs().max(1);
    let looks = runs_a_week.saturating_mul(u64::from(sites));
    Ok(checkup::has_plenty(&app.url, looks) && !storage::is_told(connection)?)
}

/// Owes every channel a word, when the room of the database has become too little. `sites` are those of this run: only when
/// there may be too little for so many is the room measured by the looks of the last week, as it is while people know of it.
pub(super) fn tell(
    app: &App,
    connection: &mut AnyConnection,
    order: &Order<'_>,
    context: &RunContext,
    reserve: Reserve,
    sites: u32,
) -> Result<(), StoreError> {
    if is_plenty(app, connection, order.promised, sites)? {
        return Ok(());
    }
    let Some(room) = checkup::room(connection, &app.url, app.now())? else { return Ok(()) };
    let is_full = reserve::is_full(reserve, room.free);
    storage::tell(connection, &app.url, context.run, order.listeners, (room, is_full), app.now())?;
    Ok(())
}
