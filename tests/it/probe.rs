//! What the probe makes of servers that behave and misbehave.

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
use Outcome::{Body, Connect, Protocol, Redirect, Status, Timeout, Up};

/// Path; under `head`: outcome, code and the method that gave the verdict; under `get`: outcome and code.
type Row = (&'static str, (Outcome, u16, Method), (Outcome, u16));

/// No code.
const NONE: u16 = 0;

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("/ok",               (Up, 200, Head),         (Up, 200)),
    ("/status/204",       (Up, 204, Head),         (Up, 204)),
    ("/status/299",       (Up, 299, Head),         (Up, 299)),
    ("/status/304",       (Up, 304, Head),         (Up, 304)),
    ("/status/300",       (Status, 300, Get),      (Status, 300)),
    ("/status/401",       (Status, 401, Get),      (Status, 401)),
    ("/status/404",       (Status, 404, Get),      (Status, 404)),
    ("/status/500",       (Status, 500, Get),      (Status, 500)),
    ("/status/999",       (Status, 999, Get),      (Status, 999)),
    ("/status/099",       (Protocol, NONE, Get),   (Protocol, NONE)),
    ("/early/200",        (Up, 200, Head),         (Up, 200)),
    ("/early/503",        (Status, 503, Get),      (Status, 503)),
    ("/continue",         (Up, 200, Head),         (Up, 200)),
    ("/head-status/405",  (Up, 200, Get),          (Up, 200)),
    ("/head-status/501",  (Up, 200, Get),          (Up, 200)),
    ("/head-status/403",  (Up, 200, Get),          (Up, 200)),
    ("/head-status/404",  (Up, 200, Get),          (Up, 200)),
    ("/head-status/500",  (Up, 200, Get),          (Up, 200)),
    ("/head-reset",       (Up, 200, Get),          (Up, 200)),
    ("/head-closed",      (Up, 200, Get),          (Up, 200)),
    ("/head-garbage",     (Up, 200, Get),          (Up, 200)),
    ("/head-ping",        (Up, 200, Get),          (Up, 200)),
    ("/get-status/500",   (Up, 200, Head),         (Status, 500)),
    ("/get-closed",       (Up, 200, Head),         (Protocol, NONE)),
    ("/closed",           (Protocol, NONE, Get),   (Protocol, NONE)),
    ("/reset",            (Protocol, NONE, Get),   (Protocol, NONE)),
    ("/garbage",          (Protocol, NONE, Get),   (Protocol, NONE)),
    ("/ancient",          (Protocol, NONE, Get),   (Protocol, NONE)),
    ("/half",             (Protocol, NONE, Get),   (Protocol, NONE)),
    ("/nul",              (Protocol, NONE, Get),   (Protocol, NONE)),
    ("/endless",          (Protocol, NONE, Get),   (Protocol, NONE)),
    ("/megabyte",         (Protocol, NONE, Get),   (Protocol, NONE)),
    ("/long",             (Up, 200, Head),         (Up, 200)),
    ("/nul-body",         (Up, 200, Head),         (Up, 200)),
    ("/empty",            (Up, 200, Head),         (Up, 200)),
    ("/until-close",      (Up, 200, Head),         (Up, 200)),
    ("/short",            (Up, 200, Head),         (Body, 200)),
    ("/short-reset",      (Up, 200, Head),         (Body, 200)),
    ("/open-reset",       (Up, 200, Head),         (Body, 200)),
    ("/excess",           (Up, 200, Head),         (Up, 200)),
    ("/two-lengths",      (Body, NONE, Get),       (Body, NONE)),
    ("/odd-length",       (Body, NONE, Get),       (Body, NONE)),
    ("/chunks",           (Up, 200, Head),         (Up, 200)),
    ("/bad-chunk",        (Up, 200, Head),         (Body, 200)),
    ("/cut-chunk",        (Up, 200, Head),         (Body, 200)),
    ("/no-last-chunk",    (Up, 200, Head),         (Body, 200)),
    ("/gzip",             (Up, 200, Head),         (Up, 200)),
    ("/bad-gzip",         (Up, 200, Head),         (Body, 200)),
    ("/cut-gzip",         (Up, 200, Head),         (Body, 200)),
    ("/bomb",             (Up, 200, Head),         (Up, 200)),
    ("/endless-body",     (Up, 200, Head),         (Up, 200)),
    ("/go/301/~ok",       (Up, 200, Head),         (Up, 200)),
    ("/go/302/~ok",       (Up, 200, Head),         (Up, 200)),
    ("/go/303/~ok",       (Up, 200, Head),         (Up, 200)),
    ("/go/307/~ok",       (Up, 200, Head),         (Up, 200)),
    ("/go/308/~ok",       (Up, 200, Head),         (Up, 200)),
    ("/go/302/~status~503", (Status, 503, Get),    (Status, 503)),
    ("/go/302/~closed",   (Protocol, NONE, Get),   (Protocol, NONE)),
    ("/go/302/http:~~127.0.0.1:1~", (Connect, NONE, Head), (Connect, NONE)),
    ("/go/302/ftp:~~127.0.0.1~",  (Redirect, 302, Get), (Redirect, 302)),
    ("/go/302/http:~~127.0.0.1:0~", (Redirect, 302, Get), (Redirect, 302)),
    ("/go/302/http:~~[~", (Redirect, 302, Get),    (Redirect, 302)),
    ("/go/302/",          (Redirect, 302, Get),    (Redirect, 302)),
    ("/status/301",       (Redirect, 301, Get),    (Redirect, 301)),
    ("/ping",             (Redirect, 302, Get),    (Redirect, 302)),
    ("/chain/10",         (Up, 200, Head),         (Up, 200)),
    ("/chain/11",         (Redirect, 302, Get),    (Redirect, 302)),
];

#[test]
fn every_answer_has_its_verdict_under_head_and_under_get() {
    let server = FaultServer::plain();
    let mut wrong = Vec::new();
    for (path, (outcome, code, method), (by_get, code_by_get)) in ROWS {
        let sight = look(&server.url(path), Head);
        if (sight.outcome, sight.code.unwrap_or(NONE), sight.method) != (*outcome, *code, *method) {
            wrong.push(format!("head {path}: {sight:?}"));
        }
        let sight = look(&server.url(path), Get);
        if (sight.outcome, sight.code.unwrap_or(NONE), sight.method) != (*by_get, *code_by_get, Get) {
            wrong.push(format!("get {path}: {sight:?}"));
        }
        assert_eq!(sight.detail.is_none(), sight.outcome == Up, "{path}: {:?}", sight.detail);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

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
