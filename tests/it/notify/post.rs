//! The channel `twitter` against a server in X's place.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use djamon_core::clock::Clock;
use djamon_core::config::{Secret, Twitter};
use djamon_core::domain::Instant;
use djamon_core::notify::{NotifyError, Sender, twitter};
use djamon_tests::http_sink::{Answer, HttpSink};
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha1::Sha1;

use super::{AT, failure, message};

/// A clock that stands still.
struct Stopped(i64);

impl Clock for Stopped {
    fn now(&self) -> Instant {
        Instant::from_ms(self.0)
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

fn settings(api_url: String) -> Twitter {
    let secret = |text: &str| Secret(text.to_owned());
    Twitter {
        enabled: true,
        consumer_key: secret("12-ck"),
        consumer_secret: secret("cs+/&"),
        oauth_token: secret("12-at"),
        oauth_secret: secret("as=%"),
        api_url,
        include_url: false,
    }
}

fn poster(api_url: String) -> Box<dyn Sender> {
    twitter(&settings(api_url), Arc::new(Stopped(AT + 500))).unwrap()
}

fn answered(answer: Answer) -> Result<(), NotifyError> {
    let sink = HttpSink::start([answer]);
    let result = poster(sink.url()).send(&message());
    assert_eq!(sink.requests().len(), 1, "one post, and no redirect followed");
    result
}

/// Percent-encoding of RFC 5849 §3.6.
fn encoded(text: &str) -> String {
    const KEPT: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    utf8_percent_encode(text, &KEPT).to_string()
}

#[test]
fn a_post_is_json_and_signed_as_rfc_5849_says() {
    let sink = HttpSink::start([Answer::new(201).body(r#"{"data":{"id":"1","text":"…"}}"#)]);
    poster(format!("{}/", sink.url())).send(&message()).unwrap();

    let request = &sink.requests()[0];
    assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/2/tweets"));
    assert_eq!(request.header("content-type"), Some("application/json"));
    let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!(body, serde_json::json!({ "text": message().short }));

    // The signature, made again by hand: §3.4.1 base string, §3.4.2 HMAC-SHA1.
    let header = request.header("authorization").unwrap().strip_prefix("OAuth ").unwrap();
    let mut parameters: BTreeMap<String, String> = header
        .split(',')
        .map(|pair| {
            let (key, value) = pair.trim().split_once('=').unwrap();
            let value = percent_decode_str(value.trim_matches('"')).decode_utf8().unwrap();
            (key.to_owned(), value.into_owned())
        })
        .collect();
    let signature = parameters.remove("oauth_signature").unwrap();
    assert_eq!(parameters["oauth_consumer_key"], "12-ck");
    assert_eq!(parameters["oauth_token"], "12-at");
    assert_eq!(parameters["oauth_signature_method"], "HMAC-SHA1");
    assert_eq!(
        parameters["oauth_timestamp"],
        (AT / 1000).to_string(),
        "dated by the clock that was handed in"
    );
    let pairs: Vec<_> =
        parameters.iter().map(|(key, value)| format!("{}={}", encoded(key), encoded(value))).collect();
    let address = format!("{}/2/tweets", sink.url());
    let base = format!("POST&{}&{}", encoded(&address), encoded(&pairs.join("&")));
    let key = format!("{}&{}", encoded("cs+/&"), encoded("as=%"));
    let mut mac = Hmac::<Sha1>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(base.as_bytes());
    assert_eq!(signature, BASE64_STANDARD.encode(mac.finalize().into_bytes()));
}

#[test]
fn a_duplicate_counts_as_sent() {
    let detail = r#"{"detail":"You are not allowed to create a Tweet with duplicate content.","status":403}"#;
    answered(Answer::new(403).body(detail)).unwrap();
}

#[test]
fn answers_are_temporary_or_permanent_by_their_status() {
    for (status, kind, says) in [
        (400, "permanent", "X refused the post (400)"),
        (401, "permanent", "check the keys and tokens in [twitter]"),
        (402, "permanent", "X refused the post (402)"),
        (403, "permanent", "check that the app may write"),
        (404, "permanent", "check api_url in [twitter]"),
        (408, "temporary", "X ran out of time"),
        (429, "temporary", "X takes no more posts for now"),
        (500, "temporary", "X gave no proper answer (500)"),
        (503, "temporary", "X gave no proper answer (503)"),
    ] {
        let answer = Answer::new(status).header("Location", "/elsewhere").body(r#"{"title":"No\n luck"}"#);
        let (was, reason) = failure(answered(answer));
        assert_eq!(was, kind, "{status}: {reason}");
        assert!(reason.contains(says) && reason.contains("No luck"), "{status}: {reason}");
        for secret in ["cs+/&", "12-at", "as=%"] {
            assert!(!reason.contains(secret), "{reason}");
        }
    }
}

#[test]
fn a_redirect_is_refused_for_good_and_names_its_target() {
    for status in [302, 308] {
        let (kind, reason) =
            failure(answered(Answer::new(status).header("Location", "https://inner.example/x")));
        assert_eq!(kind, "permanent", "{reason}");
        let told =
            format!("X redirects to https://inner.example ({status}), and alerts follow no redirect: ");
        assert_eq!(reason, told + "check api_url in [twitter], so that it names the target");
    }
}

#[test]
fn a_clock_that_is_off_is_named_as_the_cause_of_a_refused_signature() {
    let dated = |date: &str| failure(answered(Answer::new(401).header("Date", date)));
    let (kind, reason) = dated("Mon, 23 Nov 2026 09:10:20 GMT");
    assert_eq!(kind, "permanent");
    assert!(reason.contains("this machine's clock is 6 minutes and 6 seconds off"), "{reason}");
    assert!(dated("Mon, 23 Nov 2026 08:50:00 GMT").1.contains("clock is 14 minutes"), "slow or fast");
    assert!(!dated("Mon, 23 Nov 2026 09:09:00 GMT").1.contains("clock"), "within five minutes");
    assert!(!dated("yesterday").1.contains("clock"));
}

#[test]
fn rate_limits_say_how_long_to_wait() {
    let pause = |answer: Answer| match answered(answer) {
        Err(NotifyError::Temporary { after, .. }) => after.map(|after| after.as_millis()),
        other => panic!("{other:?}"),
    };
    let reset = AT / 1000 + 900;
    assert_eq!(pause(Answer::new(429)), None);
    assert_eq!(pause(Answer::new(429).header("x-rate-limit-reset", reset)), Some(899_500));
    assert_eq!(pause(Answer::new(429).header("Retry-After", 60)), Some(60_000));
    assert_eq!(
        pause(Answer::new(429).header("Retry-After", 60).header("x-rate-limit-reset", reset)),
        Some(899_500)
    );
    assert_eq!(pause(Answer::new(429).header("x-rate-limit-reset", 1)), Some(0), "it is over already");
}

#[test]
fn no_server_is_temporary() {
    let gone = HttpSink::start([]).url();
    let (kind, reason) = failure(poster(gone).send(&message()));
    assert_eq!(kind, "temporary");
    assert!(reason.starts_with("X could not be asked: ") && reason.contains("refused"), "{reason}");
}

#[test]
fn keys_that_are_missing_are_named() {
    let refused = |settings: Twitter| {
        twitter(&settings, Arc::new(Stopped(0))).err().map(|error| error.to_string()).unwrap_or_default()
    };
    let base = settings("https://api.x.com".into());
    assert_eq!(refused(base.clone()), "");
    let without = Twitter { oauth_secret: Secret::default(), ..base.clone() };
    assert!(refused(without).starts_with("twitter.oauth_secret: is empty"));
    for api_url in ["api.x.com", "ftp://api.x.com", "https://api.x.com?a=b", ""] {
        let said = refused(Twitter { api_url: api_url.into(), ..base.clone() });
        assert!(said.starts_with(&format!("twitter.api_url: {api_url:?} ")), "{said}");
    }
}
