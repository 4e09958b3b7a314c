//! What the probe makes of certificates and handshakes.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use djamon_core::clock::Clock;
use djamon_core::domain::{Check, Instant, Outcome, Policy, Target};
use djamon_core::probe::{Prober, Settings, Sight};
use djamon_tests::fault_server::FaultServer;
use djamon_tests::place::Place;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};

#[test]
fn one_look_by_hand_tells_everything_that_there_is_to_tell() {
    let (server, authority) = signed(valid("127.0.0.1"));
    let place = Place::default();
    let file = authority.path().display().to_string();
    let words = ["probe", "--json", "--method", "get", "--ca-file", &file, &server.url("/go/302/~ok")];
    let seen = place.json(&words);
    assert_eq!(
        (&seen["outcome"], &seen["code"], &seen["method"]),
        (&json!("up"), &json!(200), &json!("get")),
        "{seen}"
    );
    assert_eq!(seen["redirects"], json!([server.url("/ok")]));
    assert_eq!(seen["address"], format!("127.0.0.1:{}", server.port()));
    assert_eq!(seen["certificate_expires_at"], "2027-01-01T00:00:00.000Z");
    let certificate = json!({
        "valid_from": "2026-01-01T00:00:00.000Z",
        "expires_at": "2027-01-01T00:00:00.000Z",
        "issuer": "Test Authority",
        "names": ["127.0.0.1"],
    });
    assert_eq!(seen["certificate"], certificate);
    let phases = &seen["phases"];
    assert_eq!(phases["dns_ms"], json!(null), "an address needs no look-up");
    for phase in ["connect_ms", "tls_ms", "first_byte_ms", "body_ms"] {
        assert!(phases[phase].is_u64(), "{phase}: {seen}");
    }
    let sum: u64 = phases.as_object().unwrap().values().filter_map(Value::as_u64).sum();
    assert!(sum <= seen["duration_ms"].as_u64().unwrap(), "{seen}");
    // What is refused is shown all the same: that is when it matters.
    let refused = place.json(&["probe", "--json", &server.url("/ok")]);
    assert_eq!((&refused["outcome"], &refused["certificate"]), (&json!("tls"), &certificate), "{refused}");
    let told = place.done(&["probe", "--ca-file", &file, &server.url("/ok")]);
    for line in
        ["certificate  good until 2027-01-01 00:00", "  from       Test Authority", "  for        127.0.0.1"]
    {
        assert!(told.lines().any(|told| told.starts_with(line)), "{told}");
    }
}

/// Noon of 2026-11-23, for ever.
struct Noon;

impl Clock for Noon {
    fn now(&self) -> Instant {
        Instant::from_ms(1_795_435_200_000)
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

fn prober() -> Prober {
    let settings = Settings { user_agent: "djamon/test".into(), deny_private: false };
    Prober::new(settings, Arc::new(Noon)).unwrap()
}

fn look(url: &str, change: impl FnOnce(&mut Check)) -> Sight {
    let mut check = Policy::default().check;
    change(&mut check);
    prober().look(&Target::parse(url).unwrap(), &check, false)
}

fn params(name: &str, from: (i32, u8, u8), until: (i32, u8, u8)) -> CertificateParams {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(from.0, from.1, from.2);
    params.not_after = date_time_ymd(until.0, until.1, until.2);
    params
}

fn valid(name: &str) -> CertificateParams {
    params(name, (2026, 1, 1), (2027, 1, 1))
}

fn serve(certificate: CertificateDer<'static>, key: &KeyPair) -> FaultServer {
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    FaultServer::encrypted(config)
}

/// A server with a certificate of an authority whose file is given.
fn signed(of: CertificateParams) -> (FaultServer, tempfile::NamedTempFile) {
    let mut authority = valid("authority.example");
    authority.distinguished_name.push(DnType::CommonName, "Test Authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = of.signed_by(&key, &issuer).unwrap();
    (serve(certificate.into(), &key), pem(&issuer.pem()))
}

fn pem(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn trusting(file: &tempfile::NamedTempFile) -> impl FnOnce(&mut Check) + use<> {
    let path = file.path().to_str().unwrap().to_owned();
    |check| check.ca_file = Some(path)
}

#[test]
fn an_authority_in_the_ca_file_is_trusted_and_no_other() {
    let (server, authority) = signed(valid("127.0.0.1"));
    let sight = look(&server.url("/ok"), trusting(&authority));
    assert_eq!((sight.outcome, sight.detail), (Outcome::Up, None));
    assert_eq!(sight.certificate_expires_at, Some(Instant::from_ms(1_798_761_600_000)));
    assert!(sight.phases.tls_ms.is_some());
    let shown = sight.certificate.unwrap();
    assert_eq!((shown.issuer.as_str(), shown.names), ("Test Authority", vec!["127.0.0.1".to_owned()]));
    assert_eq!(shown.valid_from, Instant::from_ms(1_767_225_600_000));
    let sight = look(&server.url("/ok"), |_| {});
    assert_eq!((sight.outcome, sight.code), (Outcome::Tls, None));
    assert_eq!(sight.detail.unwrap(), "certificate is not trusted (issued by CN=Test Authority)");
    assert!(sight.certificate_expires_at.is_some(), "known although it is not trusted");
}

#[test]
fn every_look_sees_the_certificate_anew() {
    let (server, authority) = signed(valid("127.0.0.1"));
    let (prober, target) = (prober(), Target::parse(&server.url("/ok")).unwrap());
    let mut check = Policy::default().check;
    trusting(&authority)(&mut check);
    for _ in 0..3 {
        let sight = prober.look(&target, &check, false);
        assert!(sight.certificate_expires_at.is_some(), "{sight:?}");
    }
}

#[test]
fn a_bad_certificate_is_told_in_words() {
    let words = |of: CertificateParams| {
        let (server, authority) = signed(of);
        let sight = look(&server.url("/ok"), trusting(&authority));
        assert_eq!(sight.outcome, Outcome::Tls);
        sight.detail.unwrap()
    };
    assert_eq!(words(params("127.0.0.1", (2026, 1, 1), (2026, 11, 20))), "certificate expired 3 days ago");
    assert_eq!(
        words(params("127.0.0.1", (2026, 11, 25), (2027, 1, 1))),
        "certificate is not valid before 1 day from now"
    );
    assert_eq!(words(valid("other.example")), "certificate is for other.example, not for 127.0.0.1");
}

#[test]
fn a_self_signed_certificate_is_told_and_can_be_trusted_by_name() {
    let mut own = valid("127.0.0.1");
    own.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let certificate = own.self_signed(&key).unwrap();
    let file = pem(&certificate.pem());
    let server = serve(certificate.into(), &key);
    assert_eq!(look(&server.url("/ok"), |_| {}).detail.as_deref(), Some("self-signed certificate"));
    assert_eq!(look(&server.url("/ok"), trusting(&file)).outcome, Outcome::Up);
    let by_name = format!("https://localhost:{}/ok", server.port());
    let sight = look(&by_name, trusting(&file));
    assert_eq!(sight.detail.unwrap(), "certificate is for 127.0.0.1, not for localhost");
}

#[test]
fn insecure_takes_any_certificate_and_still_sees_when_it_ends() {
    let (server, _) = signed(params("other.example", (2020, 1, 1), (2020, 1, 2)));
    let sight = look(&server.url("/ok"), |check| check.insecure = true);
    assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
    assert_eq!(sight.certificate_expires_at, Some(Instant::from_ms(1_577_923_200_000)));
}

#[test]
fn a_page_is_read_over_tls_too() {
    let (server, authority) = signed(valid("127.0.0.1"));
    let path = authority.path().to_str().unwrap().to_owned();
    for (page, outcome) in [
        ("/ok", Outcome::Up),
        ("/short", Outcome::Body),
        ("/bomb", Outcome::Up),
        ("/closed", Outcome::Protocol),
    ] {
        let sight = look(&server.url(page), |check| {
            check.ca_file = Some(path.clone());
            check.method = djamon_core::domain::Method::Get;
        });
        assert_eq!(sight.outcome, outcome, "{page} {sight:?}");
    }
}

#[test]
fn a_ca_file_that_cannot_be_read_is_our_own_fault() {
    let (server, _) = signed(valid("127.0.0.1"));
    let sight = look(&server.url("/ok"), |check| check.ca_file = Some("/nowhere/ca.pem".into()));
    assert_eq!(sight.outcome, Outcome::Local);
    assert!(sight.detail.unwrap().contains("/nowhere/ca.pem"));
}

#[test]
fn a_redirect_to_an_untrusted_place_fails_as_that_place_does() {
    let (server, _) = signed(valid("127.0.0.1"));
    let plain = FaultServer::plain();
    let sight = look(&plain.url(&format!("/go/302/https:~~127.0.0.1:{}~ok", server.port())), |_| {});
    assert_eq!(sight.outcome, Outcome::Tls);
    assert!(sight.detail.unwrap().starts_with("redirected to https://127.0.0.1:"));
}

/// Whatever says `hello` to a handshake.
fn port_that_says(hello: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]);
        stream.write_all(hello).unwrap();
        let rest = if hello == b"hang" { stream.read(&mut [0; 64]) } else { Ok(0) };
        drop((stream, rest));
    });
    port
}

#[test]
fn what_is_not_tls_is_told_from_what_refuses_it() {
    let said = |hello| look(&format!("https://127.0.0.1:{}/", port_that_says(hello)), |_| {}).detail.unwrap();
    assert_eq!(said(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "answered without TLS");
    assert_eq!(said(b"\x15\x03\x03\x00\x02\x02\x28"), "handshake refused (handshake failure)");
    assert_eq!(said(b""), "connection closed during the TLS handshake");
}

#[test]
fn a_handshake_that_hangs_is_a_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let sight = look(&url, |check| check.timeout = Duration::from_millis(200));
    assert_eq!((sight.outcome, sight.code), (Outcome::Timeout, Some(500)));
    assert_eq!(sight.detail.unwrap(), "no TLS handshake within 200 ms (connected, then silence)");
}
