//! What the answers of services mean, and what is told of them.

use std::path::Path;

use djamon_core::config::{Kind, channel};
use djamon_core::domain::EventKind;
use djamon_core::notify::NotifyError;
use djamon_tests::clock::NOON;
use djamon_tests::http_sink::{Answer, HttpSink};
use djamon_tests::receiver::{self, SECRET};
use djamon_tests::story::story;

use super::failure;
use super::kinds::{message, posted, sender};

#[test]
fn answers_are_temporary_or_permanent_by_their_status() {
    for kind in posted().filter(|kind| *kind != Kind::Twitter) {
        for (status, expected) in [
            (301, "permanent"),
            (307, "permanent"),
            (400, "permanent"),
            (401, "permanent"),
            (403, "permanent"),
            (404, "permanent"),
            (408, "temporary"),
            (410, "permanent"),
            (413, "permanent"),
            (425, "temporary"),
            (429, "temporary"),
            (500, "temporary"),
            (502, "temporary"),
            (503, "temporary"),
            (504, "temporary"),
        ] {
            let sink = HttpSink::start([Answer::new(status)]);
            let (was, reason) =
                failure(sender(kind, &sink.url()).send(&message(&story(EventKind::Opened, ["Shop"]))));
            assert_eq!(was, expected, "{kind} {status}: {reason}");
            assert!(reason.contains(&format!("({status})")) && !reason.contains('\n'), "{kind}: {reason}");
            assert!(reason.contains(sink.url().trim_start_matches("http://")), "{kind}: {reason}");
        }
    }
}

#[test]
fn services_say_why_and_for_how_long() {
    let pause = |kind: Kind, answer: Answer| {
        let sink = HttpSink::start([answer]);
        match sender(kind, &sink.url()).send(&message(&story(EventKind::Opened, ["Shop"]))) {
            Err(NotifyError::Temporary { after, .. }) => after.map(|after| after.as_millis()),
            other => panic!("{kind}: {other:?}"),
        }
    };
    let late = NOON.ms() / 1000 + 900;
    for kind in posted() {
        assert_eq!(pause(kind, Answer::new(429)), None);
        assert_eq!(pause(kind, Answer::new(429).header("Retry-After", 60)), Some(60_000), "{kind}");
    }
    for kind in posted().filter(|kind| *kind != Kind::Twitter) {
        let until = |date: &str| pause(kind, Answer::new(503).header("Retry-After", date));
        assert_eq!(until("Mon, 23 Nov 2026 12:10:00 GMT"), Some(600_000), "{kind}");
        assert_eq!(until("Mon, 23 Nov 2026 11:00:00 GMT"), Some(0), "{kind}: it is over already");
        assert_eq!(until("99999999999"), Some(86_400_000), "{kind}: nobody waits for ever");
        assert_eq!(until("soon"), None, "{kind}");
    }
    let json = |body: &str| Answer::new(429).body(body);
    assert_eq!(
        pause(Kind::Discord, json(r#"{"message":"limited","retry_after":1.25,"global":false}"#)),
        Some(1250)
    );
    assert_eq!(pause(Kind::Telegram, json(r#"{"ok":false,"parameters":{"retry_after":35}}"#)), Some(35_000));
    assert_eq!(
        pause(Kind::Matrix, json(r#"{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":2000}"#)),
        Some(2000)
    );
    assert_eq!(pause(Kind::Twitter, Answer::new(429).header("x-rate-limit-reset", late)), Some(900_000));
    let reset = Answer::new(429).header("X-RateLimit-Reset", "2026-11-23T12:05:00.000Z");
    assert_eq!(pause(Kind::Mastodon, reset), Some(300_000));

    let said = |kind: Kind, body: &str| {
        let sink = HttpSink::start([Answer::new(400).body(body)]);
        failure(sender(kind, &sink.url()).send(&message(&story(EventKind::Opened, ["Shop"])))).1
    };
    for (kind, answer, words) in [
        (Kind::Slack, "invalid_payload", ": invalid_payload; check the channel's url"),
        (Kind::Discord, r#"{"message":"Unknown Webhook","code":10015}"#, ": Unknown Webhook; "),
        (
            Kind::Telegram,
            r#"{"ok":false,"description":"Bad Request: chat not found"}"#,
            "chat not found; check the channel's token and chat_id",
        ),
        (Kind::Ntfy, r#"{"code":40001,"http":400,"error":"invalid topic"}"#, ": invalid topic; "),
        (
            Kind::PagerDuty,
            r#"{"status":"invalid event","message":"Event object is invalid","errors":["Length of 'routing_key' is incorrect"]}"#,
            "Event object is invalid: Length of 'routing_key' is incorrect; check the channel's routing_key",
        ),
        (
            Kind::Matrix,
            r#"{"errcode":"M_FORBIDDEN","error":"You are not in the room"}"#,
            ": You are not in the room; ",
        ),
        (
            Kind::Mastodon,
            r#"{"error":"This action is outside the authorized scopes"}"#,
            "outside the authorized scopes; ",
        ),
        (Kind::Alertmanager, "\"bad label\\u001b[31m\\nname\"", ": bad label [31m name; "),
        (Kind::Teams, "<html><body>Nope</body></html>", ": no reason given; "),
        (Kind::Webhook, "", ": no reason given; "),
    ] {
        let reason = said(kind, answer);
        assert!(reason.contains(words), "{kind}: {reason}");
    }
    let long = said(Kind::Webhook, &"é".repeat(100_000));
    assert!(long.chars().count() < 400, "{long}");
}

#[test]
fn a_redirect_is_named_and_never_followed() {
    let inner = HttpSink::start([Answer::new(200)]);
    for kind in posted() {
        let sink = HttpSink::start([Answer::new(302).header("Location", format!("{}/inner", inner.url()))]);
        let (_, reason) =
            failure(sender(kind, &sink.url()).send(&message(&story(EventKind::Opened, ["Shop"]))));
        if kind != Kind::Twitter {
            assert!(reason.contains(&format!("redirects to {} (302)", inner.url())), "{kind}: {reason}");
        }
        assert!(reason.contains("302"), "{kind}: {reason}");
    }
    assert!(inner.requests().is_empty());
}

#[test]
fn a_webhook_that_is_gone_says_what_to_do() {
    let sink = HttpSink::start([Answer::new(410)]);
    let sent = sender(Kind::Webhook, &sink.url()).send(&message(&story(EventKind::Opened, ["Shop"])));
    let (kind, reason) = failure(sent);
    assert_eq!(kind, "permanent");
    assert!(reason.contains("gone for good (410): switch the channel off"), "{reason}");
}

#[test]
fn apprise_says_when_nobody_was_told() {
    let told = |status| {
        let sink = HttpSink::start([Answer::new(status).body(r#"{"error":"a:hunter2@b.example failed"}"#)]);
        failure(sender(Kind::Apprise, &sink.url()).send(&message(&story(EventKind::Opened, ["Shop"]))))
    };
    let (kind, reason) = told(204);
    assert!(
        kind == "permanent" && reason.contains("knows nobody to tell (204); check the channel's key"),
        "{reason}"
    );
    let (kind, reason) = told(424);
    assert!(kind == "temporary" && reason.contains("could not tell everybody (424): … failed; "), "{reason}");
}

#[test]
fn servers_that_break_off_or_talk_without_end_lose_nothing_and_cost_nothing() {
    let large = "x".repeat(10 * 1024 * 1024);
    for kind in posted().filter(|kind| *kind != Kind::Twitter) {
        let send =
            |sink: &HttpSink| sender(kind, &sink.url()).send(&message(&story(EventKind::Opened, ["Shop"])));
        let (was, reason) = failure(send(&HttpSink::start([Answer::none()])));
        assert_eq!(was, "unconfirmed", "{kind}: {reason}");
        assert!(reason.contains("may have arrived, and comes again under the same key"), "{kind}: {reason}");

        let (was, reason) = failure(send(&HttpSink::start([Answer::new(500).body(&large)])));
        assert_eq!(was, "temporary", "{kind}");
        assert!(reason.len() < 600, "{kind}: {} bytes", reason.len());
        assert_eq!(send(&HttpSink::start([Answer::new(200).body(&large)])), Ok(()), "{kind}: taken is taken");
    }
}

#[test]
fn no_connection_is_temporary_and_names_the_host() {
    for kind in posted().filter(|kind| *kind != Kind::Twitter) {
        let gone = HttpSink::start([]).url();
        let (was, reason) = failure(sender(kind, &gone).send(&message(&story(EventKind::Opened, ["Shop"]))));
        assert_eq!(was, "temporary");
        let host = gone.trim_start_matches("http://");
        assert!(
            reason.contains(&format!("({host}): the connection was refused; check the line, or ")),
            "{reason}"
        );
        assert!(!reason.contains(SECRET), "{reason}");
    }
}

#[test]
fn no_secret_is_in_an_error_even_when_the_service_repeats_all_it_was_told() {
    for kind in posted() {
        for status in [302, 400, 401, 403, 404, 410, 429, 500] {
            let echo = HttpSink::judging(move |request| {
                let headers: Vec<_> =
                    request.headers.iter().map(|(name, value)| format!("{name}={value}")).collect();
                let decoded =
                    percent_encoding::percent_decode_str(&request.target).decode_utf8_lossy().into_owned();
                let said = format!("{} {decoded} {} {}", request.target, headers.join(" "), request.body);
                let said = serde_json::json!({ "error": said, "message": request.body });
                Answer::new(status).header("Location", &request.target).body(said)
            });
            let sent = sender(kind, &echo.url()).send(&message(&story(EventKind::Opened, ["Shop"])));
            let (_, reason) = failure(sent.clone());
            assert!(
                !reason.contains(SECRET) && !format!("{sent:?}").contains(SECRET),
                "{kind} {status}: {reason}"
            );
        }
        let ready =
            channel(kind.name(), &receiver::settings(kind, "http://h.example.lan"), Path::new("/"), &|_| {
                None
            });
        assert!(!format!("{ready:?}").contains(SECRET), "{ready:?}");
    }
}
