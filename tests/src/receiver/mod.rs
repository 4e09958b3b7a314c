//! One receiver in the place of every service that alerts are posted to: it takes what the service would take, by the
//! service's own documentation, and refuses the rest with 422 and the reason.
//!
//! It knows fields, types, limits and headers of each kind; nothing of it is shared with what is tested.

mod fields;
mod kinds;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use djamon_core::config::Kind;
use serde_json::{Map, Value as Json, json};

use fields::{Fields, Verdict, holds, is};

use crate::http_sink::{Answer, HttpSink, Request};

/// What stands in every secret, so that it is found wherever it gets out.
pub const SECRET: &str = "hunter2";
/// The key of the webhook's signature.
const SIGNING_KEY: &str = "aHVudGVyMmh1bnRlcjJodW50ZXIyaHVudGVyMjA=";

/// The settings of a channel of this kind that posts to the server at `url`. Each secret has [`SECRET`] in it.
pub fn settings(kind: Kind, url: &str) -> Map<String, Json> {
    let secret = format!("{url}/services/T00000/{SECRET}{SECRET}?sig={SECRET}-sig");
    let settings = match kind {
        Kind::Email => json!({"from": "djamon@example.org", "to": ["ops@example.org"], "file_dir": url}),
        Kind::Twitter => json!({
            "consumer_key": "hunter2-ck", "consumer_secret": "hunter2-cs", "oauth_token": "hunter2-at",
            "oauth_secret": "hunter2-as", "api_url": url,
        }),
        Kind::Webhook => {
            json!({"url": secret, "secret": format!("whsec_{SIGNING_KEY}"), "token": "hunter2-token"})
        }
        Kind::Slack | Kind::Discord | Kind::Teams => json!({"url": secret}),
        Kind::Telegram => json!({"token": "123456:hunter2-ABC", "chat_id": -1_001_234, "api_url": url}),
        Kind::Ntfy => json!({"topic": "hunter2_topic", "token": "tk_hunter2", "url": url}),
        Kind::PagerDuty => json!({"routing_key": "hunter2hunter2hunter2hunter2hunt", "api_url": url}),
        Kind::Matrix => json!({"url": url, "room": "!abc/def:example.org", "token": "syt_hunter2"}),
        Kind::Mastodon => json!({"url": url, "token": "hunter2-mastodon"}),
        Kind::Alertmanager => {
            json!({"url": url, "user": "djamon", "password": SECRET, "labels": ["team=web"]})
        }
        Kind::Apprise => {
            json!({"url": url, "urls": "json://hunter2:pass@h.example, mailto://a:hunter2@b.example"})
        }
    };
    match settings {
        Json::Object(settings) => settings,
        other => panic!("{other}"),
    }
}

/// A server that answers as the service of this kind would.
pub fn start(kind: Kind) -> HttpSink {
    HttpSink::judging(move |request| match judge(kind, request) {
        Ok(()) => taken(kind),
        Err(problem) => Answer::new(422).body(json!({ "error": problem })),
    })
}

/// The answer of a service that has taken a message.
fn taken(kind: Kind) -> Answer {
    match kind {
        Kind::Twitter => Answer::new(201).body(r#"{"data":{"id":"1"}}"#),
        Kind::PagerDuty => Answer::new(202).body(r#"{"status":"success"}"#),
        Kind::Teams => Answer::new(202),
        Kind::Webhook => Answer::new(204),
        Kind::Email
        | Kind::Slack
        | Kind::Discord
        | Kind::Telegram
        | Kind::Ntfy
        | Kind::Matrix
        | Kind::Mastodon
        | Kind::Alertmanager
        | Kind::Apprise => Answer::new(200).body("{\"ok\":true}"),
    }
}

/// Whether the service would take the request.
fn judge(kind: Kind, request: &Request) -> Verdict {
    let body: Json = serde_json::from_str(&request.body).map_err(|error| format!("no JSON: {error}"))?;
    is("content-type", request.header("content-type"), Some("application/json"))?;
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let method = if kind == Kind::Matrix { "PUT" } else { "POST" };
    is("method", request.method.as_str(), method)?;
    let hooked = || is("path", path, &format!("/services/T00000/{SECRET}{SECRET}"));
    let body = Fields(&body);
    match kind {
        Kind::Email => Err("mail is not posted".to_owned()),
        Kind::Twitter => is("path", path, "/2/tweets").and_then(|()| kinds::tweet(&body)),
        Kind::Webhook => hooked().and_then(|()| kinds::event(request, &body)),
        Kind::Slack => hooked().and_then(|()| kinds::slack(&body)),
        Kind::Discord => {
            hooked()?;
            is("query", query, &format!("sig={SECRET}-sig&wait=true"))?;
            kinds::discord(&body)
        }
        Kind::Telegram => {
            is("path", path, "/bot123456:hunter2-ABC/sendMessage").and_then(|()| kinds::telegram(&body))
        }
        Kind::Teams => hooked().and_then(|()| kinds::teams(request, &body)),
        Kind::Ntfy => {
            is("path", path, "/")?;
            is("authorization", request.header("authorization"), Some("Bearer tk_hunter2"))?;
            kinds::ntfy(&body)
        }
        Kind::PagerDuty => is("path", path, "/v2/enqueue").and_then(|()| kinds::pagerduty(request, &body)),
        Kind::Matrix => {
            let (room, key) = path
                .strip_prefix("/_matrix/client/v3/rooms/")
                .and_then(|rest| rest.split_once("/send/m.room.message/"))
                .ok_or("not the path of a message")?;
            let room = percent_encoding::percent_decode_str(room).decode_utf8_lossy().into_owned();
            is("room", room.as_str(), "!abc/def:example.org")?;
            holds(!key.is_empty() && !key.contains('/'), "a transaction ID is one part of the path")?;
            is("authorization", request.header("authorization"), Some("Bearer syt_hunter2"))?;
            kinds::matrix(request, &body)
        }
        Kind::Mastodon => {
            is("path", path, "/api/v1/statuses")?;
            is("authorization", request.header("authorization"), Some("Bearer hunter2-mastodon"))?;
            holds(
                request.header("idempotency-key").is_some_and(|key| !key.is_empty()),
                "no idempotency key",
            )?;
            kinds::mastodon(&body)
        }
        Kind::Alertmanager => {
            is("path", path, "/api/v2/alerts")?;
            let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("djamon:{SECRET}")));
            is("authorization", request.header("authorization"), Some(basic.as_str()))?;
            kinds::alerts(&body)
        }
        Kind::Apprise => is("path", path, "/notify").and_then(|()| kinds::apprise(&body)),
    }
}
