//! What each service takes: fields, types and limits as its documentation has them.

use std::collections::HashSet;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value as Json, json};
use sha2::Sha256;

use super::SIGNING_KEY;
use super::fields::{Fields, Verdict, entities, holds, html, is, utf16};
use crate::http_sink::Request;

pub(super) fn tweet(body: &Fields) -> Verdict {
    body.only(&["text"])?;
    let text = body.text("text", 1000)?;
    // Without the table of weights: every character two, which is too much, unless it is plain.
    let weight: usize =
        text.chars().map(|c| if u32::from(c) < 4352 || c == '\u{200b}' { 1 } else { 2 }).sum();
    holds(weight <= 280, &format!("it weighs {weight}"))
}

pub(super) fn event(request: &Request, body: &Fields) -> Verdict {
    const TYPES: [&str; 7] = [
        "outage.opened",
        "outage.joined",
        "outage.resolved",
        "outage.reminder",
        "certificate.expiring",
        "storage.short",
        "test",
    ];
    is("authorization", request.header("authorization"), Some("Bearer hunter2-token"))?;
    body.only(&["id", "type", "at", "subject", "url", "events", "outage", "sites", "storage"])?;
    let header = |name: &str| request.header(name).ok_or(format!("no header {name}"));
    let (id, timestamp) = (header("webhook-id")?, header("webhook-timestamp")?);
    is("id", body.text("id", 255)?, id)?;
    holds(timestamp.parse::<i64>().is_ok(), "the timestamp is no number of seconds")?;
    let mut mac =
        Hmac::<Sha256>::new_from_slice(&BASE64_STANDARD.decode(SIGNING_KEY).expect("base64")).expect("a key");
    mac.update(format!("{id}.{timestamp}.{}", request.body).as_bytes());
    let signature = format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()));
    is("webhook-signature", header("webhook-signature")?, &signature)?;

    let kind = body.one_of("type", &TYPES)?;
    body.time("at")?;
    body.text("subject", 1000)?;
    body.address("url")?;
    for event in body.list("events")? {
        Fields(event).one_of("type", &TYPES)?;
        Fields(event).time("at")?;
    }
    let outage = body.0.get("outage").ok_or("no outage")?;
    holds(outage.is_object() == kind.starts_with("outage."), "an outage belongs to its own events")?;
    if outage.is_object() {
        let outage = Fields(outage);
        outage.only(&["id", "state", "started_at", "detected_at", "resolved_at", "duration_ms"])?;
        outage.one_of("state", &["open", "resolved"])?;
        outage.time("started_at")?;
        outage.time("detected_at")?;
        holds(outage.0["id"].is_i64() && outage.0["duration_ms"].is_u64(), "no numbers")?;
    }
    for site in body.list("sites")? {
        let site = Fields(site);
        site.only(&[
            "slug",
            "name",
            "url",
            "group",
            "news",
            "down_at",
            "up_at",
            "left",
            "outcome",
            "code",
            "detail",
            "last_good_at",
            "certificate_expires_at",
        ])?;
        site.text("slug", 200)?;
        site.line("name")?;
        site.text("outcome", 20)?;
        holds(site.0["news"].is_boolean(), "news is no flag")?;
    }
    Ok(())
}

pub(super) fn slack(body: &Fields) -> Verdict {
    body.only(&["text", "blocks", "unfurl_links", "unfurl_media"])?;
    slack_text(body.text("text", 4000)?)?;
    let blocks = body.list("blocks")?;
    holds((1..=50).contains(&blocks.len()), "1 to 50 blocks")?;
    for block in blocks {
        let block = Fields(block);
        let text = block.table("text")?;
        match block.one_of("type", &["header", "section"])? {
            "header" => {
                text.one_of("type", &["plain_text"])?;
                text.text("text", 150)?;
            }
            _ => {
                text.one_of("type", &["mrkdwn"])?;
                slack_text(text.text("text", 3000)?)?;
            }
        }
    }
    Ok(())
}

/// Every `<` begins a link and every `&` one of the three entities: nothing calls `@channel`.
fn slack_text(text: &str) -> Verdict {
    for (at, _) in text.match_indices('<') {
        let rest = &text[at..];
        holds(rest.starts_with("<http://") || rest.starts_with("<https://"), &format!("a mark: {rest:.40}"))?;
        holds(rest.contains('>'), "a link without an end")?;
    }
    entities(text, &["&amp;", "&lt;", "&gt;"])
}

pub(super) fn discord(body: &Fields) -> Verdict {
    body.only(&["content", "embeds", "allowed_mentions", "username"])?;
    let mut sum = 0;
    body.text("content", 2000)?;
    is("allowed_mentions", &body.0["allowed_mentions"], &json!({ "parse": [] }))?;
    let embeds = body.list("embeds")?;
    holds((1..=10).contains(&embeds.len()), "1 to 10 embeds")?;
    for embed in embeds {
        let embed = Fields(embed);
        embed.only(&["description", "color", "timestamp"])?;
        sum += utf16(embed.text("description", 4096)?);
        embed.time("timestamp")?;
        holds(embed.0["color"].as_u64().is_some_and(|colour| colour < 1 << 24), "no colour")?;
    }
    holds(sum <= 6000, "embeds have more than 6000 characters")
}

pub(super) fn telegram(body: &Fields) -> Verdict {
    body.only(&[
        "chat_id",
        "text",
        "parse_mode",
        "disable_notification",
        "link_preview_options",
        "message_thread_id",
    ])?;
    body.text("chat_id", 100)?;
    body.one_of("parse_mode", &["HTML"])?;
    let shown = html(body.text("text", usize::MAX)?, &["b", "a"])?;
    holds((1..=4096).contains(&utf16(&shown)), "more than 4096 characters")
}

pub(super) fn teams(request: &Request, body: &Fields) -> Verdict {
    holds(request.body.len() <= 28 * 1024, "more than 28 KB")?;
    body.only(&["type", "attachments"])?;
    body.one_of("type", &["message"])?;
    let attachments = body.list("attachments")?;
    is("attachments", attachments.len(), 1)?;
    let attachment = Fields(&attachments[0]);
    attachment.one_of("contentType", &["application/vnd.microsoft.card.adaptive"])?;
    is("contentUrl", attachment.0.get("contentUrl"), Some(&Json::Null))?;
    let card = attachment.table("content")?;
    card.only(&["$schema", "type", "version", "msteams", "body", "actions"])?;
    card.one_of("type", &["AdaptiveCard"])?;
    card.one_of("version", &["1.4"])?;
    for block in card.list("body")? {
        Fields(block).one_of("type", &["RichTextBlock"])?;
        for run in Fields(block).list("inlines")? {
            Fields(run).one_of("type", &["TextRun"])?;
            Fields(run).line("text")?;
        }
    }
    for action in card.list("actions")? {
        Fields(action).one_of("type", &["Action.OpenUrl"])?;
        Fields(action).address("url")?;
        Fields(action).text("title", 100)?;
    }
    Ok(())
}

pub(super) fn ntfy(body: &Fields) -> Verdict {
    body.only(&["topic", "title", "message", "priority", "tags", "click"])?;
    is("topic", body.text("topic", 64)?, "hunter2_topic")?;
    body.line("title")?;
    let message = body.text("message", 4096)?;
    holds(message.len() <= 4096, "the message has more than 4096 bytes")?;
    holds(body.0["priority"].as_i64().is_some_and(|priority| (1..=5).contains(&priority)), "no priority")?;
    holds(body.list("tags")?.iter().all(Json::is_string), "tags are texts")?;
    body.address("click")
}

pub(super) fn pagerduty(request: &Request, body: &Fields) -> Verdict {
    holds(request.body.len() <= 512 * 1024, "more than 512 KB")?;
    body.only(&["routing_key", "event_action", "dedup_key", "payload", "client", "client_url", "links"])?;
    is("routing_key", body.text("routing_key", 32)?.len(), 32)?;
    body.text("dedup_key", 255)?;
    if body.one_of("event_action", &["trigger", "acknowledge", "resolve"])? == "resolve" {
        return Ok(());
    }
    let payload = body.table("payload")?;
    payload.only(&[
        "summary",
        "source",
        "severity",
        "timestamp",
        "component",
        "group",
        "class",
        "custom_details",
    ])?;
    payload.text("summary", 1024)?;
    payload.text("source", 255 * 4)?;
    payload.one_of("severity", &["critical", "error", "warning", "info"])?;
    payload.time("timestamp")?;
    payload.table("custom_details")?;
    for link in body.list("links")? {
        Fields(link).address("href")?;
        Fields(link).text("text", 100)?;
    }
    body.address("client_url")
}

pub(super) fn matrix(request: &Request, body: &Fields) -> Verdict {
    // The server adds ids, hashes and signatures of its own.
    holds(request.body.len() <= 60_000, "an event has at most 65,536 bytes")?;
    body.only(&["msgtype", "body", "format", "formatted_body", "m.mentions"])?;
    body.one_of("msgtype", &["m.text", "m.notice"])?;
    body.text("body", usize::MAX)?;
    body.one_of("format", &["org.matrix.custom.html"])?;
    is("m.mentions", &body.0["m.mentions"], &json!({}))?;
    html(body.text("formatted_body", usize::MAX)?, &["strong", "a", "br"]).map(drop)
}

pub(super) fn mastodon(body: &Fields) -> Verdict {
    body.only(&["status", "visibility", "language"])?;
    body.one_of("visibility", &["public", "unlisted", "private", "direct"])?;
    let status = body.text("status", usize::MAX)?;
    let count: usize = status
        .split(' ')
        .flat_map(|part| part.split('\n'))
        .map(|word| if word.starts_with("http") { 23 } else { word.chars().count() } + 1)
        .sum();
    holds(count <= 501, "more than 500 characters")?;
    let calls =
        status.match_indices('@').any(|(at, _)| status[at + 1..].starts_with(|c: char| c.is_alphanumeric()));
    holds(!calls, "it mentions somebody")
}

pub(super) fn alerts(body: &Fields) -> Verdict {
    let alerts = body.0.as_array().ok_or("no list")?;
    let mut known = HashSet::new();
    for alert in alerts {
        let alert = Fields(alert);
        alert.only(&["labels", "annotations", "startsAt", "endsAt", "generatorURL"])?;
        let labels = alert.table("labels")?;
        labels.text("alertname", 100)?;
        is("team", labels.text("team", 100)?, "web")?;
        for (name, value) in labels.0.as_object().expect("a table") {
            let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            holds(is_name && value.as_str().is_some_and(|text| !text.is_empty()), "no label")?;
        }
        holds(known.insert(labels.0.to_string()), "two alerts with the same labels")?;
        holds(
            alert.table("annotations")?.0.as_object().expect("a table").values().all(Json::is_string),
            "annotations are texts",
        )?;
        holds(alert.time("startsAt")? <= alert.time("endsAt")?, "it ends before it starts")?;
        alert.address("generatorURL")?;
    }
    Ok(())
}

pub(super) fn apprise(body: &Fields) -> Verdict {
    body.only(&["urls", "title", "body", "type", "format"])?;
    body.text("urls", 1000)?;
    body.line("title")?;
    body.text("body", 32_768)?;
    body.one_of("type", &["info", "success", "warning", "failure"])?;
    body.one_of("format", &["text", "markdown", "html"]).map(drop)
}
