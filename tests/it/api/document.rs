//! The API described: by the OpenAPI document, by its page, and both by the code.

use std::collections::BTreeSet;

use djamon_tests::database::Backend;
use djamon_web::code::Code;
use djamon_web::openapi::method;
use djamon_web::routes::{Face, ROUTES};
use serde_json::Value;

use super::*;

fn document() -> (Api, Value, TestDatabase) {
    let database = TestDatabase::migrated(Backend::Sqlite);
    let api = Api::of(&database);
    let document = api.get("/openapi.json").json();
    (api, document, database)
}

#[test]
fn every_route_of_the_api_is_described_and_nothing_else() {
    let (_api, document, _database) = document();
    assert_eq!(document["openapi"], "3.1.0");
    let text = document.to_string();
    for name in text.split("#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(document["components"]["schemas"][name].is_object(), "{name} is named and not described");
    }
    let described: BTreeSet<(String, String)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            methods.as_object().unwrap().keys().map(|method| (method.clone(), path.clone()))
        })
        .collect();
    let of_api = ROUTES.iter().filter(|route| route.face == Face::Api || route.path == "/healthz");
    let routes: BTreeSet<(String, String)> =
        of_api.map(|route| (method(route.verb).to_owned(), route.path.to_owned())).collect();
    assert_eq!(described, routes);
}

#[test]
fn every_operation_names_itself_its_parameters_and_its_refusals() {
    let (_api, document, _database) = document();
    let mut names = BTreeSet::new();
    let mut told = String::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let place = format!("{method} {path}");
            assert!(names.insert(operation["operationId"].as_str().unwrap().to_owned()), "{place}");
            assert!(!operation["summary"].as_str().unwrap_or_default().is_empty(), "{place}");
            assert!(!operation.to_string().contains("WebError"), "{place} names what only the code knows");
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            for part in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
                assert!(parameters.iter().any(|one| one["in"] == "path" && one["name"] == part), "{place}");
            }
            told += &operation["responses"].to_string();
        }
    }
    let by_all = [Code::Method];
    for code in Code::ALL.iter().filter(|code| !by_all.contains(code)) {
        assert!(told.contains(&format!("`{}`", code.name())), "nothing is refused with {}", code.name());
    }
}

#[test]
fn the_page_shows_what_the_document_says_without_a_script_of_its_own() {
    let (api, document, _database) = document();
    let page = api.web.get("/api/docs");
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let line = format!("<h3><code>{} {path}</code></h3>", method.to_uppercase());
            assert!(page.body.replace("&#x2F;", "/").contains(&line), "{line}");
        }
    }
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        assert!(page.body.contains(&format!("<h3>{name}</h3>")), "{name}");
    }
    assert!(
        !page.body.contains("http://") || !page.body.contains("src=\"http"),
        "nothing is fetched elsewhere"
    );
    assert_eq!(page.body.matches("<script").count(), 1, "the site's own");
    let (links, ids): (Vec<_>, Vec<_>) = (
        page.body.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()).collect(),
        page.body.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect(),
    );
    assert!(links.iter().all(|link| ids.contains(link)), "{links:?} {ids:?}");
}
