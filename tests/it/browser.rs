//! The pages in Debian's Chromium: stories that tests/browser tells, each with a server of its own.

use std::sync::Arc;

use djamon_core::config::Config;
use djamon_core::domain::channel::NewChannel;
use djamon_core::domain::token::{NewToken, Scope};
use djamon_core::domain::{OutageId, Outcome};
use djamon_core::password;
use djamon_core::random;
use djamon_core::store::users::{self, Role};
use djamon_core::store::{channels, invites, notes, sessions, tokens, write};
use djamon_tests::chromium;
use djamon_tests::clock::{NOON, SetClock};
use djamon_tests::database::{Backend, TestDatabase};
use djamon_tests::hostile::PAYLOADS;
use djamon_tests::http_sink::{Answer, HttpSink};
use djamon_tests::nginx::Nginx;
use djamon_tests::scene::{Scene, Seen, failed, good, slow, status};
use djamon_tests::site_server::SiteServer;
use djamon_tests::web::{Web, config};

/// A server whose database a story may have changed.
struct Stage {
    database: TestDatabase,
    scene: Scene,
    clock: Arc<SetClock>,
    web: Web,
}

impl Stage {
    fn new(fill: impl FnOnce(&mut Scene), configure: impl FnOnce(&mut Config)) -> Self {
        let database = TestDatabase::migrated(Backend::Sqlite);
        let mut scene = Scene::new(database.connect(), NOON);
        fill(&mut scene);
        let hash = password::hash("correct horse").unwrap();
        for (name, role) in [("Alice", Role::Admin), ("Bob", Role::Viewer)] {
            write(&mut scene.connection, |c| users::add(c, name, role, &hash, NOON)).unwrap();
        }
        let clock = Arc::new(SetClock::default());
        clock.set(scene.now);
        let mut config = config(&database);
        config.alerts.key.0 = "a key of at least thirty-two letters".into();
        configure(&mut config);
        let web = Web::start(&config, clock.clone()).unwrap();
        Stage { database, scene, clock, web }
    }

    fn address(&self) -> String {
        format!("{}/", self.web.address())
    }

    fn move_database(&self, from: &str, to: &str) {
        let place = |name: &str, ending: &str| self.database.dir.path().join(format!("{name}{ending}"));
        for ending in ["", "-wal", "-shm"] {
            std::fs::rename(place(from, ending), place(to, ending)).unwrap();
        }
    }

    /// Some minutes pass, in which `see` is seen.
    fn minutes(&mut self, count: usize, see: impl FnMut(&str) -> Seen) {
        self.scene.minutes(count, see);
        self.clock.set(self.scene.now);
    }
}

/// An outage that goes on, an invitation, a note, a channel, a token, and a monitor that last ran a minute ago.
fn troubled(scene: &mut Scene) {
    let shops = scene.group("Shops", true);
    scene.site("Shop", Some(&shops));
    scene.site("Blog", Some(&shops));
    scene.site("Archive of everything that was ever sold, with a long name", None);
    scene.site("Database", None);
    scene.minutes(30, |slug| if slug == "blog" { slow() } else { good() });
    scene.minutes(6, |slug| match slug {
        "shop" => status(503, "the server answered 503 Service Unavailable"),
        "database" => failed(Outcome::Connect),
        _ => good(),
    });
    let now = scene.now;
    write(&mut scene.connection, |c| {
        invites::invite(c, "Cora", Role::Viewer, "the-key", now)?;
        notes::add(c, OutageId(1), "Alice", "The cable.\nBob is on his way.", now)?;
        channels::add(c, &channel("ops"), now)?;
        tokens::add(c, &token("laptop"), &random::token().unwrap(), now)
    })
    .unwrap();
}

fn channel(name: &str) -> NewChannel {
    let settings = r#"{"url":"https://ntfy.example"}"#.to_owned();
    NewChannel { name: name.into(), kind: "ntfy".into(), enabled: true, groups: Vec::new(), settings }
}

fn token(name: &str) -> NewToken {
    NewToken { name: name.into(), scope: Scope::Read, expires: None, created_by: None }
}

fn tell(story: &str) {
    let (stage, target) = (Stage::new(troubled, |_| {}), SiteServer::start());
    chromium::tell(story, &stage.address(), &[&target.url()], |word| match word {
        "lose the database" => stage.move_database("djamon.db", "away.db"),
        "find the database" => stage.move_database("away.db", "djamon.db"),
        other => panic!("{other}?"),
    });
}

macro_rules! stories {
    ($($story:ident)+) => {$(
        #[test]
        fn $story() {
            tell(stringify!($story));
        }
    )+};
}

stories! {
    signing_in_and_out
    adding_a_site_with_try_it_now
    adding_a_site_without_javascript
    everything_without_javascript
    editing_in_two_tabs
    charts_are_read_out_by_pointer_and_keyboard
    an_outage_is_taken_in_hand_and_noted
    a_token_is_made_copied_used_and_revoked
    everything_by_keyboard_alone
    every_control_is_reached_by_keyboard
    everything_on_a_phone
    names_are_whole_on_every_screen
    times_are_by_the_readers_own_clock
    on_paper_there_is_nothing_to_click_and_no_dark
    every_page_is_sound_in_the_light
    every_page_is_sound_in_the_dark
}

#[test]
fn an_outage_comes_and_goes_while_the_page_stays_open() {
    let calm = |scene: &mut Scene| {
        let shops = scene.group("Shops", true);
        scene.site("Blog", None);
        for n in 1..40 {
            scene.site(&format!("System {n}"), (n <= 5).then_some(&shops));
        }
        scene.minutes(30, |_| good());
    };
    let mut stage = Stage::new(calm, |_| {});
    let address = stage.address();
    chromium::tell("an_outage_comes_and_goes_while_the_page_stays_open", &address, &[], |word| {
        let is_bad = word == "fail";
        let see = |slug: &str| if is_bad && slug == "blog" { status(503, "503") } else { good() };
        stage.minutes(3, see);
    });
}

#[test]
fn a_channel_is_added_tried_and_removed() {
    let stage = Stage::new(troubled, |_| {});
    let sink = HttpSink::start([Answer::new(204)]);
    write(&mut stage.database.connect(), |c| channels::remove(c, "ops", NOON)).unwrap();
    chromium::tell("a_channel_is_added_tried_and_removed", &stage.address(), &[&sink.url()], |_| {});
    let targets: Vec<String> = sink.requests().into_iter().map(|request| request.target).collect();
    assert_eq!(targets, ["/hush"]);
}

#[test]
fn what_was_typed_outlives_the_session() {
    let stage = Stage::new(troubled, |_| {});
    chromium::tell("what_was_typed_outlives_the_session", &stage.address(), &[], |_| {
        let connection = &mut stage.database.connect();
        let alice = users::all(connection).unwrap().into_iter().find(|user| user.name == "Alice").unwrap();
        write(connection, |c| sessions::end_all(c, alice.id, None)).unwrap();
    });
}

/// What may be put into names, addresses, answers, certificates, notes, channels and tokens is in all of them.
fn hostile(scene: &mut Scene) {
    for text in PAYLOADS {
        let text = text.replace('\0', "\u{fffd}");
        let group = scene.group(&text, true);
        scene.site_at(
            &text,
            Some(&group),
            &format!("http://site.test/{0}?{0}", text.replace(' ', "%20")),
            true,
        );
    }
    scene.channels = PAYLOADS.map(Into::into).into();
    let mut at = 0;
    scene.minutes(4, |_| {
        at += 1;
        let text = PAYLOADS[at % PAYLOADS.len()];
        let outcomes = [Outcome::Tls, Outcome::Connect, Outcome::Dns, Outcome::Protocol];
        match at % 5 {
            4 => status(500, text),
            other => failed(outcomes[other]).saying(text),
        }
    });
    let now = scene.now;
    write(&mut scene.connection, |c| {
        for (n, text) in PAYLOADS.iter().map(|text| text.replace('\0', "\u{fffd}")).enumerate() {
            notes::add(c, OutageId(1), &text, &text, now)?;
            channels::add(c, &channel(&text), now)?;
            tokens::add(c, &token(&text), &random::token().unwrap(), now)?;
            invites::invite(c, &text, Role::Viewer, &format!("key-{n}"), now)?;
        }
        Ok(())
    })
    .unwrap();
}

#[test]
fn hostile_content_runs_nothing_anywhere() {
    let mut stage = Stage::new(hostile, |_| {});
    let led = HttpSink::start([
        Answer::new(302).header("Location", "/?<img src=x onerror=alert(1)>"),
        Answer::new(500),
    ]);
    let address = stage.address();
    chromium::tell("hostile_content_runs_nothing_anywhere", &address, &[&led.url()], |_| {
        for text in PAYLOADS.iter().filter(|text| !text.contains('\0')) {
            stage.scene.site(&format!("news-{text}"), None);
        }
        stage.minutes(3, |slug| if slug.starts_with("news") { status(500, PAYLOADS[4]) } else { good() });
    });
}

#[test]
fn everything_stays_under_the_path_of_a_proxy() {
    let mut stage = Stage::new(troubled, |config| {
        config.web.base_url = "http://127.0.0.1/status".into();
        config.web.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    });
    let (nginx, target) = (Nginx::before(stage.web.address(), "/status/"), SiteServer::start());
    let address = format!("{}status/", nginx.url());
    chromium::tell("everything_stays_under_the_path_of_a_proxy", &address, &[&target.url()], |_| {
        stage.minutes(3, |_| good());
    });
}
