//! The reading pages as people use them: finding, staying up to date, looks, charts, and hostile content.

use djamon_core::domain::site::SiteChange;
use djamon_tests::hostile::PAYLOADS;
use djamon_tests::on_both;
use djamon_tests::web::config;

use super::*;

/// The sites that a page of the list shows, in its order.
fn shown(body: &str) -> Vec<String> {
    let rows = body.split("<li class=\"site ").skip(1);
    let slugs = rows.filter_map(|row| row.split("/sites/").nth(1)?.split('"').next());
    slugs.map(str::to_owned).collect()
}

fn token(body: &str) -> String {
    body.split("data-token=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

on_both! {
    fn the_list_is_searched_and_filtered_without_a_script(database: TestDatabase) {
        let mut scene = outage(&database);
        scene.edit("blog", SiteChange { paused: Some(true), ..SiteChange::default() });
        let (web, _) = web(&config(&database), scene.now);
        let found = |query: &str| shown(&web.get(&format!("/?{query}")).body);
        assert_eq!(found(""), ["shop", "blog", "database"], "the group with something down comes first");
        assert_eq!(found("q=SHOP"), ["shop", "blog"], "names and groups' names, in any case");
        assert_eq!(found("q=shops+blo"), ["blog"], "every word must be there");
        assert_eq!(found("state=down"), ["shop", "database"]);
        assert_eq!(found("state=down&group=shops"), ["shop"]);
        assert_eq!(found("q=site.test"), Vec::<String>::new(), "visitors do not search in addresses");
        let none = web.get("/?q=none&state=&group=");
        assert!(none.body.contains("No system is like that") && none.body.contains("0 of 3 systems"), "{}", none.body);
        assert!(none.body.contains("Outage since"), "the sentence is of everything");
        assert!(web.get("/?q=%22%3E").body.contains("value=\"&quot;&gt;\""), "what was typed stays");
        assert_eq!(web.get("/?state=foo").status, 400);
        assert_eq!((web.get("/?page=2").status, web.get("/?page=0").status), (404, 400));
    }

    fn a_page_asks_whether_anything_is_new_and_is_told_204_until_it_is(database: TestDatabase) {
        let mut scene = outage(&database);
        let (web, clock) = web(&config(&database), scene.now);
        for path in ["/", "/sites/shop", "/groups/shops", "/outages", "/outages/1", "/outages/current"] {
            let seen = token(&web.get(path).body);
            let again = |token: &str| web.get(&format!("{path}?since={token}"));
            let same = again(&seen);
            assert_eq!((same.status, same.body.as_str()), (204, ""), "{path}");
            assert_eq!(same.header("cache-control"), "no-store", "{path}");
            let other = again("0-0-0-0");
            assert_eq!((other.status, token(&other.body)), (200, seen.clone()), "{path}");

            // A run.
            scene.minute(|_| good());
            let fresh = again(&seen);
            assert_eq!(fresh.status, 200, "{path}");
            let seen = token(&fresh.body);
            assert_eq!(again(&seen).status, 204, "{path}");

            // An edit.
            scene.edit("blog", SiteChange { name: Some(format!("Blog {path}")), ..SiteChange::default() });
            let fresh = again(&seen);
            assert_eq!(fresh.status, 200, "{path}");
            let seen = token(&fresh.body);

            // Runs stop.
            clock.set(scene.now.plus(minutes(2)));
            assert_eq!(again(&seen).status, 204, "{path}");
            clock.set(scene.now.plus(minutes(30)));
            let stale = again(&seen);
            assert_eq!(stale.status, 200, "{path}");
            assert!(stale.body.contains("Monitoring has stopped"), "{path}: {}", stale.body);
            clock.set(scene.now);
        }
    }

    fn what_is_kept_is_never_older_than_the_last_run_or_edit(database: TestDatabase) {
        let mut scene = outage(&database);
        let (web, clock) = web(&config(&database), scene.now);
        let compressed = || web.ask("GET", "/", &[("accept-encoding", "gzip")]);
        assert_eq!(web.get("/").body, web.get("/").body);
        assert_eq!(compressed().body, web.get("/").body);
        scene.edit("blog", SiteChange { name: Some("Journal".into()), ..SiteChange::default() });
        assert!(web.get("/").body.contains(">Journal<"), "an edit is seen at once");
        assert!(compressed().body.contains(">Journal<"));
        assert!(web.get("/api/v1/groups/shops").body.contains("Journal"));
        scene.minutes(2, |_| good());
        clock.set(scene.now);
        assert!(web.get("/").body.contains("All 3 systems up"), "a run is seen at once");
        clock.set(scene.now.plus(minutes(1)));
        let (one, other) = (web.get("/").body, web.get("/groups/shops").body);
        clock.set(scene.now.plus(minutes(4)));
        assert!(one.contains("All 3 systems up") && !other.contains("has stopped"));
        for path in ["/", "/groups/shops"] {
            assert!(web.get(path).body.contains("Monitoring has stopped"), "{path} was kept too long");
        }
    }

    fn what_stands_in_one_group_that_visitors_may_not_see_is_not_found_by_them(database: TestDatabase) {
        let mut scene = Scene::new(database.connect(), NOON);
        let hidden = scene.group("hush group", false);
        let open = scene.group("Shops", true);
        scene.site("hush member", Some(&hidden));
        scene.site_at("hush site", Some(&open), "http://hush.test/", false);
        scene.site_at("Shop", Some(&open), "http://hush.test/secret", true);
        scene.minutes(4, |slug| if slug == "shop" { status(500, "hush detail") } else { good() });
        let (web, _) = web(&config(&database), scene.now);
        let paths = [
            "/", "/?q=hush", "/?group=hush-group", "/?state=up", "/?q=secret", "/?page=1", "/groups/shops", "/sites/shop",
            "/sites/shop?range=7d", "/sites/shop?range=30d", "/sites/shop?range=1y", "/outages", "/outages/1",
            "/outages?state=open", "/outages/current", "/?since=x", "/?kiosk", "/?theme=dark",
        ];
        for path in paths {
            let reply = web.get(path);
            assert_eq!(reply.status, 200, "{path}");
            let body = reply.body.replace("value=\"hush\"", "");
            assert!(!body.contains("hush"), "{path}: {body}");
        }
        assert!(web.get("/?q=hush").body.contains("0 of 1 systems"), "not even in numbers");
        assert!(!web.get("/").body.contains("value=\"hush-group\""));
        assert_eq!(web.get("/?group=hush-group").body.matches("No system is like that").count(), 1);
    }

    fn a_site_shows_response_times_days_and_its_outages_in_every_range(database: TestDatabase) {
        let mut scene = outage(&database);
        scene.minutes(3, |_| good().after(480));
        let (web, _) = web(&config(&database), scene.now);
        for (range, words) in [("24h", "24 hours"), ("7d", "7 days"), ("30d", "30 days"), ("1y", "1 year")] {
            let page = web.get(&format!("/sites/shop?range={range}"));
            assert_eq!(page.status, 200, "{range}");
            assert!(page.body.contains(&format!("<b aria-current=\"true\">{words}</b>")), "{range}");
            assert!(page.body.contains("<rect class=\"down\""), "{range}: an outage is a band");
            assert!(page.body.contains("Last 90 days: 1 known, 1 of them with failures"), "{range}");
        }
        let page = web.get("/sites/shop").body;
        assert!(page.contains("<strong>Up</strong> for") && page.contains(">12:05 UTC</time>"), "since when: {page}");
        assert!(page.contains("95 of 100 looks were never slower than 48"), "{page}");
        assert!(page.contains("<td>2026-11-23</td>"), "the days are a table too");
        assert!(page.contains("name 2 ms") && page.contains("first byte"), "timings of the phases");
        assert_eq!(web.get("/sites/shop?range=5m").status, 400);
    }

    fn outages_are_filtered_and_drawn_on_one_axis(database: TestDatabase) {
        let mut scene = outage(&database);
        scene.minutes(2, |slug| if slug == "database" { failed(Outcome::Connect) } else { good() });
        let (web, _) = web(&config(&database), scene.now);
        let page = web.get("/outages/1").body;
        // From 12:01 to 12:07; the shop until 12:05, the database from 12:02.
        assert!(page.contains("<rect class=\"was\" x=\"0\" y=\"1\" width=\"666\""), "{page}");
        assert!(page.contains("<rect class=\"is\" x=\"166\" y=\"1\" width=\"834\""), "{page}");
        assert!(page.contains("<path class=\"mark\" d=\"M333 0v14\"/>"), "{page}");
        let listed = |query: &str| web.get(&format!("/outages?{query}")).body.matches("class=\"number\"").count();
        assert_eq!((listed(""), listed("state=open"), listed("state=resolved")), (1, 1, 0));
        assert!(web.get("/outages/current").body.contains("Outage 1 since"));
    }
}

#[test]
fn a_thousand_sites_are_one_page_of_less_than_100_kb_and_more_are_pages() {
    let database = TestDatabase::migrated(Backend::Sqlite);
    let mut scene = Scene::new(database.connect(), NOON);
    let groups: Vec<_> = (0..20).map(|n| scene.group(&format!("Group {n:02}"), true)).collect();
    for n in 0..1003 {
        scene.site(&format!("System number {n} of many {}", n * 7919 % 10_007), groups.get(n % 21));
    }
    scene.minutes(3, |slug| if slug.len() % 5 == 0 { failed(Outcome::Timeout) } else { good() });
    let (web, _) = web(&config(&database), scene.now);
    let first = web.get("/");
    let second = web.get("/?page=2");
    let (one, two) = (shown(&first.body), shown(&second.body));
    assert_eq!((one.len(), two.len()), (1000, 3));
    let all: std::collections::BTreeSet<_> = one.iter().chain(&two).collect();
    assert_eq!(all.len(), 1003, "every system is on one page");
    assert!(first.body.contains("href=\"/?page=2\"") && second.body.contains("href=\"/?page=1\""));
    let packed = web.ask("GET", "/", &[("accept-encoding", "gzip, br")]);
    assert_eq!((packed.header("content-encoding"), packed.header("vary")), ("br", "accept-encoding"));
    let length: usize = packed.header("content-length").parse().unwrap();
    assert!(length < 100_000, "{length}");
}

#[test]
fn the_looks_are_chosen_by_a_link_and_kept_in_a_cookie() {
    let (database, scene) = filled();
    let (web, _) = web(&config(&database), scene.now);
    let dark = web.get("/?theme=dark");
    assert!(dark.body.contains("<html lang=\"en\" data-theme=\"dark\">"));
    let cookie = dark.header("set-cookie");
    assert_eq!(cookie, "djamon_theme=dark; HttpOnly; SameSite=Lax; Path=/; Max-Age=31536000");
    let kept = |path: &str| web.ask("GET", path, &[("cookie", "a=b; djamon_theme=dark")]);
    for path in ["/", "/sites/shop", "/outages"] {
        assert!(kept(path).body.contains("data-theme=\"dark\""), "{path}");
        assert_eq!(kept(path).header("set-cookie"), "", "{path}");
        assert!(!web.get(path).body.contains("data-theme"), "{path}: others are not affected");
    }
    for (path, status) in [("/nothing-here", 404), ("/outages?page=x", 400)] {
        let error = kept(path);
        assert!(
            error.status == status && error.body.contains("data-theme=\"dark\""),
            "{path}: {}",
            error.body
        );
    }
    assert!(
        kept("/?theme=light").body.contains("data-theme=\"light\""),
        "the link is stronger than the cookie"
    );
    let auto = kept("/?theme=auto");
    assert!(!auto.body.contains("data-theme") && auto.header("set-cookie").contains("Max-Age=0"));
    let odd = web.get("/?theme=%22%3E%3Cscript%3E");
    assert!(odd.status == 200 && odd.header("set-cookie").is_empty() && !odd.body.contains("\"><script>"));
}

#[test]
fn a_wall_screen_has_no_controls_and_pages_refresh_themselves_only_without_a_script() {
    let (database, scene) = filled();
    let (web, _) = web(&config(&database), scene.now);
    let wall = web.get("/?kiosk").body;
    assert!(
        wall.contains("<body class=\"kiosk") && !wall.contains("<nav") && !wall.contains("<form"),
        "{wall}"
    );
    for path in ["/", "/?kiosk", "/sites/shop", "/groups/shops", "/outages", "/outages/1"] {
        let body = web.get(path).body;
        assert_eq!(body.matches("http-equiv=\"refresh\"").count(), 1, "{path}");
        assert!(body.contains("<noscript><meta http-equiv=\"refresh\" content=\"60\"></noscript>"), "{path}");
    }
}

#[test]
fn title_and_icon_show_the_state() {
    let (database, mut scene) = filled();
    let (web, clock) = web(&config(&database), scene.now);
    let face = |path: &str| {
        let body = web.get(path).body;
        let title = body.split("<title>").nth(1).unwrap().split("</title>").next().unwrap().to_owned();
        let icon =
            body.split("/static/").find_map(|rest| rest.split_once(".svg\" type")).unwrap().0.to_owned();
        (title, icon.split('.').next().unwrap().to_owned())
    };
    assert_eq!(face("/"), ("Outage: Shop, Database – Djamon".into(), "icon-outage".into()));
    assert_eq!(face("/sites/shop"), ("Down: Shop – Djamon".into(), "icon-outage".into()));
    assert_eq!(face("/groups/shops"), ("1 down: Shops – Djamon".into(), "icon-outage".into()));
    assert_eq!(face("/outages/1").1, "icon-outage");
    scene.minutes(2, |_| good());
    assert_eq!(face("/"), ("All 3 systems up – Djamon".into(), "icon-up".into()));
    scene.blind_minute();
    assert_eq!(face("/").1, "icon-blind");
    clock.set(scene.now.plus(minutes(60)));
    assert_eq!(face("/").1, "icon-stale");
    assert!(web.get("/").body.contains("<body class=\" stopped\">"), "what is not known any more is grey");
}

#[test]
fn hostile_content_never_appears_unescaped_on_any_page() {
    let database = TestDatabase::migrated(Backend::Sqlite);
    let mut scene = Scene::new(database.connect(), NOON);
    scene.channels = vec!["<script>alert('channel')</script>".into()];
    let texts: Vec<String> = PAYLOADS.iter().map(|payload| payload.replace('\u{0}', "\u{fffd}")).collect();
    for text in &texts {
        let group = scene.group(text, true);
        scene.site(text, Some(&group));
    }
    let mut at = 0;
    scene.minutes(4, |_| {
        at += 1;
        status(500, PAYLOADS[at % PAYLOADS.len()])
    });
    let (web, _) = web(&config(&database), scene.now);
    let mut to_see = vec!["/".to_owned(), "/outages/1".into(), "/outages/current".into()];
    to_see.extend(PAYLOADS.iter().map(|payload| {
        let query: String = url::form_urlencoded::byte_serialize(payload.as_bytes()).collect();
        format!("/?q={query}&group={query}&theme={query}&since={query}")
    }));
    let mut seen = std::collections::BTreeSet::new();
    while let Some(path) = to_see.pop() {
        if !seen.insert(path.clone()) || path.starts_with("/api/") || path.starts_with("/static/") {
            continue;
        }
        let reply = web.get(&path);
        assert_eq!(reply.status, 200, "{path}");
        let body = reply.body.replace("<script src=\"/static/djamon.", "");
        for text in PAYLOADS.iter().filter(|text| text.contains(['<', '"', '\''])) {
            assert!(!body.contains(text), "{path}: {text}");
        }
        // Tags of theirs, and a quote that ends an attribute of ours.
        for word in [
            "<script",
            "<img src=x",
            "<iframe",
            "<base",
            "<style",
            "\" on",
            "' on",
            "href=\"javascript",
            "src=\"javascript",
        ] {
            assert!(!body.contains(word), "{path}: {word}");
        }
        to_see.extend(links(&reply.body).into_iter().filter(|link| !link.contains("theme=")));
    }
    assert!(seen.len() > 90, "{}", seen.len());
}
