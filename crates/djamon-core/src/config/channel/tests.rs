//! What makes a channel, and what is said of what does not.

use super::*;
use crate::config::Secret;
use crate::domain::alert::Audience;

const KEY: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn made(kind: &str, settings: Json) -> Result<ChannelSettings, Vec<String>> {
    let Json::Object(settings) = settings else { panic!("no table") };
    channel(kind, &settings, Path::new("/etc/djamon"), &|_| None).map_err(|error| error.problems)
}

/// The least that a channel of each kind needs.
fn least(kind: Kind) -> Json {
    match kind {
        Kind::Email => serde_json::json!({"from": "a@b.example", "to": ["c@b.example"]}),
        Kind::Twitter => serde_json::json!({
            "consumer_key": "a", "consumer_secret": "b", "oauth_token": "c", "oauth_secret": "d",
        }),
        Kind::Webhook | Kind::Slack | Kind::Discord | Kind::Teams => {
            serde_json::json!({"url": "https://hooks.example/services/T/hunter2?sig=hunter2"})
        }
        Kind::Telegram => serde_json::json!({"token": "123:hunter2", "chat_id": -100_123}),
        Kind::Ntfy => serde_json::json!({"topic": "hunter2"}),
        Kind::PagerDuty => serde_json::json!({"routing_key": "hunter2hunter2hunter2hunter2hunt"}),
        Kind::Matrix => {
            serde_json::json!({"url": "https://m.example", "room": "!a:m.example", "token": "hunter2"})
        }
        Kind::Mastodon => serde_json::json!({"url": "https://m.example", "token": "hunter2"}),
        Kind::Alertmanager => serde_json::json!({"url": "http://127.0.0.1:9093"}),
        Kind::Apprise => serde_json::json!({"url": "http://apprise:8000", "urls": "json://hunter2"}),
    }
}

#[test]
fn every_kind_is_made_of_what_it_needs_and_shows_no_secret() {
    for kind in kinds() {
        let made = made(kind.name(), least(kind)).unwrap();
        assert_eq!(made.kind(), kind);
        assert!(!format!("{made:?}").contains("hunter2"), "{made:?}");
    }
}

#[test]
fn every_kind_says_what_it_needs() {
    for kind in kinds().into_iter().filter(|kind| *kind != Kind::Apprise) {
        let needed: Vec<_> = keys_of(kind).iter().filter(|key| key.is_needed).map(|key| key.name).collect();
        let told = made(kind.name(), serde_json::json!({})).unwrap_err();
        let keys: Vec<_> = told.iter().map(|problem| problem.split_once(": is missing").unwrap().0).collect();
        assert_eq!(keys, needed);
    }
    assert_eq!(
        made("slack", serde_json::json!({})).unwrap_err(),
        ["url: is missing; a channel of this kind needs it; give it as url, url_file or url_env"]
    );
}

#[test]
fn every_key_is_read_and_has_a_meaning() {
    for kind in kinds() {
        for key in keys_of(kind) {
            assert!(!key.meaning.is_empty() && !key.meaning.ends_with('.'), "{kind} {}", key.name);
            // A value that nothing takes is told of, so it was read.
            let Json::Object(mut settings) = least(kind) else { panic!() };
            settings.insert(key.name.to_owned(), serde_json::json!({"a": 1}));
            let told = made(kind.name(), Json::Object(settings)).unwrap_err();
            assert!(told[0].starts_with(&format!("{}: ", key.name)), "{kind} {}: {told:?}", key.name);
        }
    }
}

#[test]
fn a_mail_channel_has_the_keys_and_defaults_of_the_section() {
    let made =
        made("email", serde_json::json!({"from": "a@b.example", "to": ["c@b.example"], "file_dir": "var"}));
    let Ok(ChannelSettings::Email(email)) = made else { panic!("{made:?}") };
    let default = crate::config::Email::default();
    assert_eq!(email.file_dir.as_deref(), Some(Path::new("/etc/djamon/var")));
    assert_eq!((email.host, email.port, email.tls), (default.host, default.port, default.tls));
    let Ok(ChannelSettings::Twitter(twitter)) = self::made("twitter", least(Kind::Twitter)) else { panic!() };
    assert_eq!(twitter.api_url, crate::config::Twitter::default().api_url);
}

#[test]
fn secrets_come_from_files_and_from_the_environment_too() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("word"), "hunter2\n").unwrap();
    let Json::Object(mut settings) = serde_json::json!({
        "from": "a@b.example", "to": ["c@b.example"], "user": "a", "password_file": "word",
    }) else {
        panic!()
    };
    let read = |settings: &Map<String, Json>| {
        let variables = |name: &str| (name == "WORD").then(|| "hunter3".to_owned());
        match channel("email", settings, directory.path(), &variables) {
            Ok(ChannelSettings::Email(email)) => email.password,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(read(&settings), Secret("hunter2".into()));
    settings.remove("password_file");
    settings.insert("password_env".into(), "WORD".into());
    assert_eq!(read(&settings), Secret("hunter3".into()));
}

#[test]
fn what_is_wrong_is_told_by_key_and_without_secrets() {
    let told = |kind: Kind, more: Json| {
        let (Json::Object(mut settings), Json::Object(more)) = (least(kind), more) else { panic!() };
        settings.extend(more);
        let told = made(kind.name(), Json::Object(settings)).unwrap_err();
        assert!(!told.iter().any(|problem| problem.contains("hunter2")), "{told:?}");
        told.into_iter().next().unwrap()
    };
    for (kind, more, expected) in [
        (Kind::Email, serde_json::json!({"prot": 25}), "prot: is not a key; did you mean port?"),
        (
            Kind::Email,
            serde_json::json!({"to": ["c"]}),
            "to: \"c\" is not an e-mail address; write it like \"ops@example.org\"",
        ),
        (Kind::Email, serde_json::json!({"to": []}), "to: is missing; a channel of this kind needs it"),
        (
            Kind::Slack,
            serde_json::json!({"url": "hooks.slack.com/hunter2"}),
            "url: is not a URL: relative URL without a base; copy the whole address, like https://example.org/…",
        ),
        (
            Kind::Slack,
            serde_json::json!({"url": "ftp://hunter2.example"}),
            "url: is neither http: nor https:; copy the whole address, like https://example.org/…",
        ),
        (
            Kind::Webhook,
            serde_json::json!({"secret": "hunter2?"}),
            "secret: is not base64; make one with: openssl rand -base64 32",
        ),
        (
            Kind::Webhook,
            serde_json::json!({"secret": "whsec_aGk="}),
            "secret: has 2 bytes, and a key has 24 to 64; make one with: openssl rand -base64 32",
        ),
        (
            Kind::Ntfy,
            serde_json::json!({"topic": "hunter2/x"}),
            "topic: is not a topic; use 1 to 64 of the characters A-Z a-z 0-9 _ -",
        ),
        (
            Kind::Ntfy,
            serde_json::json!({"token": "hunter2", "user": "a", "password": "hunter2"}),
            "token: user and password are given too; keep one of both",
        ),
        (
            Kind::Mastodon,
            serde_json::json!({"url": "http://m.example"}),
            "url: \"http://m.example\" would be told a secret in the clear; use https:",
        ),
        (
            Kind::Mastodon,
            serde_json::json!({"visibility": "all"}),
            "visibility: \"all\" is not one of \"public\", \"unlisted\", \"private\", \"direct\"",
        ),
        (
            Kind::Matrix,
            serde_json::json!({"room": "#ops:m.example"}),
            "room: \"#ops:m.example\" is not a room's internal ID; it begins with ! and stands in the room's \
             settings under Advanced",
        ),
        (
            Kind::Telegram,
            serde_json::json!({"chat_id": "ops"}),
            "chat_id: \"ops\" is not a chat; write its number like -1001234567890, or @ and its name",
        ),
        (
            Kind::Alertmanager,
            serde_json::json!({"labels": ["site=shop"]}),
            "labels: site is set by Djamon; choose another label",
        ),
        (Kind::Apprise, serde_json::json!({"key": "hunter2"}), "key: urls are given too; keep one of them"),
        (
            Kind::PagerDuty,
            serde_json::json!({"routing_key": "hunter2"}),
            "routing_key: is not an integration key; it has 32 letters and figures",
        ),
    ] {
        assert_eq!(told(kind, more), expected);
    }
    assert_eq!(
        made("pager", serde_json::json!({})).unwrap_err(),
        ["kind: \"pager\" is not a kind of channel; did you mean \"pagerduty\"?"]
    );
    assert!(
        made("carrier pigeon", serde_json::json!({})).unwrap_err()[0]
            .contains("the kinds are email, twitter")
    );
}

#[test]
fn no_secret_goes_in_the_clear_to_a_host_that_is_not_near() {
    let refused = |kind: &str, url: &str, token: &str| {
        let mut settings = serde_json::json!({ "url": url });
        if !token.is_empty() {
            settings["token"] = token.into();
        }
        made(kind, settings).err().map(|told| told[0].clone())
    };
    let clear = "would be told a secret in the clear; use https:";
    for far in ["http://hooks.example/x", "http://93.184.216.34/x", "http://lan.example/x"] {
        assert_eq!(refused("slack", far, ""), Some(format!("url: {clear}")));
        assert_eq!(refused("webhook", far, "hunter2"), Some(format!("url: {clear}")));
        assert_eq!(refused("webhook", far, ""), None, "nothing secret but where it is");
        assert_eq!(refused("alertmanager", far, "hunter2"), Some(format!("url: \"{far}\" {clear}")));
        assert_eq!(refused("alertmanager", far, ""), None);
    }
    for near in
        ["http://127.0.0.1:1/x", "http://[::1]/x", "http://10.1.2.3/x", "http://ntfy/x", "http://a.lan/x"]
    {
        assert_eq!(refused("slack", near, ""), None, "{near}");
        assert_eq!(refused("alertmanager", near, "hunter2"), None, "{near}");
    }
}

#[test]
fn a_signing_key_is_taken_with_and_without_its_prefix() {
    let key = |secret: String| match made(
        "webhook",
        serde_json::json!({"url": "https://h.example", "secret": secret}),
    ) {
        Ok(ChannelSettings::Webhook(webhook)) => webhook.secret.unwrap().0,
        other => panic!("{other:?}"),
    };
    assert_eq!(key(format!("whsec_{KEY}")), key(KEY.to_owned()));
}

#[test]
fn programs_and_people_are_told_apart() {
    let programs = kinds().into_iter().filter(|kind| kind.audience() == Audience::Machines);
    assert_eq!(programs.collect::<Vec<_>>(), [Kind::Webhook, Kind::PagerDuty, Kind::Alertmanager]);
}
