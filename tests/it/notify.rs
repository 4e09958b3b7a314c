//! The senders against the other side: a mail server and an HTTP server that answer as scripted.

mod answers;
mod book;
mod kinds;
mod letters;
pub mod mail;
mod peers;
mod post;
mod whole;

use djamon_core::domain::{EventKind, Instant};
use djamon_core::notify::{Message, NotifyError};

/// Mon 23 Nov 2026 09:04:13 GMT.
const AT: i64 = 1_795_424_653_000;

fn message() -> Message {
    Message {
        key: "event-7-email".into(),
        thread: None,
        kind: EventKind::Opened,
        subject: "DOWN: shop and api (since 09:02)".into(),
        text: "2 sites are down.\n\n.hidden dot\nBücher\n".into(),
        short: "DOWN: shop and api (since 09:02). Outage 12, Mon 23 Nov 2026 09:04:13 GMT".into(),
        html: None,
        link: "https://status.example/outages/12".into(),
        at: Instant::from_ms(AT),
        details: None,
    }
}

/// `temporary`, `unconfirmed` or `permanent`, and the reason.
fn failure(result: Result<(), NotifyError>) -> (&'static str, String) {
    match result {
        Ok(()) => panic!("it was sent"),
        Err(NotifyError::Temporary { reason, .. }) => ("temporary", reason),
        Err(NotifyError::Unconfirmed { reason }) => ("unconfirmed", reason),
        Err(NotifyError::Permanent { reason }) => ("permanent", reason),
    }
}
