//! What became of the alerts of the last weeks, in figures.

use std::time::Duration;

use diesel::prelude::*;

use crate::domain::Instant;
use crate::store::schema::{events, outbox};
use crate::store::{AnyConnection, StoreError};

/// How many days the figures are of.
pub const DAYS: u32 = 30;

/// What became of the alerts of what happened in the last [`DAYS`] days: one alert is one event for one channel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// How many were to be told.
    pub owed: i64,
    /// How many were taken by the other side.
    pub sent: i64,
    /// How many of all failed at least once.
    pub retried: i64,
    /// How many were refused for good, or for a day.
    pub parked: i64,
    /// How many are still on their way.
    pub pending: i64,
    /// How many the outbox knows nothing of. An event notes, in the transaction that writes it, to how many channels it is
    /// owed; what is missing to that number is lost.
    pub lost: i64,
    /// Of those that were sent, how long 95 in 100 took at most from the event to the other side's receipt.
    pub delay_p95: Option<Duration>,
}

/// The figures of the last [`DAYS`] days.
///
/// # Errors
/// What the database says.
pub fn stats(connection: &mut AnyConnection, now: Instant) -> Result<Stats, StoreError> {
    let since = now.minus(Duration::from_secs(u64::from(DAYS) * 24 * 3600)).ms();
    let rows = outbox::table
        .inner_join(events::table)
        .filter(events::at.ge(since))
        .order((events::id, outbox::id))
        .select((events::id, events::at, outbox::state, outbox::tries, outbox::sent_at))
        .load::<(i32, i64, String, i32, Option<i64>)>(connection)?;
    let owed = events::table
        .filter(events::at.ge(since))
        .order(events::id)
        .select((events::id, events::owed))
        .load::<(i32, i32)>(connection)?;

    let mut stats = Stats::default();
    let mut delays = Vec::new();
    for (_, at, state, tries, sent_at) in &rows {
        stats.retried += i64::from(*tries > 0);
        match state.as_str() {
            "sent" => stats.sent += 1,
            "parked" => stats.parked += 1,
            _ => stats.pending += 1,
        }
        let sent_at = sent_at.filter(|_| state == "sent").map(Instant::from_ms);
        delays.extend(sent_at.map(|sent_at| sent_at.since(Instant::from_ms(*at))));
    }
    for (event, owed) in owed {
        let first = rows.partition_point(|(of, ..)| *of < event);
        let held = rows.iter().skip(first).take_while(|(of, ..)| *of == event).count();
        stats.owed += i64::from(owed);
        stats.lost += (i64::from(owed) - i64::try_from(held).unwrap_or(i64::MAX)).max(0);
    }
    stats.delay_p95 = p95(delays);
    Ok(stats)
}

/// The smallest of `delays` that 95 in 100 do not exceed.
fn p95(mut delays: Vec<Duration>) -> Option<Duration> {
    delays.sort();
    let rank = (delays.len() * 95).div_ceil(100);
    delays.get(rank.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_hundred_delays_the_ninety_fifth_counts() {
        let seconds = |n: u64| (1..=n).rev().map(Duration::from_secs).collect();
        assert_eq!(p95(seconds(100)), Some(Duration::from_secs(95)));
        assert_eq!(p95(seconds(3)), Some(Duration::from_secs(3)));
        assert_eq!(p95(seconds(1)), Some(Duration::from_secs(1)));
        assert_eq!(p95(Vec::new()), None);
    }
}
