//! What became of a message, noted in its rows.

use std::time::Duration;

use diesel::prelude::*;

use super::{Claim, OWED, is_owed};
use crate::domain::Instant;
use crate::domain::alert::{TRIED_FOR, back_off};
use crate::store::schema::outbox;
use crate::store::{AnyConnection, CHUNK, StoreError, write};

/// What became of a claimed message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// It was taken.
    Sent,
    /// It was not taken, and may be later: it is told anew, with what happened meanwhile.
    Refused {
        /// Why.
        reason: String,
        /// How long the other side asks to be left alone.
        after: Option<Duration>,
    },
    /// Nobody confirmed it: it may have arrived, and comes again as it is.
    Unconfirmed {
        /// What was heard instead.
        reason: String,
    },
    /// It was refused for good.
    Parked {
        /// Why.
        reason: String,
    },
}

/// [`note`] in a transaction of its own.
///
/// # Errors
/// What the database says; then what was sent will be sent again under the same key.
pub fn settle(
    connection: &mut AnyConnection,
    claim: &Claim,
    became: &Settled,
    now: Instant,
) -> Result<usize, StoreError> {
    write(connection, |connection| note(connection, claim, became, now))
}

/// Notes what became of a message, and gives how many of its rows were parked. What is not sent is tried again after the
/// usual pause or the longer one that was asked for; rows that have been owed for a day are parked instead.
pub(super) fn note(
    connection: &mut AnyConnection,
    claim: &Claim,
    became: &Settled,
    now: Instant,
) -> Result<usize, StoreError> {
    match became {
        Settled::Sent => {
            sent(connection, claim, now)?;
            Ok(0)
        }
        Settled::Parked { reason } => {
            let rows = numbers(claim);
            fail(
                connection,
                claim,
                &rows,
                &Failure { reason, next_try: None, channel_waits: false, same: claim.may_have_arrived },
            )
        }
        Settled::Refused { reason, after } => {
            again(connection, claim, reason, *after, claim.may_have_arrived, now)
        }
        Settled::Unconfirmed { reason } => again(connection, claim, reason, None, true, now),
    }
}

fn sent(connection: &mut AnyConnection, claim: &Claim, now: Instant) -> Result<(), StoreError> {
    for chunk in numbers(claim).chunks(CHUNK) {
        diesel::update(outbox::table.filter(outbox::id.eq_any(chunk)))
            .set((
                outbox::state.eq("sent"),
                outbox::sent_at.eq(now.ms()),
                outbox::last_error.eq(None::<String>),
            ))
            .execute(connection)?;
    }
    Ok(())
}

fn again(
    connection: &mut AnyConnection,
    claim: &Claim,
    reason: &str,
    after: Option<Duration>,
    same: bool,
    now: Instant,
) -> Result<usize, StoreError> {
    let next_try = now.plus(after.unwrap_or_default().max(back_off(claim.tries.saturating_add(1))));
    let mut old: Vec<i32> = Vec::new();
    for chunk in numbers(claim).chunks(CHUNK) {
        let of_chunk = outbox::table.filter(outbox::id.eq_any(chunk));
        let of_chunk = of_chunk.filter(outbox::created_at.lt(now.minus(TRIED_FOR).ms()));
        old.extend(of_chunk.select(outbox::id).load::<i32>(connection)?);
    }
    let young: Vec<i32> = numbers(claim).into_iter().filter(|row| !old.contains(row)).collect();
    let failure = Failure { reason, next_try: Some(next_try), channel_waits: after.is_some(), same };
    fail(connection, claim, &young, &failure)?;
    fail(connection, claim, &old, &Failure { next_try: None, ..failure })
}

struct Failure<'a> {
    reason: &'a str,
    /// `None` parks it.
    next_try: Option<Instant>,
    channel_waits: bool,
    /// Whether it stays the message that it is.
    same: bool,
}

/// Gives how many rows were parked. Rows that somebody else has settled meanwhile, because the claim ran out, are left
/// alone.
fn fail(
    connection: &mut AnyConnection,
    claim: &Claim,
    rows: &[i32],
    failure: &Failure<'_>,
) -> Result<usize, StoreError> {
    let (state, next_try_at) = match failure.next_try {
        Some(next_try) => ("retry", Some(next_try.ms())),
        None => ("parked", None),
    };
    let mut changed = 0;
    for chunk in rows.chunks(CHUNK) {
        let claimed = outbox::table
            .filter(outbox::id.eq_any(chunk).and(outbox::state.eq("claimed")))
            .filter(outbox::message_key.eq(&claim.story.key));
        changed += diesel::update(claimed)
            .set((
                outbox::state.eq(state),
                outbox::tries.eq(i32::try_from(claim.tries.saturating_add(1)).unwrap_or(i32::MAX)),
                next_try_at.map(|at| outbox::next_try_at.eq(at)),
                outbox::message_key.eq(failure.same.then_some(&claim.story.key)),
                outbox::channel_waits.eq(failure.channel_waits && failure.next_try.is_some()),
                outbox::last_error.eq(failure.reason),
            ))
            .execute(connection)?;
    }
    Ok(if failure.next_try.is_some() { 0 } else { changed })
}

/// Parks what waits for this channel. What is claimed is under way: whoever has claimed it says what became of it. To be
/// called within [`write`].
///
/// # Errors
/// What the database says.
pub(in crate::store) fn park_waiting(
    connection: &mut AnyConnection,
    channel: &str,
    reason: &str,
) -> Result<(), StoreError> {
    let [pending, _, waiting] = OWED;
    let rows = outbox::table.filter(outbox::channel.eq(channel)).filter(is_owed());
    diesel::update(rows.filter(outbox::state.eq_any([pending, waiting])))
        .set((outbox::state.eq("parked"), outbox::channel_waits.eq(false), outbox::last_error.eq(reason)))
        .execute(connection)?;
    Ok(())
}

fn numbers(claim: &Claim) -> Vec<i32> {
    claim.rows.iter().map(|row| row.0).collect()
}

/// Lets parked and waiting messages leave at once: all, or those of one channel. Gives how many. What may have arrived
/// stays the message that it was.
///
/// # Errors
/// What the database says.
pub fn retry(
    connection: &mut AnyConnection,
    channel: Option<&str>,
    now: Instant,
) -> Result<usize, StoreError> {
    let [pending, _, waiting] = OWED;
    write(connection, |connection| {
        let mut rows =
            outbox::table.filter(outbox::state.eq_any(["parked", waiting])).select(outbox::id).into_boxed();
        if let Some(channel) = channel {
            rows = rows.filter(outbox::channel.eq(channel));
        }
        let rows: Vec<i32> = rows.load(connection)?;
        for chunk in rows.chunks(CHUNK) {
            diesel::update(outbox::table.filter(outbox::id.eq_any(chunk)))
                .set((
                    outbox::state.eq(pending),
                    outbox::tries.eq(0),
                    outbox::next_try_at.eq(now.ms()),
                    outbox::created_at.eq(now.ms()),
                    outbox::channel_waits.eq(false),
                ))
                .execute(connection)?;
        }
        Ok(rows.len())
    })
}
