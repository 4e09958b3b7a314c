//! The channel `mastodon`: the short form and the link as a post. Sent again within an hour it is the same one.
//!
//! Source: docs.joinmastodon.org, "Post a new status". Posts may be read by anybody: it is the short form, which names no
//! site that is not public.

use serde_json::json;

use super::Message;
use super::answer::Called;
use super::courier::Service;
use super::post::{Method, Request, below, body};
use super::redact::Secrets;
use crate::config::Kind;
use crate::config::channel::{Mastodon, Visibility};
use crate::domain::Instant;

impl Service for Mastodon {
    fn kind(&self) -> Kind {
        Kind::Mastodon
    }

    fn called(&self) -> Called {
        Called { name: "Mastodon", hint: "check the channel's url and token, and that it may write:statuses" }
    }

    fn secrets(&self) -> Secrets {
        Secrets::none().and(&self.token.0)
    }

    fn request(&self, message: &Message, _now: Instant) -> Request {
        let visibility = match self.visibility {
            Visibility::Public => "public",
            Visibility::Unlisted => "unlisted",
            Visibility::Private => "private",
            Visibility::Direct => "direct",
        };
        let body = body(&json!({
            "status": format!("{}\n{}", message.short, message.link),
            "visibility": visibility,
            "language": "en",
        }));
        let headers = vec![
            ("authorization", format!("Bearer {}", self.token.0)),
            ("idempotency-key", message.key.clone()),
        ];
        let url = below(self.url.url(), &["api", "v1", "statuses"]);
        Request { method: Method::Post, url, headers, body }
    }
}
