//! Signing in and out: the form, the session, its cookie; who is kept waiting, and who is not let in.

use djamon_core::password;
use djamon_core::store::users::{self, Role};
use djamon_core::store::{invites, write};
use djamon_tests::browser::{Browser, token};
use djamon_tests::on_both;
use djamon_tests::web::config;

use super::*;

pub const PASSWORD: &str = "correct horse";

/// A database with Alice, who may change everything, and Bob, who may read.
pub fn with_people(database: &TestDatabase) -> Scene {
    let mut scene = outage(database);
    add_people(&mut scene);
    scene
}

pub fn add_people(scene: &mut Scene) {
    let hash = password::hash(PASSWORD).unwrap();
    for (name, role) in [("Alice", Role::Admin), ("Bob", Role::Viewer)] {
        write(&mut scene.connection, |c| users::add(c, name, role, &hash, NOON)).unwrap();
    }
}

fn is_signed_in(browser: &mut Browser) -> bool {
    browser.get("/").body.contains("Sign out")
}

on_both! {
    fn people_sign_in_see_private_things_and_sign_out(database: TestDatabase) {
        let scene = with_people(&database);
        let (web, _) = web(&config(&database), scene.now);
        let mut alice = Browser::new(&web);
        assert!(!alice.get("/sites/shop").body.contains("site.test"));
        let welcome = alice.sign_in(" aLICE ", PASSWORD);
        assert_eq!((welcome.status, welcome.header("location")), (303, "/"));
        let page = alice.get("/sites/shop");
        assert!(page.body.contains("site.test") && page.body.contains("hush: answered 503"), "{}", page.body);
        assert_eq!(page.header("cache-control"), "no-store");
        assert_eq!(alice.get("/api/v1/sites/shop").json()["url"], "http://site.test/");
        let before = alice.cookies().clone();
        let goodbye = alice.submit("/", "/logout", &[]);
        assert_eq!((goodbye.status, goodbye.header("location")), (303, "/"));
        assert!(!is_signed_in(&mut alice));
        for (name, value) in before {
            alice.plant(&name, &value);
        }
        assert!(!is_signed_in(&mut alice), "a cookie that was kept opens nothing after signing out");
    }

    fn wrong_names_and_passwords_get_one_answer(database: TestDatabase) {
        let mut scene = with_people(&database);
        write(&mut scene.connection, |c| invites::invite(c, "Zoe", Role::Viewer, "key", NOON)).unwrap();
        write(&mut scene.connection, |c| users::disable(c, "Bob", NOON)).unwrap();
        let (web, _) = web(&config(&database), scene.now);
        for (name, password) in [
            ("Alice", "wrong horse"), ("Nobody", PASSWORD), ("Bob", PASSWORD), ("Zoe", ""), ("", ""),
            ("Alice", &"x".repeat(100_000)),
        ] {
            let reply = Browser::new(&web).sign_in(name, password);
            assert_eq!(reply.status, 422, "{name}");
            assert!(reply.body.contains("Name or password is wrong."), "{}", reply.body);
            assert!(reply.body.contains(&format!("value=\"{name}\"")), "the name stays");
            assert!(!reply.headers.iter().any(|(_, value)| value.contains("djamon-session")), "{name}");
        }
    }

    fn a_network_that_fails_waits_longer_and_longer_and_the_owner_elsewhere_does_not(database: TestDatabase) {
        let scene = with_people(&database);
        let (web, clock) = web(&config(&database), scene.now);
        let mut known = Browser::at(&web, "127.0.9.5");
        assert_eq!(known.sign_in("Alice", PASSWORD).status, 303);
        known.submit("/", "/logout", &[]);
        let mut stranger = Browser::at(&web, "127.0.9.7");
        for _ in 0..5 {
            assert_eq!(stranger.sign_in("alice", "a guess").status, 422);
        }
        let refused = stranger.sign_in("alice", PASSWORD);
        assert_eq!((refused.status, refused.header("retry-after")), (429, "5"), "even the right one is not looked at");
        assert!(refused.body.contains("Too many attempts have failed. Try again in 5 s."), "{}", refused.body);
        let mut neighbour = Browser::at(&web, "127.0.9.99");
        assert_eq!(neighbour.sign_in("alice", "a guess").status, 429, "the network counts, not the address");
        let mut elsewhere = Browser::at(&web, "127.0.8.1");
        assert_eq!(elsewhere.sign_in("Alice", PASSWORD).status, 303, "another network does not wait");
        assert_eq!(known.sign_in("Alice", PASSWORD).status, 303, "nor a device that is known, in the same network");

        clock.pass(Duration::from_secs(5));
        assert_eq!(stranger.sign_in("alice", "a guess").status, 422);
        assert_eq!(stranger.sign_in("alice", "a guess").header("retry-after"), "10");
        clock.pass(Duration::from_secs(10));
        assert_eq!(stranger.sign_in("alice", PASSWORD).status, 303);
    }

    fn sessions_end_by_idling_in_time_and_by_what_is_done_to_their_person(database: TestDatabase) {
        let mut scene = with_people(&database);
        let mut config = config(&database);
        (config.web.session_idle, config.web.session_max) = (minutes(60), minutes(100));
        let (web, clock) = web(&config, scene.now);
        let mut alice = Browser::signed_in(&web, "Alice", PASSWORD);
        clock.pass(minutes(59));
        assert!(is_signed_in(&mut alice));
        clock.pass(minutes(40));
        assert!(is_signed_in(&mut alice), "it was seen 40 minutes ago");
        clock.pass(minutes(1));
        assert!(!is_signed_in(&mut alice), "its whole time is over");

        let mut idle = Browser::signed_in(&web, "Alice", PASSWORD);
        clock.pass(minutes(60));
        assert!(!is_signed_in(&mut idle));

        let mut bob = Browser::signed_in(&web, "Bob", PASSWORD);
        write(&mut scene.connection, |c| users::disable(c, "Bob", NOON)).unwrap();
        assert!(!is_signed_in(&mut bob));
    }

    fn the_key_of_a_session_changes_at_sign_in_and_with_the_password(database: TestDatabase) {
        let scene = with_people(&database);
        let (web, _) = web(&config(&database), scene.now);
        let mut other = Browser::signed_in(&web, "Alice", PASSWORD);
        let mut alice = Browser::signed_in(&web, "Alice", PASSWORD);
        let planted = alice.cookies()["djamon-session"].clone();
        alice.submit("/", "/logout", &[]);
        alice.plant("djamon-session", &planted);
        alice.sign_in("Alice", PASSWORD);
        let first = alice.cookies()["djamon-session"].clone();
        assert_ne!(first, planted, "what was planted before signing in is not used on");
        let mut thief = Browser::new(&web);
        thief.plant("djamon-session", &planted);
        assert!(!is_signed_in(&mut thief));

        let change = |browser: &mut Browser, current: &str, new: &str, again: &str| {
            let fields = [("current", current), ("password", new), ("again", again)];
            browser.submit("/manage/account", "/manage/account/password", &fields)
        };
        for (current, new, again, said) in [
            ("wrong horse", "battery staple", "battery staple", "Your password now is not your password."),
            (PASSWORD, "short", "short", "New password is too short"),
            (PASSWORD, "battery staple", "battery stable", "The same again is not the same as above"),
        ] {
            let refused = change(&mut alice, current, new, again);
            assert!(refused.status == 422 && refused.body.contains(said), "{}", refused.body);
        }
        let changed = change(&mut alice, PASSWORD, "battery staple", "battery staple");
        assert!(alice.follow(&changed).body.contains("Your password is changed."));
        assert!(is_signed_in(&mut alice) && !is_signed_in(&mut other));
        assert_ne!(alice.cookies()["djamon-session"], first);
        assert_eq!(Browser::new(&web).sign_in("Alice", PASSWORD).status, 422);
        assert_eq!(Browser::new(&web).sign_in("Alice", "battery staple").status, 303);
    }

    fn people_see_where_they_are_signed_in_and_end_it(database: TestDatabase) {
        let scene = with_people(&database);
        let (web, _) = web(&config(&database), scene.now);
        let mut phone = Browser::new(&web);
        phone.headers.push(("user-agent".into(), "A phone <b>".into()));
        phone.sign_in("Alice", PASSWORD);
        let mut alice = Browser::signed_in(&web, "Alice", PASSWORD);
        let page = alice.get("/manage/account").body;
        assert!(page.contains("A phone &lt;b&gt;") && page.matches("name=\"session\"").count() == 2, "{page}");
        let ids: Vec<&str> = page.split("name=\"session\" value=\"").skip(1).map(|rest| &rest[..64]).collect();
        let phones = phone.get("/manage/account").body;
        let (_, rest) = phones.split_once("this one").unwrap();
        let (_, rest) = rest.split_once("name=\"session\" value=\"").unwrap();
        let its_id = &rest[..64];
        assert!(ids.contains(&its_id));
        let ended = alice.submit("/manage/account", "/manage/account/sessions", &[("session", its_id)]);
        assert!(alice.follow(&ended).body.contains("That session has ended."));
        assert!(!is_signed_in(&mut phone) && is_signed_in(&mut alice));
        let mut bob = Browser::signed_in(&web, "Bob", PASSWORD);
        let mine = ids.iter().find(|id| **id != its_id).unwrap();
        assert_eq!(bob.submit("/manage/account", "/manage/account/sessions", &[("session", mine)]).status, 404);
        let mut second = Browser::signed_in(&web, "Bob", PASSWORD);
        bob.submit("/manage/account", "/manage/account/sessions", &[]);
        assert!(is_signed_in(&mut bob) && !is_signed_in(&mut second) && is_signed_in(&mut alice));
    }

    fn an_invitation_gives_its_person_a_password_once(database: TestDatabase) {
        let mut scene = with_people(&database);
        write(&mut scene.connection, |c| invites::invite(c, "Zoe", Role::Admin, "the-key", scene.now)).unwrap();
        let (web, clock) = web(&config(&database), scene.now);
        let mut zoe = Browser::new(&web);
        for _ in 0..2 {
            let page = zoe.get("/invite?key=the-key");
            assert!(page.status == 200 && page.body.contains("Welcome, Zoe"), "looking does not use it up");
        }
        let send = |browser: &mut Browser, again: &str| {
            let fields = [("key", "the-key"), ("password", "battery staple"), ("again", again)];
            browser.submit("/invite?key=the-key", "/invite", &fields)
        };
        assert!(send(&mut zoe, "battery").body.contains("is not the same as above"));
        let set = send(&mut zoe, "battery staple");
        assert!(zoe.follow(&set).body.contains("Your password is set and you are signed in."));
        assert_eq!(zoe.get("/manage/add/site").status, 200);
        let mut late = Browser::new(&web);
        late.get("/login");
        let gone = late.get("/invite?key=the-key");
        assert!(gone.status == 404 && gone.body.contains("This link opens nothing any more"), "{}", gone.body);
        assert_eq!(late.get("/invite").status, 404);
        assert_eq!(Browser::new(&web).sign_in("zoe", "battery staple").status, 303);

        write(&mut scene.connection, |c| invites::reset(c, "Zoe", "another", scene.now)).unwrap();
        clock.pass(minutes(24 * 60));
        assert_eq!(late.get("/invite?key=another").status, 404, "a day is over");
    }
}

#[test]
fn an_unknown_name_takes_as_long_as_a_wrong_password() {
    let database = TestDatabase::migrated(Backend::Sqlite);
    let scene = with_people(&database);
    let (web, clock) = web(&config(&database), scene.now);
    let took = |name: &str| {
        let mut browser = Browser::new(&web);
        browser.get("/login");
        let token = token(&browser.get("/login").body);
        let mut all: Vec<Duration> = (0..7)
            .map(|_| {
                clock.pass(minutes(60 * 24));
                let watch = djamon_core::clock::Stopwatch::start();
                browser.post("/login", &[("csrf", &token), ("name", name), ("password", "a guess")]);
                watch.elapsed()
            })
            .collect();
        all.sort();
        all[1]
    };
    let (known, unknown) = (took("Alice"), took("Nobody"));
    assert!(unknown * 2 > known && known * 2 > unknown, "{known:?} and {unknown:?}");
}

#[test]
fn a_session_key_that_cannot_be_had_is_refused_with_the_reason() {
    let database = TestDatabase::migrated(Backend::Sqlite);
    let mut config = config(&database);
    config.web.state_dir = Some("/nowhere".into());
    let refused = Web::start(&config, Arc::new(SetClock::default())).err().unwrap();
    assert_eq!(refused.exit_code(), 3);
    assert!(refused.to_string().starts_with("cannot make the session key /nowhere/session.key"), "{refused}");
    config.web.state_dir = None;
    config.database.url.0 = TestDatabase::migrated(Backend::Postgres).url_text.clone();
    let refused = Web::start(&config, Arc::new(SetClock::default())).err().unwrap();
    assert!(refused.to_string().contains("set [web] state_dir"), "{refused}");
}

#[test]
fn sessions_outlive_a_restart_with_the_same_key_and_not_with_another() {
    let database = TestDatabase::migrated(Backend::Sqlite);
    let scene = with_people(&database);
    let mut config = config(&database);
    let jar = {
        let (web, _) = web(&config, scene.now);
        Browser::signed_in(&web, "Alice", PASSWORD).cookies().clone()
    };
    let is_known = |config: &Config| {
        let (web, _) = web(config, scene.now);
        let mut browser = Browser::new(&web);
        jar.iter().for_each(|(name, value)| browser.plant(name, value));
        is_signed_in(&mut browser)
    };
    assert!(is_known(&config));
    config.web.secret_key.0 = "another key, which is long enough".into();
    assert!(!is_known(&config));
}
