//! A run that has more to do than a minute takes.

use std::time::Duration;

use djamon_core::clock::Stopwatch;
use djamon_core::domain::run::RunState;
use djamon_core::store::runs;
use djamon_tests::fault_server::FaultServer;
use djamon_tests::on_both;
use djamon_tests::place::Place;
use djamon_tests::running::Running;
use serde_json::Value;

/// One site after the other, and each takes HEAD and GET five seconds.
const SITES: u64 = 12;

on_both! {
    fn it_ends_in_time_accounts_for_every_site_and_keeps_nobody_from_the_database(database: TestDatabase) {
        let server = FaultServer::plain();
        let place = Place::with(&format!(
            "[database]\nurl = {:?}\n[check]\nsandbox_urls = []\nconcurrency = 1\n",
            database.url_text
        ));
        (0..SITES).for_each(|n| {
            place.done(&["site", "add", &server.url("/hang"), "--slug", &format!("hanging-{n}")]);
        });
        let watch = Stopwatch::start();
        let mut running = Running::start(&mut place.check(&["run", "--json"]));

        // 1. While it waits for a site, others write: no transaction is open. A second run goes at once.
        while server.asked().len() < 3 {
            assert!(watch.elapsed() < Duration::from_secs(40), "nobody was asked");
            std::thread::yield_now();
        }
        let before = server.asked().len();
        place.done(&["site", "add", &server.url("/ok"), "--slug", "late"]);
        assert_eq!(place.run(&["run"]).code, 75);
        assert!(!running.has_ended() && server.asked().len() < before + 2, "it waited for the run");

        // 2. It ends before the next minute. What it did not get to is skipped, with the reason, and nobody is down for it.
        let said = running.wait();
        let took = watch.elapsed();
        let run: Value = serde_json::from_str(&said.out).unwrap();
        assert!(said.code == 0 && (55..60).contains(&took.as_secs()), "{took:?} {said:?}");
        let (seen, skipped) = (run["failing"].as_u64().unwrap(), run["skipped"].as_u64().unwrap());
        assert!((4..=5).contains(&seen), "{run}");
        assert_eq!((seen + skipped, run["views"].as_array().unwrap().len() as u64), (SITES, seen), "{run}");
        assert_eq!(run["skipped_reason"], format!("{skipped} not reached within 55 s"), "{run}");
        let states: Vec<_> = runs::newest(&mut database.connect(), 9).unwrap().iter().map(|run| run.state).collect();
        assert_eq!(states, [RunState::Overlap, RunState::Done]);
    }
}
