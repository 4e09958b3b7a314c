//! What the outbox holds, for people who look.

use std::time::Duration;

use diesel::prelude::*;

use super::{Alert, Row, is_owed};
use crate::domain::{Instant, OutageId};
use crate::store::schema::{events, outbox};
use crate::store::{AnyConnection, StoreError};

/// What has been owed for longer is late.
const LATE_AFTER: Duration = Duration::from_secs(600);

/// For how long something parked is trouble: later it is history.
const PARKED_COUNTS_FOR: Duration = Duration::from_secs(7 * 24 * 3600);

/// Which rows are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// In this state.
    pub state: Option<String>,
    /// Of this channel.
    pub channel: Option<String>,
}

/// The newest `limit` rows, newest first.
///
/// # Errors
/// What the database says.
pub fn newest(connection: &mut AnyConnection, filter: &Filter, limit: i64) -> Result<Vec<Alert>, StoreError> {
    let rows = outbox::table.inner_join(events::table).select((Row::as_select(), events::kind));
    let mut rows = rows.order(outbox::id.desc()).limit(limit).into_boxed();
    if let Some(state) = &filter.state {
        rows = rows.filter(outbox::state.eq(state));
    }
    if let Some(channel) = &filter.channel {
        rows = rows.filter(outbox::channel.eq(channel));
    }
    let rows = rows.load::<(Row, String)>(connection)?;
    rows.into_iter().map(|(row, kind)| row.alert(&kind)).collect()
}

/// What the channels are owed or were told of one outage, oldest first.
///
/// # Errors
/// What the database says.
pub fn of_outage(connection: &mut AnyConnection, outage: OutageId) -> Result<Vec<Alert>, StoreError> {
    let rows =
        outbox::table.inner_join(events::table).filter(outbox::outage_id.eq(outage.0)).order(outbox::id);
    let rows = rows.select((Row::as_select(), events::kind)).load::<(Row, String)>(connection)?;
    rows.into_iter().map(|(row, kind)| row.alert(&kind)).collect()
}

/// The channels that are owed something, whether or not it may leave now.
///
/// # Errors
/// What the database says.
pub fn owed_channels(connection: &mut AnyConnection) -> Result<Vec<String>, StoreError> {
    let owed = outbox::table.filter(is_owed()).select(outbox::channel).distinct();
    let mut channels: Vec<String> = owed.load(connection)?;
    channels.sort();
    Ok(channels)
}

/// The channels that were ever owed something, also those that are no more.
///
/// # Errors
/// What the database says.
pub fn channels(connection: &mut AnyConnection) -> Result<Vec<String>, StoreError> {
    let mut channels: Vec<String> = outbox::table.select(outbox::channel).distinct().load(connection)?;
    channels.sort();
    Ok(channels)
}

/// How many rows are still owed, and how many are parked.
///
/// # Errors
/// What the database says.
pub fn backlog(connection: &mut AnyConnection) -> Result<(i64, i64), StoreError> {
    let owed = outbox::table.filter(is_owed()).count().get_result(connection)?;
    let parked = outbox::table.filter(outbox::state.eq("parked")).count().get_result(connection)?;
    Ok((owed, parked))
}

/// Alerts that did not reach whom they should.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Trouble {
    /// How many were parked of those that became owed within the last seven days.
    pub parked: i64,
    /// How many have been owed for more than ten minutes.
    pub late: i64,
    /// Since when the oldest of those that are late is owed.
    pub late_since: Option<Instant>,
}

impl Trouble {
    /// Whether there is any.
    pub const fn is_any(&self) -> bool {
        self.parked > 0 || self.late > 0
    }
}

/// Whether alerts are parked or late.
///
/// # Errors
/// What the database says.
pub fn trouble(connection: &mut AnyConnection, now: Instant) -> Result<Trouble, StoreError> {
    let parked = outbox::table
        .filter(outbox::state.eq("parked"))
        .filter(outbox::created_at.gt(now.minus(PARKED_COUNTS_FOR).ms()))
        .count()
        .get_result(connection)?;
    let late = || {
        let owed = outbox::table.inner_join(events::table).filter(is_owed());
        owed.filter(events::at.lt(now.minus(LATE_AFTER).ms()))
    };
    let late_since: Option<i64> = late().select(diesel::dsl::min(events::at)).get_result(connection)?;
    let late = late().count().get_result(connection)?;
    Ok(Trouble { parked, late, late_since: late_since.map(Instant::from_ms) })
}
