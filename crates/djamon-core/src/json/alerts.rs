//! Alerts as JSON: what the channels are owed or were told, figures of it, and who has taken an outage in hand.

use serde::Serialize;

use super::Reader;
use crate::calendar::rfc3339;
use crate::domain::EventKind;
use crate::domain::instant::millis;
use crate::domain::outage::Acknowledged;
use crate::store::outbox::{Alert, DAYS, Stats};

/// One event owed to one channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = Alert)]
pub struct AlertJson {
    /// Its number.
    pub id: i32,
    /// What it tells of.
    pub event: EventKind,
    /// Of which outage.
    pub outage: Option<i32>,
    /// Who is told; for members.
    pub channel: Option<String>,
    /// `pending`, `claimed`, `retry`, `sent` or `parked`.
    pub state: String,
    /// How often it was tried in vain.
    pub tries: u32,
    /// When it is tried next; null when it is not.
    pub next_try_at: Option<String>,
    /// Why the last try failed; for members.
    pub last_error: Option<String>,
    /// When it became owed.
    pub created_at: String,
    /// When it left.
    pub sent_at: Option<String>,
}

impl AlertJson {
    /// The alert `alert`.
    pub fn new(alert: &Alert, reader: Reader) -> Self {
        let is_over = matches!(alert.state.as_str(), "sent" | "parked");
        AlertJson {
            id: alert.id.0,
            event: alert.kind,
            outage: alert.outage.map(|outage| outage.0),
            channel: reader.private(alert.channel.clone()),
            state: alert.state.clone(),
            tries: alert.tries,
            next_try_at: (!is_over).then(|| rfc3339(alert.next_try_at)),
            last_error: reader.private(alert.last_error.clone()).flatten(),
            created_at: rfc3339(alert.created_at),
            sent_at: alert.sent_at.map(rfc3339),
        }
    }
}

/// That somebody has taken an outage in hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = Acknowledged)]
pub struct AcknowledgedJson {
    /// When.
    pub at: String,
    /// Who; for members.
    pub by: Option<String>,
    /// What they said to it; for members.
    pub why: Option<String>,
}

impl AcknowledgedJson {
    pub(super) fn new(acknowledged: &Acknowledged, reader: Reader) -> Self {
        AcknowledgedJson {
            at: rfc3339(acknowledged.at),
            by: reader.private(acknowledged.by.clone()),
            why: reader.private(acknowledged.why.clone()).flatten(),
        }
    }
}

/// What became of the alerts of the last 30 days; one alert is one event for one channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlertStatsJson {
    /// How many days these figures are of.
    pub days: u32,
    /// How many were to be told.
    pub owed: i64,
    /// How many were taken by the other side.
    pub sent: i64,
    /// How many failed at least once, parked and sent ones among them.
    pub retried: i64,
    /// How many were refused for good, or for a day.
    pub parked: i64,
    /// How many are still on their way.
    pub pending: i64,
    /// How many the outbox knows nothing of.
    pub lost: i64,
    /// Within how many milliseconds 95 in 100 were taken; null when none was.
    pub delay_p95_ms: Option<i64>,
}

impl AlertStatsJson {
    /// The figures `stats`.
    pub fn new(stats: &Stats) -> Self {
        let Stats { owed, sent, retried, parked, pending, lost, delay_p95 } = *stats;
        let delay_p95_ms = delay_p95.map(millis);
        AlertStatsJson { days: DAYS, owed, sent, retried, parked, pending, lost, delay_p95_ms }
    }
}
