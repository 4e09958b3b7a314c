//! Groups and sites, made, changed and removed by scripts.

use djamon_core::domain::token::Scope;
use djamon_tests::on_both;
use djamon_tests::scene::{Scene, status};
use djamon_tests::site_server::SiteServer;
use serde_json::json;

use super::*;

on_both! {
    fn an_open_outage_is_taken_in_hand_once_in_the_name_of_the_token(database: TestDatabase) {
        let mut scene = Scene::new(database.connect(), NOON);
        scene.site("Shop", None);
        scene.minutes(3, |_| status(503, "down"));
        let api = Api::of(&database);
        let wrong = error(&api.post("/outages/1/ack", json!({"why": "one\ntwo", "who": "me"})));
        assert_eq!((wrong.0, wrong.1.as_str()), (400, "invalid"));
        assert!(wrong.2["why"].as_str().unwrap().starts_with("has a line break") && wrong.2["who"].is_string());
        let taken = api.post("/outages/1/ack", json!({"why": "on it"}));
        assert_eq!(taken.status, 200, "{}", taken.body);
        let hand = json!({"at": "2026-11-23T12:00:00.000Z", "by": "write", "why": "on it"});
        assert_eq!(taken.json()["acknowledged"], hand);
        let again = error(&api.post("/outages/1/ack", json!({})));
        assert_eq!((again.0, &again.2["outage"]), (409, &json!("1 was acknowledged by write already")));
        assert_eq!(api.get("/outages/1").json()["acknowledged"], hand);
    }

    fn a_site_is_made_changed_and_removed(database: TestDatabase) {
        let api = Api::of(&database);
        assert_eq!(api.post("/groups", json!({"name": "Shops"})).status, 201);
        let made = api.post("/sites", json!({
            "url": "https://ann:hunter2@shop.example/pay", "name": "Shop", "group": "Shops", "timeout": "3s",
            "good_codes": ["200-299", 301], "headers": {"X-Token": "hush", "Accept": "text/html"},
        }));
        assert_eq!((made.status, made.header("location"), made.header("etag")), (201, "/api/v1/sites/shop", "\"1\""));
        let site = made.json();
        assert_eq!((&site["slug"], &site["group"], &site["state"]), (&json!("shop"), &json!("shops"), &json!("unknown")));
        assert_eq!(site["url"], "https://***@shop.example/pay");
        assert_eq!(site["options"], json!({
            "good_codes": ["200-299", 301], "timeout": "3s", "headers": {"Accept": "text/html", "X-Token": "***"},
        }));
        assert_eq!(api.get("/sites/shop").json(), site);

        let changed = api.patch("/sites/shop", json!({
            "name": "Store", "timeout": null, "group": null, "public": false, "paused": true,
            "headers": {"X-Token": "***"}, "url": "https://***@shop.example/buy",
        }));
        let site = changed.json();
        assert_eq!((changed.status, changed.header("etag"), &site["slug"]), (200, "\"2\"", &json!("shop")));
        assert_eq!((&site["name"], &site["group"], &site["public"]), (&json!("Store"), &json!(null), &json!(false)));
        assert_eq!((&site["state"], &site["options"]["timeout"]), (&json!("paused"), &json!(null)));
        let stored = djamon_core::store::sites::by_slug(&mut database.connect(), "shop").unwrap();
        assert_eq!(stored.options.headers.unwrap()["X-Token"], "hush", "what was masked is as it was");
        assert_eq!(stored.target.credentials.unwrap().password, "hunter2");
        let back = api.patch("/sites/shop", json!({"name": null, "public": null, "paused": null})).json();
        assert_eq!((&back["name"], &back["public"], &back["state"]), (&json!("shop.example/buy"), &json!(true), &json!("unknown")));

        let removed = api.ask("DELETE", "/sites/shop", &[]);
        assert_eq!((removed.status, removed.body.as_str()), (204, ""));
        assert_eq!(api.get("/sites/shop").status, 404);
        assert_eq!(api.ask("DELETE", "/sites/shop", &[]).status, 404);
    }

    fn a_group_is_made_changed_and_removed_when_it_is_empty(database: TestDatabase) {
        let api = Api::of(&database);
        let made = api.post("/groups", json!({"name": "Shops & more", "public": false}));
        assert_eq!((made.status, made.header("location")), (201, "/api/v1/groups/shops-more"));
        assert_eq!((&made.json()["public"], &made.json()["sites"]), (&json!(false), &json!([])));
        let changed = api.patch("/groups/shops-more", json!({"name": "Shops"}));
        assert_eq!((changed.status, changed.header("etag")), (200, "\"2\""));
        assert_eq!((&changed.json()["name"], &changed.json()["slug"]), (&json!("Shops"), &json!("shops-more")));
        api.post("/sites", json!({"url": "http://a.example/", "group": "shops-more"}));
        assert_eq!(api.get("/groups/shops-more").json()["sites"][0]["slug"], "a-example");
        let refused = api.ask("DELETE", "/groups/shops-more", &[]);
        let (status, code, fields) = error(&refused);
        assert_eq!((status, code.as_str()), (409, "conflict"));
        assert_eq!(fields["group"], "\"shops-more\" still has 1 sites; move or remove them first");
        api.ask("DELETE", "/sites/a-example", &[]);
        assert_eq!(api.ask("DELETE", "/groups/shops-more", &[]).status, 204);
        assert_eq!(api.get("/groups/shops-more").status, 404);
    }

    fn who_read_an_older_version_is_told_and_changes_nothing(database: TestDatabase) {
        let api = Api::of(&database);
        api.post("/sites", json!({"url": "http://a.example/", "name": "a"}));
        api.post("/groups", json!({"name": "g"}));
        let version = api.get("/sites/a").header("etag").to_owned();
        api.patch("/sites/a", json!({"name": "b"}));
        for (method, path) in [("PATCH", "/sites/a"), ("DELETE", "/sites/a"), ("DELETE", "/groups/g")] {
            let bearer = format!("Bearer {}", api.token);
            let headers = [("authorization", bearer.as_str()), ("if-match", if path == "/groups/g" { "\"7\"" } else { &version })];
            let refused = api.web.send_with(&headers, method, &format!("/api/v1{path}"), &json!({"name": "c"}));
            let now = if path == "/groups/g" { "\"1\"" } else { "\"2\"" };
            assert_eq!((refused.status, refused.header("etag")), (412, now), "{method} {path}");
            assert_eq!(error(&refused).1, "version_mismatch");
        }
        assert_eq!(api.get("/sites/a").json()["name"], "b");
        assert_eq!(api.ask("DELETE", "/sites/a", &[("if-match", "\"1\", W/\"2\"")]).status, 204);
        assert_eq!(api.ask("DELETE", "/groups/g", &[("if-match", "*")]).status, 204);
    }

    fn a_token_that_may_read_changes_nothing(database: TestDatabase) {
        let api = Api::of(&database);
        let reader = token(&mut database.connect(), Scope::Read);
        api.post("/sites", json!({"url": "http://a.example/"}));
        for (method, path) in [("POST", "/api/v1/sites"), ("PATCH", "/api/v1/sites/a-example"), ("DELETE", "/api/v1/sites/a-example")] {
            let refused = api.web.send(&reader, method, path, &json!({"url": "http://b.example/"}));
            assert_eq!((refused.status, error(&refused).1.as_str()), (403, "forbidden"), "{method} {path}");
            let visitor = api.web.send_with(&[], method, path, &json!({"url": "http://b.example/"}));
            assert_eq!((visitor.status, error(&visitor).1.as_str()), (401, "sign_in_needed"), "{method} {path}");
        }
        assert_eq!(api.get("/sites").json()["items"].as_array().unwrap().len(), 1);
    }

    fn a_look_is_to_be_had_without_a_site(database: TestDatabase) {
        let api = Api::of(&database);
        let server = SiteServer::start();
        server.answer(503);
        let seen = api.post("/probe", json!({"url": server.url(), "method": "get"}));
        let sight = seen.json();
        assert_eq!((seen.status, &sight["outcome"], &sight["code"]), (200, &json!("status"), &json!(503)), "{sight}");
        assert_eq!(api.get("/sites").json()["items"], json!([]), "nothing is kept");
        let mut config = config(&database);
        config.check.deny_private = true;
        let careful = Api::with(&config, api.token.clone());
        let (status, _, fields) = error(&careful.post("/probe", json!({"url": server.url()})));
        assert_eq!((status, fields["url"].as_str().unwrap()), (400, "127.0.0.1 is private, and [check] deny_private forbids to ask it"));
    }
}
