//! The channel `ntfy`: a message published to a topic.
//!
//! Source: docs.ntfy.sh, "Publish as JSON", "Limitations", "Authentication".

use serde_json::json;

use super::Message;
use super::answer::Called;
use super::card::{self, Mood, PLAIN, cut};
use super::courier::Service;
use super::post::{Method, Request, authorization, body};
use super::redact::Secrets;
use crate::config::Kind;
use crate::config::channel::Ntfy;
use crate::domain::Instant;

/// Bytes; longer messages become attachments.
const MOST_BYTES: usize = 4096;
const MOST_TITLE: usize = 250;

impl Service for Ntfy {
    fn kind(&self) -> Kind {
        Kind::Ntfy
    }

    fn called(&self) -> Called {
        Called { name: "ntfy", hint: "check the channel's url, topic and token" }
    }

    fn secrets(&self) -> Secrets {
        Secrets::of(&self.sign_in).and(&self.topic.0)
    }

    fn request(&self, message: &Message, _now: Instant) -> Request {
        let (priority, tag) = match Mood::of(message) {
            Mood::Bad => (self.priority, "rotating_light"),
            Mood::Good => (3, "white_check_mark"),
            Mood::Warning => (3, "warning"),
            Mood::Calm => (3, "information_source"),
        };
        let body = body(&json!({
            "topic": self.topic.0,
            "title": cut(&message.subject, MOST_TITLE),
            "message": card::told(message, &PLAIN, MOST_BYTES, str::len),
            "priority": priority,
            "tags": [tag],
            "click": message.link,
        }));
        let headers = authorization(&self.sign_in).into_iter().collect();
        Request { method: Method::Post, url: self.url.url().clone(), headers, body }
    }
}
