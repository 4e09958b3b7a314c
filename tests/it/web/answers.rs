//! What is asked in the wrong way or place, methods, headers, files.

use djamon_tests::web::config;
use djamon_web::code::Code;
use serde_json::json;

use super::*;

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
            let put = web.ask("PUT", path, &[]);
            let is_list = path.ends_with("/groups") || path.ends_with("/sites");
            let allowed = if is_list { "GET, HEAD, POST" } else { "GET, HEAD" };
            assert_eq!((put.status, put.header("allow")), (405, allowed), "{path}");
        }
    }
    let options = web.ask("OPTIONS", "/api/v1/sites/shop", &[("origin", "https://wall.example")]);
    assert_eq!((options.status, options.header("allow")), (405, "GET, HEAD, PATCH, DELETE"));
    assert_eq!(options.json()["error"]["code"], "method_not_allowed");
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
fn the_documented_errors_are_those_there_are() {
    let documented = include_str!("../../../docs/api.md");
    let (_, errors) = documented.split_once("| status | code | when |\n|---|---|---|\n").unwrap();
    let documented: Vec<&str> = errors.lines().take_while(|line| line.starts_with('|')).collect();
    let all = Code::ALL.iter();
    let rows =
        all.map(|code| format!("| {} | `{}` | {} |", code.status().as_u16(), code.name(), code.when()));
    assert_eq!(documented, rows.collect::<Vec<_>>());
}

#[test]
fn other_sites_pages_read_the_api_only_when_they_are_listed() {
    let (database, scene) = filled();
    let mut config = config(&database);
    config.web.cors_origins = vec!["https://wall.example".into()];
    let (web, _) = web(&config, scene.now);
    let ask = |method: &str, path: &str, origin: &str| {
        let preflight = ("access-control-request-method", "GET");
        let reply = web.ask(method, path, &[("origin", origin), preflight]);
        (reply.status, reply.header("access-control-allow-origin").to_owned())
    };
    let wall = "https://wall.example";
    assert_eq!(ask("GET", "/api/v1/sites", wall), (200, wall.into()));
    assert_eq!(ask("GET", "/api/v1/sites/none", wall), (404, wall.into()), "errors can be read too");
    assert_eq!(ask("OPTIONS", "/api/v1/sites", wall), (204, wall.into()));
    assert_eq!(ask("GET", "/", wall), (200, String::new()), "pages are for people");
    for other in ["https://wall.example.org", "http://wall.example", "null", "*"] {
        assert_eq!(ask("GET", "/api/v1/sites", other), (200, String::new()), "{other}");
        assert_eq!(ask("OPTIONS", "/api/v1/sites", other), (405, String::new()), "{other}");
    }
    let allowed =
        web.ask("OPTIONS", "/api/v1/sites", &[("origin", wall), ("access-control-request-method", "DELETE")]);
    assert_eq!(allowed.header("access-control-allow-methods"), "GET, HEAD");
    assert_eq!(allowed.header("access-control-allow-credentials"), "");
}
