//! What a look after the monitor itself asks of the database: room, leftovers, clocks.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};

use super::backend::space;
use super::schema::runs;
use super::{AnyConnection, DatabaseUrl, StoreError, views};
use crate::domain::run::RunState;
pub use crate::domain::storage::Room;
use crate::domain::{Instant, ViewId};

const WEEK_MS: i64 = 7 * 86_400_000;

/// What a look costs in all: its row and its share of the log, of hours and of the run's record.
const BYTES_A_LOOK: u64 = 110;

/// Less free than this is worth a word on any machine.
const LEAST_FREE: u64 = 1 << 30;

/// So many times more than is needed is plenty: runs differ in how many sites are due.
const PLENTY: u64 = 4;

/// How much room there is at `now`; `None` for a server, whose disk is its own affair.
///
/// # Errors
/// What the database says.
pub fn room(
    connection: &mut AnyConnection,
    url: &DatabaseUrl,
    now: Instant,
) -> Result<Option<Room>, StoreError> {
    #[derive(QueryableByName)]
    struct Sum {
        #[diesel(sql_type = Nullable<BigInt>)]
        looks: Option<i64>,
    }
    let Some(disk) = space::disk(url) else { return Ok(None) };
    // By their numbers first: times have no index, and a week has at most so many runs.
    let sum: Sum = diesel::sql_query(
        "SELECT CAST(sum(sites - skipped) AS BIGINT) AS looks FROM runs \
         WHERE id > (SELECT coalesce(max(id), 0) - 20000 FROM runs) AND started_at >= $1",
    )
    .bind::<BigInt, _>(now.ms() - WEEK_MS)
    .get_result(connection)?;
    let looks = u64::try_from(sum.looks.unwrap_or(0)).unwrap_or(0);
    Ok(Some(Room { free: disk.free, wanted: wanted(looks) }))
}

/// Whether there is far more room than so many looks a week need, so that nobody has to count them; a server's disk is its
/// own affair.
pub fn has_plenty(url: &DatabaseUrl, looks_a_week: u64) -> bool {
    space::disk(url).is_none_or(|disk| disk.free / PLENTY > wanted(looks_a_week))
}

fn wanted(looks_a_week: u64) -> u64 {
    looks_a_week.saturating_mul(BYTES_A_LOOK).max(LEAST_FREE)
}

/// How many of the newest runs were blind, and how many there were, since `since`.
///
/// # Errors
/// What the database says.
pub fn blind_runs(connection: &mut AnyConnection, since: Instant) -> Result<(i64, i64), StoreError> {
    let of = |state: RunState| {
        runs::table.filter(runs::started_at.ge(since.ms()).and(runs::state.eq(state.name()))).count()
    };
    let blind: i64 = of(RunState::Blind).get_result(connection)?;
    let done: i64 = of(RunState::Done).get_result(connection)?;
    Ok((blind, blind + done))
}

/// When the oldest SiteView was minted.
///
/// # Errors
/// What the database says.
pub fn oldest_view(connection: &mut AnyConnection) -> Result<Option<Instant>, StoreError> {
    Ok(views::first_id(connection)?.map(ViewId::instant))
}

/// When the newest SiteView was minted.
///
/// # Errors
/// What the database says.
pub fn newest_view(connection: &mut AnyConnection) -> Result<Option<Instant>, StoreError> {
    Ok(views::last_id(connection)?.map(ViewId::instant))
}
