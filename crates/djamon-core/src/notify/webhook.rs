//! The channel `webhook`: every event as JSON, signed as Standard Webhooks says.
//!
//! Source: github.com/standard-webhooks/standard-webhooks, "Signature scheme", "Sending webhooks". The JSON is described
//! in docs/alerts.md; fields are only ever added.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::answer::{Answer, Called};
use super::courier::Service;
use super::facts::Facts;
use super::post::{Method, Request, authorization};
use super::redact::Secrets;
use super::{Message, NotifyError};
use crate::config::Kind;
use crate::config::channel::{SigningKey, Webhook};
use crate::domain::Instant;

impl Service for Webhook {
    fn kind(&self) -> Kind {
        Kind::Webhook
    }

    fn called(&self) -> Called {
        Called { name: "the webhook", hint: "check the channel's url and token" }
    }

    fn secrets(&self) -> Secrets {
        Secrets::of(&self.sign_in).and_address(self.url.url())
    }

    fn request(&self, message: &Message, now: Instant) -> Request {
        let body = serde_json::to_vec(&Facts::of(message)).unwrap_or_default();
        let timestamp = now.ms().div_euclid(1000).to_string();
        let mut headers: Vec<_> = authorization(&self.sign_in).into_iter().collect();
        if let Some(key) = &self.secret {
            headers.push(("webhook-signature", signature(key, &message.key, &timestamp, &body)));
        }
        headers.push(("webhook-id", message.key.clone()));
        headers.push(("webhook-timestamp", timestamp));
        Request { method: Method::Post, url: self.url.url().clone(), headers, body }
    }

    fn own_verdict(&self, answer: &Answer) -> Option<NotifyError> {
        let gone = || {
            let host = super::post::host(self.url.url());
            format!(
                "the webhook ({host}) says that it is gone for good (410): switch the channel off, or give it another url"
            )
        };
        (answer.status == 410).then(|| NotifyError::permanent(self.secrets().hidden(&gone())))
    }
}

/// `v1,` and the base64 of the HMAC-SHA256 over ID, time and body.
fn signature(key: &SigningKey, id: &str, timestamp: &str, body: &[u8]) -> String {
    // A key of any length makes a MAC; the configuration refuses the short ones.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key.0) else { return String::new() };
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_the_specification() {
        // The example of Standard Webhooks' own libraries.
        let key = BASE64_STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = signature(
            &SigningKey(key),
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "1614265330",
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
