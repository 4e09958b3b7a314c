//! The dashboard and its JSON, asked over HTTP: the real application on a database that a scene has filled.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use djamon_core::config::Config;
use djamon_core::domain::Outcome;
use djamon_core::domain::site::SiteChange;
use djamon_tests::clock::{NOON, SetClock};
use djamon_tests::database::{Backend, TestDatabase};
use djamon_tests::on_both;
use djamon_tests::scene::{Scene, failed, good, status};
use djamon_tests::web::{Web, config};
use serde_json::{Value, json};

/// Stands in everything that visitors must not see.
const PRIVATE: &str = "hush";

const PAGES: [&str; 5] = ["/", "/outages", "/outages/current", "/healthz", "/nothing-here"];
const OBJECTS: [&str; 5] =
    ["/api/v1/summary", "/api/v1/groups", "/api/v1/sites", "/api/v1/outages", "/api/v1/outages/current"];

fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

fn web(config: &Config, at: djamon_core::domain::Instant) -> (Web, Arc<SetClock>) {
    let clock = Arc::new(SetClock::default());
    clock.set(at);
    (Web::start(config, clock.clone()).unwrap(), clock)
}

/// From noon on: a minute of good looks, three minutes in which the shop fails, and the database with it from the
/// second on. Then it is 12:05, and the outage that the shop opened has been joined.
fn outage(database: &TestDatabase) -> Scene {
    let mut scene = Scene::new(database.connect(), NOON);
    let shops = scene.group("Shops", true);
    scene.site("Shop", Some(&shops));
    scene.site("Blog", Some(&shops));
    scene.site("Database", None);
    scene.minute(|_| good());
    scene.minute(|slug| if slug == "shop" { status(503, "hush: answered 503") } else { good() });
    scene.minutes(3, |slug| match slug {
        "shop" => status(503, "hush: answered 503"),
        "database" => failed(Outcome::Connect),
        _ => good(),
    });
    scene
}

on_both! {
    fn the_json_objects_have_their_documented_shapes(database: TestDatabase) {
        let scene = outage(&database);
        let (web, _) = web(&config(&database), scene.now);
        assert_eq!(
            web.get("/api/v1/summary").json(),
            json!({
                "status": "outage",
                "sites": { "up": 1, "failing": 0, "down": 2, "paused": 0, "unknown": 0 },
                "open_outage": 1,
                "last_run": "2026-11-23T12:04:00.000Z",
                "generated_at": "2026-11-23T12:05:00.000Z",
            })
        );
        let mut shop = web.get("/api/v1/sites/shop").json();
        let id = shop["last_view"]["id"].take();
        let unknown = json!({ "24h": null, "7d": null, "30d": null });
        let expected = json!({
            "slug": "shop",
            "name": "Shop",
            "url": null,
            "group": "shops",
            "state": "down",
            "degraded": false,
            "since": "2026-11-23T12:01:00.000Z",
            "consecutive_failures": 4,
            "consecutive_good": 0,
            "last_view": {
                "id": null,
                "at": "2026-11-23T12:04:00.000Z",
                "code": 503,
                "outcome": "status",
                "degraded": false,
                "detail": null,
                "duration_ms": 34,
            },
            "uptime": unknown,
            "coverage": unknown,
        });
        assert_eq!(shop, expected);
        let outage = json!({
            "id": 1,
            "state": "open",
            "started_at": "2026-11-23T12:01:00.000Z",
            "detected_at": "2026-11-23T12:03:00.000Z",
            "resolved_at": null,
            "duration_ms": 240_000,
            "sites": [
                {
                    "slug": "shop", "name": "Shop", "down_at": "2026-11-23T12:01:00.000Z", "up_at": null,
                    "first_outcome": "status", "left": null,
                },
                {
                    "slug": "database", "name": "Database", "down_at": "2026-11-23T12:02:00.002Z", "up_at": null,
                    "first_outcome": "connect", "left": null,
                },
            ],
            "events": [
                { "kind": "opened", "at": "2026-11-23T12:03:01.000Z", "sites": ["shop"] },
                { "kind": "joined", "at": "2026-11-23T12:04:01.000Z", "sites": ["database"] },
            ],
        });
        assert_eq!(web.get("/api/v1/outages").json(), json!({ "items": [outage], "next": null }));
        let alert = |event: &str, at: &str| json!({
            "event": event, "channel": null, "state": "pending", "tries": 0, "created_at": at, "sent_at": null,
            "error": null,
        });
        let mut told = outage;
        told["alerts"] =
            json!([alert("opened", "2026-11-23T12:03:01.000Z"), alert("joined", "2026-11-23T12:04:01.000Z")]);
        assert_eq!(web.get("/api/v1/outages/1").json(), told);
        assert_eq!(web.get("/api/v1/outages/current").json(), told);

        let views = web.get("/api/v1/sites/shop/views?limit=2").json();
        assert_eq!(views["items"][0]["id"], id);
        assert_eq!(views["items"][1]["at"], "2026-11-23T12:03:00.000Z");
        assert_eq!(views["next"], views["items"][1]["id"]);

        let group = web.get("/api/v1/groups/shops").json();
        assert_eq!(group["counts"], json!({ "up": 1, "failing": 0, "down": 1, "paused": 0, "unknown": 0 }));
        assert_eq!(group["sites"][0]["slug"], "shop", "the worst first");
        assert_eq!(web.get("/api/v1/groups").json(), json!({ "items": [group], "next": null }));
        let sites = web.get("/api/v1/sites").json();
        let slugs: Vec<&str> = sites["items"].as_array().unwrap().iter().map(|s| s["slug"].as_str().unwrap()).collect();
        assert_eq!(slugs, ["database", "shop", "blog"]);
    }

    fn a_visitor_sees_no_private_thing_on_any_page(database: TestDatabase) {
        let mut scene = Scene::new(database.connect(), NOON);
        scene.channels = vec![format!("{PRIVATE}-channel")];
        let shops = scene.group("Shops", true);
        let hidden = scene.group(&format!("{PRIVATE} group"), false);
        let url = format!("http://{PRIVATE}:{PRIVATE}@{PRIVATE}.test/{PRIVATE}");
        scene.site_at("Shop", Some(&shops), &url, true);
        scene.site_at(&format!("{PRIVATE} site"), Some(&shops), &url, false);
        scene.site_at(&format!("{PRIVATE} member"), Some(&hidden), &url, true);
        // Outage 1 is of hidden sites only, in 2 a hidden site comes first and stays longest, 3 is open.
        let is_hidden = |slug: &str| slug.starts_with(PRIVATE);
        let fails = |yes: bool| if yes { status(500, PRIVATE) } else { good() };
        scene.minutes(4, |slug| fails(is_hidden(slug)));
        scene.minutes(2, |_| good());
        scene.minutes(1, |slug| fails(is_hidden(slug)));
        scene.minutes(4, |_| fails(true));
        scene.minutes(2, |slug| fails(is_hidden(slug)));
        scene.minutes(2, |_| good());
        scene.minutes(4, |_| fails(true));
        let (web, _) = web(&config(&database), scene.now);

        let mut to_see: Vec<String> = PAGES.iter().chain(&OBJECTS).map(ToString::to_string).collect();
        to_see.extend(["/api/v1/sites/shop/views?limit=1000".into(), "/outages/2".into(), "/api/v1/outages/2".into()]);
        let mut seen = BTreeSet::new();
        while let Some(path) = to_see.pop() {
            if !seen.insert(path.clone()) {
                continue;
            }
            let reply = web.get(&path);
            assert!(!reply.body.contains(PRIVATE), "{path}: {}", reply.body);
            assert!(!reply.headers.iter().any(|(_, value)| value.contains(PRIVATE)), "{path}");
            to_see.extend(links(&reply.body));
        }
        assert!(seen.contains("/sites/shop") && seen.contains("/groups/shops"), "{seen:?}");
        assert!(!seen.contains("/outages/1"), "an outage of hidden sites is linked");
        for path in [
            "/sites/hush-site", "/sites/hush-member", "/groups/hush-group", "/outages/1", "/api/v1/outages/1",
            "/api/v1/sites/hush-site", "/api/v1/sites/hush-member/views", "/api/v1/groups/hush-group",
        ] {
            assert_eq!(web.get(path).status, 404, "{path}");
        }

        let summary = web.get("/api/v1/summary").json();
        assert_eq!(summary["sites"], json!({ "up": 0, "failing": 0, "down": 1, "paused": 0, "unknown": 0 }));
        let two = web.get("/api/v1/outages/2").json();
        assert_eq!(two["started_at"], "2026-11-23T12:07:00.000Z", "a minute after the hidden site's");
        assert_eq!(two["resolved_at"], "2026-11-23T12:11:00.000Z", "two minutes before the hidden site's");
        let kinds: Vec<_> = two["events"].as_array().unwrap().iter().map(|event| event["kind"].clone()).collect();
        assert_eq!(kinds, ["joined"]);
        let ids = |state: &str| -> Vec<Value> {
            let list = web.get(&format!("/api/v1/outages?state={state}")).json();
            list["items"].as_array().unwrap().iter().map(|outage| outage["id"].clone()).collect()
        };
        assert_eq!((ids("open"), ids("resolved")), (vec![json!(3)], vec![json!(2)]));
    }

    fn pages_of_outages_neither_repeat_nor_hide_any_while_new_ones_arrive(database: TestDatabase) {
        let mut scene = Scene::new(database.connect(), NOON);
        scene.site("Shop", None);
        let one_more = |scene: &mut Scene| {
            scene.minutes(3, |_| failed(Outcome::Timeout));
            scene.minutes(2, |_| good());
        };
        for _ in 0..53 {
            one_more(&mut scene);
        }
        let (web, _) = web(&config(&database), scene.now);
        let mut path = "/outages".to_owned();
        let mut seen = Vec::new();
        loop {
            let body = web.get(&path).body;
            seen.extend(links(&body).into_iter().filter_map(|link| link.strip_prefix("/outages/")?.parse::<i32>().ok()));
            one_more(&mut scene);
            match body.split_once("rel=\"next\" href=\"") {
                Some((_, rest)) => path = rest.split('"').next().unwrap().replace("&amp;", "&"),
                None => break,
            }
        }
        assert_eq!(path, "/outages?page=3&upto=53");
        assert_eq!(seen, (1..=53).rev().collect::<Vec<_>>());
        assert_eq!(web.get("/outages?page=4&upto=53").status, 404);

        let first = web.get("/api/v1/outages?limit=2").json();
        assert_eq!((&first["items"][0]["id"], &first["next"]), (&json!(56), &json!("55")));
        let second = web.get("/api/v1/outages?limit=2&before=55").json();
        assert_eq!(second["items"][0]["id"], 54);
        assert_eq!(web.get("/api/v1/outages?before=1").json(), json!({ "items": [], "next": null }));
    }

    fn every_page_of_an_empty_database_says_that_nothing_is_there(database: TestDatabase) {
        let (web, _) = web(&config(&database), NOON);
        for (path, said) in [
            ("/", "djamon-check site add https://example.org/"),
            ("/outages", "None on record."),
            ("/outages/current", "No outage just now"),
            ("/healthz", "\"status\":\"ok\""),
        ] {
            let reply = web.get(path);
            assert_eq!(reply.status, 200, "{path}");
            assert!(reply.body.contains(said), "{path}: {}", reply.body);
        }
        assert_eq!(web.get("/api/v1/summary").json()["status"], "unknown");
        for path in ["/api/v1/groups", "/api/v1/sites", "/api/v1/outages"] {
            assert_eq!(web.get(path).json(), json!({ "items": [], "next": null }), "{path}");
        }
        let none = web.get("/api/v1/outages/current");
        assert_eq!((none.status, &none.json()["error"]["code"]), (404, &json!("no_open_outage")));
    }

    fn health_is_red_when_runs_stop_and_before_the_first_one_is_overdue(database: TestDatabase) {
        let mut scene = Scene::new(database.connect(), NOON);
        scene.site("Shop", None);
        let mut config = config(&database);
        config.check.schedule = vec!["* * * * *".into()];
        let (web, clock) = web(&config, NOON);
        clock.set(NOON.plus(minutes(3)));
        assert_eq!(web.get("/healthz").status, 200, "three intervals are granted to the first run");
        clock.set(NOON.plus(minutes(3) + Duration::from_secs(1)));
        let never = web.get("/healthz");
        assert_eq!(never.status, 503);
        assert_eq!(never.json()["reason"], "no run has ended yet; is djamon-check in the crontab?");

        scene.now = NOON.plus(minutes(10));
        scene.minute(|_| good());
        clock.set(NOON.plus(minutes(13)));
        let fine = web.get("/healthz");
        assert_eq!((fine.status, &fine.json()["last_run"]), (200, &json!("2026-11-23T12:10:00.000Z")));
        clock.set(NOON.plus(minutes(14)));
        let stopped = web.get("/healthz");
        assert_eq!((stopped.status, &stopped.json()["reason"]), (503, &json!("no run for 3 min")));
        assert_eq!(web.get("/api/v1/summary").json()["status"], "stale");
        for path in ["/", "/outages", "/outages/current", "/sites/shop"] {
            let body = web.get(path).body;
            assert_eq!(body.matches("Monitoring has stopped: no run for 3 min").count(), 1 + usize::from(path == "/"));
        }
    }

    fn a_blind_run_is_said_to_be_blind(database: TestDatabase) {
        let mut scene = Scene::new(database.connect(), NOON);
        scene.site("Shop", None);
        scene.minute(|_| good());
        scene.blind_minute();
        let (web, _) = web(&config(&database), scene.now);
        assert_eq!(web.get("/api/v1/summary").json()["status"], "blind");
        assert!(web.get("/").body.contains("The monitor cannot see"));
    }

    fn paused_removed_and_returned_sites_are_told_in_the_outage(database: TestDatabase) {
        let mut scene = outage(&database);
        scene.edit("shop", SiteChange { paused: Some(true), ..SiteChange::default() });
        scene.remove("database");
        scene.minute(|_| good());
        let (web, _) = web(&config(&database), scene.now);
        let told = web.get("/api/v1/outages/1").json();
        assert_eq!((&told["sites"][0]["left"], &told["sites"][1]["left"]), (&json!("paused"), &json!("removed")));
        assert_eq!(told["state"], "resolved");
        let page = web.get("/outages/1").body;
        assert!(page.contains("href=\"/sites/shop\"") && !page.contains("href=\"/sites/database\""), "{page}");
        assert_eq!(web.get("/sites/database").status, 404);
        assert_eq!(web.get("/api/v1/sites/shop").json()["state"], "paused");
    }
}

/// The addresses that a page links to.
fn links(body: &str) -> Vec<String> {
    let hrefs = body.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    hrefs.filter(|href| href.starts_with('/')).map(|href| href.replace("&amp;", "&")).collect()
}

fn filled() -> (TestDatabase, Scene) {
    let database = TestDatabase::migrated(Backend::Sqlite);
    let scene = outage(&database);
    (database, scene)
}

#[test]
fn impossible_parameters_are_refused_by_name() {
    let (database, scene) = filled();
    let (web, _) = web(&config(&database), scene.now);
    for (path, field) in [
        ("/api/v1/sites/shop/views?limit=0", "limit"),
        ("/api/v1/sites/shop/views?limit=abc", "limit"),
        ("/api/v1/sites/shop/views?limit=1001", "limit"),
        ("/api/v1/sites/shop/views?before=xyz", "before"),
        ("/api/v1/outages?state=foo", "state"),
        ("/api/v1/outages?before=xyz", "before"),
        ("/api/v1/outages?limit=-1", "limit"),
    ] {
        let reply = web.get(path);
        let error = &reply.json()["error"];
        assert_eq!((reply.status, &error["code"]), (400, &json!("invalid")), "{path}");
        assert!(error["fields"][field].is_string(), "{path}: {error}");
    }
    for path in ["/outages?page=0", "/outages?page=x", "/outages?upto=x"] {
        let reply = web.get(path);
        assert_eq!(reply.status, 400, "{path}");
        assert!(reply.header("content-type").starts_with("text/html"), "{path}");
    }
    assert_eq!(web.get("/api/v1/outages?colour=red").status, 200, "unknown parameters are left alone");
}

#[test]
fn what_is_not_there_is_404_in_the_form_of_its_place() {
    let (database, scene) = filled();
    let (web, _) = web(&config(&database), scene.now);
    for path in [
        "/nothing",
        "/sites/none",
        "/sites/%00",
        "/sites/SHOP",
        "/groups/none",
        "/outages/99",
        "/outages/1x",
        "/outages/+1",
        "/static/none.css",
        "/apiary",
    ] {
        let reply = web.get(path);
        assert_eq!(reply.status, 404, "{path}");
        assert!(reply.body.contains("<h1>Not found</h1>"), "{path}: {}", reply.body);
    }
    for path in [
        "/api",
        "/api/v1/nothing",
        "/api/v1/sites/none",
        "/api/v1/sites/none/views",
        "/api/v1/outages/99",
        "/api/v1/outages/abc",
        "/api/v1/groups/none",
    ] {
        let reply = web.get(path);
        assert_eq!(reply.status, 404, "{path}");
        assert_eq!(
            reply.json(),
            json!({ "error": { "code": "not_found", "message": "there is nothing at this address", "fields": {} } }),
            "{path}"
        );
    }
}

#[test]
fn head_works_wherever_get_does_and_nothing_else() {
    let (database, scene) = filled();
    let (web, _) = web(&config(&database), scene.now);
    let details =
        ["/sites/shop", "/groups/shops", "/outages/1", "/static/djamon.css", "/api/v1/sites/shop/views"];
    for path in PAGES.iter().chain(&OBJECTS).chain(&details) {
        let head = web.ask("HEAD", path, &[]);
        assert_eq!(head.status, web.get(path).status, "{path}");
        assert_eq!(head.body, "", "{path}");
        if *path != "/nothing-here" {
            let post = web.ask("POST", path, &[]);
            assert_eq!((post.status, post.header("allow")), (405, "GET, HEAD"), "{path}");
        }
    }
    assert_eq!(web.ask("DELETE", "/api/v1/sites/shop", &[]).json()["error"]["code"], "method_not_allowed");
}

#[test]
fn every_answer_carries_its_headers() {
    let (database, scene) = filled();
    let (web, _) = web(&config(&database), scene.now);
    for path in PAGES.iter().chain(&OBJECTS) {
        let reply = web.get(path);
        assert_eq!(reply.header("cache-control"), "no-store", "{path}");
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(reply.header("referrer-policy"), "same-origin", "{path}");
        let policy = reply.header("content-security-policy");
        assert!(policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'none'"), "{path}");
        assert!(
            !reply.body.contains(" style=")
                && !reply.body.contains("<style")
                && !reply.body.contains(" onclick=")
        );
        assert!(!reply.body.contains("<script>"), "{path}");
    }
    for path in OBJECTS {
        assert_eq!(web.get(path).header("content-type"), "application/json; charset=utf-8", "{path}");
    }
    let page = web.ask("GET", "/", &[("accept-encoding", "br")]);
    assert_eq!(page.header("content-encoding"), "br");
}

#[test]
fn static_files_are_kept_for_ever_under_a_name_of_their_content() {
    let (database, scene) = filled();
    let (web, _) = web(&config(&database), scene.now);
    let style = links(&web.get("/").body).into_iter().find(|link| link.ends_with(".css")).unwrap();
    let kept = web.get(&style);
    assert_eq!((kept.status, kept.header("content-type")), (200, "text/css; charset=utf-8"));
    assert_eq!(kept.header("cache-control"), "public, max-age=31536000, immutable");
    let plain = web.get("/static/djamon.css");
    assert_eq!((plain.header("cache-control"), &plain.body), ("no-cache", &kept.body));
    let again = web.ask("GET", "/static/djamon.css", &[("if-none-match", plain.header("etag"))]);
    assert_eq!((again.status, again.body.as_str()), (304, ""));
}

#[test]
fn everything_works_below_the_path_of_base_url() {
    let (database, scene) = filled();
    let mut config = config(&database);
    config.web.base_url = "https://example.org/status".into();
    let (web, _) = web(&config, scene.now);
    assert_eq!(web.get("/status").status, 200);
    let mut to_see = vec!["/status/".to_owned()];
    let mut seen = BTreeSet::new();
    while let Some(path) = to_see.pop() {
        if seen.insert(path.clone()) {
            assert!(path.starts_with("/status/"), "{path}");
            let reply = web.get(&path);
            assert_eq!(reply.status, 200, "{path}");
            to_see.extend(links(&reply.body));
        }
    }
    assert!(seen.len() > 9, "{seen:?}");
    assert_eq!((web.get("/").status, web.get("/api/v1/summary").status), (404, 404));
    assert_eq!(web.get("/status/api/none").json()["error"]["code"], "not_found");
}

#[test]
fn hostile_names_are_escaped() {
    let database = TestDatabase::migrated(Backend::Sqlite);
    let mut scene = Scene::new(database.connect(), NOON);
    let name = "<script>alert('x')</script>\"&{{ 7 * 7 }}";
    let group = scene.group(name, true);
    scene.site(name, Some(&group));
    scene.minutes(4, |_| status(500, name));
    let (web, _) = web(&config(&database), scene.now);
    for path in links(&web.get("/").body).iter().chain([&"/outages/1".to_owned(), &"/".to_owned()]) {
        let body = web.get(path).body;
        assert!(!body.contains("<script>alert"), "{path}: {body}");
    }
    assert!(web.get("/").body.contains("&lt;script&gt;"));
    assert_eq!(web.get("/api/v1/sites").json()["items"][0]["name"], name);
}

#[test]
fn reading_can_be_closed_to_visitors() {
    let (database, scene) = filled();
    let mut config = config(&database);
    config.web.public = false;
    let (web, _) = web(&config, scene.now);
    for path in ["/", "/sites/shop", "/groups/shops", "/outages", "/outages/1", "/outages/current"] {
        let reply = web.get(path);
        assert_eq!(reply.status, 401, "{path}");
        assert!(reply.body.contains("[web] public = false") && !reply.body.contains("Shop"), "{path}");
    }
    for path in OBJECTS.iter().chain(&["/api/v1/sites/shop/views", "/api/v1/sites/none"]) {
        let reply = web.get(path);
        assert_eq!((reply.status, reply.header("www-authenticate")), (401, "Bearer"), "{path}");
        assert_eq!(reply.json()["error"]["code"], "sign_in_needed", "{path}");
    }
    assert_eq!((web.get("/healthz").status, web.get("/static/djamon.css").status), (200, 200));
}

#[test]
fn a_database_that_is_gone_is_503_and_one_that_comes_back_is_read_again() {
    let (database, scene) = filled();
    let (web, _) = web(&config(&database), scene.now);
    assert_eq!(web.get("/").status, 200);
    drop(scene);
    let file = database.dir.path().join("djamon.db");
    for ending in ["", "-wal", "-shm"] {
        std::fs::remove_file(database.dir.path().join(format!("djamon.db{ending}"))).unwrap();
    }
    let page = web.get("/");
    assert_eq!((page.status, page.header("retry-after")), (503, "10"));
    assert!(page.body.contains("The database is away") && !page.body.contains("djamon.db"), "{}", page.body);
    let object = web.get("/api/v1/summary");
    assert_eq!((object.status, &object.json()["error"]["code"]), (503, &json!("database_unavailable")));
    let health = web.get("/healthz");
    assert_eq!((health.status, &health.json()["reason"]), (503, &json!("the database cannot be reached")));

    let other = TestDatabase::migrated(Backend::Sqlite);
    let mut scene = Scene::new(other.connect(), NOON);
    scene.site("Another", None);
    drop(scene);
    std::fs::copy(other.dir.path().join("djamon.db"), &file).unwrap();
    let names = web.get("/api/v1/sites").json();
    assert_eq!(
        names["items"][0]["name"], "Another",
        "the new file is read, not the old one's open connections"
    );
}

#[test]
fn templates_are_replaced_by_files_of_the_same_name() {
    let (database, scene) = filled();
    let directory = database.dir.path().join("templates");
    std::fs::create_dir(&directory).unwrap();
    std::fs::write(directory.join("no_outage.html"), "ours").unwrap();
    std::fs::write(
        directory.join("outages.html"),
        "{{ paginator.rows | ordinal }}, {{ 3723 | readable_time }}",
    )
    .unwrap();
    std::fs::write(directory.join("group.html"), "{{ nothing.like.it }}").unwrap();
    let mut config = config(&database);
    config.web.templates = Some(directory.clone());
    let (web, _) = web(&config, scene.now);
    assert_eq!(web.get("/outages").body, "1st, 1 hour, 2 minutes and 3 seconds");
    assert_eq!(web.get("/").status, 200, "the others are the built-in ones");
    let broken = web.get("/groups/shops");
    assert_eq!(broken.status, 500);
    assert!(broken.body.contains("Our fault") && !broken.body.contains("nothing.like"), "{}", broken.body);

    std::fs::write(directory.join("home.html"), "{% if %}").unwrap();
    let refused = Web::start(&config, Arc::new(SetClock::default())).err().unwrap();
    assert_eq!(refused.exit_code(), 2);
    assert!(refused.to_string().contains("home.html"), "{refused}");
    config.web.templates = Some(directory.join("missing"));
    let refused = Web::start(&config, Arc::new(SetClock::default())).err().unwrap();
    assert_eq!(refused.exit_code(), 2);
    assert!(refused.to_string().starts_with("[web] templates: cannot read"), "{refused}");
}

#[test]
fn a_schema_that_is_not_its_own_is_refused() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let empty = TestDatabase::empty(backend);
        drop(empty.open());
        let refused = Web::start(&config(&empty), Arc::new(SetClock::default())).err().unwrap();
        assert_eq!(refused.exit_code(), 3);
        assert!(refused.to_string().ends_with("is empty; run djamon-check migrate"), "{refused}");
    }
    let mut config = config(&TestDatabase::migrated(Backend::Sqlite));
    config.database.url.0 = "mysql://h/d".into();
    assert_eq!(Web::start(&config, Arc::new(SetClock::default())).err().unwrap().exit_code(), 2);
}

#[test]
fn the_program_refuses_with_its_exit_codes_and_drains_when_told_to_stop() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    let program = djamon_tests::binary::path("djamon-web");
    let database = TestDatabase::migrated(Backend::Sqlite);
    let file = database.dir.path().join("djamon.toml");
    let run = |toml: &str| {
        std::fs::write(&file, toml).unwrap();
        Command::new(&program).arg("--config").arg(&file).output().unwrap()
    };
    let wrong = run("[web]\nlissten = \"x\"\n");
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("did you mean listen?"));
    let missing = run("[database]\nurl = \"sqlite://none.db\"\n");
    assert_eq!(missing.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&missing.stderr).starts_with("djamon-web: cannot open the database"));

    std::fs::write(&file, format!("[database]\nurl = \"{}\"\n", database.url_text)).unwrap();
    let mut web = Command::new(&program)
        .args(["--listen", "127.0.0.1:0", "--config"])
        .arg(&file)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(web.stderr.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let port = first.strip_prefix("djamon-web listens on port ").unwrap().split(':').next().unwrap();
    let answer = ureq::get(format!("http://127.0.0.1:{port}/healthz")).call().unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    drop(answer);
    assert!(Command::new("kill").arg(web.id().to_string()).status().unwrap().success());
    assert_eq!(web.wait().unwrap().code(), Some(0));
    assert_eq!(lines.map(Result::unwrap).collect::<Vec<_>>(), Vec::<String>::new(), "it is quiet");
}
