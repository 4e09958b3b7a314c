//! Services that answer in every way: what becomes of an alert, whole, on both databases.

use std::sync::mpsc::channel;
use std::time::Duration;

use djamon_check::app::Exit;
use djamon_check::run::RunArgs;
use djamon_core::clock::Stopwatch;
use djamon_tests::database::TestDatabase;
use djamon_tests::http_sink::{Answer, HttpSink};
use djamon_tests::monitor::Monitor;
use djamon_tests::on_both;
use djamon_tests::place::Place;
use djamon_tests::site_server::SiteServer;
use serde_json::{Value, json};

/// A monitor whose only site is down, and nobody has been told yet.
fn monitor(database: TestDatabase) -> (Monitor, SiteServer) {
    let server = SiteServer::start();
    server.answer(503);
    let monitor = Monitor::configured(database, &[], "attempts = 1");
    monitor.add("shop", &server.url(), Default::default());
    (monitor, server)
}

/// Adds a channel; `secrets` are handed over by files.
fn add(monitor: &Monitor, name: &str, kind: &str, keys: &[String], secrets: &[(&str, &str)]) {
    let mut words = vec!["channel".to_owned(), "add".into(), name.into(), kind.into()];
    words.extend_from_slice(keys);
    for (key, secret) in secrets {
        let file = monitor.database.dir.path().join(format!("{name}-{key}"));
        std::fs::write(&file, secret).unwrap();
        words.push(format!("{key}_file={}", file.display()));
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    monitor.said(&words).0.unwrap();
}

/// How the alert of this channel stands, when it is tried next, and why it did not leave.
fn stands(monitor: &Monitor, channel: &str) -> (String, Value, String) {
    let said = monitor.said(&["alerts", "list", "--json", "--channel", channel]).1;
    let alert: Value = serde_json::from_str::<Vec<Value>>(&said).unwrap().remove(0);
    let text = |key: &str| alert[key].as_str().unwrap_or_default().to_owned();
    (text("state"), alert["next_try_at"].clone(), text("last_error"))
}

on_both! {
    fn what_a_webhook_answers_decides_when_it_is_told_again(database: TestDatabase) {
        let (monitor, _server) = monitor(database);
        let inner = HttpSink::start([Answer::new(200)]);
        let hooks = [
            ("busy", Answer::new(429).header("Retry-After", 1200)),
            ("broken", Answer::new(500)),
            ("moved", Answer::new(302).header("Location", inner.url())),
            ("talkative", Answer::new(200).body("x".repeat(10_000_000))),
            ("talkative refusal", Answer::new(404).body("x".repeat(10_000_000))),
        ];
        let hooks = hooks.map(|(name, answer)| (name, HttpSink::start([answer])));
        for (name, sink) in &hooks {
            add(&monitor, name, "webhook", &[], &[("url", &sink.url())]);
        }
        assert_eq!(monitor.run()["alerts"], json!({"sent": 1, "pending": 2, "failed": 2}));
        let state = |name: &str| { let (state, next, _) = stands(&monitor, name); (state, next) };
        assert_eq!(state("busy"), ("retry".into(), json!("2026-11-23T12:20:00.000Z")));
        assert_eq!(state("broken"), ("retry".into(), json!("2026-11-23T12:01:00.000Z")));
        assert_eq!(state("moved"), ("parked".into(), Value::Null));
        assert_eq!(state("talkative"), ("sent".into(), Value::Null));
        assert_eq!(state("talkative refusal"), ("parked".into(), Value::Null));
        assert!(stands(&monitor, "talkative refusal").2.len() < 400, "its words are cut");
        assert!(stands(&monitor, "moved").2.contains(&format!("redirects to {} (302)", inner.url())));
        assert_eq!(inner.requests(), [], "no redirect is followed into somebody's own network");
        assert!(hooks.iter().all(|(_, sink)| sink.requests().len() == 1));

        // The next runs ask who is to be asked.
        (0..20).for_each(|_| drop(monitor.run()));
        let asked = hooks.iter().map(|(name, sink)| (*name, sink.requests().len())).collect::<Vec<_>>();
        assert_eq!(asked, [("busy", 2), ("broken", 5), ("moved", 1), ("talkative", 1), ("talkative refusal", 1)]);
        let keys: Vec<_> = hooks[1].1.requests().iter().map(|told| told.header("webhook-id").unwrap().to_owned()).collect();
        assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    }

    fn what_x_answers_decides_whether_a_post_is_sent(database: TestDatabase) {
        let (monitor, _server) = monitor(database);
        let accounts = [
            ("late", Answer::new(401).header("Date", "Mon, 23 Nov 2026 12:10:20 GMT")),
            ("twice", Answer::new(403).body(r#"{"detail":"You are not allowed to create a Tweet with duplicate content."}"#)),
            // Noon and a quarter of an hour.
            ("busy", Answer::new(429).header("x-rate-limit-reset", 1_795_435_200 + 900)),
        ];
        let accounts = accounts.map(|(name, answer)| (name, HttpSink::start([answer])));
        for (name, sink) in &accounts {
            let secrets = ["consumer_key", "consumer_secret", "oauth_token", "oauth_secret"].map(|key| (key, "abcdefgh"));
            add(&monitor, name, "twitter", &[format!("api_url={}", sink.url())], &secrets);
        }
        assert_eq!(monitor.run()["alerts"], json!({"sent": 1, "pending": 1, "failed": 1}));
        let (state, _, error) = stands(&monitor, "late");
        assert_eq!(state, "parked");
        assert!(error.contains("most likely because this machine's clock is 10 minutes and 20 seconds off; set it"), "{error}");
        assert_eq!(stands(&monitor, "twice"), ("sent".into(), Value::Null, String::new()));
        assert_eq!(stands(&monitor, "busy").1, json!("2026-11-23T12:15:00.000Z"));
    }

    fn whatever_a_channel_is_called_and_wherever_the_configuration_comes_from_programs_are_told(database: TestDatabase) {
        let hook = HttpSink::judging(|_| Answer::new(204));
        let site = SiteServer::start();
        let lines = "[check]\nsandbox_urls = []\nattempts = 1\nrecover_after = 1\noutage_scope = \"group\"\n";
        let configuration = format!("[database]\nurl = {:?}\n{lines}", database.url_text);
        let place = Place::with(&configuration);
        place.write("hook", &hook.url());
        place.done(&["channel", "add", "--", "-ops", "webhook", "url_file=hook"]);
        for group in ["a", "b", "c"] {
            place.done(&["group", "add", group]);
            place.done(&["site", "add", &format!("{}{group}", site.url()), "--group", group]);
        }
        site.answer(503);
        let said = place.run(&["run"]);
        assert_eq!((said.code, said.err.as_str(), hook.requests().len()), (0, "", 3));

        // What can be read but once is not left to a second process.
        site.answer(200);
        let said = place.run_with_input(&["--config", "/dev/stdin", "run"], &configuration);
        assert_eq!((said.code, said.err.as_str(), hook.requests().len()), (0, "", 6));
    }

    fn a_channel_that_hangs_delays_neither_another_nor_the_next_run(database: TestDatabase) {
        let (monitor, _server) = monitor(database);
        let (open, gate) = channel::<()>();
        let slow = HttpSink::judging(move |_| { let _ = gate.recv(); Answer::new(200) });
        let quick = HttpSink::start([Answer::new(200)]);
        // By name the slow one comes first.
        add(&monitor, "a slow one", "webhook", &[], &[("url", &slow.url())]);
        add(&monitor, "b quick one", "webhook", &[], &[("url", &quick.url())]);
        let monitor = &monitor;
        let run = || monitor.run_with(&RunArgs::default()).0;
        std::thread::scope(|scope| {
            let first = scope.spawn(run);
            let patience = Stopwatch::start();
            while quick.requests().is_empty() && patience.elapsed() < Duration::from_secs(30) {
                std::thread::sleep(Duration::from_millis(5));
            }
            let is_told = !quick.requests().is_empty();
            if !is_told {
                // Nothing waits for ever, whatever is asserted.
                open.send(()).unwrap();
            }
            assert!(is_told, "the quick one waits for the slow one");
            monitor.clock.pass(Duration::from_secs(60));
            assert_eq!(run(), Ok(Exit::Done), "75 would say that the first is still going");
            assert!(!first.is_finished(), "the second run probed while the first was still telling");
            open.send(()).unwrap();
            assert_eq!(first.join().unwrap(), Ok(Exit::Done));
        });
        assert_eq!(stands(monitor, "a slow one").0, "sent");
        assert_eq!((slow.requests().len(), quick.requests().len()), (1, 1));
    }
}
