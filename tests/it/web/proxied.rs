//! Behind Debian's nginx, under a path: everything is there, and who asks is whom the proxy names.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use djamon_tests::nginx::Nginx;
use djamon_tests::web::config;

use super::*;

#[test]
fn everything_works_behind_a_proxy_under_a_path() {
    let (database, scene) = filled();
    let mut config = config(&database);
    config.web.base_url = "https://example.org/status".into();
    let (web, _) = web(&config, scene.now);
    let nginx = Nginx::before(web.address(), "/status/");
    let root = nginx.url();
    let ask = |path: &str| {
        let mut answer = ureq::get(format!("{}{path}", root.trim_end_matches('/'))).call().unwrap();
        answer.body_mut().read_to_string().unwrap()
    };
    let mut to_see = vec!["/status/".to_owned(), "/status/api/v1/openapi.json".to_owned()];
    let mut seen = BTreeSet::new();
    while let Some(path) = to_see.pop() {
        if seen.insert(path.clone()) {
            to_see.extend(links(&ask(path.split('#').next().unwrap())));
        }
    }
    assert!(seen.contains("/status/api/docs") && seen.contains("/status/sites/shop"), "{seen:?}");
    let document: serde_json::Value = serde_json::from_str(&ask("/status/api/v1/openapi.json")).unwrap();
    assert_eq!(document["servers"][0]["url"], "https://example.org/status");
}

/// The addresses that the log names for a request by way of nginx and for one without it; both say they come from 6.6.6.6.
fn logged(trusted: &str) -> [String; 2] {
    let database = TestDatabase::migrated(Backend::Sqlite);
    let file = database.dir.path().join("djamon.toml");
    let toml = format!("[database]\nurl = \"{}\"\n[web]\ntrusted_proxies = [{trusted}]\n", database.url_text);
    std::fs::write(&file, toml).unwrap();
    let mut web = Command::new(djamon_tests::binary::path("djamon-web"))
        .args(["-v", "--listen", "127.0.0.1:0", "--config"])
        .arg(&file)
        .env("NO_COLOR", "1")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(web.stderr.take().unwrap()).lines().map(Result::unwrap);
    let first = lines.find(|line| line.contains("listens on port")).unwrap();
    let port = first.split("port ").nth(1).unwrap().split(':').next().unwrap();
    let direct = format!("http://127.0.0.1:{port}/");
    let nginx = Nginx::before(direct.trim_end_matches('/'), "/");
    let told = [nginx.url(), direct].map(|url| {
        let curl = ["-s", "-o", "/dev/null", "--interface", "127.0.0.2", "-H", "X-Forwarded-For: 6.6.6.6"];
        assert!(Command::new("curl").args(curl).arg(url).status().unwrap().success());
        let line = lines.find(|line| line.contains("GET /")).unwrap();
        line.split(" GET").next().unwrap().rsplit(' ').next().unwrap().to_owned()
    });
    web.kill().unwrap();
    web.wait().unwrap();
    told
}

#[test]
fn who_asks_is_whom_a_trusted_proxy_names_and_nobody_else_is_believed() {
    assert_eq!(logged("\"127.0.0.1\""), ["127.0.0.2", "127.0.0.2"]);
    assert_eq!(logged(""), ["127.0.0.1", "127.0.0.2"], "without trust it is the proxy that asks");
}
