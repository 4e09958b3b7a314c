//! The pages in Debian's Chromium: stories that tests/browser tells, each with a server of its own.

use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, OnceLock};

use djamon_core::domain::Outcome;
use djamon_core::password;
use djamon_core::store::users::{self, Role};
use djamon_core::store::{invites, write};
use djamon_tests::clock::{NOON, SetClock};
use djamon_tests::database::{Backend, TestDatabase};
use djamon_tests::scene::{Scene, failed, good, slow, status};
use djamon_tests::site_server::SiteServer;
use djamon_tests::web::{Web, config};

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("browser")
}

/// Installs what package-lock.json names, if that has not been done since it changed.
fn install() {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        let age =
            |name: &str| std::fs::metadata(directory().join(name)).and_then(|file| file.modified()).ok();
        if age("node_modules/.package-lock.json") >= age("package-lock.json") {
            return;
        }
        let npm =
            Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(directory()).output();
        let npm = npm.expect("npm: deploy/install-needs test installs it");
        assert!(npm.status.success(), "npm ci: {}", String::from_utf8_lossy(&npm.stderr));
    });
}

/// An outage that goes on, people, an invitation, a note, and a monitor that last ran a minute ago.
fn scene(database: &TestDatabase) -> Scene {
    let mut scene = Scene::new(database.connect(), NOON);
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
    let hash = password::hash("correct horse").unwrap();
    for (name, role) in [("Alice", Role::Admin), ("Bob", Role::Viewer)] {
        write(&mut scene.connection, |c| users::add(c, name, role, &hash, NOON)).unwrap();
    }
    write(&mut scene.connection, |c| invites::invite(c, "Cora", Role::Viewer, "the-key", scene.now)).unwrap();
    write(&mut scene.connection, |c| {
        djamon_core::store::notes::add(
            c,
            djamon_core::domain::OutageId(1),
            "Alice",
            "The cable.\nBob is on his way.",
            scene.now,
        )
    })
    .unwrap();
    scene
}

fn tell(story: &str) {
    install();
    let database = TestDatabase::migrated(Backend::Sqlite);
    let scene = scene(&database);
    let target = SiteServer::start();
    let clock = SetClock::default();
    clock.set(scene.now);
    let web = Web::start(&config(&database), Arc::new(clock)).unwrap();
    let mut node = Command::new("node");
    node.args(["stories.mjs", story, &format!("{}/", web.address()), &target.url()]).current_dir(directory());
    let told = node.output().expect("node: deploy/install-needs test installs it");
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(told.status.success(), "{}{}", said(&told.stdout), said(&told.stderr));
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
    editing_in_two_tabs
    everything_by_keyboard_alone
    everything_on_a_phone
    every_page_is_sound_in_the_light
    every_page_is_sound_in_the_dark
}
