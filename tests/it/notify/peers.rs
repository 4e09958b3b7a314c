//! Channels against the real other side: Alertmanager, oauthlib in X's place, a mail server that wants a password.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use djamon_core::clock::{Clock, SystemClock};
use djamon_core::config::channel;
use djamon_core::domain::story::{Story, StorySite};
use djamon_core::domain::{EventKind, Instant, Left};
use djamon_core::notify::{self, Sender};
use djamon_tests::alertmanager::Alertmanager;
use djamon_tests::clock::{NOON, SetClock};
use djamon_tests::mail_server::{MailServer, python};
use djamon_tests::place::Place;
use djamon_tests::running::Running;
use djamon_tests::story::{UGLY, story};
use serde_json::{Value, json};

use super::failure;
use super::kinds::message;

fn sender(kind: &str, settings: Value, clock: Arc<dyn Clock>) -> Box<dyn Sender> {
    let Value::Object(settings) = settings else { panic!("no table") };
    notify::sender(&channel(kind, &settings, Path::new("/"), &|_| None).unwrap(), &clock).unwrap()
}

/// `story` as if it had begun three minutes ago.
fn just_now(mut story: Story, now: Instant) -> Story {
    let ago = |at: Instant| Instant::from_ms(at.ms() - NOON.ms() + now.ms() - 180_000);
    for site in &mut story.sites {
        site.down_at = ago(site.down_at);
        site.up_at = site.up_at.map(ago);
    }
    if let Some(outage) = &mut story.outage {
        (outage.started_at, outage.detected_at) = (ago(outage.started_at), ago(outage.detected_at));
        outage.resolved_at = outage.resolved_at.map(ago);
    }
    story
}

#[test]
fn alertmanager_fires_for_each_site_until_it_is_back() {
    let alertmanager = Alertmanager::start();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let now = clock.now();
    let settings = json!({"url": alertmanager.url(), "labels": ["team=web"]});
    let sender = sender("alertmanager", settings, clock);
    let tell = |story: Story| sender.send(&message(&just_now(story, now))).unwrap();
    let firing = || {
        let mut alerts = alertmanager.firing();
        alerts.sort_by_key(|alert| alert["labels"]["site"].to_string());
        alerts
    };
    let sites = || -> Vec<String> {
        firing().iter().map(|alert| alert["labels"]["site"].as_str().unwrap_or("none").to_owned()).collect()
    };

    // 1. It opens: one alert per site, whatever it is called.
    tell(story(EventKind::Opened, UGLY));
    assert_eq!(sites().len(), UGLY.len());
    let first = &firing()[0];
    let labels = json!({
        "alertname": "SiteDown", "site": "site-0", "group": "shops", "severity": "critical", "team": "web",
    });
    assert_eq!(first["labels"], labels);
    assert_eq!(first["annotations"]["summary"], UGLY[0]);
    assert_eq!(first["status"]["state"], "active");

    // 2. One is back while the outage goes on: the next word ends its alert, and moves the end of the others.
    let mut reminder = story(EventKind::Reminder, UGLY);
    let back = Some(Instant::from_ms(NOON.ms() + 60_000));
    reminder.sites[0] = StorySite { up_at: back, left: Some(Left::Recovered), ..reminder.sites[0].clone() };
    tell(reminder);
    assert_eq!(sites().len(), UGLY.len() - 1);
    assert!(!sites().contains(&"site-0".to_owned()));

    // 3. It ends.
    tell(story(EventKind::Resolved, UGLY));
    assert_eq!(sites(), Vec::<String>::new());

    // 4. A site that fails again is an alert again.
    let again = story(EventKind::Opened, ["Shop"]);
    let later = StorySite { down_at: Instant::from_ms(NOON.ms() + 180_000), ..again.sites[0].clone() };
    tell(Story { sites: vec![later], ..again });
    assert_eq!(sites(), ["site-0"]);

    // 5. A test shows, and harms nobody.
    tell(story(EventKind::Test, []));
    assert!(firing().iter().any(|alert| alert["labels"]["alertname"] == "DjamonTest"));
}

#[test]
fn what_alertmanager_refuses_is_told_in_its_own_words() {
    let alertmanager = Alertmanager::start();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let settings = json!({"url": format!("{}/elsewhere", alertmanager.url())});
    let (kind, reason) =
        failure(sender("alertmanager", settings, clock).send(&message(&story(EventKind::Opened, ["Shop"]))));
    assert_eq!(kind, "permanent");
    assert!(
        reason.contains("refused it (404): 404 page not found; check the channel's url and token"),
        "{reason}"
    );
}

#[test]
fn every_post_on_x_passes_an_independent_check_of_its_signature() {
    let keys = ["a+key/with=signs", "consumer secret & more", "12-token", "tøken sécret%20"];
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/oauth_server.py");
    let x = Running::start(Command::new(python()).arg(script).args(keys));
    let url = format!("http://127.0.0.1:{}", x.line());
    let poster = |keys: [&str; 4], clock: Arc<dyn Clock>| {
        let [consumer_key, consumer_secret, oauth_token, oauth_secret] = keys;
        let settings = json!({
            "consumer_key": consumer_key, "consumer_secret": consumer_secret, "oauth_token": oauth_token,
            "oauth_secret": oauth_secret, "api_url": url,
        });
        sender("twitter", settings, clock)
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    for event in EventKind::ALL {
        for names in [&["Shop"][..], &UGLY] {
            let message = message(&story(event, names.iter().copied()));
            poster(keys, Arc::clone(&clock)).send(&message).unwrap();
            assert_eq!(serde_json::from_str::<String>(&x.line()).unwrap(), message.short);
        }
    }

    let message = message(&story(EventKind::Opened, ["Shop"]));
    let [consumer_key, consumer_secret, oauth_token, _] = keys;
    let wrong = poster([consumer_key, consumer_secret, oauth_token, "another"], Arc::clone(&clock));
    let (kind, reason) = failure(wrong.send(&message));
    assert_eq!(
        (kind, reason.contains("check the keys and tokens in the channel's settings")),
        ("permanent", true),
        "{reason}"
    );

    let slow = SetClock::default();
    slow.set(Instant::from_ms(clock.now().ms() - 3_605_000));
    let (_, reason) = failure(poster(keys, Arc::new(slow)).send(&message));
    assert!(reason.contains("this machine's clock is 1 hour"), "{reason}");
}

#[test]
fn a_mail_server_that_wants_a_password_says_in_one_line_when_it_is_wrong() {
    let mail = MailServer::with_password("djamon", "hunter2");
    let place = |password: &str| {
        Place::with(&format!(
            "[database]\nurl = \"sqlite://djamon.db\"\n[check]\nsandbox_urls = []\n[email]\nfrom = \"djamon@example.org\"\n\
             to = [\"ops@example.org\"]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"starttls\"\nuser = \"djamon\"\n\
             password = {password:?}\n",
            mail.port()
        ))
        .with_variable("SSL_CERT_FILE", mail.roots().display().to_string())
    };
    let refused = place("hunter3").run(&["alerts", "test", "email"]);
    assert_eq!((refused.code, refused.err.matches('\n').count()), (3, 1), "{refused:?}");
    assert!(refused.err.contains("refused the sign-in (535)"), "{refused:?}");
    assert!(refused.err.contains("check [email] user and password"), "{refused:?}");
    assert!(!refused.err.contains("hunter"), "{refused:?}");
    assert_eq!(mail.mails(), Vec::<String>::new());

    place("hunter2").run(&["alerts", "test", "email"]);
    assert_eq!(mail.mails().len(), 1);
    assert!(mail.mails()[0].contains("Subject: TEST: Djamon can reach you here"), "{:?}", mail.mails());
}
