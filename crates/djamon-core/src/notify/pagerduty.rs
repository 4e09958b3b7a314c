//! The channel `pagerduty`: an outage as one alert, triggered when it opens and resolved when it ends.
//!
//! Source: developer.pagerduty.com, "Send an alert event" (Events API v2), "Event size limits".

use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use super::answer::Called;
use super::card::cut;
use super::compose::name;
use super::courier::Service;
use super::post::{Method, Request, below, body};
use super::redact::Secrets;
use super::words::{clipped, listed, one_line, seen};
use super::{Message, Story, StorySite};
use crate::calendar::rfc3339;
use crate::config::Kind;
use crate::config::channel::{PagerDuty, Severity};
use crate::domain::{EventKind, Instant};

const MOST_SUMMARY: usize = 1024;
/// Sites that are told one by one; an event has at most 512 KB.
const MOST_SITES: usize = 50;
const MOST_OF_A_FIELD: usize = 300;

impl Service for PagerDuty {
    fn kind(&self) -> Kind {
        Kind::PagerDuty
    }

    fn called(&self) -> Called {
        Called { name: "PagerDuty", hint: "check the channel's routing_key" }
    }

    fn secrets(&self) -> Secrets {
        Secrets::none().and(&self.routing_key.0)
    }

    fn request(&self, message: &Message, _now: Instant) -> Request {
        let story = message.details.as_deref().map(|details| &details.story);
        let resolves = message.kind == EventKind::Resolved;
        let mut event = json!({
            "routing_key": self.routing_key.0,
            "event_action": if resolves { "resolve" } else { "trigger" },
            "dedup_key": dedup_key(message, story),
        });
        if let (false, Some(fields)) = (resolves, event.as_object_mut()) {
            fields.insert("payload".to_owned(), self.payload(message, story));
            fields.insert("client".to_owned(), "Djamon".into());
            fields.insert("client_url".to_owned(), message.link.as_str().into());
            fields.insert("links".to_owned(), json!([{ "href": message.link, "text": "Open in Djamon" }]));
        }
        let url = below(self.api_url.url(), &["v2", "enqueue"]);
        Request { method: Method::Post, url, headers: Vec::new(), body: body(&event) }
    }
}

impl PagerDuty {
    fn payload(&self, message: &Message, story: Option<&Story>) -> Json {
        let severity = match (message.kind, self.severity) {
            (EventKind::Test, _) => "info",
            (EventKind::Certificate, _) => "warning",
            (EventKind::Storage, _) if !message.tells_of_a_full_disk() => "warning",
            (_, Severity::Critical) => "critical",
            (_, Severity::Error) => "error",
            (_, Severity::Warning) => "warning",
            (_, Severity::Info) => "info",
        };
        let sites: &[StorySite] = story.map(|story| story.sites.as_slice()).unwrap_or_default();
        let down: Vec<&StorySite> = sites.iter().filter(|site| site.up_at.is_none()).collect();
        let named = |site: &&StorySite| clipped(&name(site), MOST_OF_A_FIELD);
        let machine =
            story.and_then(|story| story.storage.as_ref()).map(|storage| one_line(&storage.machine));
        let source = match down.as_slice() {
            [] => machine.map_or_else(|| "Djamon".to_owned(), |machine| clipped(&machine, MOST_OF_A_FIELD)),
            [only] => clipped(&one_line(&only.url), MOST_OF_A_FIELD),
            several => listed(&several.iter().map(named).collect::<Vec<_>>()),
        };
        let told: serde_json::Map<String, Json> =
            down.iter().take(MOST_SITES).map(|site| (site.slug.clone(), details(site))).collect();
        let mut payload = json!({
            "summary": cut(&message.subject, MOST_SUMMARY),
            "source": source,
            "severity": severity,
            "timestamp": rfc3339(message.at),
            "class": message.kind.name(),
            "custom_details": { "sites": told, "more_sites": down.len().saturating_sub(MOST_SITES) },
        });
        if message.kind == EventKind::Storage
            && let Some(fields) = payload.as_object_mut()
        {
            fields.insert("custom_details".to_owned(), json!({ "what": message.lead() }));
        }
        if let ([only], Some(fields)) = (down.as_slice(), payload.as_object_mut()) {
            fields.insert("component".to_owned(), only.slug.as_str().into());
            fields.extend(only.group.as_ref().map(|group| ("group".to_owned(), group.as_str().into())));
        }
        payload
    }
}

fn details(site: &StorySite) -> Json {
    json!({
        "name": clipped(&name(site), MOST_OF_A_FIELD),
        "url": clipped(&one_line(&site.url), MOST_OF_A_FIELD),
        "seen": clipped(&seen(site), MOST_OF_A_FIELD),
        "since": site.certificate_expires_at.is_none().then(|| rfc3339(site.down_at)),
        "certificate_expires_at": site.certificate_expires_at.map(rfc3339),
    })
}

/// What PagerDuty knows the alert by: the outage, told apart from that of the same number in another database by its
/// time; the certificates; or, for a test, the message.
fn dedup_key(message: &Message, story: Option<&Story>) -> String {
    match story.and_then(|story| story.outage.as_ref()) {
        Some(outage) => format!("djamon-{:x}-{}", outage.detected_at.ms(), outage.id),
        None if message.kind == EventKind::Certificate => {
            let mut hash = Sha256::new();
            for site in story.iter().flat_map(|story| &story.sites) {
                hash.update(format!("{}\0{:?}\0", site.slug, site.certificate_expires_at));
            }
            let hash: String = hash.finalize().iter().take(12).map(|byte| format!("{byte:02x}")).collect();
            format!("djamon-certificate-{hash}")
        }
        None => message.key.clone(),
    }
}
