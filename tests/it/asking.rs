//! How a site may be asked, and where it may not: POST, client certificates, families of addresses, private addresses.

use std::sync::Arc;

use djamon_tests::fault_server::FaultServer;
use djamon_tests::http_sink::{Answer, HttpSink, Request};
use djamon_tests::place::Place;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use serde_json::json;

use crate::conditions::probed;

const FORM: [&str; 6] =
    ["--method", "post", "--body", "a=1&b=ü", "--header", "Content-Type: application/x-www-form-urlencoded"];

/// Method, path, body and Content-Type of each request.
fn told(requests: &[Request]) -> Vec<(&str, &str, &str, Option<&str>)> {
    requests
        .iter()
        .map(|request| {
            let kind = request.header("content-type");
            (request.method.as_str(), request.target.as_str(), request.body.as_str(), kind)
        })
        .collect()
}

#[test]
fn a_post_sends_its_body_and_judges_the_page() {
    let page = Answer::new(200).body("accepted");
    let (seen, requests) = probed(vec![page], &[&FORM[..], &["--contains", "accepted"]].concat());
    assert_eq!((&seen["outcome"], &seen["method"]), (&json!("up"), &json!("post")));
    let kind = Some("application/x-www-form-urlencoded");
    assert_eq!(told(&requests), [("POST", "/", "a=1&b=ü", kind)]);
    let (seen, requests) = probed(vec![Answer::new(503)], &["--method", "post"]);
    assert_eq!((&seen["outcome"], &seen["code"]), (&json!("status"), &json!(503)));
    assert_eq!(told(&requests), [("POST", "/", "", None)]);
    assert_eq!(requests[0].header("content-length"), Some("0"));
}

#[test]
fn a_redirected_post_goes_on_as_in_browsers() {
    let kind = Some("application/x-www-form-urlencoded");
    for (code, second) in [
        (301, ("GET", "/", "", None)),
        (302, ("GET", "/", "", None)),
        (303, ("GET", "/", "", None)),
        (307, ("POST", "/next", "a=1&b=ü", kind)),
        (308, ("POST", "/next", "a=1&b=ü", kind)),
    ] {
        // Back to itself, as after a form: no loop, for the method has changed.
        let answers = vec![Answer::new(code).header("Location", second.1), Answer::new(200)];
        let (seen, requests) = probed(answers, &FORM);
        assert_eq!(
            (&seen["outcome"], &seen["redirects"].as_array().unwrap().len()),
            (&json!("up"), &1),
            "{seen}"
        );
        assert_eq!(told(&requests), [("POST", "/", "a=1&b=ü", kind), second], "{code}");
    }
    let loops = vec![Answer::new(307).header("Location", "/")];
    assert_eq!(probed(loops, &FORM).0["outcome"], "redirect");
}

#[test]
fn the_body_and_its_type_go_where_a_redirect_keeps_them_and_other_headers_stay_at_home() {
    let elsewhere = HttpSink::start([Answer::new(200)]);
    let answer = Answer::new(307).header("Location", elsewhere.url());
    let (seen, at_home) = probed(vec![answer], &[&FORM[..], &["--header", "X-Key: k1"]].concat());
    assert_eq!(seen["outcome"], "up");
    assert_eq!(at_home[0].header("x-key"), Some("k1"));
    let requests = elsewhere.requests();
    assert_eq!(requests[0].header("x-key"), None);
    assert_eq!(told(&requests), told(&at_home));
}

#[test]
fn a_body_is_shown_by_nothing_but_an_export_that_is_asked_for_it() {
    let place = Place::default();
    place.done(&["site", "add", "http://a.example/", "--method", "post", "--body", "password=hunter2"]);
    for words in [&["site", "show", "a-example"][..], &["site", "show", "a-example", "--json"], &["export"]] {
        let said = place.done(words);
        assert!(said.contains("***") && !said.contains("hunter2"), "{said}");
    }
    let masked = place.done(&["export"]);
    assert_eq!(place.run_with_input(&["apply", "-"], &masked).out, "");
    place.done(&["site", "edit", "a-example", "--body", "***", "--name", "A"]);
    assert!(place.done(&["export", "--with-secrets"]).contains("password=hunter2"));
    assert_eq!(
        place.refused(2, &["site", "edit", "a-example", "--unset", "method"]),
        "body: is sent by POST only; set method to \"post\" too"
    );
}

/// A server that wants to see a certificate of its own authority, and the files of that authority and of a client.
struct Guarded {
    server: FaultServer,
    place: Place,
}

impl Guarded {
    fn start() -> Self {
        let mut authority = CertificateParams::new(["authority.example".to_owned()]).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let signed = |name: &str| {
            let key = KeyPair::generate().unwrap();
            let certificate = CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &issuer);
            (certificate.unwrap(), key)
        };
        let mut roots = RootCertStore::empty();
        roots.add(issuer.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        let (own, own_key) = signed("127.0.0.1");
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(clients.build().unwrap())
            .with_single_cert(vec![own.into()], PrivateKeyDer::try_from(own_key.serialize_der()).unwrap())
            .unwrap();
        let place = Place::default();
        let (client, key) = signed("monitor.example");
        place.write("ca.pem", &issuer.pem());
        place.write("client.pem", &client.pem());
        place.write("client.key", &key.serialize_pem());
        place.write("both.pem", &format!("{}{}", client.pem(), key.serialize_pem()));
        place.write("other.key", &KeyPair::generate().unwrap().serialize_pem());
        Guarded { server: FaultServer::encrypted(config), place }
    }

    fn look(&self, url: &str, words: &[&str]) -> (String, Option<String>) {
        let seen = self.place.json(&[&["probe", url, "--json", "--ca-file", "ca.pem"], words].concat());
        let text = |name: &str| seen[name].as_str().map(str::to_owned);
        (text("outcome").unwrap(), text("detail"))
    }
}

#[test]
fn a_client_certificate_is_shown_to_the_sites_own_host_only() {
    let guarded = Guarded::start();
    let url = guarded.server.url("/ok");
    let files = ["--client-cert", "client.pem", "--client-key", "client.key"];
    let up = ("up".to_owned(), None);
    assert_eq!(guarded.look(&url, &files), up);
    assert_eq!(guarded.look(&url, &["--client-cert", "both.pem"]), up);
    let refused = "handshake refused (certificate required)";
    assert_eq!(guarded.look(&url, &[]), ("tls".to_owned(), Some(refused.to_owned())));
    let plain = FaultServer::plain();
    let sent_on = plain.url(&format!("/go/302/https:~~127.0.0.1:{}~ok", guarded.server.port()));
    let (outcome, detail) = guarded.look(&sent_on, &files);
    assert_eq!((outcome.as_str(), detail.unwrap().ends_with(refused)), ("tls", true));
}

#[test]
fn a_client_certificate_that_cannot_be_used_is_our_own_fault_in_words() {
    let guarded = Guarded::start();
    let url = guarded.server.url("/ok");
    let words = |cert, key| {
        let (outcome, detail) = guarded.look(&url, &["--client-cert", cert, "--client-key", key]);
        assert_eq!(outcome, "local");
        detail.unwrap().replace(&format!("{}/", guarded.place.path().display()), "")
    };
    assert_eq!(
        words("nowhere.pem", "client.key"),
        "cannot read client_cert nowhere.pem: no such file or directory"
    );
    assert_eq!(words("client.key", "client.key"), "client_cert client.key has no certificate in PEM form");
    assert_eq!(
        words("client.pem", "client.pem"),
        "client_key client.pem has no key in PEM form that is not locked by a password"
    );
    assert_eq!(
        words("client.pem", "other.key"),
        "client_key other.key is not the key of the certificate in client_cert client.pem"
    );
}

#[test]
fn files_that_are_not_there_are_warned_of_and_paths_stay_right() {
    let place = Place::default();
    let said = place.run(&["site", "add", "https://a.example/", "--client-cert", "nowhere.pem"]);
    assert_eq!((said.code, said.out.as_str()), (0, "a-example\n"));
    let path = place.path().join("nowhere.pem");
    assert!(
        said.err.contains(&format!("client_cert: cannot read {}: No such file", path.display())),
        "{}",
        said.err
    );
    std::fs::create_dir(place.path().join("etc")).unwrap();
    place.write("etc/ca.pem", "");
    place.write(
        "etc/sites.toml",
        "[[site]]\nurl = \"https://b.example/\"\nca_file = \"ca.pem\"\nclient_cert = \"../both.pem\"\n",
    );
    let said = place.run(&["apply", "etc/sites.toml"]);
    assert_eq!((said.code, said.out.as_str()), (0, "+ site b-example\n"));
    assert!(said.err.contains("client_cert: cannot read ") && !said.err.contains("ca_file"), "{}", said.err);
    let site = place.json(&["site", "show", "b-example", "--json"]);
    assert_eq!(site["options"]["ca_file"], json!(place.path().join("etc/ca.pem")));
}

#[test]
fn files_for_https_are_not_said_to_hold_up_a_site_at_an_http_address() {
    let place = Place::default();
    place.write("ca.pem", "");
    let warned = |words: &[&str]| {
        let said = place.run(words);
        assert_eq!(said.code, 0, "{words:?}: {said:?}");
        said.err
    };
    let add = ["site", "add", "http://a.example/", "--slug", "shop", "--ca-file"];
    let told = warned(&[&add[..], &["nowhere.pem"]].concat());
    assert!(
        told.contains("ca_file: cannot read ")
            && told.contains("; it is needed only if the http: address leads to https:, and there the site"),
        "{told}"
    );
    assert_eq!(warned(&["site", "edit", "shop", "--ca-file", "ca.pem"]), "");
    // Without redirects nothing leads to https:, whether the option says so or the configuration.
    let useless =
        "ca_file: has no effect on an http: address whose redirects are not followed; give an https: address";
    let told = warned(&["site", "edit", "shop", "--ca-file", "ca.pem", "--no-follow"]);
    assert!(told.contains(useless), "{told}");
    place.write("djamon.toml", "[check]\nfollow_redirects = false\n");
    place.write("sites.toml", "[[site]]\nurl = \"http://b.example/\"\nca_file = \"ca.pem\"\n");
    let told = warned(&["apply", "sites.toml"]);
    assert!(told.contains(useless), "{told}");
}

#[test]
fn one_family_of_addresses_is_asked() {
    let (place, v4, v6) = (Place::default(), FaultServer::plain(), FaultServer::on("[::1]"));
    let look = |url: &str, family| {
        let seen = place.json(&["probe", url, "--json", "--ip-family", family]);
        (seen["outcome"].as_str().unwrap().to_owned(), seen["detail"].as_str().unwrap_or_default().to_owned())
    };
    let by_name = format!("http://localhost:{}/ok", v4.port());
    assert_eq!(look(&by_name, "ipv4").0, "up");
    assert_eq!(look(&by_name, "any").0, "up");
    // Whether localhost has an address of IPv6 is up to the machine; nobody listens there.
    let (outcome, detail) = look(&by_name, "ipv6");
    let no_address = (outcome.as_str(), detail.as_str()) == ("dns", "localhost has no IPv6 address");
    assert!(no_address || (outcome == "connect" && detail.contains("([::1]:")), "{outcome}: {detail}");
    assert_eq!(look(&v6.url("/ok"), "ipv6").0, "up");
    let refused = format!("connection refused (127.0.0.1:{})", v6.port());
    assert_eq!(look(&format!("http://localhost:{}/ok", v6.port()), "ipv4"), ("connect".into(), refused));
    let sent_on = v4.url("/go/302/http:~~[::1]:1~");
    let seen = place.json(&["probe", &sent_on, "--json", "--ip-family", "ipv4"]);
    assert_eq!(seen["outcome"], "dns");
    assert_eq!(seen["detail"], "redirected to http://[::1]:1/: [::1] has no IPv4 address");
    assert_eq!(
        place.refused(2, &["site", "add", "http://127.0.0.1/", "--ip-family", "ipv6"]),
        "ip_family: is ipv6, but 127.0.0.1 in the url is no IPv6 address"
    );
}

/// A monitor that must not look into private networks.
fn walled() -> Place {
    Place::with("[check]\nsandbox_urls = []\ndeny_private = true\n")
}

#[test]
fn a_private_address_is_refused_when_it_is_saved() {
    let place = walled();
    let refusal = |host| format!("url: {host} is private, and [check] deny_private forbids to ask it");
    for (url, host) in [
        ("http://127.1/", "127.0.0.1"),
        ("http://[::ffff:10.0.0.1]/", "[::ffff:a00:1]"),
        ("https://169.254.169.254/latest/meta-data", "169.254.169.254"),
        ("http://localhost:8000/", "localhost"),
    ] {
        assert_eq!(place.refused(2, &["site", "add", url]), refusal(host));
    }
    place.done(&["site", "add", "http://shop.example/"]);
    assert_eq!(
        place.refused(2, &["site", "edit", "shop-example", "--url", "http://10.0.0.1/"]),
        refusal("10.0.0.1")
    );
    place
        .write("sites.toml", "[[site]]\nurl = \"http://a.example/\"\n[[site]]\nurl = \"http://10.0.0.1/\"\n");
    assert_eq!(
        place.refused(2, &["apply", "sites.toml"]),
        format!("sites.toml:3: [[site]] {}", refusal("10.0.0.1"))
    );
    Place::default().done(&["site", "add", "http://10.0.0.1/"]);
}

#[test]
fn a_private_address_is_never_asked_by_a_probe_or_a_run() {
    let (place, server) = (walled(), FaultServer::plain());
    for host in ["127.0.0.1", "localhost"] {
        let url = format!("http://{host}:{}/ok", server.port());
        let seen = place.json(&["probe", &url, "--json"]);
        assert_eq!((&seen["outcome"], &seen["code"]), (&json!("connect"), &json!(null)));
        let detail = seen["detail"].as_str().unwrap();
        assert!(
            detail.ends_with(" is a private address, and [check] deny_private forbids to ask it"),
            "{detail}"
        );
    }
    // Saved before the wall was built.
    place.write("djamon.toml", "[check]\nsandbox_urls = []\n");
    place.done(&["site", "add", &server.url("/ok"), "--name", "inside"]);
    place.write("djamon.toml", "[check]\nsandbox_urls = []\ndeny_private = true\n");
    let run = place.json(&["run", "--dry-run", "--json"]);
    assert_eq!(
        (&run["views"][0]["site"], &run["views"][0]["outcome"]),
        (&json!("inside"), &json!("connect"))
    );
    assert_eq!(server.asked(), []);
}
