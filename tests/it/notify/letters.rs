//! Mails of whole stories, and mail as a channel of its own.

use std::sync::Arc;

use djamon_core::clock::Clock;
use djamon_core::config::ChannelSettings;
use djamon_core::domain::EventKind;
use djamon_core::notify::{self, Sender};
use djamon_tests::clock::SetClock;
use djamon_tests::smtp_sink::{Script, SmtpSink};
use djamon_tests::story::{UGLY, story};

use super::failure;
use super::mail::{mailer, settings};

#[test]
fn text_and_html_travel_side_by_side_and_the_same_each_time() {
    let message = super::kinds::message(&story(EventKind::Opened, UGLY));
    let sink = SmtpSink::start(Script::default());
    mailer(&sink).send(&message).unwrap();
    mailer(&sink).send(&message).unwrap();
    let mails = sink.mails();
    assert_eq!(mails[0], mails[1]);
    let kind = mails[0].header("Content-Type").unwrap().to_owned();
    let boundary = kind.strip_prefix("multipart/alternative;").unwrap().split('"').nth(1).unwrap().to_owned();
    let parts: Vec<&str> = mails[0].text.split(&format!("--{boundary}")).collect();
    assert_eq!(parts.len(), 4, "before, text, HTML, behind: {}", mails[0].text);
    assert!(parts[1].contains("Content-Type: text/plain; charset=utf-8"), "{}", parts[1]);
    assert!(parts[2].contains("Content-Type: text/html; charset=utf-8"), "{}", parts[2]);
    assert!(mails[0].text.lines().all(|line| line.len() <= 998), "RFC 5322, 2.1.1");
}

#[test]
fn a_channel_of_a_file_does_not_blame_the_section() {
    let sink = SmtpSink::start(Script::default().answering("MAIL", "530 who are you?"));
    let clock: Arc<dyn Clock> = Arc::new(SetClock::default());
    let night = notify::sender(&ChannelSettings::Email(settings(sink.port())), &clock).unwrap();
    let (_, reason) = failure(night.send(&super::message()));
    assert!(reason.ends_with("; set the channel's user and password"), "{reason}");
}
