//! What the probe sends, to whom, and what it says of it; what it makes of every kind of answer is in `corpus`.

use std::sync::Arc;
use std::time::Duration;

use djamon_core::clock::{Stopwatch, SystemClock};
use djamon_core::domain::{Check, Line, Method, Outcome, Policy, Target};
use djamon_core::probe::{Prober, Settings, Sight};
use djamon_tests::fault_server::FaultServer;

fn prober() -> Prober {
    let settings =
        Settings { user_agent: "djamon/test (+http://monitor.example)".into(), deny_private: false };
    Prober::new(settings, Arc::new(SystemClock::start())).unwrap()
}

fn check(method: Method) -> Check {
    Check { method, good_codes: "200-299,304".parse().unwrap(), ..Policy::default().check }
}

fn look_with(url: &str, check: &Check) -> Sight {
    prober().look(&Target::parse(url).unwrap(), check, false)
}

fn look(url: &str, method: Method) -> Sight {
    look_with(url, &check(method))
}

use Method::{Get, Head};
use Outcome::{Connect, Status, Timeout, Up};

#[test]
fn what_hangs_is_a_timeout_in_its_phase_and_ends_in_time() {
    let server = FaultServer::plain();
    let short = |method| Check { timeout: Duration::from_millis(300), ..check(method) };
    for (path, method, outcome, words) in [
        ("/hang", Head, Timeout, "then silence)"),
        ("/hang", Get, Timeout, "no answer within 300 ms (connected after "),
        ("/head-hang", Head, Up, ""),
        ("/drip", Get, Timeout, "no complete answer within 300 ms"),
        ("/hang-body", Head, Up, ""),
        ("/hang-body", Get, Timeout, "no complete page within 300 ms"),
        ("/go/302/~hang", Get, Timeout, "redirected to http://"),
    ] {
        let watch = Stopwatch::start();
        let sight = look_with(&server.url(path), &short(method));
        let took = watch.elapsed();
        assert_eq!(sight.outcome, outcome, "{path} {sight:?}");
        assert_eq!(sight.code, Some(if outcome == Timeout { 500 } else { 200 }), "{path}");
        assert!(sight.detail.clone().unwrap_or_default().contains(words), "{path}: {:?}", sight.detail);
        let requests = if method == Head && path.contains("hang") { 2 } else { 1 };
        assert!(took < Duration::from_millis(600 * requests), "{path}: {took:?}");
    }
}

#[test]
fn a_refused_connect_is_final_and_tells_nothing_of_the_line() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let sight = look(&format!("http://{closed}/"), Head);
    assert_eq!((sight.outcome, sight.code, sight.method, sight.line), (Connect, None, Head, Line::Silent));
    assert_eq!(sight.detail, Some(format!("connection refused ({closed})")));
    assert_eq!(sight.phases.first_byte_ms, None);
}

#[test]
fn a_site_that_failed_last_is_asked_by_get_straight_away() {
    let server = FaultServer::plain();
    let target = Target::parse(&server.url("/get-status/500")).unwrap();
    let sight = prober().look(&target, &check(Head), true);
    assert_eq!((sight.outcome, sight.method), (Status, Get));
    assert_eq!(sight.detail.as_deref(), Some("answered 500 Internal Server Error"));
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn every_request_is_alone_and_says_who_asks() {
    let server = FaultServer::plain();
    look(&server.url("/ok?x=1"), Head);
    let asked = server.asked();
    assert_eq!((asked[0].method.as_str(), asked[0].path.as_str()), ("HEAD", "/ok?x=1"));
    assert!(asked[0].head.contains("user-agent: djamon/test (+http://monitor.example)\r\n"), "{asked:?}");
    assert!(!asked[0].head.contains("cookie"));
}

#[test]
fn addresses_of_both_families_are_asked() {
    let v6 = FaultServer::on("[::1]");
    assert_eq!(look(&v6.url("/ok"), Head).outcome, Up);
    // ::1 refuses, 127.0.0.1 answers.
    let v4 = FaultServer::plain();
    let sight = look(&format!("http://localhost:{}/ok", v4.port()), Head);
    assert_eq!((sight.outcome, sight.resolved), (Up, false), "localhost proves no resolver: {sight:?}");
    assert!(sight.phases.dns_ms.is_some());
}

#[test]
fn the_password_and_the_sites_headers_go_to_its_own_host_only() {
    let (home, other) = (FaultServer::plain(), FaultServer::plain());
    let away = home.url(&format!("/go/302/http:~~127.0.0.1:{}~ok", other.port()));
    let mut check = check(Get);
    check.headers.insert("X-Key".into(), "k1".into());
    check.headers.insert("Accept".into(), "text/html".into());
    let sight = look_with(&away.replace("://", "://ann:p%40ss@"), &check);
    assert_eq!((sight.outcome, sight.redirects.len()), (Up, 1));
    let (at_home, elsewhere) = (&home.asked()[0].head, &other.asked()[0].head);
    assert!(at_home.contains("authorization: basic yw5uonbac3m=\r\n"), "{at_home}");
    assert!(at_home.contains("x-key: k1"));
    assert!(!elsewhere.contains("authorization") && !elsewhere.contains("x-key"), "{elsewhere}");
    assert!(elsewhere.contains("accept: text/html"));
}

#[test]
fn without_following_the_first_status_decides() {
    let server = FaultServer::plain();
    let stay = Check { follow_redirects: false, good_codes: "200,301".parse().unwrap(), ..check(Head) };
    assert_eq!(look_with(&server.url("/go/301/~ok"), &stay).code, Some(301));
    assert_eq!(look_with(&server.url("/go/301/~ok"), &stay).outcome, Up);
    assert_eq!(look_with(&server.url("/go/302/~ok"), &stay).outcome, Status);
}

#[test]
fn a_failed_target_names_the_redirect() {
    let server = FaultServer::plain();
    let sight = look(&server.url("/go/302/~status~503"), Get);
    let detail = sight.detail.unwrap();
    assert_eq!(
        detail,
        format!("redirected to {}: answered 503 Service Unavailable", server.url("/status/503"))
    );
}

#[test]
fn a_condition_on_the_page_is_asked_by_get_and_judged() {
    let server = FaultServer::plain();
    let with = |change: fn(&mut Check)| {
        let mut check = check(Head);
        change(&mut check);
        check
    };
    let content = Outcome::Content;
    for (path, check, outcome) in [
        ("/ok", with(|check| check.contains = Some("hell".into())), Up),
        ("/gzip", with(|check| check.contains = Some("hello".into())), Up),
        ("/ok", with(|check| check.contains = Some("bye".into())), content),
        ("/ok", with(|check| check.not_contains = Some("hell".into())), content),
        ("/ok", with(|check| check.matches = Some("^h.*o$".into())), Up),
        ("/json", with(|check| check.json_path = Some("$.jobs[0].state".into())), Up),
        ("/json", with(|check| check.json_path = Some("$.jobs[1]".into())), content),
        ("/ok", with(|check| check.matches = Some("(".into())), Outcome::Local),
    ] {
        let sight = look_with(&server.url(path), &check);
        assert_eq!((sight.outcome, sight.method), (outcome, Get), "{path} {sight:?}");
    }
}

#[test]
fn slower_than_wanted_is_degraded_and_up() {
    let server = FaultServer::plain();
    let eager = Check { max_time: Some(Duration::ZERO), ..check(Head) };
    let sight = look_with(&server.url("/ok"), &eager);
    assert_eq!((sight.outcome, sight.degraded), (Up, true));
    assert!(!look(&server.url("/ok"), Head).degraded);
}

#[test]
fn private_addresses_can_be_denied_on_every_hop() {
    let server = FaultServer::plain();
    let settings = Settings { user_agent: "djamon/test".into(), deny_private: true };
    let prober = Prober::new(settings, Arc::new(SystemClock::start())).unwrap();
    let sight = prober.look(&Target::parse(&server.url("/ok")).unwrap(), &check(Head), false);
    assert_eq!((sight.outcome, server.asked().len()), (Connect, 0));
    assert!(sight.detail.unwrap().contains("private address"));
}
