//! The channel `alertmanager`: every site that is down as one alert, fired and resolved.
//!
//! Source: prometheus.io, "Sending alerts"; Alertmanager's OpenAPI v2, `POST /alerts`. An alert is known by its labels,
//! so nothing that changes stands in them. It stands until its `endsAt`: Prometheus says every alert again and again, but
//! here the next word may come in days, so that `endsAt` is set far ahead (`hold`) and every reminder moves it.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::answer::Called;
use super::compose::name;
use super::courier::Service;
use super::post::{Method, Request, authorization, below, body};
use super::redact::Secrets;
use super::words::seen;
use super::{Message, StorySite};
use crate::calendar::rfc3339;
use crate::config::Kind;
use crate::config::channel::Alertmanager;
use crate::domain::{EventKind, Instant};

/// How long the alert of a test stands.
const TEST: std::time::Duration = std::time::Duration::from_secs(300);

impl Service for Alertmanager {
    fn kind(&self) -> Kind {
        Kind::Alertmanager
    }

    fn called(&self) -> Called {
        Called { name: "Alertmanager", hint: "check the channel's url and token" }
    }

    fn secrets(&self) -> Secrets {
        Secrets::of(&self.sign_in)
    }

    fn request(&self, message: &Message, now: Instant) -> Request {
        let alerts = match message.kind {
            EventKind::Test => vec![self.test(message, now)],
            EventKind::Storage => vec![self.storage(message, now)],
            _ => self.alerts(message, now),
        };
        let url = below(self.url.url(), &["api", "v2", "alerts"]);
        let headers = authorization(&self.sign_in).into_iter().collect();
        Request { method: Method::Post, url, headers, body: body(&Json::from(alerts)) }
    }
}

impl Alertmanager {
    /// All sites of the story: those that are back too, for there is no message of its own about one of several.
    fn alerts(&self, message: &Message, now: Instant) -> Vec<Json> {
        let sites =
            message.details.as_deref().map(|details| details.story.sites.as_slice()).unwrap_or_default();
        // A site that came back into its outage is there twice: the last part counts.
        let mut last: BTreeMap<&str, &StorySite> = BTreeMap::new();
        for site in sites {
            last.insert(&site.slug, site);
        }
        last.into_values().map(|site| self.alert(message, site, now)).collect()
    }

    fn alert(&self, message: &Message, site: &StorySite, now: Instant) -> Json {
        let (alert, severity) = match site.certificate_expires_at {
            None => ("SiteDown", "critical"),
            Some(_) => ("CertificateExpiring", "warning"),
        };
        let mut labels = self.labels(alert, severity);
        labels.insert("site", &site.slug);
        if let Some(group) = &site.group {
            labels.insert("group", group);
        }
        let starts_at = if site.certificate_expires_at.is_some() { message.at } else { site.down_at };
        json!({
            "labels": labels,
            "annotations": {
                "summary": name(site),
                "description": seen(site),
                "url": site.url,
                "outage": message.link,
            },
            "startsAt": rfc3339(starts_at),
            "endsAt": rfc3339(site.up_at.unwrap_or_else(|| now.plus(self.hold))),
            "generatorURL": message.link,
        })
    }

    fn test(&self, message: &Message, now: Instant) -> Json {
        json!({
            "labels": self.labels("DjamonTest", "info"),
            "annotations": { "summary": message.subject },
            "startsAt": rfc3339(message.at),
            "endsAt": rfc3339(now.plus(TEST)),
            "generatorURL": message.link,
        })
    }

    /// Nobody says when there is room again: it stands for `hold`.
    fn storage(&self, message: &Message, now: Instant) -> Json {
        let (alert, severity) = match message.tells_of_a_full_disk() {
            true => ("DjamonDiskFull", "critical"),
            false => ("DjamonDiskLow", "warning"),
        };
        let story = message.details.as_deref().map(|details| &details.story);
        let mut labels = self.labels(alert, severity);
        if let Some(storage) = story.and_then(|story| story.storage.as_ref()) {
            labels.insert("machine", &storage.machine);
        }
        json!({
            "labels": labels,
            "annotations": { "summary": message.subject, "description": message.lead() },
            "startsAt": rfc3339(message.at),
            "endsAt": rfc3339(now.plus(self.hold)),
            "generatorURL": message.link,
        })
    }

    fn labels<'a>(&'a self, name: &'a str, severity: &'a str) -> BTreeMap<&'a str, &'a str> {
        let own = [("alertname", name), ("severity", severity)];
        own.into_iter()
            .chain(self.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())))
            .collect()
    }
}
