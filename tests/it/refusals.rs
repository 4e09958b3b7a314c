//! What stands in a run's way: each is one clear line and its exit code, nothing stored is lost, and no site pays for it.

use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use djamon_core::domain::run::RunState;
use djamon_core::store::{AnyConnection, runs, views};
use djamon_tests::binary;
use djamon_tests::cluster;
use djamon_tests::database::{Backend, TestDatabase};
use djamon_tests::mount::Disk;
use djamon_tests::on_both;
use djamon_tests::place::{Place, Said};
use djamon_tests::running::Running;
use djamon_tests::site_server::SiteServer;
use serde_json::json;

/// A place whose database is this.
fn place_with(url: &str) -> Place {
    Place::with(&format!("[database]\nurl = {url:?}\n[check]\nsandbox_urls = []\n"))
}

/// A place whose SQLite file is in this directory.
fn place_on(directory: &Path) -> Place {
    place_with(&format!("sqlite://{}/djamon.db", directory.display()))
}

#[test]
fn a_misspelt_key_is_named_with_its_file_and_line() {
    let place = Place::with("[check]\nattemps = 3\n");
    let line = place.refused(2, &["run"]);
    assert!(
        line.contains("djamon.toml") && line.contains("line 2") || line.contains("djamon.toml:2"),
        "{line}"
    );
    assert!(line.contains("attemps") && line.contains("attempts"), "{line}");
}

#[test]
fn a_run_for_an_unknown_group_or_site_is_refused() {
    let place = Place::default();
    for (option, slug) in [("--group", "shop"), ("--site", "pay")] {
        let line = place.refused(2, &["run", option, slug]);
        assert!(line.contains(slug), "{line}");
    }
}

#[test]
fn a_file_that_is_no_database_is_left_alone() {
    let place = Place::default();
    place.write("djamon.db", "Dear diary, today nothing happened, and it took all day. Yours, me.\n");
    let line = place.refused(3, &["run"]);
    assert!(line.contains("file is not a database") && line.contains("[database] url"), "{line}");
    assert!(std::fs::read_to_string(place.path().join("djamon.db")).unwrap().starts_with("Dear diary"));
}

#[test]
fn a_directory_that_is_not_there_is_named() {
    let place = place_on(Path::new("/nowhere/at/all"));
    let line = place.refused(3, &["run"]);
    assert!(line.contains("/nowhere/at/all/djamon.db") && line.contains("directory exists"), "{line}");
}

#[test]
fn a_disk_that_cannot_be_written_stops_the_run_and_loses_nothing() {
    let (disk, site) = (Disk::of("8m"), SiteServer::start());
    let place = place_on(disk.path());
    place.done(&["site", "add", &site.url(), "--slug", "shop"]);
    place.done(&["run"]);
    disk.make_read_only();
    let line = place.refused(3, &["run"]);
    let told = format!("{}/djamon.db is on a disk that is mounted read-only", disk.path().display());
    assert!(line.contains(&told), "{line}");
}

#[test]
fn a_database_of_another_user_is_named_with_its_owner() {
    let place = Place::default();
    place.done(&["site", "add", "http://a.example/", "--slug", "shop"]);
    let program = place.path().join("djamon-check");
    std::fs::copy(binary::path("djamon-check"), &program).unwrap();
    let allow = |file: &str, mode: u32| {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
        std::fs::set_permissions(place.path().join(file), mode).unwrap();
    };
    for (file, mode) in [("", 0o755), ("djamon-check", 0o755), ("djamon.toml", 0o644), ("djamon.db", 0o644)] {
        allow(file, mode);
    }
    // Somebody else's program: only root can start it.
    let refused = |words: &[&str]| {
        let mut command = Command::new(&program);
        command.args(words).current_dir(place.path()).env_clear().uid(65534).gid(65534);
        Said::of(command.output().unwrap()).refusal(3)
    };
    let told = |file: &Path| {
        let file = file.display();
        format!(
            "the user nobody may not write {file}, which is root's; run this as root, or give it away by chown nobody {file}"
        )
    };
    let (directory, file) = (place.path(), place.path().join("djamon.db"));
    let line = refused(&["site", "pause", "shop"]);
    assert!(line.starts_with("cannot open the database ") && line.ends_with(&told(&file)), "{line}");
    // While another program has it open, it can be read, and is found closed only by whoever writes.
    let mut connection = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    connection.batch_execute("UPDATE sites SET version = version").unwrap();
    let line = refused(&["site", "pause", "shop"]);
    assert_eq!(line, format!("the database cannot be written: {}", told(&file)));
    drop(connection);
    allow("djamon.db", 0o666);
    let line = refused(&["site", "pause", "shop"]);
    assert!(line.ends_with(&told(directory)), "{line}");
}

#[test]
fn a_full_disk_stops_the_run_loses_nothing_and_invents_no_outage() {
    let (disk, site) = (Disk::of("3m"), SiteServer::start());
    let place = place_on(disk.path());
    place.done(&["site", "add", &site.url(), "--slug", "shop"]);
    place.done(&["run"]);

    // The site is down all the while, but nobody could write it down.
    disk.fill("ballast");
    site.answer(503);
    let mut refusals = 0;
    while refusals < 4 {
        // What room the database still has inside is used up first.
        let said = place.run(&["run"]);
        if said.code != 0 {
            let line = said.refusal(3);
            // SQLite has words of its own for a disk that has no room for its shared memory.
            assert!(
                line.contains("disk of the database is full") || line.contains("is its disk full"),
                "{line}"
            );
            refusals += 1;
        } else {
            site.answer(200);
        }
    }
    site.answer(503);
    std::fs::remove_file(disk.path().join("ballast")).unwrap();
    let run = place.json(&["run", "--json"]);
    assert_eq!((&run["failing"], &run["down"], &run["skipped"]), (&json!(1), &json!(0), &json!(0)), "{run}");
    assert_eq!(place.json(&["outages", "--json"]), json!([]));
    let path = disk.path().join("djamon.db");
    assert_eq!(integrity(&path), "ok");
}

fn integrity(path: &Path) -> String {
    use diesel::prelude::*;
    #[derive(QueryableByName)]
    struct Told {
        #[diesel(sql_type = diesel::sql_types::Text)]
        integrity_check: String,
    }
    let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    diesel::sql_query("PRAGMA integrity_check").get_result::<Told>(&mut connection).unwrap().integrity_check
}

#[test]
fn a_wrong_password_is_named_and_not_shown() {
    let database = TestDatabase::migrated(Backend::Postgres);
    let role = format!("{} PASSWORD 'correct horse'", cluster::WITH_PASSWORD);
    database.connect().batch_execute(&format!("CREATE ROLE {role} LOGIN SUPERUSER")).unwrap();
    let url = |password: &str| {
        database.url_text.replace("djamon@", &format!("{}:{password}@", cluster::WITH_PASSWORD))
    };
    assert_eq!(place_with(&url("correct%20horse")).done(&["run"]), "");
    let line = place_with(&url("battery-staple")).refused(3, &["run"]);
    assert!(line.contains("password authentication failed") && line.contains("[database] url"), "{line}");
    assert!(!line.contains("battery-staple"), "{line}");
}

#[test]
fn a_server_that_takes_no_changes_is_told_with_the_way_out() {
    let database = TestDatabase::migrated(Backend::Postgres);
    let set =
        "EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database())";
    database.connect().batch_execute(&format!("DO $$ BEGIN {set}; END $$")).unwrap();
    let line = place_with(&database.url_text).refused(3, &["group", "add", "Shops"]);
    assert!(line.contains("in a read-only transaction; name the server that takes changes"), "{line}");
}

#[test]
fn a_postgresql_that_is_away_is_asked_after() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let line = place_with(&format!("postgres://djamon@127.0.0.1:{port}/djamon")).refused(3, &["run"]);
    assert!(line.contains(&port.to_string()) && line.contains("is PostgreSQL running?"), "{line}");
}

on_both! {
    fn a_locked_database_is_tried_again_by_runs_and_by_whoever_gave_a_command(database: TestDatabase) {
        let site = SiteServer::start();
        let place = place_with(&database.url_text);
        place.done(&["site", "add", &site.url(), "--slug", "shop"]);
        locked(&mut database.connect());
        assert_eq!(
            place.refused(3, &["site", "pause", "shop"]),
            "the database is locked by another process; run the command again"
        );
        assert_eq!(
            place.refused(3, &["run"]),
            "the database is locked by another process; it is tried again in the next run"
        );
    }

    fn a_second_run_goes_at_once_without_a_word_and_leaves_a_note(database: TestDatabase) {
        // A site that takes the call and says nothing, for as long as the test wants.
        let site = TcpListener::bind("127.0.0.1:0").unwrap();
        let place = place_with(&database.url_text);
        place.done(&["site", "add", &format!("http://{}/", site.local_addr().unwrap()), "--slug", "mute"]);
        let first = Running::start(&mut place.check(&["run"]));
        let call = site.accept().unwrap();

        let second = place.run(&["run"]);
        assert_eq!((second.code, second.out.as_str(), second.err.as_str()), (75, "", ""));
        let line = place.refused(75, &["run", "-v"]);
        assert_eq!(line, "another run of location \"default\" is still going");
        let states = |database: &TestDatabase| -> Vec<RunState> {
            runs::newest(&mut database.connect(), 9).unwrap().iter().map(|run| run.state).collect()
        };
        assert_eq!(states(&database), [RunState::Overlap, RunState::Overlap, RunState::Running]);

        // Killed, it leaves neither a lock nor a view; the next run says what became of it.
        assert_eq!(first.kill(), None);
        drop((call, site));
        assert_eq!(views::last_id(&mut database.connect()).unwrap(), None);
        let mut last = place.run(&["run"]);
        while database.url_text.starts_with("postgres") && last.code == 75 {
            // PostgreSQL may not have noticed yet.
            last = place.run(&["run"]);
        }
        assert_eq!((last.code, last.out.as_str(), last.err.as_str()), (0, "", ""));
        let kept = states(&database);
        assert_eq!((kept[0], kept[kept.len() - 1]), (RunState::Done, RunState::Died));
    }
}

/// From now on the database says that it is locked whenever a site or a run is to be changed: waiting for it takes seconds.
fn locked(connection: &mut AnyConnection) {
    let function = "CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN RAISE EXCEPTION 'canceling statement due to lock timeout'; END $$;";
    let never = |table: &str| match *connection {
        AnyConnection::Sqlite(_) => format!(
            "CREATE TRIGGER never_{table} BEFORE UPDATE ON {table} BEGIN SELECT RAISE(ABORT, 'database is locked'); END;"
        ),
        AnyConnection::Postgres(_) => {
            format!("CREATE TRIGGER never BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION never();")
        }
    };
    let triggers = never("sites") + &never("runs");
    let sql = match connection {
        AnyConnection::Sqlite(_) => triggers,
        AnyConnection::Postgres(_) => format!("{function} {triggers}"),
    };
    connection.batch_execute(&sql).unwrap();
}
