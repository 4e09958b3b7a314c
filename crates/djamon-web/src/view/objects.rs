//! The objects of the JSON API: docs/API.md shows each. Their names are a contract.

use std::collections::BTreeMap;

use djamon_core::calendar::rfc3339;
use djamon_core::domain::health::StateCounts;
use djamon_core::domain::instant::millis;
use djamon_core::domain::{Event, Group, Instant, Look, OutageId};
use djamon_core::store::outages::{NamedPart, OutageSites};
use djamon_core::store::outbox::Alert;
use djamon_core::store::statuses::SiteStatus;
use serde::Serialize;

use crate::pulse::Pulse;
use crate::reader::Reader;

/// A list, and where to go on.
#[derive(Debug, Serialize)]
pub struct List<T> {
    /// Some of it.
    pub items: Vec<T>,
    /// What `before` has to be for those that follow.
    pub next: Option<String>,
}

impl<T> List<T> {
    /// A whole list.
    pub fn whole(items: Vec<T>) -> Self {
        List { items, next: None }
    }
}

/// Everything in one word and five numbers.
#[derive(Debug, Serialize)]
pub struct Summary {
    status: &'static str,
    sites: StateCounts,
    open_outage: Option<OutageId>,
    last_run: Option<String>,
    generated_at: String,
}

impl Summary {
    /// The summary of `pulse` at `now`.
    pub fn new(pulse: &Pulse, sites: StateCounts, now: Instant) -> Self {
        Summary {
            status: pulse.overall.name(),
            sites,
            open_outage: pulse.open.first().map(|seen| seen.of.outage.id),
            last_run: pulse.last_run.as_ref().map(|run| rfc3339(run.started_at)),
            generated_at: rfc3339(now),
        }
    }
}

/// A group with its sites.
#[derive(Debug, Serialize)]
pub struct GroupObject {
    slug: String,
    name: String,
    counts: StateCounts,
    sites: Vec<SiteObject>,
}

impl GroupObject {
    /// The group with these of its sites.
    pub fn new(reader: Reader, group: &Group, sites: &[&SiteStatus]) -> Self {
        GroupObject {
            slug: group.slug.clone(),
            name: group.name.clone(),
            counts: super::visible::counts(sites.iter().copied()),
            sites: sites.iter().map(|one| SiteObject::new(reader, one)).collect(),
        }
    }
}

/// Shares of time, 0 to 1; null while unknown.
type Figures = BTreeMap<&'static str, Option<f64>>;

/// A site and how it stands.
#[derive(Debug, Serialize)]
pub struct SiteObject {
    slug: String,
    name: String,
    url: Option<String>,
    group: Option<String>,
    state: &'static str,
    degraded: bool,
    since: Option<String>,
    consecutive_failures: u32,
    consecutive_good: u32,
    last_view: Option<ViewObject>,
    uptime: Figures,
    coverage: Figures,
}

impl SiteObject {
    /// The site as `reader` may see it.
    pub fn new(reader: Reader, of: &SiteStatus) -> Self {
        let status = &of.status;
        let unknown = || ["24h", "7d", "30d"].map(|length| (length, None)).into();
        SiteObject {
            slug: of.site.slug.clone(),
            name: of.site.name.clone(),
            url: reader.sees_private().then(|| of.site.shown_url()),
            group: of.group.clone(),
            state: status.state.name(),
            degraded: status.degraded,
            since: status.since.map(rfc3339),
            consecutive_failures: status.failures,
            consecutive_good: status.good,
            last_view: status.looks.first().map(|look| ViewObject::new(reader, look)),
            uptime: unknown(),
            coverage: unknown(),
        }
    }
}

/// One look at a site.
#[derive(Debug, Serialize)]
pub struct ViewObject {
    id: String,
    at: String,
    code: Option<u16>,
    outcome: &'static str,
    degraded: bool,
    detail: Option<String>,
    duration_ms: u32,
}

impl ViewObject {
    /// The look as `reader` may see it.
    pub fn new(reader: Reader, look: &Look) -> Self {
        ViewObject {
            id: look.id.to_string(),
            at: rfc3339(look.at),
            code: look.code,
            outcome: look.outcome.name(),
            degraded: look.degraded,
            detail: look.detail.clone().filter(|_| reader.sees_private()),
            duration_ms: look.duration_ms,
        }
    }
}

/// An outage.
#[derive(Debug, Serialize)]
pub struct OutageObject {
    id: OutageId,
    state: &'static str,
    started_at: String,
    detected_at: String,
    resolved_at: Option<String>,
    duration_ms: i64,
    sites: Vec<PartObject>,
    events: Vec<EventObject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alerts: Option<Vec<AlertObject>>,
}

#[derive(Debug, Serialize)]
struct PartObject {
    slug: String,
    name: String,
    down_at: String,
    up_at: Option<String>,
    first_outcome: &'static str,
    left: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct EventObject {
    kind: &'static str,
    at: String,
    sites: Vec<String>,
}

#[derive(Debug, Serialize)]
struct AlertObject {
    event: &'static str,
    channel: Option<String>,
    state: String,
    tries: u32,
    created_at: String,
    sent_at: Option<String>,
    error: Option<String>,
}

impl OutageObject {
    /// The outage with its events, oldest first.
    pub fn new(of: &OutageSites, events: &[Event], now: Instant) -> Self {
        let outage = &of.outage;
        OutageObject {
            id: outage.id,
            state: if outage.resolved_at.is_none() { "open" } else { "resolved" },
            started_at: rfc3339(outage.started_at),
            detected_at: rfc3339(outage.detected_at),
            resolved_at: outage.resolved_at.map(rfc3339),
            duration_ms: millis(outage.resolved_at.unwrap_or(now).since(outage.started_at)),
            sites: of.parts.iter().map(part).collect(),
            events: events.iter().map(|one| event(of, one)).collect(),
            alerts: None,
        }
    }

    /// The same with what the channels are owed or were told.
    #[must_use]
    pub fn with_alerts(self, reader: Reader, alerts: &[Alert]) -> Self {
        OutageObject { alerts: Some(alerts.iter().map(|one| alert(reader, one)).collect()), ..self }
    }
}

fn part(named: &NamedPart) -> PartObject {
    PartObject {
        slug: named.slug.clone(),
        name: named.name.clone(),
        down_at: rfc3339(named.part.down_at),
        up_at: named.part.up_at.map(rfc3339),
        first_outcome: named.part.first.outcome.name(),
        left: named.part.left.map(|left| left.name()),
    }
}

fn event(of: &OutageSites, event: &Event) -> EventObject {
    let told = of.parts.iter().filter(|named| named.part.event == Some(event.id));
    EventObject {
        kind: event.kind.name(),
        at: rfc3339(event.at),
        sites: told.map(|named| named.slug.clone()).collect(),
    }
}

fn alert(reader: Reader, alert: &Alert) -> AlertObject {
    AlertObject {
        event: alert.kind.name(),
        channel: reader.sees_private().then(|| alert.channel.clone()),
        state: alert.state.clone(),
        tries: alert.tries,
        created_at: rfc3339(alert.created_at),
        sent_at: alert.sent_at.map(rfc3339),
        error: alert.last_error.clone().filter(|_| reader.sees_private()),
    }
}
