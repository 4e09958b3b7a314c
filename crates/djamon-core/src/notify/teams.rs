//! The channel `teams`: an adaptive card for a workflow that waits for a webhook.
//!
//! Source: learn.microsoft.com, "Create incoming webhooks with Workflows", "Format cards in Teams"; adaptivecards.io
//! schema 1.4. A `RichTextBlock` shows text as it is, while a `TextBlock` would read Markdown in a site's name.

use serde_json::{Value as Json, json};

use super::Message;
use super::answer::Called;
use super::card::{self, Line, Mood};
use super::courier::Service;
use super::post::{Method, Request, body};
use super::redact::Secrets;
use crate::config::Kind;
use crate::config::channel::Teams;
use crate::domain::Instant;

/// Bytes of a message; Teams refuses more than about 28 KB.
const MOST_BYTES: usize = 25_000;

impl Service for Teams {
    fn kind(&self) -> Kind {
        Kind::Teams
    }

    fn called(&self) -> Called {
        Called { name: "Teams", hint: "check the channel's url" }
    }

    fn secrets(&self) -> Secrets {
        Secrets::none().and_address(self.url.url())
    }

    fn request(&self, message: &Message, _now: Instant) -> Request {
        let lines = card::lines(message, &|lines| body(&with(message, lines)).len() <= MOST_BYTES);
        let body = body(&with(message, &lines));
        Request { method: Method::Post, url: self.url.url().clone(), headers: Vec::new(), body }
    }
}

fn with(message: &Message, lines: &[Line]) -> Json {
    let colour = match Mood::of(message) {
        Mood::Bad => "attention",
        Mood::Good => "good",
        Mood::Warning => "warning",
        Mood::Calm => "accent",
    };
    let subject = json!({ "type": "TextRun", "text": message.subject, "weight": "bolder", "size": "large", "color": colour });
    let mut blocks = vec![json!({ "type": "RichTextBlock", "inlines": [subject] })];
    let mut wide = false;
    for line in lines {
        let run = match line {
            Line::Gap => {
                wide = true;
                continue;
            }
            Line::Strong(text) => json!({ "type": "TextRun", "text": text, "weight": "bolder" }),
            Line::Text(text) | Line::Link(text) => json!({ "type": "TextRun", "text": text }),
        };
        let spacing = if wide { "medium" } else { "none" };
        blocks.push(json!({ "type": "RichTextBlock", "inlines": [run], "spacing": spacing }));
        wide = false;
    }
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "msteams": { "width": "Full" },
                "body": blocks,
                "actions": [{ "type": "Action.OpenUrl", "title": "Open in Djamon", "url": message.link }],
            },
        }],
    })
}
