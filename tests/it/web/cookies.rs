//! What the browser sends and is sent: cookies, the origin of changes, where people are led.

use djamon_tests::browser::{Browser, token};
use djamon_tests::web::{Reply, config};

use super::people::{PASSWORD, with_people};
use super::*;

fn cookie<'a>(reply: &'a Reply, name: &str) -> &'a str {
    let mut cookies =
        reply.headers.iter().filter(|(key, _)| key == "set-cookie").map(|(_, value)| value.as_str());
    cookies.find(|cookie| cookie.contains(name)).unwrap_or_default()
}

#[test]
fn a_visitor_costs_no_cookie_and_no_session() {
    let database = TestDatabase::migrated(Backend::Sqlite);
    let scene = with_people(&database);
    let (web, _) = web(&config(&database), scene.now);
    for path in ["/", "/outages", "/sites/shop", "/api/v1/sites", "/nothing", "/healthz"] {
        assert_eq!(web.get(path).header("set-cookie"), "", "{path}");
    }
    let junk = web.ask("GET", "/", &[("cookie", "djamon-session=junk; djamon-device=x.y; djamon-form=")]);
    assert_eq!((junk.status, junk.header("set-cookie")), (200, ""));
}

#[test]
fn cookies_are_as_strict_as_the_address_people_see_allows() {
    let database = TestDatabase::migrated(Backend::Sqlite);
    let scene = with_people(&database);
    for (base_url, base, session) in [
        ("http://127.0.0.1:8000", "", "djamon-session=*; HttpOnly; SameSite=Lax; Path=/; Max-Age=2592000"),
        (
            "https://status.example",
            "",
            "__Host-djamon-session=*; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=2592000",
        ),
        (
            "https://example.org/status",
            "/status",
            "__Secure-djamon-session=*; HttpOnly; SameSite=Lax; Secure; Path=/status; Max-Age=2592000",
        ),
    ] {
        let mut config = config(&database);
        config.web.base_url = base_url.into();
        let (web, _) = web(&config, scene.now);
        let login = format!("{base}/login");
        let mut browser = Browser::new(&web);
        let form = browser.get(&login);
        let form_cookie = cookie(&form, "djamon-form");
        assert!(
            form_cookie.contains("HttpOnly; SameSite=Lax") && !form_cookie.contains("Max-Age"),
            "{form_cookie}"
        );
        let reply = browser.submit(&login, &login, &[("name", "Alice"), ("password", PASSWORD)]);
        assert_eq!((reply.status, reply.header("location")), (303, format!("{base}/").as_str()));
        let set = cookie(&reply, "djamon-session");
        let (name, rest) = set.split_once('=').unwrap();
        assert_eq!(format!("{name}=*{}", &rest[rest.find(';').unwrap()..]), session);
        for other in ["djamon-form", "djamon-device"] {
            let name = format!("{}{other}", session.split("djamon").next().unwrap());
            assert!(browser.cookies().contains_key(&name), "{name}: {:?}", browser.cookies());
        }
        let page = browser.get(&format!("{base}/manage/account"));
        assert_eq!(page.status, 200);
        let out = browser.submit(&format!("{base}/manage/account"), &format!("{base}/logout"), &[]);
        assert!(cookie(&out, "djamon-session").contains("Max-Age=0"), "{:?}", out.headers);
    }
}

#[test]
fn a_change_that_no_page_of_ours_sent_is_refused() {
    let database = TestDatabase::migrated(Backend::Sqlite);
    let scene = with_people(&database);
    let mut config = config(&database);
    config.web.base_url = "http://status.example".into();
    let (web, _) = web(&config, scene.now);
    let mut alice = Browser::signed_in(&web, "Alice", PASSWORD);
    let mut mallory = Browser::signed_in(&web, "Bob", PASSWORD);
    let theirs = token(&mallory.get("/").body);
    let ours = token(&alice.get("/").body);
    let path = "/manage/sites/shop/pause";
    let half = &ours[..20];
    for fields in [&[][..], &[("csrf", "")], &[("csrf", theirs.as_str())], &[("csrf", half)]] {
        let refused = alice.post(path, fields);
        assert_eq!(refused.status, 403, "{fields:?}");
        assert!(refused.body.contains("nothing was changed"), "{}", refused.body);
    }
    let good = [("csrf", ours.as_str())];
    let own = web.address().to_owned();
    for (header, value, status) in [
        ("origin", "https://evil.example", 403),
        ("origin", "null", 403),
        ("origin", "http://127.0.0.1:1", 403),
        ("sec-fetch-site", "cross-site", 403),
        ("sec-fetch-site", "same-site", 403),
        ("sec-fetch-site", "same-origin", 303),
        ("origin", "http://status.example", 303),
        ("origin", own.as_str(), 303),
    ] {
        alice.headers = vec![(header.into(), value.into())];
        assert_eq!(alice.post(path, &good).status, status, "{header}: {value}");
    }
    // The form for signing in is protected too: nobody can be signed in as somebody else unawares.
    let mut victim = Browser::new(&web);
    let fields = [("name", "Bob"), ("password", PASSWORD)];
    assert_eq!(victim.post("/login", &fields).status, 403, "no form was asked for");
    victim.get("/login");
    let mut attacker = Browser::new(&web);
    let token = token(&attacker.get("/login").body);
    assert_eq!(
        victim.post("/login", &[("csrf", &token), fields[0], fields[1]]).status,
        403,
        "another browser's form"
    );
    assert_eq!(attacker.post("/login", &[("csrf", &token), fields[0], fields[1]]).status, 303);
    assert_eq!(alice.get("/manage/sites/shop/pause").status, 405, "nothing is changed by GET");
}

#[test]
fn after_signing_in_people_go_on_where_they_were_and_never_elsewhere() {
    let database = TestDatabase::migrated(Backend::Sqlite);
    let scene = with_people(&database);
    let mut config = config(&database);
    config.web.public = false;
    let (web, _) = web(&config, scene.now);
    let mut alice = Browser::new(&web);
    let led = alice.get("/outages?page=1&upto=1");
    assert_eq!((led.status, led.header("location")), (303, "/login?next=%2Foutages%3Fpage%3D1%26upto%3D1"));
    let form = alice.follow(&led).body;
    assert!(
        form.contains("name=\"next\" value=\"&#x2F;outages?page=1&amp;upto=1\"")
            || form.contains("value=\"/outages?page=1&amp;upto=1\""),
        "{form}"
    );
    for (next, goes) in [
        ("/outages?page=1&upto=1", "/outages?page=1&upto=1"),
        ("https://evil.example/", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/\r\nset-cookie: a=b", "/"),
    ] {
        let fields = [("name", "Alice"), ("password", PASSWORD), ("next", next)];
        let mut browser = Browser::new(&web);
        let reply = browser.submit("/login", "/login", &fields);
        assert_eq!((reply.status, reply.header("location")), (303, goes), "{next:?}");
        let already = browser
            .get(&format!("/login?next={}", next.replace(['\r', '\n', ' '], "%0A").replace('&', "%26")));
        assert_eq!((already.status, already.header("location")), (303, goes), "{next:?}");
    }
    assert_eq!(web.get("/api/v1/sites").status, 401, "scripts are told");
}
