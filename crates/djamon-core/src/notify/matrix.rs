//! The channel `matrix`: a message in a room. Sent again it is the same one: the key is the transaction's.
//!
//! Source: spec.matrix.org, client-server API, "Sending events to a room", "m.room.message", "m.mentions".

use serde_json::json;

use super::Message;
use super::answer::Called;
use super::card::{self, Markup, PLAIN};
use super::courier::Service;
use super::post::{Method, Request, below, body};
use super::redact::Secrets;
use super::words::escaped;
use crate::config::Kind;
use crate::config::channel::Matrix;
use crate::domain::Instant;

/// Bytes of each of the two forms; an event has at most 65,536 in all, and JSON may make six of one.
const MOST_BYTES: usize = 5_000;

const HTML: Markup = Markup {
    text: escaped,
    strong: |text| format!("<strong>{}</strong>", escaped(text)),
    link: |url| format!("<a href=\"{0}\">{0}</a>", escaped(url)),
    end: "<br>",
};

impl Service for Matrix {
    fn kind(&self) -> Kind {
        Kind::Matrix
    }

    fn called(&self) -> Called {
        Called {
            name: "Matrix",
            hint: "check the channel's url, room and token, and that the account is in the room",
        }
    }

    fn secrets(&self) -> Secrets {
        Secrets::none().and(&self.token.0)
    }

    fn request(&self, message: &Message, _now: Instant) -> Request {
        let plain = card::told(message, &PLAIN, MOST_BYTES, str::len);
        let html = card::told(message, &HTML, MOST_BYTES, str::len);
        let subject = &message.subject;
        let body = body(&json!({
            "msgtype": "m.text",
            "body": format!("{subject}\n\n{plain}"),
            "format": "org.matrix.custom.html",
            "formatted_body": format!("<strong>{}</strong><br><br>{html}", escaped(subject)),
            // A name that looks like one calls nobody.
            "m.mentions": {},
        }));
        let room = ["_matrix", "client", "v3", "rooms", &self.room, "send", "m.room.message", &message.key];
        let headers = vec![("authorization", format!("Bearer {}", self.token.0))];
        Request { method: Method::Put, url: below(self.url.url(), &room), headers, body }
    }
}
