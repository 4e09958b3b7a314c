//! A disk that runs full: the reserve beside the database carries outages and alerts through, and is taken again.

use std::sync::Arc;

use djamon_core::password;
use djamon_core::store::backend::migrate::open_or_create;
use djamon_core::store::users::{self, Role};
use djamon_core::store::{DatabaseUrl, write};
use djamon_tests::browser::Browser;
use djamon_tests::clock::{NOON, SetClock};
use djamon_tests::database::{Backend, TestDatabase};
use djamon_tests::mount::Disk;
use djamon_tests::place::Place;
use djamon_tests::scene::{Scene, good};
use djamon_tests::site_server::SiteServer;
use djamon_tests::web::{Web, config};
use serde_json::json;

#[test]
fn on_a_full_disk_checks_go_on_and_alerts_leave_and_it_recovers_by_itself() {
    let (disk, site) = (Disk::of("100m"), SiteServer::start());
    let url = format!("sqlite://{}/djamon.db", disk.path().display());
    let place = Place::with(&format!(
        "[database]\nurl = {url:?}\n[check]\nsandbox_urls = []\n[history]\ntime_zone = \"UTC\"\n\
         [email]\nfrom = \"djamon@example.org\"\nto = [\"ops@example.org\"]\nfile_dir = \"mail\"\n"
    ));
    let reserve = disk.path().join("djamon.db.reserve");
    place.done(&["site", "add", &site.url(), "--slug", "shop"]);
    place.done(&["run"]);
    place.done(&["run"]);
    assert_eq!(reserve.metadata().unwrap().len(), 16 << 20, "taken while there is room");
    assert_eq!(mails(&place).len(), 1, "told of before it is full, once");
    assert!(mails(&place)[0].contains("Subject: DISK LOW: Djamon's database on "), "{:?}", mails(&place));
    let found = place.json(&["doctor", "--json"]);
    let disk_line = found.as_array().unwrap().iter().find(|line| line["what"] == "disk").unwrap();
    assert_eq!(disk_line["level"], "warn", "a disk of 100 MB is told of before it is full: {found:#}");

    // 1. Full to the last byte while the site goes down: the first run gives the reserve up, and says so once on stderr and
    //    once to the channels.
    disk.fill("ballast");
    site.answer(503);
    let first = place.run(&["run"]);
    assert_eq!(first.code, 0, "{first:?}");
    assert!(
        first.err.contains("its reserve is being used up now") && first.err.lines().count() == 1,
        "{first:?}"
    );
    assert!(!reserve.exists());
    place.done(&["run"]);
    place.done(&["run"]);
    let open = place.json(&["outages", "--open", "--json"]);
    assert_eq!((open.as_array().unwrap().len(), &open[0]["sites"][0]["slug"]), (1, &json!("shop")));
    let told = mails(&place);
    let of = |subject: &str| told.iter().filter(|mail| mail.contains(subject)).count();
    let (down, full) = ("Subject: DOWN", "Subject: DISK FULL: Djamon's database on ");
    assert_eq!((told.len(), of(down), of(full)), (3, 1, 1), "{told:#?}");
    let full = told.iter().find(|mail| mail.contains(full)).unwrap();
    assert!(full.contains("/djamon.db") && full.contains("X-Djamon-Event: storage"), "{full}");

    // 2. Room again: everything is whole, the outage ends, and the reserve is taken again.
    std::fs::remove_file(disk.path().join("ballast")).unwrap();
    site.answer(200);
    place.done(&["run"]);
    place.done(&["run"]);
    assert_eq!(place.json(&["outages", "--open", "--json"]), json!([]));
    assert_eq!(reserve.metadata().unwrap().len(), 16 << 20);
    let found = place.json(&["doctor", "--json"]);
    let integrity = found.as_array().unwrap().iter().find(|line| line["what"] == "integrity").unwrap();
    assert_eq!(integrity["level"], "ok", "{found:#}");
}

/// All mails that have left.
fn mails(place: &Place) -> Vec<String> {
    let mails = std::fs::read_dir(place.path().join("mail")).unwrap().flatten();
    mails.map(|mail| std::fs::read_to_string(mail.path()).unwrap()).collect()
}

#[test]
fn members_read_on_the_dashboard_that_the_disk_is_nearly_full_and_visitors_do_not() {
    let word = "disk is nearly full: ";
    for (size, is_told) in [("100m", true), ("1200m", false)] {
        let disk = Disk::of(size);
        let mut database = TestDatabase::migrated(Backend::Sqlite);
        let file = disk.path().join("djamon.db");
        std::fs::copy(database.dir.path().join("djamon.db"), &file).unwrap();
        database.url_text = format!("sqlite://{}", file.display());
        let mut scene = Scene::new(open_or_create(&DatabaseUrl::Sqlite(file)).unwrap(), NOON);
        scene.site("Shop", None);
        scene.minute(|_| good());
        let hash = password::hash("correct horse").unwrap();
        write(&mut scene.connection, |c| users::add(c, "Bob", Role::Viewer, &hash, NOON)).unwrap();
        let clock = Arc::new(SetClock::default());
        clock.set(scene.now);
        let web = Web::start(&config(&database), clock).unwrap();
        let bob = Browser::signed_in(&web, "Bob", "correct horse").get("/").body;
        assert_eq!(bob.contains(word), is_told, "{size}: {bob}");
        assert!(!is_told || bob.contains(" MiB are free, 1024 should be."), "{bob}");
        assert!(!web.get("/").body.contains(word), "{size}: the disk is nobody else's affair");
    }
}
