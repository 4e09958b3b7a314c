//! Every kind of channel against a receiver that takes what the service would take.

use std::path::Path;
use std::sync::Arc;

use djamon_core::clock::Clock;
use djamon_core::config::{Audience, Kind, channel, kinds};
use djamon_core::domain::story::{Story, StorySite};
use djamon_core::domain::{EventKind, Instant, Left};
use djamon_core::notify::{self, Message, Sender, Style, Templates};
use djamon_tests::clock::{NOON, SetClock};
use djamon_tests::http_sink::Request;
use djamon_tests::receiver::{self, SECRET};
use djamon_tests::story::{UGLY, long, story};
use serde_json::Value as Json;

/// The kinds that are posted to: all but mail.
pub fn posted() -> impl Iterator<Item = Kind> {
    kinds().into_iter().filter(|kind| *kind != Kind::Email)
}

pub fn message(story: &Story) -> Message {
    let style =
        Style { base_url: "https://status.example/at".into(), time_zone: "Europe/London".parse().unwrap() };
    notify::compose(story, &style, &Templates::load(None).unwrap()).unwrap()
}

pub fn sender(kind: Kind, url: &str) -> Box<dyn Sender> {
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
fn a_chat_that_hears_of_an_outage_only_at_its_end_is_told_so() {
    let mut story = story(EventKind::Resolved, ["Shop"]);
    assert!(!told(Kind::Slack, &story).body.contains("before a message could leave"));
    let opened = djamon_core::domain::Event { kind: EventKind::Opened, ..story.events[0].clone() };
    story.events.insert(0, opened);
    let body = told(Kind::Slack, &story).body;
    assert!(body.contains("It was over before a message could leave. It lasted 3 minutes, from "), "{body}");
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
