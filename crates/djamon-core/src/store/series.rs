//! One site's hours and days, one by one: what charts are drawn from.

use diesel::prelude::*;

use super::rows::StateRow;
use super::schema::site_states;
use super::{AnyConnection, StoreError};
use crate::domain::plan::SiteState;
use crate::domain::uptime::{Open, Tally};
use crate::domain::{Instant, SiteId};

type Row = (i32, i32, i32, i32, i32, i32, i32);

fn open((number, up_ms, degraded_ms, down_ms, blind_ms, looks, failures): Row) -> Open {
    let count = |n: i32| u32::try_from(n).unwrap_or(0);
    let (looks, failures) = (count(looks), count(failures));
    let [up_ms, degraded_ms, down_ms, blind_ms] = [up_ms, degraded_ms, down_ms, blind_ms].map(i64::from);
    Open { number: number.into(), tally: Tally { up_ms, degraded_ms, down_ms, blind_ms, looks, failures } }
}

macro_rules! read {
    ($connection:expr, $site:expr, $first:expr, $table:ident.$number:ident) => {{
        use super::schema::$table::dsl::*;
        $table
            .filter(site_id.eq($site.0).and($number.ge($first)))
            .order($number)
            .select(($number, up_ms, degraded_ms, down_ms, blind_ms, looks, failures))
            .load::<Row>($connection)?
            .into_iter()
            .map(open)
    }};
}

/// The site's hours from the number `first` on, with the one that is open as it stands at `now`; one per location and
/// hour, the latest last.
///
/// # Errors
/// What the database says.
pub fn hours(
    connection: &mut AnyConnection,
    site: SiteId,
    first: i64,
    now: Instant,
) -> Result<Vec<Open>, StoreError> {
    let from = i32::try_from(first).unwrap_or(i32::MAX);
    let mut found: Vec<Open> = read!(connection, site, from, site_hours.hour).collect();
    for mut state in states(connection, site)? {
        found.extend(state.ledger.settle(now, None).hours);
        found.push(state.ledger.hour);
    }
    Ok(found)
}

/// The site's days, as [`hours`].
///
/// # Errors
/// What the database says.
pub fn days(
    connection: &mut AnyConnection,
    site: SiteId,
    first: i64,
    now: Instant,
) -> Result<Vec<Open>, StoreError> {
    let from = i32::try_from(first).unwrap_or(i32::MAX);
    let mut found: Vec<Open> = read!(connection, site, from, site_days.day).collect();
    for mut state in states(connection, site)? {
        found.extend(state.ledger.settle(now, None).days);
        found.push(state.ledger.day);
    }
    Ok(found)
}

fn states(connection: &mut AnyConnection, site: SiteId) -> Result<Vec<SiteState>, StoreError> {
    let rows = site_states::table.filter(site_states::site_id.eq(site.0)).select(StateRow::as_select());
    let rows: Vec<StateRow> = rows.load(connection)?;
    rows.into_iter().map(|row| Ok(<(SiteId, SiteState)>::try_from(row)?.1)).collect()
}
