//! The channel `apprise`: a message for an Apprise API, which tells it to whatever service it knows.
//!
//! Source: github.com/caronc/apprise-api, "API Details".

use serde_json::{Value as Json, json};

use super::answer::{Answer, Called};
use super::card::{self, Mood, PLAIN, cut, utf16};
use super::courier::Service;
use super::post::{Method, Request, below, body};
use super::redact::Secrets;
use super::{Message, NotifyError, post};
use crate::config::Kind;
use crate::config::channel::{Apprise, AppriseTargets};
use crate::domain::Instant;

/// The services behind it have limits of their own; most take this much.
const MOST_BODY: usize = 4000;
const MOST_TITLE: usize = 250;

impl Service for Apprise {
    fn kind(&self) -> Kind {
        Kind::Apprise
    }

    fn called(&self) -> Called {
        Called { name: "Apprise", hint: "check the channel's url, and its urls or key" }
    }

    fn secrets(&self) -> Secrets {
        match &self.whom {
            // It may name one of several in what it answers.
            AppriseTargets::Urls(urls) => {
                let each = urls
                    .0
                    .split([',', ' '])
                    .flat_map(|url| [url, url.split_once("://").map_or(url, |(_, rest)| rest)]);
                each.fold(Secrets::none().and(&urls.0), Secrets::and)
            }
            AppriseTargets::Kept { key, .. } => Secrets::none().and(&key.0),
        }
    }

    fn request(&self, message: &Message, _now: Instant) -> Request {
        let kind = match Mood::of(message) {
            Mood::Bad => "failure",
            Mood::Good => "success",
            Mood::Warning => "warning",
            Mood::Calm => "info",
        };
        let mut said = json!({
            "title": cut(&message.subject, MOST_TITLE),
            "body": card::told(message, &PLAIN, MOST_BODY, utf16),
            "type": kind,
            "format": "text",
        });
        let mut also = |name: &str, value: &str| {
            if let Some(said) = said.as_object_mut() {
                said.insert(name.to_owned(), Json::from(value));
            }
        };
        let url = match &self.whom {
            AppriseTargets::Urls(urls) => {
                also("urls", &urls.0);
                below(self.url.url(), &["notify"])
            }
            AppriseTargets::Kept { key, tag } => {
                if !tag.is_empty() {
                    also("tag", tag);
                }
                below(self.url.url(), &["notify", &key.0])
            }
        };
        Request { method: Method::Post, url, headers: Vec::new(), body: body(&said) }
    }

    /// 204: nobody was told, for nobody is known by this key and tag. 424: one of the services behind it failed.
    fn own_verdict(&self, answer: &Answer) -> Option<NotifyError> {
        let host = post::host(self.url.url());
        match answer.status {
            204 => Some(NotifyError::permanent(format!(
                "Apprise ({host}) knows nobody to tell (204); check the channel's key and tag"
            ))),
            424 => Some(NotifyError::temporary(format!(
                "Apprise ({host}) could not tell everybody (424): {}; it is tried again later",
                answer.words(&self.secrets())
            ))),
            _ => None,
        }
    }
}
