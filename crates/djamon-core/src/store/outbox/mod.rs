//! The outbox: what each channel is owed. Rows are made with the event they tell of; delivery claims, sends and marks.
//!
//! ```text
//!   pending ──claim──► claimed ──sent──► sent
//!      ▲                │  │ │
//!      │   lease ran out│  │ └──permanent refusal, or 24 h──► parked ──retry by hand──► pending
//!      └────────────────┘  └──temporary refusal──► retry ──claim──► claimed
//! ```
//! Rows that are claimed together are one message with one key. A claim that was never answered for (a crash) and a
//! message that nobody confirmed may have arrived: they stay the same rows under the same key until they are known to have
//! left or are parked. A message that was refused loses its key and is told anew, with what happened since.

mod claims;
mod marks;
mod queries;
mod stats;

pub use claims::{claim, ready, turn};
pub(in crate::store) use marks::park_waiting;
pub use marks::{Settled, retry, settle};
pub use queries::{Filter, Trouble, backlog, channels, newest, of_outage, owed_channels, trouble};
pub use stats::{DAYS, Stats, stats};

use std::time::Duration;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::StoreError;
use super::rows::instant;
use super::schema::outbox;
use crate::domain::alert::TRIED_FOR;
use crate::domain::story::Story;
use crate::domain::{EventId, EventKind, Instant, OutageId, OutboxId};

/// How long a claim holds before others may take its message for lost.
pub const LEASE: Duration = Duration::from_secs(120);

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
    /// Whether an earlier try of it may have arrived.
    pub may_have_arrived: bool,
    /// What the message tells.
    pub story: Story,
}

/// The states of what a channel is still owed.
const OWED: [&str; 3] = ["pending", "claimed", "retry"];

/// That a row is still owed; literally, so that both databases see that the index `outbox_owed` has all of them.
fn is_owed() -> diesel::expression::SqlLiteral<Bool> {
    sql::<Bool>("outbox.state IN ('pending', 'claimed', 'retry')")
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
    /// Whether it may not leave yet. A time much further away than any that is ever set was set by a clock that has been
    /// set back since, and counts for nothing; a little further is one set while we waited for the database's lock.
    fn waits(&self, now: Instant) -> bool {
        let longest = match self.state.as_str() {
            "claimed" => 2 * LEASE,
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
