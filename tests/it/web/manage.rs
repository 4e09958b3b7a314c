//! Managing by the pages: every form, its bad input, who may, two who edit the same thing.

use djamon_core::domain::group::GroupChange;
use djamon_core::store::{groups, sites, write};
use djamon_tests::browser::Browser;
use djamon_tests::on_both;
use djamon_tests::site_server::SiteServer;
use djamon_tests::web::config;
use djamon_web::auth::Who;
use djamon_web::routes::{Face, ROUTES, Verb};

use super::people::{PASSWORD, add_people, with_people};
use super::*;

/// The addresses behind the sign-in, filled in.
const CLOSED: [&str; 14] = [
    "/manage",
    "/manage/account",
    "/manage/sites",
    "/manage/add/site",
    "/manage/sites/shop",
    "/manage/sites/shop/remove",
    "/manage/groups",
    "/manage/add/group",
    "/manage/groups/shops",
    "/manage/groups/shops/remove",
    "/manage/channels",
    "/manage/add/channel/slack",
    "/manage/users",
    "/manage/tokens",
];
const CHANGES: [&str; 21] = [
    "/manage/add/site",
    "/manage/sites/shop",
    "/manage/sites/shop/pause",
    "/manage/sites/shop/resume",
    "/manage/sites/shop/remove",
    "/manage/add/group",
    "/manage/groups/shops",
    "/manage/groups/shops/remove",
    "/manage/users",
    "/manage/users/2/link",
    "/manage/users/2/role",
    "/manage/users/2/disable",
    "/manage/users/2/enable",
    "/manage/add/channel/slack",
    "/manage/channels/ops",
    "/manage/channels/ops/test",
    "/manage/channels/ops/remove",
    "/manage/tokens",
    "/manage/tokens/1/revoke",
    "/outages/1/ack",
    "/outages/1/notes",
];

on_both! {
    fn a_site_is_added_edited_paused_resumed_and_removed_by_forms(database: TestDatabase) {
        let scene = with_people(&database);
        let (web, _) = web(&config(&database), scene.now);
        let mut alice = Browser::signed_in(&web, "Alice", PASSWORD);
        let form = "/manage/add/site";
        let fields = [
            ("url", "http://ann:hush@new.test/pay"), ("name", "New & shiny"), ("group", "shops"), ("public", "no"),
            ("good_codes", "200-204,404"), ("headers", "Accept: text/html\r\nX-Token: hush"), ("timeout", "3s"),
            ("attempts", "2"), ("follow_redirects", "no"), ("action", "save"),
        ];
        let added = alice.submit(form, form, &fields);
        let list = alice.follow(&added).body;
        assert!(list.contains("New &amp; shiny is added") && list.contains("http://***@new.test/pay"), "{list}");
        assert!(!alice.get("/manage/sites").body.contains("is added"), "it is said once");
        let object = alice.get("/api/v1/sites/new-shiny").json();
        assert_eq!(
            (&object["public"], &object["group"], &object["options"]["attempts"], &object["options"]["headers"]["X-Token"]),
            (&false.into(), &"shops".into(), &2.into(), &"***".into())
        );

        let page = "/manage/sites/new-shiny";
        let shown = alice.get(page).body;
        assert!(shown.contains("value=\"200-204,404\"") && !shown.contains("hush"), "{shown}");
        let edit = [("version", "1"), ("url", "http://***@new.test/pay"), ("name", "Newer"), ("headers", "X-Token: ***")];
        let saved = alice.submit(page, page, &edit);
        assert!(alice.follow(&saved).body.contains("Newer is saved."));
        let mut connection = database.connect();
        let site = sites::by_slug(&mut connection, "new-shiny").unwrap();
        assert_eq!(site.target.credentials.unwrap().password, "hush", "what is masked stays as it is");
        assert_eq!(site.options.headers.unwrap()["X-Token"], "hush");
        assert_eq!((site.options.attempts, site.group, site.public), (None, None, true), "what is emptied is as usual");

        let paused = alice.submit(page, &format!("{page}/pause"), &[]);
        assert!(alice.follow(&paused).body.contains("Newer is paused."));
        assert_eq!(alice.get("/api/v1/sites/new-shiny").json()["state"], "paused");
        alice.submit(page, &format!("{page}/resume"), &[]);
        assert_eq!(alice.get("/api/v1/sites/new-shiny").json()["state"], "unknown");
        let asked = alice.get("/manage/sites/shop/remove").body;
        assert!(asked.contains("outage 1</a>") && asked.contains("1 outage it was in"), "{asked}");
        let removed = alice.submit(&format!("{page}/remove"), &format!("{page}/remove"), &[]);
        assert!(alice.follow(&removed).body.contains("Newer is removed."));
        assert_eq!(alice.get(page).status, 404);
    }

    fn a_form_that_cannot_be_saved_comes_back_whole(database: TestDatabase) {
        let scene = with_people(&database);
        let (web, _) = web(&config(&database), scene.now);
        let mut alice = Browser::signed_in(&web, "Alice", PASSWORD);
        let long = "x".repeat(201);
        for (page, field, value, said) in [
            ("/manage/add/site", "url", "nowhere", "Address &quot;nowhere&quot; has no scheme"),
            ("/manage/add/site", "slug", "shop", "is taken"),
            ("/manage/add/site", "name", long.as_str(), "cannot be a name"),
            ("/manage/add/site", "group", "gone", "Group is not there any more"),
            ("/manage/add/site", "attempts", "0", "is out of range"),
            ("/manage/add/site", "attempts", "many", "is not a whole number"),
            ("/manage/add/site", "timeout", "25s", "is out of range; use up to 20s"),
            ("/manage/add/site", "headers", "no colon", "is not a header"),
            ("/manage/add/site", "matches", "(", "is not a regular expression"),
            ("/manage/add/site", "ca_file", "ca.pem", "is not a whole path"),
            ("/manage/sites/shop", "interval", "1s", "is out of range"),
            ("/manage/sites/shop", "name", long.as_str(), "cannot be a name"),
            ("/manage/add/group", "name", " ", "cannot be a name"),
            ("/manage/groups/shops", "name", long.as_str(), "cannot be a name"),
            ("/manage/users", "name", "alice", "is taken"),
            ("/manage/users", "name", "Alice", "has a password already"),
            ("/outages/1/notes", "text", "", "is empty"),
        ] {
            let form = page.trim_end_matches("/notes");
            let mut fields = vec![("version", "1"), (field, value)];
            for (name, usual) in [("url", "http://typed.test/kept"), ("contains", "  kept as typed "), ("role", "admin")] {
                if name != field {
                    fields.push((name, usual));
                }
            }
            let reply = alice.submit(form, page, &fields);
            let body = reply.body.replace("&#x2F;", "/").replace("&#39;", "'");
            assert_eq!(reply.status, 422, "{page} {field}: {body}");
            assert!(body.contains(said) && body.contains("aria-invalid=\"true\""), "{page} {field}={value}: {body}");
            let focused = body.split("autofocus").next().unwrap().rsplit("<").next().unwrap().to_owned();
            assert!(body.matches("autofocus").count() == 1 && focused.contains(&format!("\"{field}\"")), "{focused}");
            if page.contains("site") {
                assert!(body.contains("  kept as typed "), "{body}");
                assert!(field == "url" || body.contains("http://typed.test/kept"), "{body}");
            }
        }
        assert_eq!(alice.get("/api/v1/sites").json()["items"].as_array().unwrap().len(), 3, "nothing was saved");
        let odd = alice.post("/manage/add/site", &[("csrf", "x"), ("url", "a\0b")]);
        assert_eq!(odd.status, 400);
    }

    fn the_second_of_two_editors_is_shown_both_versions_and_chooses(database: TestDatabase) {
        let mut scene = with_people(&database);
        let (web, _) = web(&config(&database), scene.now);
        let mut alice = Browser::signed_in(&web, "Alice", PASSWORD);
        let page = "/manage/sites/shop";
        let mine = [("version", "1"), ("url", "http://site.test/"), ("name", "Mine"), ("timeout", "4s"), ("group", "shops")];
        write(&mut scene.connection, |c| {
            let change = djamon_core::domain::site::SiteChange { name: Some("Theirs".into()), ..Default::default() };
            sites::edit(c, "shop", change, NOON)
        }).unwrap();
        let conflict = alice.submit(page, page, &mine);
        assert_eq!(conflict.status, 409);
        let body = &conflict.body;
        assert!(body.contains("Somebody else has saved this system meanwhile"), "{body}");
        for both in ["<td class=\"both\">Theirs</td><td class=\"both\">Mine</td>", "<td class=\"both\">–</td><td class=\"both\">4s</td>"] {
            assert!(body.contains(both), "{both}: {body}");
        }
        assert!(!body.contains("<th scope=\"row\">Address</th>"), "what is alike is not shown");
        assert!(body.contains("name=\"version\" value=\"2\"") && body.contains("value=\"Mine\""), "{body}");
        assert_eq!(sites::by_slug(&mut scene.connection, "shop").unwrap().name, "Theirs");
        let over = [("version", "2"), mine[1], mine[2], mine[3], mine[4]];
        let saved = alice.submit(page, page, &over);
        assert!(alice.follow(&saved).body.contains("Mine is saved."));

        // A wrong field meanwhile does not make the form one of the newer version.
        let wrong = [("version", "1"), mine[1], mine[2], ("timeout", "soon")];
        assert!(alice.submit(page, page, &wrong).body.contains("name=\"version\" value=\"1\""));

        let page = "/manage/groups/shops";
        write(&mut scene.connection, |c| {
            groups::edit(c, "shops", &GroupChange { name: Some("Theirs".into()), public: None })
        }).unwrap();
        let conflict = alice.submit(page, page, &[("version", "1"), ("name", "Mine"), ("public", "yes")]);
        assert!(conflict.status == 409 && conflict.body.contains("<td class=\"both\">Theirs</td><td class=\"both\">Mine</td>"), "{}", conflict.body);
        let saved = alice.submit(page, page, &[("version", "2"), ("name", "Mine"), ("public", "no")]);
        assert!(alice.follow(&saved).body.contains("Mine is saved."));
    }

    fn groups_are_added_and_removed_when_they_are_empty(database: TestDatabase) {
        let scene = with_people(&database);
        let (web, _) = web(&config(&database), scene.now);
        let mut alice = Browser::signed_in(&web, "Alice", PASSWORD);
        let added = alice.submit("/manage/add/group", "/manage/add/group", &[("name", "Night"), ("public", "no")]);
        assert!(alice.follow(&added).body.contains("Night is added."));
        let full = alice.get("/manage/groups/shops/remove").body;
        assert!(full.contains("<li>Shop</li>") && !full.contains("class=\"danger\""), "{full}");
        assert_eq!(alice.submit("/manage/groups", "/manage/groups/shops/remove", &[]).status, 409);
        let removed = alice.submit("/manage/groups/night/remove", "/manage/groups/night/remove", &[]);
        assert!(alice.follow(&removed).body.contains("Night is removed."));
    }

    fn people_are_invited_given_roles_and_disabled_but_an_admin_stays(database: TestDatabase) {
        let scene = with_people(&database);
        let (web, _) = web(&config(&database), scene.now);
        let mut alice = Browser::signed_in(&web, "Alice", PASSWORD);
        let mut bob = Browser::signed_in(&web, "Bob", PASSWORD);
        let page = "/manage/users";
        let invited = alice.submit(page, page, &[("name", "Zoe"), ("role", "viewer")]).body.replace("&#x2F;", "/");
        let (_, link) = invited.split_once("value=\"http://127.0.0.1:8000/invite?key=").unwrap();
        let link = format!("/invite?key={}", link.split('"').next().unwrap());
        assert_eq!(Browser::new(&web).get(&link).status, 200);
        assert!(!alice.get(page).body.contains("/invite?key="), "it is shown once");

        for path in ["/manage/users/1/role", "/manage/users/1/disable"] {
            let refused = alice.submit(page, path, &[("role", "viewer")]);
            assert!(refused.status == 409 && refused.body.contains("is the last admin who can sign in"), "{}", refused.body);
        }
        assert!(alice.get("/").body.contains("Sign out"));
        let made = alice.submit(page, "/manage/users/2/role", &[("role", "admin")]);
        assert!(alice.follow(&made).body.contains("Bob is admin now"));
        assert!(!bob.get("/").body.contains("Sign out"), "who may something else signs in anew");
        let mut bob = Browser::signed_in(&web, "Bob", PASSWORD);
        assert_eq!(bob.get("/manage/add/site").status, 200);
        assert_eq!(alice.submit(page, "/manage/users/2/role", &[("role", "king")]).status, 400);
        let off = alice.submit("/manage/users/2/disable", "/manage/users/2/disable", &[]);
        assert!(alice.follow(&off).body.contains("Bob can no longer sign in."));
        assert_eq!(bob.get("/manage/users").status, 303);
        assert_eq!(alice.submit(page, "/manage/users/2/link", &[]).status, 409, "no link for who is disabled");
        alice.submit(page, "/manage/users/2/enable", &[]);
        let link = alice.submit(page, "/manage/users/2/link", &[]).body;
        assert!(link.contains("A link for Bob") && Browser::new(&web).sign_in("Bob", PASSWORD).status == 303);
        assert_eq!(alice.submit(page, "/manage/users/99/enable", &[]).status, 404);
        assert_eq!(alice.submit(page, "/manage/users/x/enable", &[]).status, 404);
    }

    fn notes_are_for_members_and_for_outages_that_are_over_too(database: TestDatabase) {
        let mut scene = with_people(&database);
        scene.minutes(2, |_| good());
        let (web, _) = web(&config(&database), scene.now);
        let mut alice = Browser::signed_in(&web, "Alice", PASSWORD);
        let noted = alice.submit("/outages/1", "/outages/1/notes", &[("text", "<b>The cable</b>\r\nwas loose")]);
        let page = alice.follow(&noted).body;
        assert!(page.contains("&lt;b&gt;The cable") && page.contains("by Alice"), "{page}");
        assert!(Browser::signed_in(&web, "Bob", PASSWORD).get("/outages/1").body.contains("The cable"));
        assert!(!web.get("/outages/1").body.contains("The cable") && !web.get("/api/v1/outages/1").body.contains("cable"));
        assert_eq!(alice.submit("/outages/1", "/outages/9/notes", &[("text", "x")]).status, 404);
    }

    fn what_was_typed_is_tried_before_it_is_saved(database: TestDatabase) {
        let mut scene = Scene::new(database.connect(), NOON);
        add_people(&mut scene);
        let server = SiteServer::start();
        let (web, _) = web(&config(&database), scene.now);
        let mut alice = Browser::signed_in(&web, "Alice", PASSWORD);
        let form = "/manage/add/site";
        let url = server.url();
        let tried = alice.submit(form, form, &[("url", &url), ("name", "Kept"), ("action", "try")]);
        let body = tried.body.replace("&#x2F;", "/");
        assert!(tried.status == 200 && body.contains("A good answer, HTTP 200"), "{body}");
        assert!(body.contains("<dt>asked by</dt><dd>HEAD</dd>") && body.contains("<dt>first byte</dt>"), "{body}");
        assert!(body.contains("value=\"Kept\"") && body.contains(&format!("value=\"{url}\"")), "{body}");
        let bad = alice.submit(form, form, &[("url", &url), ("good_codes", "404"), ("action", "try")]).body;
        assert!(bad.contains("Bad status, HTTP 200") && bad.contains("Nothing is saved yet."), "{bad}");
        let dead = alice.submit(form, form, &[("url", "http://127.0.0.1:1/"), ("action", "try")]).body;
        assert!(dead.contains("No connection"), "{dead}");
        let wrong = alice.submit(form, form, &[("url", "http:"), ("action", "try")]);
        assert_eq!(wrong.status, 422);
        assert_eq!(alice.get("/api/v1/sites").json()["items"].as_array().unwrap().len(), 0);
    }
}

#[test]
fn private_addresses_are_not_tried_where_that_is_forbidden() {
    let database = TestDatabase::migrated(Backend::Sqlite);
    let scene = with_people(&database);
    let mut config = config(&database);
    config.check.deny_private = true;
    let (web, _) = web(&config, scene.now);
    let mut alice = Browser::signed_in(&web, "Alice", PASSWORD);
    let form = "/manage/add/site";
    for action in ["try", "save"] {
        let refused = alice.submit(form, form, &[("url", "http://127.0.0.1:1/"), ("action", action)]);
        assert!(refused.status == 422 && refused.body.contains("deny_private"), "{}", refused.body);
    }
    let led = alice.submit(form, form, &[("url", "http://localhost:1/"), ("action", "try")]).body;
    assert!(!led.contains("No connection"), "a name that leads there is not asked either: {led}");
}

#[test]
fn every_closed_address_is_closed_to_visitors_and_changes_to_viewers() {
    let database = TestDatabase::migrated(Backend::Sqlite);
    let scene = with_people(&database);
    let (web, _) = web(&config(&database), scene.now);
    let mut charlie = Browser::new(&web);
    charlie.get("/login");
    let mut bob = Browser::signed_in(&web, "Bob", PASSWORD);
    let mut alice = Browser::signed_in(&web, "Alice", PASSWORD);
    for path in CLOSED.iter().chain(&["/manage/users/2/disable"]) {
        let led = charlie.get(path);
        assert!(led.status == 303 && led.header("location").starts_with("/login?next="), "{path}");
        let alices = alice.get(path);
        assert_eq!(alices.status, if *path == "/manage" { 303 } else { 200 }, "{path}: {}", alices.body);
        let changes = ["/add/", "/remove", "/disable"].iter().any(|part| path.contains(part));
        let bobs = bob.get(path);
        assert_eq!(bobs.status, if changes { 403 } else { alices.status }, "{path}");
        assert!(!bobs.body.contains("class=\"danger\"") && !bobs.body.contains("Remove…"), "{path}");
    }
    let of_admins = ROUTES.iter().filter(|route| route.verb == Verb::Post && route.face == Face::Page);
    assert_eq!(
        of_admins.filter(|route| route.who == Who::Admins).count(),
        CHANGES.len(),
        "every change is asked"
    );
    for path in CHANGES {
        let over = charlie.submit("/login", path, &[]);
        assert!(over.status == 401 && over.body.contains("You are not signed in any more"), "{path}");
        let refused = bob.submit("/", path, &[]);
        assert!(
            refused.status == 403 && refused.body.contains("Viewers may only read"),
            "{path}: {}",
            refused.body
        );
    }
    assert_eq!(charlie.submit("/login", "/logout", &[]).status, 401);
    assert!(bob.get("/manage/sites/shop").body.contains("<fieldset class=\"plain\" disabled>"));
    let site = alice.get("/sites/shop").body;
    assert!(
        site.find("Edit this system") > site.find("Last looks"),
        "nothing of an admin's stands above the state"
    );
}

#[test]
fn the_list_of_systems_is_searched_and_paged() {
    let database = TestDatabase::migrated(Backend::Sqlite);
    let mut scene = Scene::new(database.connect(), NOON);
    add_people(&mut scene);
    let night = scene.group("Night", true);
    for n in 0..101 {
        scene.site(&format!("Machine {n:03}"), (n == 100).then_some(&night));
    }
    let (web, _) = web(&config(&database), scene.now);
    let mut bob = Browser::signed_in(&web, "Bob", PASSWORD);
    let first = bob.get("/manage/sites").body;
    assert!(first.contains("Machine 099") && !first.contains("Machine 100"));
    assert!(bob.get("/manage/sites?page=2").body.contains("Machine 100"));
    let found = bob.get("/manage/sites?q=MACHINE+night").body;
    assert!(found.contains("Machine 100") && found.contains("1 of 101"), "{found}");
    assert!(bob.get("/manage/sites?q=%3Cb%3E").body.contains("Nothing is called so."));
    assert_eq!(bob.get("/manage/sites?page=3").status, 404);
    assert_eq!(bob.get("/manage/sites?page=x").status, 400);
}
