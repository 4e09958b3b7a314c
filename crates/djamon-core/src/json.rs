//! Sites, outages and alerts as JSON shows them, to scripts by the commands' `--json` and to the world by the API. Pure:
//! every function turns domain values into one object; field names and meanings are held on to by users.
//!
//! Visitors get the same objects with addresses, details and options null, and without what is not public.

mod alerts;
mod channel;
mod sight;
mod token;

use serde::Serialize;

use crate::calendar::rfc3339;
use crate::domain::health::StateCounts;
use crate::domain::instant::millis;
use crate::domain::status::State;
use crate::domain::uptime::{Figure, Figures};
use crate::domain::{Event, EventKind, Group, Instant, Left, Look, Outcome, SiteOptions, ViewId};
use crate::store::outages::{NamedPart, OutageSites};
use crate::store::outbox::Alert;
use crate::store::statuses::SiteStatus;
use crate::store::users::{Role, User};

pub use alerts::{AcknowledgedJson, AlertJson, AlertStatsJson};
pub use channel::ChannelJson;
pub use sight::SightJson;
pub use token::TokenJson;

/// For whom an object is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// Somebody who may see everything but secrets.
    Member,
    /// Somebody who is not signed in.
    Visitor,
}

impl Reader {
    /// Whether addresses, details and what is not public are for this reader.
    pub const fn sees_private(self) -> bool {
        matches!(self, Reader::Member)
    }

    /// `value` for members only.
    fn private<T>(self, value: T) -> Option<T> {
        self.sees_private().then_some(value)
    }
}

/// A share of time per window, 0 to 1; null when unknown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Windows {
    /// The last 24 hours.
    #[serde(rename = "24h")]
    pub day: Option<f64>,
    /// The last 7 days.
    #[serde(rename = "7d")]
    pub week: Option<f64>,
    /// The last 30 days.
    #[serde(rename = "30d")]
    pub month: Option<f64>,
}

impl Windows {
    fn of(figures: &Figures, share: impl Fn(&Figure) -> Option<u32>) -> Self {
        let share = |figure| share(figure).map(|ppm| f64::from(ppm) / 1e6);
        Windows { day: share(&figures.day), week: share(&figures.week), month: share(&figures.month) }
    }
}

/// A site and how it stands.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = Site)]
pub struct SiteJson {
    /// Its name in URLs and commands.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// Its address, credentials masked; for members.
    pub url: Option<String>,
    /// Its group's slug.
    pub group: Option<String>,
    /// Whether visitors may see it, its group permitting.
    pub public: bool,
    /// What it has of its own, secrets masked; for members.
    pub options: Option<SiteOptions>,
    /// Counts its changes.
    pub version: i32,
    /// The one word for it.
    pub state: State,
    /// Good, but slow.
    pub degraded: bool,
    /// Since when it is in this state.
    pub since: Option<String>,
    /// Failed views in a row.
    pub consecutive_failures: u32,
    /// Good views in a row.
    pub consecutive_good: u32,
    /// Its newest view.
    pub last_view: Option<ViewJson>,
    /// When its certificate ends, if one was seen.
    pub certificate_expires_at: Option<String>,
    /// The share of the known time that it was up.
    pub uptime: Windows,
    /// The share of the time that is known.
    pub coverage: Windows,
}

impl SiteJson {
    /// The site of `of`.
    pub fn new(of: &SiteStatus, reader: Reader) -> Self {
        let (site, status) = (&of.site, &of.status);
        SiteJson {
            slug: site.slug.clone(),
            name: site.name.clone(),
            url: reader.private(site.shown_url()),
            group: of.group.clone(),
            public: site.public,
            options: reader.private(site.options.masked()),
            version: site.version,
            state: status.state,
            degraded: status.degraded,
            since: status.since.map(rfc3339),
            consecutive_failures: status.failures,
            consecutive_good: status.good,
            last_view: status.looks.first().map(|look| ViewJson::new(look, reader)),
            certificate_expires_at: status.certificate_expires_at.map(rfc3339),
            uptime: Windows::of(&of.figures, |figure| figure.uptime_ppm),
            coverage: Windows::of(&of.figures, |figure| figure.coverage_ppm),
        }
    }
}

/// A SiteView.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = View)]
pub struct ViewJson {
    /// Its key.
    pub id: ViewId,
    /// When its probe began.
    pub at: String,
    /// The status code; 500 for a timeout, null without an HTTP answer.
    pub code: Option<u16>,
    /// How it ended.
    pub outcome: Outcome,
    /// Good, but slow.
    pub degraded: bool,
    /// A sentence for people; for members.
    pub detail: Option<String>,
    /// How long it took.
    pub duration_ms: u32,
}

impl ViewJson {
    /// The view of `look`.
    pub fn new(look: &Look, reader: Reader) -> Self {
        ViewJson {
            id: look.id,
            at: rfc3339(look.at),
            code: look.code,
            outcome: look.outcome,
            degraded: look.degraded,
            detail: reader.private(look.detail.clone()).flatten(),
            duration_ms: look.duration_ms,
        }
    }
}

/// A group with its sites.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = Group)]
pub struct GroupJson {
    /// Its name in URLs and commands.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// Whether visitors may see it.
    pub public: bool,
    /// Counts its changes.
    pub version: i32,
    /// How many of its sites are in each state.
    pub counts: StateCounts,
    /// Its sites, in the order given.
    pub sites: Vec<SiteJson>,
}

impl GroupJson {
    /// `group` with those of `sites` that belong to it.
    pub fn new(group: &Group, sites: &[SiteStatus], reader: Reader) -> Self {
        let members = sites.iter().filter(|of| of.site.group == Some(group.id));
        let shown: Vec<_> = members.filter(|of| reader.sees_private() || of.is_public).collect();
        let mut counts = StateCounts::default();
        shown.iter().for_each(|of| counts.add(of.status.state));
        GroupJson {
            counts,
            slug: group.slug.clone(),
            name: group.name.clone(),
            public: group.public,
            version: group.version,
            sites: shown.into_iter().map(|of| SiteJson::new(of, reader)).collect(),
        }
    }
}

/// Whether an outage goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum OutageState {
    /// It goes on.
    Open,
    /// It ended.
    Resolved,
}

/// An outage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = Outage)]
pub struct OutageJson {
    /// Its number.
    pub id: i32,
    /// Whether it goes on.
    pub state: OutageState,
    /// The first failed view.
    pub started_at: String,
    /// The view that raised it.
    pub detected_at: String,
    /// When its last site was back.
    pub resolved_at: Option<String>,
    /// Who has taken it in hand.
    pub acknowledged: Option<AcknowledgedJson>,
    /// From its start to its end, or to now.
    pub duration_ms: i64,
    /// Its sites, in the order they joined; one that came back stands here twice.
    pub sites: Vec<OutageSiteJson>,
    /// What happened, oldest first.
    pub events: Vec<EventJson>,
    /// What the channels are owed or were told, oldest first; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alerts: Option<Vec<AlertJson>>,
}

impl OutageJson {
    /// The outage `of` with its `events`, as it is at `now`.
    pub fn new(of: &OutageSites, events: &[Event], now: Instant, reader: Reader) -> Self {
        let outage = &of.outage;
        let shown = of.parts.iter().filter(|named| reader.sees_private() || named.is_public);
        OutageJson {
            id: outage.id.0,
            state: if outage.resolved_at.is_none() { OutageState::Open } else { OutageState::Resolved },
            started_at: rfc3339(outage.started_at),
            detected_at: rfc3339(outage.detected_at),
            resolved_at: outage.resolved_at.map(rfc3339),
            acknowledged: outage.acknowledged.as_ref().map(|one| AcknowledgedJson::new(one, reader)),
            duration_ms: millis(outage.resolved_at.unwrap_or(now).since(outage.started_at)),
            sites: shown.map(OutageSiteJson::new).collect(),
            events: events.iter().map(|event| EventJson::new(of, event)).collect(),
            alerts: None,
        }
    }
}

impl OutageJson {
    /// The same with what the channels are owed or were told.
    #[must_use]
    pub fn with_alerts(self, alerts: &[Alert], reader: Reader) -> Self {
        OutageJson {
            alerts: Some(alerts.iter().map(|alert| AlertJson::new(alert, reader)).collect()),
            ..self
        }
    }
}

/// A site's part in an outage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = OutageSite)]
pub struct OutageSiteJson {
    /// The site's name in URLs and commands.
    pub slug: String,
    /// The site's name for people.
    pub name: String,
    /// Its first failed view.
    pub down_at: String,
    /// When it left.
    pub up_at: Option<String>,
    /// How its first failed view ended.
    pub first_outcome: Outcome,
    /// Why it left.
    pub left: Option<Left>,
}

impl OutageSiteJson {
    fn new(named: &NamedPart) -> Self {
        OutageSiteJson {
            slug: named.slug.clone(),
            name: named.name.clone(),
            down_at: rfc3339(named.part.down_at),
            up_at: named.part.up_at.map(rfc3339),
            first_outcome: named.part.first.outcome,
            left: named.part.left,
        }
    }
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = Event)]
pub struct EventJson {
    /// Its number.
    pub id: i32,
    /// What happened.
    pub kind: EventKind,
    /// When.
    pub at: String,
    /// The sites that it told of for the first time.
    pub sites: Vec<String>,
}

impl EventJson {
    fn new(of: &OutageSites, event: &Event) -> Self {
        let told = of.parts.iter().filter(|named| named.part.event == Some(event.id));
        EventJson {
            id: event.id.0,
            kind: event.kind,
            at: rfc3339(event.at),
            sites: told.map(|named| named.slug.clone()).collect(),
        }
    }
}

/// A person who may sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UserJson {
    /// The name they sign in with.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// When they were added.
    pub created_at: String,
    /// Since when they may not sign in.
    pub disabled_at: Option<String>,
}

impl UserJson {
    /// The person `user`.
    pub fn new(user: &User) -> Self {
        UserJson {
            name: user.name.clone(),
            role: user.role,
            created_at: rfc3339(user.created_at),
            disabled_at: user.disabled_at.map(rfc3339),
        }
    }
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
