//! The channel `slack`: a message for an incoming webhook, as blocks.
//!
//! Source: api.slack.com, "Sending messages using incoming webhooks", "Formatting text", "Blocks".

use serde_json::json;

use super::Message;
use super::answer::Called;
use super::card::{self, Markup, cut, utf16};
use super::courier::Service;
use super::post::{Method, Request, body};
use super::redact::Secrets;
use crate::config::Kind;
use crate::config::channel::Slack;
use crate::domain::Instant;

const MOST_HEADER: usize = 150;
const MOST_SECTION: usize = 3000;

/// Slack's marks: only three characters can mean something, and nothing is made a link that is none.
const MRKDWN: Markup =
    Markup { text: escaped, strong: |text| format!("*{}*", escaped(&plain(text))), link, end: "\n" };

impl Service for Slack {
    fn kind(&self) -> Kind {
        Kind::Slack
    }

    fn called(&self) -> Called {
        Called { name: "Slack", hint: "check the channel's url" }
    }

    fn secrets(&self) -> Secrets {
        Secrets::none().and_address(self.url.url())
    }

    fn request(&self, message: &Message, _now: Instant) -> Request {
        let section = card::told(message, &MRKDWN, MOST_SECTION, utf16);
        let body = body(&json!({
            "text": escaped(&message.subject),
            "unfurl_links": false,
            "unfurl_media": false,
            "blocks": [
                {
                    "type": "header",
                    "text": { "type": "plain_text", "text": cut(&message.subject, MOST_HEADER), "emoji": false },
                },
                { "type": "section", "text": { "type": "mrkdwn", "text": section, "verbatim": true } },
            ],
        }));
        Request { method: Method::Post, url: self.url.url().clone(), headers: Vec::new(), body }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A name within stars has none of its own.
fn plain(text: &str) -> String {
    text.replace('*', "\u{2217}")
}

fn link(url: &str) -> String {
    format!("<{}>", url.replace('&', "&amp;").replace('<', "%3C").replace('>', "%3E").replace('|', "%7C"))
}
