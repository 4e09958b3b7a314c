//! `djamon-check run --every`: what containers start and stop.

use diesel::connection::SimpleConnection;
use djamon_core::domain::run::RunState;
use djamon_core::store::{AnyConnection, runs};
use djamon_tests::on_both;
use djamon_tests::place::Place;
use djamon_tests::running::Running;
use djamon_tests::site_server::SiteServer;
use serde_json::Value;

fn next(running: &Running) -> Value {
    serde_json::from_str(&running.line()).unwrap()
}

on_both! {
    fn it_goes_on_when_a_round_fails_and_stops_when_it_is_told(database: TestDatabase) {
        let site = SiteServer::start();
        let place = Place::with(&format!("[database]\nurl = {:?}\n[check]\nsandbox_urls = []\n", database.url_text));
        place.done(&["site", "add", &site.url(), "--slug", "shop"]);
        let running = Running::start(&mut place.check(&["run", "--every", "1s", "--json"]));
        let mut connection = database.connect();

        // 1. One object a round.
        let (first, second) = (next(&running), next(&running));
        assert_eq!((first["run_id"].as_i64(), second["run_id"].as_i64()), (Some(1), Some(2)));
        assert_eq!((&first["sites"], &first["up"], &first["views"][0]["site"]), (&1.into(), &1.into(), &"shop".into()));

        // 2. Somebody holds the database for longer than a round waits. The round says so; the site is none the worse.
        connection.batch_execute(match connection {
            AnyConnection::Sqlite(_) => "BEGIN EXCLUSIVE",
            AnyConnection::Postgres(_) => "BEGIN; LOCK TABLE runs",
        }).unwrap();
        let complaint = running.complaint();
        assert!(complaint.contains("the database is locked by another process"), "{complaint}");
        connection.batch_execute("ROLLBACK").unwrap();
        let before: Vec<Value> = std::iter::repeat_with(|| next(&running)).take(3).collect();
        assert!(before.iter().all(|run| run["up"] == 1 && run["failing"] == 0), "{before:?}");

        // 3. Told to stop, it does, and leaves nothing half done.
        let said = running.end("TERM");
        assert_eq!(said.code, 0, "{said:?}");
        let printed: Vec<Value> = said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(printed.iter().all(|run| run["up"] == 1), "{printed:?}");
        let kept = runs::newest(&mut connection, 100).unwrap();
        assert!(kept.iter().all(|run| matches!(run.state, RunState::Done | RunState::Died)), "{kept:?}");
        assert_eq!(kept[0].state, RunState::Done);
        assert_eq!(place.run(&["run"]).code, 0, "the lock is free");
    }
}
