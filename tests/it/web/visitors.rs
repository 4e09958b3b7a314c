//! Whether a visitor can tell that there is anything that is not public: two monitors, of which one watches private sites
//! too, tell visitors the same.

use djamon_tests::on_both;
use djamon_tests::web::{Reply, config};

use super::*;

/// A shop and a blog; with them, when `is_watched`, private sites that fail before, during and after what visitors see.
fn scene(database: &TestDatabase, is_watched: bool) -> Scene {
    let mut scene = Scene::new(database.connect(), NOON);
    let shops = scene.group("Shops", true);
    scene.site("Shop", Some(&shops));
    scene.site("Blog", Some(&shops));
    if is_watched {
        let back = scene.group("Back office", false);
        scene.site_at("Payroll", Some(&shops), "http://site.test/", false);
        scene.site_at("Vault", Some(&back), "http://site.test/", true);
        scene.site_at("Ledger", None, "http://site.test/", false);
    }
    // Who fails in which minutes; in the second outage a private site is first and last.
    let mut minute = 0;
    scene.minutes(30, |slug| {
        let at = minute / if is_watched { 5 } else { 2 };
        minute += 1;
        let bad = match slug {
            "shop" => (2..6).contains(&at) || (12..17).contains(&at) || at > 25,
            "blog" => (14..17).contains(&at),
            "payroll" => (11..20).contains(&at),
            "vault" => at > 21,
            _ => (3..5).contains(&at),
        };
        if bad { status(503, "answered 503").after(100) } else { good().after(40) }
    });
    scene
}

/// What is told, without what differs between any two monitors: versions of pages, the ids of looks, and the numbers of
/// events and alerts, which are counted over everything.
fn told(reply: &Reply) -> (u16, String) {
    if let Ok(mut object) = serde_json::from_str::<serde_json::Value>(&reply.body) {
        without_numbers(&mut object);
        return (reply.status, object.to_string());
    }
    let words = reply.body.split('"').map(|word| {
        let is_token =
            word.split('-').count() == 4 && word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        if is_token { "…" } else { word }
    });
    (reply.status, words.collect::<Vec<_>>().join("\""))
}

fn without_numbers(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Object(object) => {
            let is_numbered =
                object.contains_key("kind") || object.contains_key("channel") || object.contains_key("code");
            if is_numbered {
                object.remove("id");
            }
            if object.get("next").is_some_and(|next| next.as_str().is_some_and(|next| next.len() == 36)) {
                object.remove("next");
            }
            object.values_mut().for_each(without_numbers);
        }
        serde_json::Value::Array(all) => all.iter_mut().for_each(without_numbers),
        _ => {}
    }
}

on_both! {
    fn what_is_not_public_makes_no_difference_to_a_visitor(database: TestDatabase) {
        let alone = TestDatabase::migrated(Backend::Sqlite);
        let (one, other) = (scene(&alone, false), scene(&database, true));
        let (one, _) = web(&config(&alone), one.now);
        let (other, _) = web(&config(&database), other.now);
        let mut to_see: Vec<String> = PAGES.iter().chain(&OBJECTS).map(ToString::to_string).collect();
        to_see.extend([
            "/?q=o", "/?state=down", "/?group=back-office", "/?kiosk", "/sites/payroll", "/groups/back-office",
            "/outages?state=open", "/outages?state=resolved", "/outages/99",
            "/api/v1/sites/shop/views?limit=3", "/api/v1/sites/shop/history?range=24h", "/api/v1/sites/vault",
            "/api/v1/groups/shops", "/api/v1/groups/back-office", "/api/v1/outages?limit=1", "/api/v1/outages?state=open",
            "/api/v1/outages/1", "/api/v1/outages/2", "/api/v1/channels", "/manage/sites",
        ].map(str::to_owned));
        let mut seen = std::collections::BTreeSet::new();
        while let Some(path) = to_see.pop() {
            if path.starts_with("/static/") || path.contains("/login?") || !seen.insert(path.clone()) {
                continue;
            }
            let (one, other) = (one.get(&path), other.get(&path));
            assert_eq!(told(&one), told(&other), "{path}");
            to_see.extend(links(&one.body));
        }
        assert!(seen.contains("/outages/2") && seen.contains("/outages/3"), "{seen:?}");
    }
}
