//! What the probe makes of the less usual handshakes: old versions, chains with a gap, names written oddly, servers that
//! want a certificate of ours.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;

use djamon_core::clock::SystemClock;
use djamon_core::domain::{Check, Outcome, Policy, Target};
use djamon_core::probe::{Prober, Settings, Sight};
use djamon_tests::fault_server::FaultServer;
use djamon_tests::netns::{Network, start_resolver};
use djamon_tests::place::Place;
use rcgen::{BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use serde_json::Value;

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

fn root() -> Authority {
    CertifiedIssuer::self_signed(authority("Test Root"), KeyPair::generate().unwrap()).unwrap()
}

fn leaf(name: &str, issuer: &Authority) -> (Certificate, KeyPair) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new([name.to_owned()]).unwrap();
    (params.signed_by(&key, issuer).unwrap(), key)
}

fn file(pem: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(pem.as_bytes()).unwrap();
    file
}

/// An encrypted server with this chain; with `wants`, one that asks for a certificate which that authority signed.
fn serve(chain: Vec<CertificateDer<'static>>, key: &KeyPair, wants: Option<&Authority>) -> FaultServer {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match wants {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.der().clone()).unwrap();
            let judge = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(judge.unwrap())
        }
    };
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    FaultServer::encrypted(builder.with_single_cert(chain, key).unwrap())
}

fn look(url: &str, trusted: &Authority) -> Sight {
    let file = file(&trusted.pem());
    let settings = Settings { user_agent: "djamon/test".into(), deny_private: false };
    let prober = Prober::new(settings, Arc::new(SystemClock::start())).unwrap();
    let check = Check { ca_file: Some(file.path().to_str().unwrap().into()), ..Policy::default().check };
    prober.look(&Target::parse(url).unwrap(), &check, false)
}

#[test]
fn a_chain_must_be_whole() {
    let root = root();
    let middle =
        CertifiedIssuer::signed_by(authority("Test Middle"), KeyPair::generate().unwrap(), &root).unwrap();
    let (own, key) = leaf("127.0.0.1", &middle);
    let whole = serve(vec![own.der().clone(), middle.der().clone()], &key, None);
    assert_eq!(look(&whole.url("/ok"), &root).outcome, Outcome::Up);
    let broken = serve(vec![own.der().clone()], &key, None);
    let sight = look(&broken.url("/ok"), &root);
    assert_eq!(sight.outcome, Outcome::Tls);
    assert_eq!(sight.detail.unwrap(), "certificate is not trusted (issued by CN=Test Middle)");
}

#[test]
fn a_server_that_wants_a_certificate_of_ours_is_a_failure_of_tls() {
    let root = root();
    let (own, key) = leaf("127.0.0.1", &root);
    let server = serve(vec![own.der().clone()], &key, Some(&root));
    let sight = look(&server.url("/ok"), &root);
    assert_eq!((sight.outcome, sight.code), (Outcome::Tls, None), "{sight:?}");
    assert_eq!(sight.detail.unwrap(), "handshake refused (certificate required)");
}

#[test]
fn a_server_that_speaks_only_old_versions_is_told() {
    let root = root();
    let (own, key) = leaf("127.0.0.1", &root);
    let (own, key) = (file(&own.pem()), file(&key.serialize_pem()));
    let mut server = Command::new("openssl")
        .args([
            "s_server",
            "-tls1_1",
            "-cipher",
            "ALL:@SECLEVEL=0",
            "-accept",
            "127.0.0.1:0",
            "-www",
            "-cert",
        ])
        .arg(own.path())
        .arg("-key")
        .arg(key.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("openssl is missing: run deploy/install-needs test");
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines().map_while(Result::ok);
    let place = lines.find_map(|line| line.strip_prefix("ACCEPT ").map(str::to_owned)).unwrap();
    let sight = look(&format!("https://{place}/"), &root);
    server.kill().unwrap();
    server.wait().unwrap();
    assert_eq!(sight.outcome, Outcome::Tls, "{sight:?}");
    assert_eq!(sight.detail.unwrap(), "handshake refused (protocol version)");
}

#[test]
fn names_with_stars_and_final_dots_are_held_against_the_certificate() {
    let network = Network::new();
    let root = root();
    let trusted = file(&root.pem());
    network.inside(|| {
        start_resolver();
        let place = Place::default();
        for (of, host, outcome) in [
            ("*.shop.test", "local.shop.test", "up"),
            ("*.shop.test", "local.shop.test.", "up"),
            ("*.shop.test", "local.deep.shop.test", "tls"),
            ("LOCAL.test", "local.test", "up"),
            ("other.test", "local.test", "tls"),
        ] {
            let (own, key) = leaf(of, &root);
            let server = serve(vec![own.der().clone()], &key, None);
            let url = format!("https://{host}:{}/ok", server.port());
            let mut look = network.check(&["probe", "--json", &url]);
            let said = look.current_dir(place.path()).env("SSL_CERT_FILE", trusted.path()).output().unwrap();
            let seen: Value = serde_json::from_slice(&said.stdout).unwrap();
            assert_eq!(seen["outcome"], outcome, "{host} under a certificate for {of}: {seen}");
        }
    });
}

#[test]
fn a_sandbox_that_sends_elsewhere_proves_the_line_only_under_a_good_certificate() {
    let root = root();
    let (own, key) = leaf("localhost", &root);
    let (plain, encrypted) = (FaultServer::on("[::]"), serve(vec![own.der().clone()], &key, None));
    let elsewhere =
        format!("http://127.0.0.1:{}/go/302/https:~~localhost:{}~ok", plain.port(), encrypted.port());
    let of_system = |place: Place| place.with_variable("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt");
    let trusted = file(&root.pem());
    let trusting = |place: Place| place.with_variable("SSL_CERT_FILE", trusted.path().display().to_string());
    for (roots, sandbox, blind) in [
        (&trusting as &dyn Fn(Place) -> Place, elsewhere.as_str(), false),
        (&of_system, elsewhere.as_str(), true),
        // A portal without encryption has answered in the sandbox's stead.
        (
            &trusting,
            &elsewhere
                .replace("https:", "http:")
                .replace(&encrypted.port().to_string(), &plain.port().to_string()),
            true,
        ),
    ] {
        let place = roots(Place::with(&format!("[check]\nsandbox_urls = [{sandbox:?}]\n")));
        place.done(&["site", "add", &plain.url("/ok").replace("[::]", "127.0.0.1"), "--slug", "shop"]);
        let run = place.json(&["run", "--json"]);
        let told = run["blind"]["reason"].as_str().is_some_and(|reason| reason.starts_with("portal"));
        assert_eq!(told, blind, "{sandbox}: {run}");
        assert_eq!(run["up"], u64::from(!blind), "{sandbox}: {run}");
    }
}
