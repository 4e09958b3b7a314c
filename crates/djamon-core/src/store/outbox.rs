//! The outbox: what each channel is owed. Rows are made with the event they tell of; delivery claims, sends and marks.
//!
//! ```text
//!   pending ──claim──► claimed ──sent──► sent
//!      ▲                │  │ │
//!      │   lease ran out│  │ └──permanent refusal, or 24 h──► parked ──retry by hand──► pending
//!      └────────────────┘  └──temporary refusal──► retry ──claim──► claimed
//! ```
//! Rows of one outage and channel are claimed together, oldest first, as one message with one key; while that message
//! has not left, nothing later of the outage leaves on that channel. A claim that was never answered for (a crash) is
//! claimed again as the same message under the same key.

use std::time::Duration;

use diesel::prelude::*;

use super::rows::instant;
use super::schema::{events, outbox, runs};
use super::{AnyConnection, StoreError, stories, write};
use crate::domain::alert::{TRIED_FOR, back_off};
use crate::domain::story::Story;
use crate::domain::{EventId, EventKind, Instant, OutageId, OutboxId};

/// How long a claim holds before others may take its message for lost.
pub const LEASE: Duration = Duration::from_secs(120);

/// After this long an event may be told although its run has not ended: the run must have been killed.
const RUN_IS_DEAD_AFTER: Duration = Duration::from_secs(180);

/// How many owed rows are looked at for one claim.
const LOOKED_AT: i64 = 2000;

/// One row of the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Its number.
    pub id: OutboxId,
    /// The event it tells of.
    pub event: EventId,
    /// What happened.
    pub kind: EventKind,
    /// To which outage.
    pub outage: Option<OutageId>,
    /// Who is told.
    pub channel: String,
    /// `pending`, `claimed`, `retry`, `sent` or `parked`.
    pub state: String,
    /// How often it was tried in vain.
    pub tries: u32,
    /// When it is tried next; for a claimed one, when the claim runs out.
    pub next_try_at: Instant,
    /// Why the last try failed.
    pub last_error: Option<String>,
    /// When it became owed.
    pub created_at: Instant,
    /// When it left.
    pub sent_at: Option<Instant>,
}

/// Rows that were claimed as one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The rows.
    pub rows: Vec<OutboxId>,
    /// How often this was tried in vain.
    pub tries: u32,
    /// When the oldest of them became owed.
    pub created_at: Instant,
    /// What the message tells.
    pub story: Story,
}

#[derive(Queryable, Selectable, Clone)]
#[diesel(table_name = outbox)]
struct Row {
    id: i32,
    event_id: i32,
    outage_id: Option<i32>,
    channel: String,
    state: String,
    tries: i32,
    next_try_at: i64,
    message_key: Option<String>,
    last_error: Option<String>,
    created_at: i64,
    sent_at: Option<i64>,
}

impl Row {
    /// Whether it may not leave yet. A time further away than any that is ever set was set by a clock that has been
    /// set back since, and counts for nothing.
    fn waits(&self, now: Instant) -> bool {
        let longest = match self.state.as_str() {
            "claimed" => LEASE,
            "retry" => TRIED_FOR,
            _ => return false,
        };
        (now.ms() + 1..=now.plus(longest).ms()).contains(&self.next_try_at)
    }

    fn alert(self, kind: &str) -> Result<Alert, StoreError> {
        Ok(Alert {
            id: OutboxId(self.id),
            event: EventId(self.event_id),
            kind: EventKind::from_name(kind).ok_or_else(|| StoreError::unreadable(kind))?,
            outage: self.outage_id.map(OutageId),
            channel: self.channel,
            state: self.state,
            tries: u32::try_from(self.tries).unwrap_or(0),
            next_try_at: Instant::from_ms(self.next_try_at),
            last_error: self.last_error,
            created_at: Instant::from_ms(self.created_at),
            sent_at: instant(self.sent_at),
        })
    }
}

const OWED: [&str; 3] = ["pending", "claimed", "retry"];

/// Claims the next message that `channel` is owed, or nothing when nothing may leave now.
///
/// # Errors
/// What the database says.
pub fn claim(
    connection: &mut AnyConnection,
    channel: &str,
    now: Instant,
) -> Result<Option<Claim>, StoreError> {
    // Most runs owe nothing: asking first keeps them from taking the write lock.
    if next_rows(connection, channel, now)?.is_none() {
        return Ok(None);
    }
    write(connection, |connection| {
        let Some((rows, key)) = next_rows(connection, channel, now)? else { return Ok(None) };
        let ids: Vec<i32> = rows.iter().map(|row| row.id).collect();
        diesel::update(outbox::table.filter(outbox::id.eq_any(&ids)))
            .set((
                outbox::state.eq("claimed"),
                outbox::message_key.eq(&key),
                outbox::next_try_at.eq(now.plus(LEASE).ms()),
            ))
            .execute(connection)?;
        let events: Vec<i32> = rows.iter().map(|row| row.event_id).collect();
        let outage = rows.first().and_then(|row| row.outage_id);
        Ok(Some(Claim {
            tries: rows.iter().map(|row| u32::try_from(row.tries).unwrap_or(0)).max().unwrap_or(0),
            created_at: Instant::from_ms(rows.iter().map(|row| row.created_at).min().unwrap_or(now.ms())),
            story: stories::of(connection, channel, key, &events, outage)?,
            rows: ids.into_iter().map(OutboxId).collect(),
        }))
    })
}

/// The channels that are owed something, whether or not it may leave now.
///
/// # Errors
/// What the database says.
pub fn owed_channels(connection: &mut AnyConnection) -> Result<Vec<String>, StoreError> {
    let owed = outbox::table.filter(outbox::state.eq_any(OWED)).select(outbox::channel).distinct();
    let mut channels: Vec<String> = owed.load(connection)?;
    channels.sort();
    Ok(channels)
}

/// The rows of the next message and its key. Per outage only the oldest owed rows count: a message under way, or one
/// that waits for its next try, holds back what comes after it.
fn next_rows(
    connection: &mut AnyConnection,
    channel: &str,
    now: Instant,
) -> Result<Option<(Vec<Row>, String)>, StoreError> {
    let owed = outbox::table
        .inner_join(events::table.left_join(runs::table.on(events::run_id.eq(runs::id.nullable()))))
        .filter(outbox::channel.eq(channel).and(outbox::state.eq_any(OWED)))
        .order(outbox::id)
        .limit(LOOKED_AT)
        .select((Row::as_select(), events::at, events::run_id.is_null(), runs::finished_at.nullable()))
        .load::<(Row, i64, bool, Option<i64>)>(connection)?;
    let mut seen: Vec<Option<i32>> = Vec::new();
    for (head, ..) in &owed {
        if head.outage_id.is_some() && seen.contains(&head.outage_id) {
            continue;
        }
        seen.push(head.outage_id);
        if head.waits(now) {
            continue;
        }
        let of_outage = owed.iter().filter(|(row, ..)| match head.outage_id {
            Some(outage) => row.outage_id == Some(outage),
            None => row.id == head.id,
        });
        let rows: Vec<Row> = match &head.message_key {
            Some(key) => of_outage
                .filter(|(row, ..)| row.message_key.as_ref() == Some(key))
                .map(|(row, ..)| row.clone())
                .collect(),
            None => of_outage
                .take_while(|(row, at, has_no_run, run_ended)| {
                    let is_told = *has_no_run
                        || run_ended.is_some()
                        || now.since(Instant::from_ms(*at)) > RUN_IS_DEAD_AFTER;
                    row.message_key.is_none() && is_told
                })
                .map(|(row, ..)| row.clone())
                .collect(),
        };
        if let (Some(first), Some(last)) = (rows.first(), rows.last()) {
            // Unique also when a database is made anew: its rows are numbered alike, but made at another time.
            let key = head.message_key.clone();
            let key =
                key.unwrap_or_else(|| format!("djamon-{:x}-{}-{}", first.created_at, first.id, last.id));
            return Ok(Some((rows, key)));
        }
    }
    Ok(None)
}

/// Marks a claimed message as sent.
///
/// # Errors
/// What the database says; then it will be sent again under the same key.
pub fn sent(connection: &mut AnyConnection, claim: &Claim, now: Instant) -> Result<(), StoreError> {
    write(connection, |connection| {
        diesel::update(outbox::table.filter(outbox::id.eq_any(numbers(claim))))
            .set((
                outbox::state.eq("sent"),
                outbox::sent_at.eq(now.ms()),
                outbox::last_error.eq(None::<String>),
            ))
            .execute(connection)?;
        Ok(())
    })
}

/// Marks a claimed message as refused for now: it is tried again after `after` or the usual pause, together with what
/// happened meanwhile, or parked when it has been tried for a day. Tells whether it was parked.
///
/// # Errors
/// What the database says.
pub fn refused(
    connection: &mut AnyConnection,
    claim: &Claim,
    reason: &str,
    after: Option<Duration>,
    now: Instant,
) -> Result<bool, StoreError> {
    if now.since(claim.created_at) > TRIED_FOR {
        park(connection, claim, reason)?;
        return Ok(true);
    }
    let tries = claim.tries.saturating_add(1);
    let next_try_at = now.plus(after.unwrap_or_default().max(back_off(tries)));
    write(connection, |connection| {
        diesel::update(outbox::table.filter(outbox::id.eq_any(numbers(claim))))
            .set((
                outbox::state.eq("retry"),
                outbox::tries.eq(i32::try_from(tries).unwrap_or(i32::MAX)),
                outbox::next_try_at.eq(next_try_at.ms()),
                outbox::message_key.eq(None::<String>),
                outbox::last_error.eq(reason),
            ))
            .execute(connection)?;
        Ok(())
    })?;
    Ok(false)
}

/// Parks a claimed message: it was refused for good.
///
/// # Errors
/// What the database says.
pub fn park(connection: &mut AnyConnection, claim: &Claim, reason: &str) -> Result<(), StoreError> {
    write(connection, |connection| {
        diesel::update(outbox::table.filter(outbox::id.eq_any(numbers(claim))))
            .set((
                outbox::state.eq("parked"),
                outbox::tries.eq(i32::try_from(claim.tries.saturating_add(1)).unwrap_or(i32::MAX)),
                outbox::last_error.eq(reason),
            ))
            .execute(connection)?;
        Ok(())
    })
}

fn numbers(claim: &Claim) -> Vec<i32> {
    claim.rows.iter().map(|row| row.0).collect()
}

/// Lets parked and waiting messages leave at once: all, or those of one channel. Gives how many.
///
/// # Errors
/// What the database says.
pub fn retry(
    connection: &mut AnyConnection,
    channel: Option<&str>,
    now: Instant,
) -> Result<usize, StoreError> {
    write(connection, |connection| {
        let mut rows =
            outbox::table.filter(outbox::state.eq_any(["parked", "retry"])).select(outbox::id).into_boxed();
        if let Some(channel) = channel {
            rows = rows.filter(outbox::channel.eq(channel));
        }
        let rows: Vec<i32> = rows.load(connection)?;
        for chunk in rows.chunks(super::CHUNK) {
            diesel::update(outbox::table.filter(outbox::id.eq_any(chunk)))
                .set((
                    outbox::state.eq("pending"),
                    outbox::tries.eq(0),
                    outbox::message_key.eq(None::<String>),
                    outbox::next_try_at.eq(now.ms()),
                    outbox::created_at.eq(now.ms()),
                ))
                .execute(connection)?;
        }
        Ok(rows.len())
    })
}

/// The newest `limit` rows, newest first.
///
/// # Errors
/// What the database says.
pub fn newest(connection: &mut AnyConnection, limit: i64) -> Result<Vec<Alert>, StoreError> {
    let rows = outbox::table.inner_join(events::table).order(outbox::id.desc()).limit(limit);
    let rows = rows.select((Row::as_select(), events::kind)).load::<(Row, String)>(connection)?;
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

/// How many rows are still owed, and how many are parked.
///
/// # Errors
/// What the database says.
pub fn backlog(connection: &mut AnyConnection) -> Result<(i64, i64), StoreError> {
    let owed = outbox::table.filter(outbox::state.eq_any(OWED)).count().get_result(connection)?;
    let parked = outbox::table.filter(outbox::state.eq("parked")).count().get_result(connection)?;
    Ok((owed, parked))
}
