//! What a run remembers of nothing being due: it is never believed too long, and it saves what it is meant to save.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use djamon_check::run::RunArgs;
use djamon_core::domain::site::SiteChange;
use djamon_core::domain::{Instant, LocationId, SiteOptions};
use djamon_core::store::due::{Selection, outlook};
use djamon_core::store::{AnyConnection, changes, idle, runs, sites, write};
use djamon_tests::clock::NOON;
use djamon_tests::database::{Backend, TestDatabase};
use djamon_tests::monitor::Monitor;
use djamon_tests::on_both;
use djamon_tests::scripted::add_site;
use djamon_tests::site_server::SiteServer;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

fn every(interval: &str) -> SiteOptions {
    SiteOptions { interval: Some(interval.parse().unwrap()), ..SiteOptions::default() }
}

fn here(connection: &mut AnyConnection) -> LocationId {
    runs::location(connection, "default").unwrap()
}

fn is_known(monitor: &Monitor) -> bool {
    let mut connection = monitor.connect();
    let here = here(&mut connection);
    idle::holds(&mut connection, here, monitor.app.now()).unwrap()
}

/// What happens to a monitor.
#[derive(Debug, Clone)]
enum Step {
    Pass(u64),
    ClockBack(u64),
    Run,
    RunOf(usize),
    Interval(usize, &'static str),
    Pause(usize, bool),
    Add,
    ByHand(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let site = 0..3usize;
    let step = prop_oneof![
        6 => (1u64..100).prop_map(|fives| Step::Pass(5 * fives)),
        1 => (1u64..200).prop_map(Step::ClockBack),
        8 => Just(Step::Run),
        1 => site.clone().prop_map(Step::RunOf),
        1 => (site.clone(), prop::sample::select(vec!["3m", "20m", "2h"])).prop_map(|(n, of)| Step::Interval(n, of)),
        1 => (site.clone(), any::<bool>()).prop_map(|(n, is)| Step::Pause(n, is)),
        1 => Just(Step::Add),
        1 => site.prop_map(Step::ByHand),
    ];
    prop::collection::vec(step, 40..80)
}

fn carry_out(monitor: &Monitor, server: &SiteServer, step: &Step) {
    let mut connection = monitor.connect();
    let mut edit = |slug: &str, change: SiteChange| {
        write(&mut connection, |connection| sites::edit(connection, slug, change, monitor.app.now()))
            .unwrap();
    };
    let slug = |n: &usize| format!("site-{n}");
    match step {
        Step::Pass(seconds) => monitor.clock.pass(Duration::from_secs(*seconds)),
        Step::ClockBack(minutes) => monitor
            .clock
            .set(Instant::from_ms(monitor.app.now().ms() - 60_000 * i64::try_from(*minutes).unwrap())),
        Step::Run => {
            let here = here(&mut connection);
            let due = outlook(&mut connection, &Selection::Due, here, monitor.app.now()).unwrap();
            let run = monitor.run();
            assert_eq!(
                run["sites"].as_u64().unwrap(),
                u64::from(due.counts.sites),
                "{:?}",
                monitor.app.now()
            );
        }
        Step::RunOf(n) => {
            let named = RunArgs { sites: vec![slug(n)], ..RunArgs::default() };
            monitor.run_with(&named).0.unwrap();
        }
        Step::Interval(n, interval) => {
            edit(&slug(n), SiteChange { options: Some(every(interval)), ..SiteChange::default() })
        }
        Step::Pause(n, is_paused) => {
            edit(&slug(n), SiteChange { paused: Some(*is_paused), ..SiteChange::default() })
        }
        Step::Add => {
            monitor.add("more", &server.url(), every("1h"));
        }
        Step::ByHand(n) => connection
            .batch_execute(&format!(
                "UPDATE sites SET paused_at = NULL, interval_ms = 180000 WHERE slug = '{}'",
                slug(n)
            ))
            .unwrap(),
    }
}

/// Whatever happens between, a run looks at exactly the sites that are due, as asked of each of them.
fn runs_look_at_what_is_due(backend: Backend, cases: u32) {
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let told = runner.run(&steps(), |steps| {
        let server = SiteServer::start();
        let monitor = Monitor::configured(TestDatabase::migrated(backend), &[], "");
        for (n, interval) in ["5m", "20m", "2h"].into_iter().enumerate() {
            monitor.add(&format!("site {n}"), &server.url(), every(interval));
        }
        steps.iter().for_each(|step| carry_out(&monitor, &server, step));
        Ok(())
    });
    told.unwrap();
}

#[test]
fn runs_look_at_what_is_due_on_sqlite() {
    runs_look_at_what_is_due(Backend::Sqlite, 16);
}

#[test]
fn runs_look_at_what_is_due_on_postgres() {
    runs_look_at_what_is_due(Backend::Postgres, 4);
}

on_both! {
    fn a_lost_row_of_what_is_watched_stops_no_run(database: TestDatabase) {
        let server = SiteServer::start();
        let monitor = Monitor::configured(database, &[], "");
        monitor.add("shop", &server.url(), every("5m"));
        (0..3).for_each(|_| { monitor.run(); });
        monitor.connect().batch_execute("DELETE FROM watch_list").unwrap();
        let looked: Vec<u64> = (0..4).map(|_| { assert!(!is_known(&monitor)); monitor.run()["sites"].as_u64().unwrap() }).collect();
        assert_eq!(looked, [0, 0, 1, 0]);
    }

    fn many_edits_of_one_transaction_are_as_good_as_one(database: TestDatabase) {
        let mut connection = database.connect();
        let before = idle::version(&mut connection).unwrap();
        let edits = (0..2000).map(|n| format!("INSERT INTO groups (slug, name, public, version, created_at) VALUES ('g{n}', 'G', TRUE, 1, 0);"));
        connection.batch_execute(&format!("BEGIN; {} COMMIT;", edits.collect::<String>())).unwrap();
        let between = idle::version(&mut connection).unwrap();
        assert!(between > before);
        connection.batch_execute("BEGIN; SAVEPOINT a; UPDATE groups SET name = 'A'; ROLLBACK TO a; UPDATE groups SET name = 'B'; COMMIT;").unwrap();
        assert!(idle::version(&mut connection).unwrap() > between);
    }

    fn a_run_that_finds_nothing_due_knows_until_when(database: TestDatabase) {
        let server = SiteServer::start();
        let monitor = Monitor::configured(database, &[], "");
        monitor.add("shop", &server.url(), every("5m"));
        let known: Vec<bool> = (0..7).map(|_| { let known = is_known(&monitor); monitor.run(); known }).collect();
        // The first run looks, the second finds nothing; in the sixth minute the slot comes.
        assert_eq!(known, [false, false, true, true, true, false, false]);
        let records = runs::newest(&mut monitor.connect(), 9).unwrap();
        assert_eq!(records.iter().map(|run| (run.state.name(), run.counts.sites)).collect::<Vec<_>>(),
            [("done", 0), ("done", 1), ("done", 0), ("done", 0), ("done", 0), ("done", 0), ("done", 1)]);
        assert!(records.iter().all(|run| run.finished_at.is_some()));
    }

    fn a_killed_run_is_marked_by_one_that_has_nothing_to_do(database: TestDatabase) {
        let server = SiteServer::start();
        let monitor = Monitor::configured(database, &[], "");
        monitor.add("shop", &server.url(), every("1h"));
        (0..2).for_each(|_| { monitor.run(); });
        let here = here(&mut monitor.connect());
        runs::begin(&mut monitor.connect(), here, monitor.app.now(), Duration::from_secs(60)).unwrap();
        assert!(!is_known(&monitor), "a run that may look has begun");
        monitor.run();
        assert!(is_known(&monitor));
        // As if it had been killed before it forgot anything.
        monitor.connect().batch_execute("UPDATE runs SET state = 'running', finished_at = NULL WHERE id = 2").unwrap();
        monitor.run();
        let states: Vec<_> = runs::newest(&mut monitor.connect(), 9).unwrap().iter().map(|run| run.state.name()).collect();
        assert_eq!(states, ["done", "done", "died", "died", "done"]);
    }

    fn every_edit_of_sites_and_groups_gives_what_is_watched_another_version(database: TestDatabase) {
        let mut connection = database.connect();
        let shop = add_site(&mut connection, "shop", NOON);
        let mut before = (idle::version(&mut connection).unwrap(), changes::sign(&mut connection).unwrap().plan);
        for edit in [
            "DELETE FROM watch_list",
            "INSERT INTO groups (slug, name, public, version, created_at) VALUES ('a', 'A', TRUE, 1, 0)",
            "UPDATE groups SET name = 'B'",
            "DELETE FROM groups",
            "UPDATE sites SET interval_ms = 1000",
            &format!("DELETE FROM sites WHERE id = {}", shop.id.0),
        ] {
            connection.batch_execute(edit).unwrap();
            let now = (idle::version(&mut connection).unwrap(), changes::sign(&mut connection).unwrap().plan);
            assert!(now.0 != before.0 && now.1 != before.1, "{edit}");
            before = now;
        }
    }
}
