//! The channel `discord`: a message for a webhook, as one embed that calls nobody.
//!
//! Source: discord.com/developers/docs, "Execute Webhook", "Embed Limits", "Allowed Mentions Object".

use serde_json::json;

use super::Message;
use super::answer::Called;
use super::card::{self, Markup, Mood, cut, utf16};
use super::courier::Service;
use super::post::{Method, Request, body};
use super::redact::Secrets;
use crate::calendar::rfc3339;
use crate::config::Kind;
use crate::config::channel::Discord;
use crate::domain::Instant;

const MOST_CONTENT: usize = 2000;
const MOST_DESCRIPTION: usize = 4096;

const MARKDOWN: Markup = Markup {
    text: escaped,
    strong: |text| format!("**{}**", escaped(text)),
    link: |url| format!("<{}>", url.replace('<', "%3C").replace('>', "%3E")),
    end: "\n",
};

impl Service for Discord {
    fn kind(&self) -> Kind {
        Kind::Discord
    }

    fn called(&self) -> Called {
        Called { name: "Discord", hint: "check the channel's url and thread_id" }
    }

    fn secrets(&self) -> Secrets {
        Secrets::none().and_address(self.url.url())
    }

    fn request(&self, message: &Message, _now: Instant) -> Request {
        let mut url = self.url.url().clone();
        // Otherwise it answers before it knows whether it takes the message.
        url.query_pairs_mut().append_pair("wait", "true");
        if let Some(thread) = &self.thread_id {
            url.query_pairs_mut().append_pair("thread_id", thread);
        }
        let colour = match Mood::of(message) {
            Mood::Bad => 0x00d1_242f,
            Mood::Good => 0x001a_7f37,
            Mood::Warning => 0x00bf_8700,
            Mood::Calm => 0x0009_69da,
        };
        let mut said = json!({
            "content": escaped(&cut(&message.subject, MOST_CONTENT / 2)),
            "allowed_mentions": { "parse": [] },
            "embeds": [{
                "description": card::told(message, &MARKDOWN, MOST_DESCRIPTION, utf16),
                "color": colour,
                "timestamp": rfc3339(message.at),
            }],
        });
        if let (Some(username), Some(said)) = (&self.username, said.as_object_mut()) {
            said.insert("username".to_owned(), username.as_str().into());
        }
        Request { method: Method::Post, url, headers: Vec::new(), body: body(&said) }
    }
}

/// Text in which no sign means anything: Discord takes a backslash before every sign.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_punctuation() && !matches!(c, '.' | ',' | ';' | '\'' | '"' | '?' | '%' | '/') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}
