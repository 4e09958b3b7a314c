//! The channel `telegram`: a message of a bot, in Telegram's HTML.
//!
//! Source: core.telegram.org/bots/api, "sendMessage", "HTML style", "ResponseParameters".

use serde_json::json;

use super::Message;
use super::answer::Called;
use super::card::{self, Markup, utf16};
use super::courier::Service;
use super::post::{Method, Request, below, body};
use super::redact::Secrets;
use super::words::escaped;
use crate::config::Kind;
use crate::config::channel::Telegram;
use crate::domain::Instant;

const MOST_TEXT: usize = 4096;

const HTML: Markup = Markup {
    text: escaped,
    strong: |text| format!("<b>{}</b>", escaped(text)),
    link: |url| format!("<a href=\"{0}\">{0}</a>", escaped(url)),
    end: "\n",
};

impl Service for Telegram {
    fn kind(&self) -> Kind {
        Kind::Telegram
    }

    fn called(&self) -> Called {
        Called { name: "Telegram", hint: "check the channel's token and chat_id" }
    }

    fn secrets(&self) -> Secrets {
        Secrets::none().and(&self.token.0)
    }

    fn request(&self, message: &Message, _now: Instant) -> Request {
        let subject = format!("<b>{}</b>", escaped(&message.subject));
        // Its limit counts what is shown; the marks count here too.
        let room = MOST_TEXT.saturating_sub(utf16(&subject) + 2);
        let mut said = json!({
            "chat_id": self.chat_id,
            "text": format!("{subject}\n\n{}", card::told(message, &HTML, room, utf16)),
            "parse_mode": "HTML",
            "disable_notification": self.silent,
            "link_preview_options": { "is_disabled": true },
        });
        if let (Some(thread), Some(said)) = (self.thread_id, said.as_object_mut()) {
            said.insert("message_thread_id".to_owned(), thread.into());
        }
        let bot = format!("bot{}", self.token.0);
        let url = below(self.api_url.url(), &[&bot, "sendMessage"]);
        Request { method: Method::Post, url, headers: Vec::new(), body: body(&said) }
    }
}
