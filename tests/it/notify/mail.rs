//! The channel `email` against a mail server that takes, refuses, hangs, closes and protects.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use djamon_core::config::{Email, MailTls, Secret};
use djamon_core::domain::EventKind;
use djamon_core::notify::email::Mailer;
use djamon_core::notify::{Message, Sender, email};
use djamon_tests::smtp_sink::{Script, SmtpSink};
use rcgen::{CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;

use super::{AT, failure, message};

pub fn settings(port: u16) -> Email {
    Email {
        from: "Djamon <djamon@status.example>".into(),
        to: vec!["ann@example.org".into(), "Bob <bob@example.org>".into()],
        host: "127.0.0.1".into(),
        port,
        tls: MailTls::None,
        user: String::new(),
        password: Secret::default(),
        file_dir: None,
    }
}

pub fn mailer(sink: &SmtpSink) -> Mailer {
    Mailer::new(&settings(sink.port())).unwrap()
}

#[test]
fn one_mail_with_stable_headers_reaches_all_recipients() {
    let sink = SmtpSink::start(Script::default());
    mailer(&sink).send(&message()).unwrap();
    let mails = sink.mails();
    assert_eq!(mails.len(), 1);
    let mail = &mails[0];
    assert_eq!(
        (mail.from.as_str(), mail.to.join(" ")),
        ("djamon@status.example", "ann@example.org bob@example.org".into())
    );
    insta::assert_snapshot!(mail.text);
}

#[test]
fn the_same_message_is_the_same_mail_to_the_byte() {
    let sink = SmtpSink::start(Script::default());
    mailer(&sink).send(&message()).unwrap();
    mailer(&sink).send(&message()).unwrap();
    let mails = sink.mails();
    assert_eq!(mails[0], mails[1]);
}

#[test]
fn later_messages_refer_to_the_first_of_their_outage() {
    let sink = SmtpSink::start(Script::default());
    let later = Message {
        key: "event-9-email".into(),
        thread: Some("event-7-email".into()),
        kind: EventKind::Resolved,
        ..message()
    };
    mailer(&sink).send(&later).unwrap();
    let mail = &sink.mails()[0];
    let header = |name| mail.header(name).unwrap();
    assert_eq!(header("Message-ID"), "<event-9-email@status.example>");
    assert_eq!(header("In-Reply-To"), "<event-7-email@status.example>");
    assert_eq!(header("References"), "<event-7-email@status.example>");
    assert_eq!(header("X-Djamon-Event"), "resolved");
}

#[test]
fn nothing_in_a_message_can_add_a_header() {
    let sink = SmtpSink::start(Script::default());
    let hostile = Message {
        key: "7\r\nBcc: eve@example.org\r\n/../x".into(),
        thread: Some("6>\r\nBcc: eve@example.org".into()),
        subject: "DOWN: shop\r\nBcc: eve@example.org\r\n\r\nbody".into(),
        text: "first\r\n.\r\nMAIL FROM:<eve@example.org>\r\n".into(),
        ..message()
    };
    mailer(&sink).send(&hostile).unwrap();
    let mail = &sink.mails()[0];
    assert_eq!(mail.header("Bcc"), None, "{}", mail.text);
    let id = "<7%0D%0ABcc%3A%20eve%40example%2Eorg%0D%0A%2F%2E%2E%2Fx@status.example>";
    assert_eq!(mail.header("Message-ID").unwrap(), id);
    assert_eq!(sink.said().iter().filter(|said| said.starts_with("MAIL")).count(), 1);
    assert!(mail.body().contains("\r\n.\r\nMAIL FROM"), "{}", mail.text);
}

#[test]
fn a_refusal_is_as_lasting_as_its_code_at_every_step() {
    for (step, answer, kind, reason) in [
        ("CONNECT", "421 too busy", "temporary", "refused the connection for now (421): too busy"),
        ("CONNECT", "554 go away", "permanent", "refused the connection (554): go away"),
        ("EHLO", "421 not now", "temporary", "refused the connection for now (421): not now"),
        ("MAIL", "451 greylisted", "temporary", "refused the sender for now (451): greylisted"),
        ("MAIL", "550 not you", "permanent", "refused the sender (550): not you"),
        ("MAIL", "530 who are you?", "permanent", "set [email] user and password"),
        ("RCPT", "450 later", "temporary", "refused the recipient ann@example.org for now (450): later"),
        ("RCPT", "421 shutting down", "temporary", "(421): shutting down"),
        ("RCPT", "550 unknown", "permanent", "refused the recipient bob@example.org (550): unknown"),
        ("DATA", "451 disk full", "temporary", "refused the mail for now (451): disk full"),
        ("DATA", "554 no", "permanent", "refused the mail (554): no"),
        (".", "452 quota", "temporary", "refused the mail for now (452): quota"),
        (".", "554 spam", "permanent", "refused the mail (554): spam"),
    ] {
        let sink = SmtpSink::start(Script::default().answering(step, answer));
        let (was, why) = failure(mailer(&sink).send(&message()));
        assert_eq!(was, kind, "{step} {answer}: {why}");
        assert!(why.contains(reason), "{step} {answer}: {why}");
        assert!(why.starts_with(&format!("127.0.0.1:{} ", sink.port())) && !why.contains('\n'), "{why}");
        assert_eq!(sink.mails(), []);
    }
}

#[test]
fn a_refused_recipient_does_not_cost_the_others_their_mail() {
    for answer in ["550 unknown", "452 mailbox full"] {
        let sink = SmtpSink::start(Script::default().answering("RCPT TO:<ann@", answer));
        mailer(&sink).send(&message()).unwrap();
        assert_eq!(sink.mails()[0].to, ["bob@example.org"]);
    }
}

#[test]
fn a_goodbye_among_the_recipients_is_no_refusal_of_one_of_them() {
    let sink = SmtpSink::start(Script::default().answering("RCPT TO:<bob@", "421 shutting down"));
    let (kind, reason) = failure(mailer(&sink).send(&message()));
    assert_eq!(kind, "temporary", "{reason}");
    assert!(!sink.said().contains(&"DATA".to_owned()));
}

#[test]
fn all_recipients_refused_is_temporary_as_soon_as_one_refusal_is() {
    let script = Script::default().answering("RCPT TO:<ann@", "550 unknown").answering("RCPT", "451 later");
    let sink = SmtpSink::start(script);
    let (kind, reason) = failure(mailer(&sink).send(&message()));
    assert_eq!(kind, "temporary");
    assert!(
        reason.contains("ann@example.org (550)") && reason.contains("bob@example.org for now (451)"),
        "{reason}"
    );
    assert!(!sink.said().contains(&"DATA".to_owned()));
}

#[test]
fn a_connection_that_breaks_is_temporary() {
    let check = "check [email] host, port and tls";
    for (step, says) in [
        ("CONNECT", check),
        ("EHLO", check),
        ("MAIL", check),
        ("RCPT", check),
        ("DATA", check),
        (".", "the mail may have arrived"),
    ] {
        let sink = SmtpSink::start(Script::default().closing_at(step));
        let (kind, reason) = failure(mailer(&sink).send(&message()));
        assert_eq!(kind, "temporary", "{step}: {reason}");
        assert!(reason.contains(says), "{step}: {reason}");
    }
}

#[test]
fn no_mail_server_is_temporary_and_named() {
    let port = SmtpSink::start(Script::default()).port();
    let (kind, reason) = failure(email(&settings(port)).unwrap().send(&message()));
    assert_eq!(kind, "temporary");
    assert!(
        reason.starts_with(&format!("127.0.0.1:{port} failed at the connection: Connection refused")),
        "{reason}"
    );
}

#[test]
fn a_mail_taken_is_sent_however_the_goodbye_goes() {
    let sink = SmtpSink::start(Script::default().closing_at("QUIT"));
    mailer(&sink).send(&message()).unwrap();
    assert_eq!(sink.mails().len(), 1);
}

#[test]
fn a_server_that_hangs_is_given_up_before_it_gets_the_text() {
    let late = Duration::from_millis(400);
    for script in [
        Script::default().waiting_at("CONNECT"),
        Script::default().waiting_at("EHLO"),
        Script::default().answering_later("RCPT TO:<bob@", late, "250 at last"),
    ] {
        let sink = SmtpSink::start(script);
        let mailer = mailer(&sink).with_patience(Duration::from_millis(100), Duration::from_millis(500));
        let (kind, reason) = failure(mailer.send(&message()));
        assert_eq!(kind, "temporary");
        assert!(reason.contains("was silent for 0.1 s: it has not got the mail"), "{reason}");
        sink.wait_until_idle();
        assert!(!sink.said().contains(&"DATA".to_owned()), "{:?}", sink.said());
    }
}

#[test]
fn a_receipt_that_does_not_come_may_mean_a_duplicate_and_says_so() {
    let sink = SmtpSink::start(Script::default().waiting_at("."));
    let mailer = mailer(&sink).with_patience(Duration::from_secs(10), Duration::from_millis(100));
    let (kind, reason) = failure(mailer.send(&message()));
    assert_eq!(kind, "temporary");
    let says = "gave no receipt (no answer in time): the mail may have arrived";
    assert!(reason.contains(says), "{reason}");
}

#[test]
fn a_slow_receipt_has_time_of_its_own() {
    let late = Duration::from_millis(1300);
    let sink = SmtpSink::start(Script::default().answering_later(".", late, "250 scanned and queued"));
    let mailer = mailer(&sink).with_patience(Duration::from_secs(1), Duration::from_secs(10));
    mailer.send(&message()).unwrap();
}

fn secret(port: u16, tls: MailTls) -> Email {
    Email { tls, user: "ann".into(), password: Secret("hunter2".into()), ..settings(port) }
}

#[test]
fn starttls_that_is_not_offered_sends_nothing_at_all() {
    let sink = SmtpSink::start(Script::default().offering("AUTH PLAIN LOGIN"));
    let (kind, reason) = failure(email(&secret(sink.port(), MailTls::StartTls)).unwrap().send(&message()));
    assert_eq!(kind, "temporary", "somebody may have taken the offer out");
    assert!(reason.contains("offers no STARTTLS, so nothing was sent"), "{reason}");
    let verbs: Vec<_> =
        sink.said().iter().map(|said| said.split(' ').next().unwrap_or("").to_owned()).collect();
    assert_eq!(verbs, ["EHLO", "QUIT"]);
}

#[test]
fn starttls_refused_is_temporary_whatever_its_code() {
    let (config, _) = certificate();
    let script = Script::default().offering("AUTH PLAIN").with_starttls(config);
    let sink = SmtpSink::start(script.answering("STARTTLS", "502 what?"));
    let (kind, reason) = failure(email(&secret(sink.port(), MailTls::StartTls)).unwrap().send(&message()));
    assert_eq!(kind, "temporary");
    assert!(reason.contains("refused STARTTLS (502)"), "{reason}");
    assert!(!sink.said().iter().any(|said| said.starts_with("AUTH") || said.starts_with("MAIL")));
}

#[test]
fn a_server_without_a_trusted_certificate_gets_neither_password_nor_mail() {
    let (config, _) = certificate();
    for (tls, script) in [
        (MailTls::StartTls, Script::default().with_starttls(Arc::clone(&config))),
        (MailTls::Implicit, Script::default().with_implicit_tls(Arc::clone(&config))),
    ] {
        let sink = SmtpSink::start(script.offering("AUTH PLAIN"));
        let (kind, reason) = failure(email(&secret(sink.port(), tls)).unwrap().send(&message()));
        assert_eq!(kind, "temporary");
        assert!(reason.contains("certificate"), "{reason}");
        assert!(!sink.said().iter().any(|said| said.starts_with("AUTH") || said.starts_with("MAIL")));
    }
}

#[test]
fn a_trusted_server_gets_the_password_and_the_mail_encrypted() {
    let (config, authority) = certificate();
    for (tls, script) in [
        ("starttls", Script::default().with_starttls(Arc::clone(&config))),
        ("implicit", Script::default().with_implicit_tls(Arc::clone(&config))),
    ] {
        let sink = SmtpSink::start(script.clone().offering("AUTH PLAIN"));
        assert_eq!(sent_by_another_process(&sink, tls, &authority), "sent");
        assert!(sink.mails()[0].encrypted);
        // ann and hunter2, parted by NUL (RFC 4616).
        assert!(sink.said().contains(&"AUTH PLAIN AGFubgBodW50ZXIy".to_owned()), "{:?}", sink.said());

        sink.follow(script.offering("AUTH PLAIN").answering("AUTH", "535 no such user or password"));
        let refused = sent_by_another_process(&sink, tls, &authority);
        assert!(refused.starts_with("permanent: "), "{refused}");
        assert!(
            refused.ends_with(
                "refused the sign-in (535): no such user or password; check [email] user and password"
            ),
            "{refused}"
        );
        assert!(!refused.contains("hunter2"));
    }
}

/// A certificate for 127.0.0.1 and the authority behind it, as PEM.
pub fn certificate() -> (Arc<ServerConfig>, String) {
    let mut authority = CertificateParams::new(vec![]).unwrap();
    authority.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().unwrap();
    let pem = authority.self_signed(&authority_key).unwrap().pem();
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["127.0.0.1".into()]).unwrap().signed_by(&key, &issuer).unwrap();
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key.into())
        .unwrap();
    (Arc::new(config), pem)
}

/// Sends from a process whose system roots are `authority`: what a process trusts is settled by its environment.
fn sent_by_another_process(sink: &SmtpSink, tls: &str, authority: &str) -> String {
    let directory = tempfile::tempdir().unwrap();
    let (roots, told) = (directory.path().join("roots.pem"), directory.path().join("told"));
    std::fs::write(&roots, authority).unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "notify::mail::the_other_process", "--ignored"])
        .env("SSL_CERT_FILE", &roots)
        .env("DJAMON_TEST_MAIL", format!("{tls} {}", sink.port()))
        .env("DJAMON_TEST_TOLD", &told)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    std::fs::read_to_string(told).unwrap()
}

#[test]
#[ignore = "the sending half of a_trusted_server_gets_the_password_and_the_mail_encrypted, which starts it"]
fn the_other_process() {
    let told = PathBuf::from(std::env::var("DJAMON_TEST_TOLD").unwrap());
    let what = std::env::var("DJAMON_TEST_MAIL").unwrap();
    let (tls, port) = what.split_once(' ').unwrap();
    let tls = if tls == "starttls" { MailTls::StartTls } else { MailTls::Implicit };
    let sent = email(&secret(port.parse().unwrap(), tls)).unwrap().send(&message());
    let words = if sent.is_ok() {
        "sent".into()
    } else {
        let (kind, reason) = failure(sent);
        format!("{kind}: {reason}")
    };
    std::fs::write(told, words).unwrap();
}

#[test]
fn settings_that_cannot_work_are_refused_by_key() {
    let refused = |settings: &Email| email(settings).err().map(|error| error.to_string()).unwrap_or_default();
    let base = settings(25);
    for (settings, says) in [
        (secret(25, MailTls::None), "email.tls: is \"none\", and a password never travels in the clear"),
        (Email { from: "nobody".into(), ..base.clone() }, "email.from: \"nobody\" is no mail address"),
        (Email { to: vec!["a b".into()], ..base.clone() }, "email.to: \"a b\" is no mail address"),
        (Email { to: vec![], ..base.clone() }, "email.to: is empty"),
        (Email { host: String::new(), ..base.clone() }, "email.host: is empty"),
        (Email { user: String::new(), ..secret(25, MailTls::StartTls) }, "email.user: is empty"),
    ] {
        let said = refused(&settings);
        assert!(said.starts_with(says), "{said}");
        assert!(!said.contains("hunter2"));
    }
}

#[test]
fn mails_are_written_whole_into_a_directory_of_their_own() {
    let place = tempfile::tempdir().unwrap();
    let directory = place.path().join("var/mail");
    let files = Email { file_dir: Some(directory.clone()), host: String::new(), ..settings(0) };
    email(&files).unwrap().send(&message()).unwrap();
    let names: Vec<_> =
        std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, [format!("{AT}-event-7-email.eml").as_str()]);

    let sink = SmtpSink::start(Script::default());
    mailer(&sink).send(&message()).unwrap();
    let written = std::fs::read_to_string(directory.join(&names[0])).unwrap();
    assert_eq!(written.trim_end(), sink.mails()[0].text.trim_end(), "the file is what a server would get");
    assert!(!written.replace("\r\n", "").contains(['\r', '\n']), "lines end with CRLF");
}

#[test]
fn a_directory_that_cannot_be_written_is_named_and_tried_again() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("mail");
    std::fs::write(&file, "in the way").unwrap();
    let files = Email { file_dir: Some(file.clone()), ..settings(0) };
    let (kind, reason) = failure(email(&files).unwrap().send(&message()));
    assert_eq!(kind, "temporary");
    assert!(reason.starts_with(&file.display().to_string()), "{reason}");
    assert!(reason.ends_with("make [email] file_dir a directory that can be written"), "{reason}");
}
