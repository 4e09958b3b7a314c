//! What pages and objects tell of what happened, on both databases.

use std::collections::BTreeSet;
use std::time::Duration;

use djamon_core::domain::outage::Acknowledged;
use djamon_core::domain::site::SiteChange;
use djamon_core::domain::{Observation, OutageId};
use djamon_core::store::{outages, outbox};
use djamon_tests::on_both;
use djamon_tests::scripted::{add_site, run, seen};
use djamon_tests::web::config;
use serde_json::{Value, json};

use super::*;

/// Stands in everything that visitors must not see.
const PRIVATE: &str = "hush";

on_both! {
    fn a_site_s_history_is_given_in_steps(database: TestDatabase) {
        let scene = outage(&database);
        let (web, _) = web(&config(&database), scene.now);
        let history = web.get("/api/v1/sites/shop/history?range=24h").json();
        let items = history["items"].as_array().unwrap();
        assert_eq!((&history["range"], items.len()), (&json!("24h"), 24));
        // A minute up and four down since noon.
        let now = json!({
            "from": "2026-11-23T12:00:00.000Z", "to": "2026-11-23T12:05:00.000Z", "up_ms": 60_000, "degraded_ms": 0,
            "down_ms": 240_000, "blind_ms": 0, "unknown_ms": 0, "looks": 5, "failures": 4,
            "median_ms": 34, "p95_ms": 34, "p99_ms": 34,
        });
        assert_eq!(items[23], now);
        assert_eq!((&items[22]["unknown_ms"], &items[22]["median_ms"]), (&json!(3_600_000), &Value::Null));
        for (range, count) in [("7d", 168), ("30d", 120), ("1y", 365)] {
            let history = web.get(&format!("/api/v1/sites/shop/history?range={range}")).json();
            assert_eq!(history["items"].as_array().unwrap().len(), count, "{range}");
        }
        assert_eq!(web.get("/api/v1/sites/shop/history?range=2h").status, 400);
        assert_eq!(web.get("/api/v1/sites/hush/history").status, 404);
    }

    fn the_json_objects_have_their_documented_shapes(database: TestDatabase) {
        let scene = outage(&database);
        let (web, _) = web(&config(&database), scene.now);
        assert_eq!(
            web.get("/api/v1/summary").json(),
            json!({
                "status": "outage",
                "sites": { "up": 1, "failing": 0, "down": 2, "paused": 0, "unknown": 0 },
                "open_outage": 1,
                "blind": null,
                "last_run": "2026-11-23T12:04:00.000Z",
                "generated_at": "2026-11-23T12:05:00.000Z",
            })
        );
        let mut shop = web.get("/api/v1/sites/shop").json();
        let id = shop["last_view"]["id"].take();
        // A minute up and four down, of 23 h 5 min, 6 days and 12 h 5 min, 29 days and 12 h 5 min.
        let uptime = json!({ "24h": 0.2, "7d": 0.2, "30d": 0.2 });
        let coverage = json!({ "24h": 0.00361, "7d": 0.000533, "30d": 0.000117 });
        let expected = json!({
            "slug": "shop",
            "name": "Shop",
            "url": null,
            "group": "shops",
            "public": true,
            "options": null,
            "version": 1,
            "certificate_expires_at": null,
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
            "uptime": uptime,
            "coverage": coverage,
        });
        assert_eq!(shop, expected);
        let outage = json!({
            "id": 1,
            "state": "open",
            "started_at": "2026-11-23T12:01:00.000Z",
            "detected_at": "2026-11-23T12:03:00.000Z",
            "resolved_at": null,
            "acknowledged": null,
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
                { "id": 1, "kind": "opened", "at": "2026-11-23T12:03:01.000Z", "sites": ["shop"] },
                { "id": 2, "kind": "joined", "at": "2026-11-23T12:04:01.000Z", "sites": ["database"] },
            ],
        });
        assert_eq!(web.get("/api/v1/outages").json(), json!({ "items": [outage], "next": null }));
        let alert = |id: u32, event: &str, at: &str| json!({
            "id": id, "event": event, "outage": 1, "channel": null, "state": "pending", "tries": 0, "next_try_at": at,
            "last_error": null, "created_at": at, "sent_at": null,
        });
        let mut told = outage;
        told["alerts"] =
            json!([alert(1, "opened", "2026-11-23T12:03:01.000Z"), alert(2, "joined", "2026-11-23T12:04:01.000Z")]);
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

    fn a_certificate_is_shown_with_the_days_it_has_left(database: TestDatabase) {
        let mut connection = database.connect();
        let site = add_site(&mut connection, "shop", NOON);
        let ends = NOON.plus(Duration::from_secs(86_400 * 10));
        let look = Observation { certificate_expires_at: Some(ends), ..seen(&site, NOON, true) };
        run(&mut connection, NOON, vec![look], &[]);
        let (web, _) = web(&config(&database), NOON);
        let page = web.get("/sites/shop").body;
        assert!(page.contains("10 days left") && page.contains("2026-12-03T12:00:00.000Z"), "{page}");
        assert_eq!(web.get("/api/v1/sites/shop").json()["certificate_expires_at"], "2026-12-03T12:00:00.000Z");
    }

    fn a_visitor_sees_no_private_thing_on_any_page(database: TestDatabase) {
        let mut scene = Scene::new(database.connect(), NOON);
        scene.channels = vec![format!("{PRIVATE}-channel").into()];
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
        assert_eq!(kinds, ["opened"]);
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

    fn visitors_see_that_an_outage_is_in_hand_but_not_in_whose_and_nothing_of_alerts(database: TestDatabase) {
        let scene = outage(&database);
        let taken = Acknowledged::new(PRIVATE, Some(PRIVATE), scene.now).unwrap();
        outages::acknowledge(&mut database.connect(), OutageId(1), &taken).unwrap();
        let later = scene.now.plus(Duration::from_secs(3600));
        assert!(outbox::trouble(&mut database.connect(), later).unwrap().is_any());
        let (web, _) = web(&config(&database), later);
        let page = web.get("/outages/1").body;
        assert!(page.contains("<strong>Acknowledged</strong>"), "{page}");
        assert!(!page.contains(PRIVATE) && !page.contains("People may not have been told"), "{page}");
        let told = web.get("/api/v1/outages/1").json();
        assert_eq!(told["acknowledged"], json!({"at": "2026-11-23T12:05:00.000Z", "by": null, "why": null}));
    }

    fn a_blind_run_is_said_to_be_blind(database: TestDatabase) {
        let mut scene = Scene::new(database.connect(), NOON);
        scene.site("Shop", None);
        scene.minute(|_| good());
        scene.blind_minute();
        scene.blind_minute();
        let (web, _) = web(&config(&database), scene.now);
        let summary = web.get("/api/v1/summary").json();
        assert_eq!(summary["status"], "blind");
        let why = "no answer from any sandbox URL, its own connection is down";
        assert_eq!(summary["blind"], json!({"from": "2026-11-23T12:01:00.000Z", "reason": "line", "why": why}));
        for path in ["/", "/sites/shop", "/outages"] {
            let body = web.get(path).body;
            assert_eq!(body.matches("The monitor cannot see since").count(), 1, "{path}: {body}");
            assert!(body.contains("12:01 UTC") && body.to_lowercase().contains(&why.to_lowercase()), "{path}: {body}");
        }
    }

    fn blindness_is_told_beside_an_open_outage_and_remembered_afterwards(database: TestDatabase) {
        let mut scene = outage(&database);
        scene.blind_minute();
        let (during, _) = web(&config(&database), scene.now);
        let summary = during.get("/api/v1/summary").json();
        assert_eq!((&summary["status"], &summary["blind"]["from"]), (&json!("outage"), &json!("2026-11-23T12:05:00.000Z")));
        assert!(during.get("/").body.contains("The monitor cannot see since"), "an outage does not hide it");
        assert!(during.get("/outages/1").body.contains("The monitor cannot see since"));
        scene.minute(|_| good());
        scene.minute(|_| good());
        scene.blind_minute();
        scene.minute(|_| good());
        let (after, _) = web(&config(&database), scene.now);
        assert_eq!(after.get("/api/v1/summary").json()["blind"], json!(null));
        assert!(!after.get("/").body.contains("The monitor cannot see since"));
        let page = after.get("/outages").body;
        let told = &page[page.find("When the monitor could not see").unwrap()..];
        let lines: Vec<_> = told.lines().filter(|line| line.starts_with("<li>")).collect();
        assert_eq!(lines.len(), 2, "{told}");
        assert!(lines[0].contains("12:08 UTC") && lines[0].contains("12:09 UTC") && lines[0].contains("1 min"), "{told}");
        assert!(lines[1].contains("12:05 UTC"), "{told}");
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
