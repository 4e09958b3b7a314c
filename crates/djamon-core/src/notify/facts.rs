//! What programs are told: a story as JSON. Names here are a contract, described in docs/alerts.md; fields are only ever
//! added.

use serde::Serialize;

use super::compose::name;
use super::words::one_line;
use super::{Message, Story, StorySite};
use crate::calendar::rfc3339;
use crate::domain::storage::Shortage;
use crate::domain::{EventKind, Instant, Left};

/// One message for programs.
#[derive(Serialize)]
pub(super) struct Facts<'a> {
    /// The message's own name: the same message sent again has the same.
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    at: String,
    subject: &'a str,
    url: &'a str,
    events: Vec<EventFacts>,
    outage: Option<OutageFacts>,
    sites: Vec<SiteFacts<'a>>,
    storage: Option<StorageFacts<'a>>,
}

#[derive(Serialize)]
struct EventFacts {
    id: i32,
    #[serde(rename = "type")]
    kind: &'static str,
    at: String,
}

#[derive(Serialize)]
struct OutageFacts {
    id: i32,
    state: &'static str,
    started_at: String,
    detected_at: String,
    resolved_at: Option<String>,
    duration_ms: u64,
}

#[derive(Serialize)]
struct SiteFacts<'a> {
    slug: &'a str,
    name: String,
    url: &'a str,
    group: Option<&'a str>,
    news: bool,
    down_at: Option<String>,
    up_at: Option<String>,
    left: Option<&'static str>,
    outcome: &'static str,
    code: Option<u16>,
    detail: Option<String>,
    last_good_at: Option<String>,
    certificate_expires_at: Option<String>,
}

#[derive(Serialize)]
struct StorageFacts<'a> {
    level: &'static str,
    database: &'a str,
    machine: &'a str,
    free_bytes: u64,
    wanted_bytes: u64,
}

impl<'a> Facts<'a> {
    /// What `message` tells.
    pub fn of(message: &'a Message) -> Self {
        let story = message.details.as_deref().map(|details| &details.story);
        Facts {
            id: &message.key,
            kind: type_of(message.kind),
            at: rfc3339(message.at),
            subject: &message.subject,
            url: &message.link,
            events: story.map(events).unwrap_or_default(),
            outage: story.and_then(|story| outage(story, message.at)),
            sites: story.map(sites).unwrap_or_default(),
            storage: story.and_then(|story| story.storage.as_ref()).map(storage),
        }
    }
}

/// An event's kind as programs know it.
pub(super) const fn type_of(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Opened => "outage.opened",
        EventKind::Joined => "outage.joined",
        EventKind::Resolved => "outage.resolved",
        EventKind::Reminder => "outage.reminder",
        EventKind::Certificate => "certificate.expiring",
        EventKind::Storage => "storage.short",
        EventKind::Test => "test",
    }
}

fn events(story: &Story) -> Vec<EventFacts> {
    let event = story.events.iter().map(|event| EventFacts {
        id: event.id.0,
        kind: type_of(event.kind),
        at: rfc3339(event.at),
    });
    event.collect()
}

fn outage(story: &Story, at: Instant) -> Option<OutageFacts> {
    let outage = story.outage.as_ref()?;
    let lasted = outage.resolved_at.unwrap_or(at).since(outage.started_at);
    Some(OutageFacts {
        id: outage.id.0,
        state: if outage.resolved_at.is_none() { "open" } else { "resolved" },
        started_at: rfc3339(outage.started_at),
        detected_at: rfc3339(outage.detected_at),
        resolved_at: outage.resolved_at.map(rfc3339),
        duration_ms: u64::try_from(lasted.as_millis()).unwrap_or(u64::MAX),
    })
}

fn storage(shortage: &Shortage) -> StorageFacts<'_> {
    StorageFacts {
        level: shortage.level.name(),
        database: &shortage.place,
        machine: &shortage.machine,
        free_bytes: shortage.free,
        wanted_bytes: shortage.wanted,
    }
}

fn sites(story: &Story) -> Vec<SiteFacts<'_>> {
    let facts = story.sites.iter().map(|site: &StorySite| SiteFacts {
        slug: &site.slug,
        name: name(site),
        url: &site.url,
        group: site.group.as_deref(),
        news: site.is_news,
        // A site whose certificate runs out is not down.
        down_at: site.certificate_expires_at.is_none().then(|| rfc3339(site.down_at)),
        up_at: site.up_at.map(rfc3339),
        left: site.left.map(Left::name),
        outcome: site.outcome.name(),
        code: site.code,
        detail: site.detail.as_deref().map(one_line),
        last_good_at: site.last_good_at.map(rfc3339),
        certificate_expires_at: site.certificate_expires_at.map(rfc3339),
    });
    facts.collect()
}
