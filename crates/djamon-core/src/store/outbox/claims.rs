//! What may leave next. Per outage only the oldest owed rows count: a message under way, or one that waits for its next
//! try, holds back what comes after it.

use std::collections::HashSet;
use std::time::Duration;

use diesel::prelude::*;

use super::marks::{self, Settled};
use super::{Claim, LEASE, Row, is_owed};
use crate::domain::alert::Audience;
use crate::domain::{Instant, OutboxId};
use crate::store::schema::{events, outbox, runs};
use crate::store::{AnyConnection, CHUNK, StoreError, stories, write};

/// After this long an event may be told although its run has not ended: the run must have been killed.
const RUN_IS_DEAD_AFTER: Duration = Duration::from_secs(180);

/// How many owed rows are looked at for one claim.
const LOOKED_AT: i64 = 2000;

/// How many are looked at first for programs: the messages of eight outages are mostly among them.
const LOOKED_AT_FIRST: i64 = 100;

/// Claims the next message that `channel` is owed, or nothing when nothing may leave now.
///
/// # Errors
/// What the database says.
pub fn claim(
    connection: &mut AnyConnection,
    channel: &str,
    audience: Audience,
    now: Instant,
) -> Result<Option<Claim>, StoreError> {
    Ok(turn(connection, channel, audience, None, true, now)?.0)
}

/// Notes what became of the claim that was `settled`, and claims the next message if it `goes_on`, in one transaction.
/// Gives the claim, and how many rows were parked.
///
/// # Errors
/// What the database says; then nothing was noted, and what was sent will be sent again under the same key.
pub fn turn(
    connection: &mut AnyConnection,
    channel: &str,
    audience: Audience,
    settled: Option<&(Claim, Settled)>,
    goes_on: bool,
    now: Instant,
) -> Result<(Option<Claim>, usize), StoreError> {
    let most = usize::from(goes_on);
    // Most runs owe nothing: asking first keeps them from taking the write lock.
    if settled.is_none() && next(connection, channel, audience, most, now)?.is_empty() {
        return Ok((None, 0));
    }
    write(connection, |connection| {
        let parked = match settled {
            Some((claim, became)) => marks::note(connection, claim, became, now)?,
            None => 0,
        };
        let message = next(connection, channel, audience, most, now)?.pop();
        let claim = message.map(|message| take(connection, channel, message, now)).transpose()?;
        Ok((claim, parked))
    })
}

/// How many messages may be under way to `channel` side by side now, each of another outage.
///
/// # Errors
/// What the database says.
pub fn ready(
    connection: &mut AnyConnection,
    channel: &str,
    audience: Audience,
    now: Instant,
) -> Result<usize, StoreError> {
    Ok(next(connection, channel, audience, audience.at_a_time(), now)?.len())
}

/// Rows that are to leave as one message.
struct Message {
    rows: Vec<Row>,
    key: String,
    may_have_arrived: bool,
}

impl Message {
    /// The message that these rows make, the oldest first; `None` when there are none.
    fn of(rows: Vec<Row>) -> Option<Self> {
        let (first, last) = (rows.first()?, rows.last()?);
        let given = first.message_key.clone();
        let may_have_arrived = given.is_some();
        // Unique also when a database is made anew: its rows are numbered alike, but made at another time.
        let key = given.unwrap_or_else(|| format!("djamon-{:x}-{}-{}", first.created_at, first.id, last.id));
        Some(Message { rows, key, may_have_arrived })
    }
}

fn take(
    connection: &mut AnyConnection,
    channel: &str,
    message: Message,
    now: Instant,
) -> Result<Claim, StoreError> {
    let ids: Vec<i32> = message.rows.iter().map(|row| row.id).collect();
    for chunk in ids.chunks(CHUNK) {
        diesel::update(outbox::table.filter(outbox::id.eq_any(chunk)))
            .set((
                outbox::state.eq("claimed"),
                outbox::message_key.eq(&message.key),
                outbox::next_try_at.eq(now.plus(LEASE).ms()),
                outbox::channel_waits.eq(false),
            ))
            .execute(connection)?;
    }
    let events: Vec<(i32, Option<i32>)> =
        message.rows.iter().map(|row| (row.event_id, row.outage_id)).collect();
    Ok(Claim {
        tries: message.rows.iter().map(|row| u32::try_from(row.tries).unwrap_or(0)).max().unwrap_or(0),
        may_have_arrived: message.may_have_arrived,
        story: stories::of(connection, channel, message.key, &events)?,
        rows: ids.into_iter().map(OutboxId).collect(),
    })
}

/// A row that is owed.
struct Owed {
    row: Row,
    /// Whether its event is whole: its run has ended, or must have died.
    is_whole: bool,
}

/// The next messages, at most `most`.
fn next(
    connection: &mut AnyConnection,
    channel: &str,
    audience: Audience,
    most: usize,
    now: Instant,
) -> Result<Vec<Message>, StoreError> {
    if most == 0 || asked_to_wait(connection, channel, now)? {
        return Ok(Vec::new());
    }
    if audience == Audience::Machines {
        let first = owed(connection, channel, LOOKED_AT_FIRST, now)?;
        let messages = among(connection, channel, audience, &first, most, now)?;
        if messages.len() >= most {
            return Ok(messages);
        }
    }
    let all = owed(connection, channel, LOOKED_AT, now)?;
    among(connection, channel, audience, &all, most, now)
}

/// Whether the other side has asked to be left alone until later.
fn asked_to_wait(connection: &mut AnyConnection, channel: &str, now: Instant) -> Result<bool, StoreError> {
    let waiting = outbox::table.filter(outbox::channel.eq(channel).and(is_owed()));
    let waiting = waiting.filter(outbox::channel_waits).select(Row::as_select());
    Ok(waiting.load::<Row>(connection)?.iter().any(|row| row.waits(now)))
}

/// The next messages among the `owed` rows.
fn among(
    connection: &mut AnyConnection,
    channel: &str,
    audience: Audience,
    owed: &[Owed],
    most: usize,
    now: Instant,
) -> Result<Vec<Message>, StoreError> {
    let heads = heads(owed);
    let untold = match audience {
        Audience::People => untold(connection, channel, &heads)?,
        Audience::Machines => HashSet::new(),
    };
    let ready = heads.iter().filter(|head| !head.row.waits(now));
    let mut messages = Vec::new();
    for head in ready {
        let rows = match (&head.row.message_key, audience) {
            (Some(key), _) => same_message(owed, key),
            (None, Audience::Machines) => head.is_whole.then(|| head.row.clone()).into_iter().collect(),
            (None, Audience::People) => match head.row.outage_id {
                Some(outage) if untold.contains(&outage) => backlog(owed, &heads, &untold),
                _ => since_the_last(owed, head),
            },
        };
        messages.extend(Message::of(rows));
        // What one message of people has taken must not be in another: they leave one by one.
        if messages.len() >= most {
            break;
        }
    }
    Ok(messages)
}

fn owed(
    connection: &mut AnyConnection,
    channel: &str,
    looked_at: i64,
    now: Instant,
) -> Result<Vec<Owed>, StoreError> {
    let rows = outbox::table
        .inner_join(events::table.left_join(runs::table.on(events::run_id.eq(runs::id.nullable()))))
        .filter(outbox::channel.eq(channel).and(is_owed()))
        .order(outbox::id)
        .limit(looked_at)
        .select((Row::as_select(), events::at, events::run_id.is_null(), runs::finished_at.nullable()))
        .load::<(Row, i64, bool, Option<i64>)>(connection)?;
    let owed = |(row, at, has_no_run, run_ended): (Row, i64, bool, Option<i64>)| Owed {
        row,
        is_whole: has_no_run || run_ended.is_some() || now.since(Instant::from_ms(at)) > RUN_IS_DEAD_AFTER,
    };
    Ok(rows.into_iter().map(owed).collect())
}

/// The oldest row of each outage, and every row of none.
fn heads(owed: &[Owed]) -> Vec<&Owed> {
    let mut seen = HashSet::new();
    owed.iter().filter(|owed| owed.row.outage_id.is_none_or(|outage| seen.insert(outage))).collect()
}

/// The outages of which the channel has never been told, or that wait for their next try.
fn untold(
    connection: &mut AnyConnection,
    channel: &str,
    heads: &[&Owed],
) -> Result<HashSet<i32>, StoreError> {
    let free = heads.iter().filter(|head| head.row.message_key.is_none());
    let mut untold: HashSet<i32> = free.clone().filter_map(|head| head.row.outage_id).collect();
    // Most of the time there is one, and one is no backlog.
    if untold.len() > 1 {
        let told = outbox::table
            .filter(outbox::channel.eq(channel).and(outbox::state.eq("sent")))
            .filter(outbox::outage_id.eq_any(untold.iter().copied().collect::<Vec<_>>()))
            .select(outbox::outage_id.assume_not_null())
            .distinct();
        let told: HashSet<i32> = told.load(connection)?.into_iter().collect();
        let waiting: HashSet<i32> =
            free.filter(|head| head.row.state == "retry").filter_map(|head| head.row.outage_id).collect();
        untold.retain(|outage| !told.contains(outage) || waiting.contains(outage));
    }
    Ok(untold)
}

/// What happened to the outage of `head` since the channel was told last.
fn since_the_last(owed: &[Owed], head: &Owed) -> Vec<Row> {
    let of_outage = owed.iter().filter(|owed| match head.row.outage_id {
        Some(outage) => owed.row.outage_id == Some(outage),
        None => owed.row.id == head.row.id,
    });
    let whole = of_outage.take_while(|owed| owed.row.message_key.is_none() && owed.is_whole);
    whole.map(|owed| owed.row.clone()).collect()
}

/// What happened to all outages that are untold, whatever each waits for.
fn backlog(owed: &[Owed], heads: &[&Owed], untold: &HashSet<i32>) -> Vec<Row> {
    let heads = heads.iter().filter(|head| head.row.outage_id.is_some_and(|outage| untold.contains(&outage)));
    let mut rows: Vec<Row> = heads.flat_map(|head| since_the_last(owed, head)).collect();
    rows.sort_by_key(|row| row.id);
    rows
}

fn same_message(owed: &[Owed], key: &str) -> Vec<Row> {
    let same = owed.iter().filter(|owed| owed.row.message_key.as_deref() == Some(key));
    same.map(|owed| owed.row.clone()).collect()
}
