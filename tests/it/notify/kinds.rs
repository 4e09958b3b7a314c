//! Every kind of channel against a receiver that takes what the service would take.

use std::path::Path;
use std::sync::Arc;

use djamon_core::clock::Clock;
use djamon_core::config::{Kind, channel, kinds};
use djamon_core::domain::alert::Audience;
use djamon_core::domain::story::{Story, StorySite};
use djamon_core::domain::{EventKind, Instant, Left};
use djamon_core::notify::{self, Message, NotifyError, Sender, Style, Templates};
use djamon_tests::clock::{NOON, SetClock};
use djamon_tests::http_sink::{Answer, HttpSink, Request};
use djamon_tests::receiver::{self, SECRET};
use djamon_tests::story::{UGLY, long, story};
use serde_json::Value as Json;

use super::failure;

/// The kinds that are posted to: all but mail.
fn posted() -> impl Iterator<Item = Kind> {
    kinds().into_iter().filter(|kind| *kind != Kind::Email)
}

pub fn message(story: &Story) -> Message {
    let style =
        Style { base_url: "https://status.example/at".into(), time_zone: "Europe/London".parse().unwrap() };
    notify::compose(story, &style, &Templates::load(None).unwrap()).unwrap()
}

fn sender(kind: Kind, url: &str) -> Box<dyn Sender> {
    let clock: Arc<dyn Clock> = Arc::new(SetClock::default());
    let ready = channel(kind.name(), &receiver::settings(kind, url), Path::new("/"), &|_| None);
    notify::sender(&ready.unwrap(), &clock).unwrap()
}

/// What the receiver got when `story` was told to a channel of this kind.
fn told(kind: Kind, story: &Story) -> Request {
    let receiver = receiver::start(kind);
    let sent = sender(kind, &receiver.url()).send(&message(story));
    assert_eq!(sent, Ok(()), "{kind}");
    receiver.requests().remove(0)
}

fn body(request: &Request) -> Json {
    serde_json::from_str(&request.body).unwrap()
}

#[test]
fn every_kind_of_channel_tells_every_kind_of_event_within_the_limits_of_its_service() {
    let many: Vec<String> =
        (0..10_000).map(|number| format!("{} {number}", UGLY[number % UGLY.len()])).collect();
    for event in EventKind::ALL {
        let few = message(&story(event, ["Shop"]));
        let ugly = message(&story(event, UGLY));
        let many = message(&story(event, many.iter().map(String::as_str)));
        let long = message(&long(event));
        for kind in posted() {
            let receiver = receiver::start(kind);
            let sender = sender(kind, &receiver.url());
            for message in [&few, &ugly, &many, &long] {
                assert_eq!(sender.send(message), Ok(()), "{kind} {event:?}");
            }
            assert_eq!(receiver.requests().len(), 4);
        }
    }
}

#[test]
fn a_message_without_parts_is_told_by_its_text() {
    let message = Message { details: None, ..message(&story(EventKind::Opened, UGLY)) };
    let message = Message { text: "2 outages while mail was away & <b>\n\n".repeat(1000), ..message };
    for kind in posted().filter(|kind| kind.audience() == Audience::People) {
        let receiver = receiver::start(kind);
        assert_eq!(sender(kind, &receiver.url()).send(&message), Ok(()), "{kind}");
        if !matches!(kind, Kind::Twitter | Kind::Mastodon) {
            assert!(receiver.requests()[0].body.contains("2 outages while mail was away"), "{kind}");
        }
    }
}

#[test]
fn a_preview_shows_what_is_sent_and_no_secret() {
    for kind in posted() {
        let receiver = receiver::start(kind);
        let message = message(&story(EventKind::Opened, ["Shop", "hunter3"]));
        let sender = sender(kind, &receiver.url());
        let preview = sender.preview(&message).unwrap();
        assert!(receiver.requests().is_empty(), "nothing is sent");
        assert!(!preview.contains(SECRET), "{kind}: {preview}");
        sender.send(&message).unwrap();
        let sent = body(&receiver.requests()[0]);
        if kind == Kind::Twitter {
            assert_eq!(preview.trim_end(), sent["text"].as_str().unwrap());
            continue;
        }
        let (head, shown) = preview.split_once("\n\n").unwrap();
        let method = if kind == Kind::Matrix { "PUT" } else { "POST" };
        assert_eq!(head, format!("{method} to {}", receiver.url().trim_start_matches("http://")));
        let shown: Json = serde_json::from_str(shown).unwrap();
        assert_eq!(shown.to_string(), hidden(kind, sent).to_string());
    }
}

/// A body as a preview may show it.
fn hidden(kind: Kind, mut body: Json) -> Json {
    for key in match kind {
        Kind::Ntfy => &["topic"][..],
        Kind::PagerDuty => &["routing_key"],
        Kind::Apprise => &["urls"],
        _ => &[],
    } {
        body[*key] = "…".into();
    }
    body
}

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
fn servers_that_break_off_or_talk_without_end_lose_nothing_and_cost_nothing() {
    let large = "x".repeat(10 * 1024 * 1024);
    for kind in posted().filter(|kind| *kind != Kind::Twitter) {
        let send =
            |sink: &HttpSink| sender(kind, &sink.url()).send(&message(&story(EventKind::Opened, ["Shop"])));
        let (was, reason) = failure(send(&HttpSink::start([Answer::none()])));
        assert_eq!(was, "temporary", "{kind}: {reason}");
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

#[test]
fn pagerduty_knows_an_outage_by_one_key_from_its_beginning_to_its_end() {
    let of = |kind| body(&told(Kind::PagerDuty, &story(kind, ["Shop", "API"])));
    let [opened, joined, reminder, resolved] =
        [EventKind::Opened, EventKind::Joined, EventKind::Reminder, EventKind::Resolved].map(of);
    for later in [&joined, &reminder, &resolved] {
        assert_eq!(later["dedup_key"], opened["dedup_key"]);
    }
    assert_eq!(
        [&opened, &joined, &reminder, &resolved].map(|event| event["event_action"].as_str().unwrap()),
        ["trigger", "trigger", "trigger", "resolve"]
    );
    assert_eq!(resolved.as_object().unwrap().len(), 3, "the end needs nothing more: {resolved}");
    let certificate = of(EventKind::Certificate);
    assert_ne!(certificate["dedup_key"], opened["dedup_key"]);
    assert_eq!(
        certificate["dedup_key"],
        of(EventKind::Certificate)["dedup_key"],
        "warned of again, it is the same"
    );
    assert_eq!(certificate["payload"]["severity"], "warning");
}

#[test]
fn the_same_message_sent_again_is_known_by_its_key() {
    let story = story(EventKind::Opened, ["Shop"]);
    assert!(told(Kind::Matrix, &story).target.ends_with("/djamon-19ab-7-7"));
    assert_eq!(told(Kind::Mastodon, &story).header("idempotency-key"), Some("djamon-19ab-7-7"));
    assert_eq!(told(Kind::Webhook, &story).header("webhook-id"), Some("djamon-19ab-7-7"));
}

#[test]
fn posts_that_everybody_reads_name_no_site_that_is_not_public() {
    let mut story = story(EventKind::Opened, ["Shop", "Payroll"]);
    story.sites[1].is_public = false;
    for kind in [Kind::Twitter, Kind::Mastodon] {
        let body = told(kind, &story).body;
        assert!(body.contains("Shop and an internal system") && !body.contains("Payroll"), "{kind}: {body}");
    }
    assert!(told(Kind::Slack, &story).body.contains("Payroll"));
}

#[test]
fn alertmanager_is_told_of_every_site_and_when_it_ended() {
    let mut story = story(EventKind::Joined, ["Shop", "API"]);
    let back = Instant::from_ms(NOON.ms() + 60_000);
    // The API was back, and went down again within the same outage; the shop is back.
    story.sites[0] = StorySite { up_at: Some(back), left: Some(Left::Recovered), ..story.sites[0].clone() };
    let before = StorySite { up_at: Some(back), left: Some(Left::Recovered), ..story.sites[1].clone() };
    story.sites[1].down_at = Instant::from_ms(NOON.ms() + 120_000);
    story.sites.insert(0, before);
    let alerts = body(&told(Kind::Alertmanager, &story));
    let times = |alert: &Json| {
        [&alert["labels"]["site"], &alert["startsAt"], &alert["endsAt"]]
            .map(|text| text.as_str().unwrap().to_owned())
    };
    assert_eq!(
        alerts.as_array().unwrap().iter().map(times).collect::<Vec<_>>(),
        [
            ["site-0", "2026-11-23T12:00:00.000Z", "2026-11-23T12:01:00.000Z"],
            ["site-1", "2026-11-23T12:02:00.000Z", "2026-11-30T12:00:00.000Z"],
        ]
    );
    let labels = &alerts[0]["labels"];
    let expected = serde_json::json!({
        "alertname": "SiteDown", "site": "site-0", "group": "shops", "severity": "critical", "team": "web",
    });
    assert_eq!(*labels, expected, "nothing that changes");
}

#[test]
fn x_gets_a_link_only_when_asked() {
    let post = |include_url: bool| {
        let receiver = receiver::start(Kind::Twitter);
        let mut settings = receiver::settings(Kind::Twitter, &receiver.url());
        settings.insert("include_url".into(), include_url.into());
        let ready = channel("twitter", &settings, Path::new("/"), &|_| None).unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SetClock::default());
        notify::sender(&ready, &clock).unwrap().send(&message(&story(EventKind::Opened, UGLY))).unwrap();
        body(&receiver.requests()[0])["text"].as_str().unwrap().to_owned()
    };
    assert!(!post(false).contains("http"), "{}", post(false));
    assert!(post(true).ends_with(" https://status.example/at/outages/12"), "{}", post(true));
}
