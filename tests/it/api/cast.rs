//! Who may do what: every route of the table, by everybody of the cast, against a table written by hand. And what is
//! private: marked, and looked for in everything that visitors are answered.

use std::collections::BTreeSet;

use djamon_core::domain::channel::NewChannel;
use djamon_core::domain::site::SiteChange;
use djamon_core::domain::{Method, SiteOptions};
use djamon_tests::database::Backend;
use djamon_tests::scene::{Scene, status};
use djamon_web::openapi::method;
use djamon_web::routes::ROUTES;
use serde_json::json;

use djamon_core::store::channels;

use super::*;

/// Nobody may read these: secrets, masked for everybody.
const SECRETS: [&str; 4] = ["marked-user", "marked-password", "marked-header", "marked-body"];
/// Visitors may not read these.
const PRIVATE: [&str; 6] =
    ["marked-path", "marked-detail", "marked-option", "marked-site", "marked-group", "marked-public-path"];

/// Somebody who asks: their name in the table, and what their requests carry.
struct Caller {
    name: &'static str,
    headers: Vec<(String, String)>,
}

/// Charlie is not signed in; the tokens are scripts.
fn cast(connection: &mut AnyConnection) -> Vec<Caller> {
    let script = |name, token: String| Caller {
        name,
        headers: vec![("authorization".to_owned(), format!("Bearer {token}"))],
    };
    vec![
        Caller { name: "charlie", headers: Vec::new() },
        script("reader", token(connection, Scope::Read)),
        script("writer", token(connection, Scope::Write)),
    ]
}

/// Status by status what each of the cast is answered: charlie while reading is open, then charlie, reader and writer while
/// it is closed to visitors. What is asked changes nothing: bodies are empty, and what is removed is not there.
const TABLE: &[(&str, &str, &str, [u16; 4])] = &[
    // Pages know nothing of tokens; they lead to the form for signing in. What people may do there, web/manage.rs tells.
    ("get", "/healthz", "/healthz", [200, 200, 200, 200]),
    ("get", "/", "/", [200, 303, 303, 303]),
    ("get", "/groups/{slug}", "/groups/shops", [200, 303, 303, 303]),
    ("get", "/sites/{slug}", "/sites/shop", [200, 303, 303, 303]),
    ("get", "/outages", "/outages", [200, 303, 303, 303]),
    ("get", "/outages/current", "/outages/current", [200, 303, 303, 303]),
    ("get", "/outages/{id}", "/outages/1", [200, 303, 303, 303]),
    ("get", "/api/docs", "/api/docs", [200, 303, 303, 303]),
    ("get", "/manage", "/manage", [303, 303, 303, 303]),
    ("get", "/manage/account", "/manage/account", [303, 303, 303, 303]),
    ("get", "/manage/sites", "/manage/sites", [303, 303, 303, 303]),
    ("get", "/manage/add/site", "/manage/add/site", [303, 303, 303, 303]),
    ("get", "/manage/sites/{slug}", "/manage/sites/shop", [303, 303, 303, 303]),
    ("get", "/manage/sites/{slug}/remove", "/manage/sites/shop/remove", [303, 303, 303, 303]),
    ("get", "/manage/groups", "/manage/groups", [303, 303, 303, 303]),
    ("get", "/manage/add/group", "/manage/add/group", [303, 303, 303, 303]),
    ("get", "/manage/groups/{slug}", "/manage/groups/shop", [303, 303, 303, 303]),
    ("get", "/manage/groups/{slug}/remove", "/manage/groups/shop/remove", [303, 303, 303, 303]),
    ("get", "/manage/users", "/manage/users", [303, 303, 303, 303]),
    ("get", "/manage/users/{id}/disable", "/manage/users/1/disable", [303, 303, 303, 303]),
    ("get", "/manage/tokens", "/manage/tokens", [303, 303, 303, 303]),
    ("get", "/manage/tokens/{id}/revoke", "/manage/tokens/1/revoke", [303, 303, 303, 303]),
    ("get", "/login", "/login", [200, 200, 200, 200]),
    ("get", "/invite", "/invite", [404, 404, 404, 404]),
    ("post", "/login", "/login", [415, 415, 415, 415]),
    ("post", "/invite", "/invite", [415, 415, 415, 415]),
    ("post", "/logout", "/logout", [401, 401, 401, 401]),
    ("post", "/outages/{id}/notes", "/outages/1/notes", [401, 401, 401, 401]),
    ("post", "/outages/{id}/ack", "/outages/1/ack", [401, 401, 401, 401]),
    ("get", "/manage/channels", "/manage/channels", [303, 303, 303, 303]),
    ("get", "/manage/channels/{name}", "/manage/channels/ops", [303, 303, 303, 303]),
    ("get", "/manage/channels/{name}/remove", "/manage/channels/ops/remove", [303, 303, 303, 303]),
    ("get", "/manage/add/channel/{kind}", "/manage/add/channel/slack", [303, 303, 303, 303]),
    ("post", "/manage/add/channel/{kind}", "/manage/add/channel/slack", [401, 401, 401, 401]),
    ("post", "/manage/channels/{name}", "/manage/channels/ops", [401, 401, 401, 401]),
    ("post", "/manage/channels/{name}/test", "/manage/channels/ops/test", [401, 401, 401, 401]),
    ("post", "/manage/channels/{name}/remove", "/manage/channels/ops/remove", [401, 401, 401, 401]),
    ("post", "/manage/account/password", "/manage/account/password", [401, 401, 401, 401]),
    ("post", "/manage/account/sessions", "/manage/account/sessions", [401, 401, 401, 401]),
    ("post", "/manage/add/site", "/manage/add/site", [401, 401, 401, 401]),
    ("post", "/manage/sites/{slug}", "/manage/sites/shop", [401, 401, 401, 401]),
    ("post", "/manage/sites/{slug}/pause", "/manage/sites/shop/pause", [401, 401, 401, 401]),
    ("post", "/manage/sites/{slug}/resume", "/manage/sites/shop/resume", [401, 401, 401, 401]),
    ("post", "/manage/sites/{slug}/remove", "/manage/sites/shop/remove", [401, 401, 401, 401]),
    ("post", "/manage/add/group", "/manage/add/group", [401, 401, 401, 401]),
    ("post", "/manage/groups/{slug}", "/manage/groups/shop", [401, 401, 401, 401]),
    ("post", "/manage/groups/{slug}/remove", "/manage/groups/shop/remove", [401, 401, 401, 401]),
    ("post", "/manage/users", "/manage/users", [401, 401, 401, 401]),
    ("post", "/manage/users/{id}/link", "/manage/users/1/link", [401, 401, 401, 401]),
    ("post", "/manage/users/{id}/role", "/manage/users/1/role", [401, 401, 401, 401]),
    ("post", "/manage/users/{id}/disable", "/manage/users/1/disable", [401, 401, 401, 401]),
    ("post", "/manage/users/{id}/enable", "/manage/users/1/enable", [401, 401, 401, 401]),
    ("post", "/manage/tokens", "/manage/tokens", [401, 401, 401, 401]),
    ("post", "/manage/tokens/{id}/revoke", "/manage/tokens/1/revoke", [401, 401, 401, 401]),
    // The API, read.
    ("get", "/api/v1/openapi.json", "/api/v1/openapi.json", [200, 401, 200, 200]),
    ("get", "/api/v1/summary", "/api/v1/summary", [200, 401, 200, 200]),
    ("get", "/api/v1/groups", "/api/v1/groups", [200, 401, 200, 200]),
    ("get", "/api/v1/groups/{slug}", "/api/v1/groups/shops", [200, 401, 200, 200]),
    ("get", "/api/v1/sites", "/api/v1/sites", [200, 401, 200, 200]),
    ("get", "/api/v1/sites/{slug}", "/api/v1/sites/shop", [200, 401, 200, 200]),
    ("get", "/api/v1/sites/{slug}/views", "/api/v1/sites/shop/views", [200, 401, 200, 200]),
    ("get", "/api/v1/sites/{slug}/history", "/api/v1/sites/shop/history", [200, 401, 200, 200]),
    ("get", "/api/v1/outages", "/api/v1/outages", [200, 401, 200, 200]),
    ("get", "/api/v1/outages/current", "/api/v1/outages/current", [200, 401, 200, 200]),
    ("get", "/api/v1/outages/{id}", "/api/v1/outages/1", [200, 401, 200, 200]),
    // The API, changed.
    ("post", "/api/v1/groups", "/api/v1/groups", [401, 401, 403, 400]),
    ("patch", "/api/v1/groups/{slug}", "/api/v1/groups/none", [401, 401, 403, 404]),
    ("delete", "/api/v1/groups/{slug}", "/api/v1/groups/none", [401, 401, 403, 404]),
    ("post", "/api/v1/sites", "/api/v1/sites", [401, 401, 403, 400]),
    ("patch", "/api/v1/sites/{slug}", "/api/v1/sites/none", [401, 401, 403, 404]),
    ("delete", "/api/v1/sites/{slug}", "/api/v1/sites/none", [401, 401, 403, 404]),
    ("post", "/api/v1/outages/{id}/ack", "/api/v1/outages/99/ack", [401, 401, 403, 404]),
    ("get", "/api/v1/channels", "/api/v1/channels", [401, 401, 200, 200]),
    ("get", "/api/v1/channels/{name}", "/api/v1/channels/ops", [401, 401, 200, 200]),
    ("post", "/api/v1/channels", "/api/v1/channels", [401, 401, 403, 400]),
    ("patch", "/api/v1/channels/{name}", "/api/v1/channels/none", [401, 401, 403, 404]),
    ("delete", "/api/v1/channels/{name}", "/api/v1/channels/none", [401, 401, 403, 404]),
    ("post", "/api/v1/channels/{name}/test", "/api/v1/channels/none/test", [401, 401, 403, 404]),
    ("post", "/api/v1/probe", "/api/v1/probe", [401, 401, 403, 400]),
];

fn asked(web: &Web, caller: &Caller, verb: &str, path: &str) -> Reply {
    let headers: Vec<(&str, &str)> =
        caller.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    match verb {
        "get" => web.ask("GET", path, &headers),
        verb => web.send_with(&headers, &verb.to_uppercase(), path, &json!({})),
    }
}

/// A public and a private site in a public group, a site in a private one; the shop is down, as are the private ones.
fn marked(database: &TestDatabase) -> Scene {
    let mut scene = Scene::new(database.connect(), NOON);
    let (shops, hidden) = (scene.group("Shops", true), scene.group("marked-group", false));
    scene.site_at("Shop", Some(&shops), "http://marked-user:marked-password@a.test/marked-public-path", true);
    scene.site_at("marked-site one", Some(&shops), "http://b.test/marked-path", false);
    scene.site_at("marked-site two", Some(&hidden), "http://c.test/marked-path", true);
    let headers = [("X-Token", "marked-header"), ("Accept", "marked-option")];
    let options = SiteOptions {
        headers: Some(headers.map(|(name, value)| (name.into(), value.into())).into()),
        method: Some(Method::Post),
        body: Some("marked-body".into()),
        ..SiteOptions::default()
    };
    let ops = NewChannel {
        name: "ops".into(),
        kind: "ntfy".into(),
        settings: r#"{"topic": "marked-password"}"#.into(),
        enabled: true,
        groups: Vec::new(),
    };
    write(&mut scene.connection, |connection| channels::add(connection, &ops, NOON)).unwrap();
    scene.edit("shop", SiteChange { options: Some(options), ..SiteChange::default() });
    scene.minutes(4, |_| status(503, "marked-detail: answered 503"));
    scene
}

fn started(database: &TestDatabase, public: bool, scene: &Scene) -> Web {
    let mut config = config(database);
    config.web.public = public;
    let clock = Arc::new(SetClock::default());
    clock.set(scene.now);
    Web::start(&config, clock).unwrap()
}

#[test]
fn everybody_is_answered_as_the_table_says() {
    let database = TestDatabase::migrated(Backend::Sqlite);
    let scene = marked(&database);
    let cast = cast(&mut database.connect());
    let (open, closed) = (started(&database, true, &scene), started(&database, false, &scene));
    let rows: BTreeSet<_> = TABLE.iter().map(|(verb, route, ..)| (*verb, *route)).collect();
    let routes: BTreeSet<_> = ROUTES.iter().map(|route| (method(route.verb), route.path)).collect();
    assert_eq!(rows, routes, "every route is in the table");
    for (verb, _, path, wanted) in TABLE {
        let mut found = vec![asked(&open, &cast[0], verb, path).status];
        found.extend(cast.iter().map(|caller| asked(&closed, caller, verb, path).status));
        let names: Vec<_> = cast.iter().map(|caller| caller.name).collect();
        assert_eq!(found, wanted, "{verb} {path}: charlie, {names:?}");
    }
}

#[test]
fn what_is_private_is_never_told_to_visitors_and_secrets_to_nobody() {
    let database = TestDatabase::migrated(Backend::Sqlite);
    let scene = marked(&database);
    let cast = cast(&mut database.connect());
    let (open, closed) = (started(&database, true, &scene), started(&database, false, &scene));
    let ways: Vec<&str> = TABLE.iter().filter(|row| row.0 == "get").map(|row| row.2).collect();
    let others = [
        "/api/v1/outages?state=open",
        "/api/v1/sites?limit=1",
        "/api/v1/sites/marked-site-one",
        "/api/v1/groups/marked-group",
        "/sites/marked-site-two",
        "/groups/marked-group",
        "/nothing",
        "/api/v1/sites/marked-site-one/views",
    ];
    let told = |web: &Web, caller: &Caller, ways: &[&str]| -> String {
        ways.iter().map(|path| format!("{:?}", asked(web, caller, "get", path))).collect()
    };
    let charlie = told(&open, &cast[0], &ways) + &told(&open, &cast[0], &others);
    for marker in PRIVATE.iter().chain(&SECRETS) {
        assert!(!charlie.contains(marker), "charlie is told of {marker}");
    }
    assert!(
        charlie.contains("Shop")
            && charlie.contains("\\\"sites\\\":{\\\"up\\\":0,\\\"failing\\\":0,\\\"down\\\":1")
    );
    for (web, caller) in [(&open, &cast[1]), (&closed, &cast[1]), (&closed, &cast[2])] {
        let told = told(web, caller, &ways);
        for marker in PRIVATE {
            assert!(told.contains(marker), "{} is not told of {marker}", caller.name);
        }
        for marker in SECRETS {
            assert!(!told.contains(marker), "{} is told of {marker}", caller.name);
        }
    }
    let hidden = asked(&open, &cast[0], "get", "/api/v1/sites/marked-site-one");
    let missing = asked(&open, &cast[0], "get", "/api/v1/sites/none");
    assert_eq!((hidden.status, &hidden.body), (404, &missing.body), "hidden is like unknown");
}
