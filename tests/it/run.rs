//! `djamon-check run`, whole: real probes of local sites, a database, mails as files, a clock that is set.

use std::sync::Arc;
use std::time::Duration;

use djamon_check::app::Exit;
use djamon_check::run::RunArgs;
use djamon_core::clock::{Clock, SystemClock};
use djamon_core::domain::run::RunState;
use djamon_core::domain::site::SiteChange;
use djamon_core::domain::{Instant, OutageId, Policy, SiteOptions, Span, Standing};
use djamon_core::store::backend::lock::try_run_lock;
use djamon_core::store::{outages, runs, sites, snapshot, statuses, views, write};
use djamon_tests::clock::NOON;
use djamon_tests::fault_server::FaultServer;
use djamon_tests::monitor::{Monitor, header};
use djamon_tests::on_both;
use djamon_tests::site_server::SiteServer;
use serde_json::{Value, json};

/// An address where nobody listens.
const NOBODY: &str = "http://127.0.0.1:1/";

fn counts(run: &Value) -> [u64; 5] {
    ["sites", "up", "failing", "down", "skipped"].map(|key| run[key].as_u64().unwrap())
}

/// A clock that jumps by hours once the server has been asked for something.
struct Jumping {
    real: SystemClock,
    asked: Box<dyn Fn() -> usize + Send + Sync>,
    from: usize,
    hours: i64,
}

impl Clock for Jumping {
    fn now(&self) -> Instant {
        let jump = if (self.asked)() > self.from { self.hours * 3_600_000 } else { 0 };
        Instant::from_ms(NOON.ms() + jump)
    }

    fn elapsed(&self) -> Duration {
        self.real.elapsed()
    }
}

on_both! {
    fn a_site_dies_and_recovers_and_each_is_told_once(database: TestDatabase) {
        let server = SiteServer::start();
        let monitor = Monitor::new(database, &[]);
        monitor.add("shop", &server.url(), SiteOptions::default());
        assert_eq!(counts(&monitor.run()), [1, 1, 0, 0, 0]);
        server.answer(503);
        assert_eq!(counts(&monitor.run()), [1, 0, 1, 0, 0]);
        assert_eq!(counts(&monitor.run()), [1, 0, 1, 0, 0]);
        assert_eq!(monitor.mails().len(), 0);
        let third = monitor.run();
        assert_eq!(counts(&third), [1, 0, 0, 1, 0]);
        assert_eq!(third["outages"]["opened"], json!([{"id": 1, "sites": ["shop"]}]));
        assert_eq!(third["alerts"], json!({"sent": 1, "pending": 0, "failed": 0}));
        assert_eq!(third["views"][0]["outcome"], "status");
        assert_eq!(third["views"][0]["code"], 503);
        assert_eq!(third["blind"], false);
        assert_eq!(counts(&monitor.run()), [1, 0, 0, 1, 0]);
        server.answer(200);
        assert_eq!(counts(&monitor.run()), [1, 0, 0, 1, 0], "a recovering site is still down");
        let last = monitor.run();
        assert_eq!(counts(&last), [1, 1, 0, 0, 0]);
        assert_eq!(last["outages"]["resolved"], json!([{"id": 1, "sites": ["shop"]}]));

        let outage = outages::story(&mut monitor.connect(), OutageId(1)).unwrap().of.outage;
        let minute = |n: u64| NOON.plus(Duration::from_secs(60 * n));
        assert_eq!((outage.started_at, outage.detected_at, outage.resolved_at), (minute(1), minute(3), Some(minute(5))));
        let mails = monitor.mails();
        assert_eq!(mails.iter().map(|mail| header(mail, "X-Djamon-Event")).collect::<Vec<_>>(), ["opened", "resolved"]);
        assert!(header(&mails[0], "Subject").starts_with("DOWN: shop"), "{}", mails[0]);
        assert!(header(&mails[1], "Subject").starts_with("RESOLVED: shop"), "{}", mails[1]);
        assert_eq!(header(&mails[1], "References"), header(&mails[0], "Message-ID"));
        assert_ne!(header(&mails[1], "Message-ID"), header(&mails[0], "Message-ID"));
    }

    fn more_sites_join_with_one_message_a_run(database: TestDatabase) {
        let (good, bad) = (SiteServer::start(), SiteServer::start());
        bad.answer(500);
        let monitor = Monitor::new(database, &[]);
        monitor.add("first", &bad.url(), SiteOptions::default());
        monitor.add("second", &good.url(), SiteOptions::default());
        monitor.add("third", &good.url(), SiteOptions::default());
        (0..3).for_each(|_| { monitor.run(); });
        good.answer(500);
        (0..2).for_each(|_| { monitor.run(); });
        let joined = monitor.run();
        assert_eq!(joined["outages"]["joined"][0]["id"], 1);
        assert_eq!(joined["outages"]["joined"][0]["sites"].as_array().unwrap().len(), 2);
        let mails = monitor.mails();
        assert_eq!(mails.len(), 2);
        assert!(header(&mails[1], "Subject").starts_with("MORE DOWN: "), "{}", mails[1]);
    }

    fn under_cron_a_run_says_nothing_whatever_it_finds(database: TestDatabase) {
        let monitor = Monitor::new(database, &[]);
        monitor.add("dead", NOBODY, SiteOptions::default());
        for _ in 0..3 {
            let (exit, printed) = monitor.run_with(&RunArgs::default());
            assert_eq!((exit.unwrap(), printed.as_str()), (Exit::Done, ""));
        }
        assert_eq!(monitor.mails().len(), 1);
    }

    fn a_dead_line_is_blind_and_nobody_is_down(database: TestDatabase) {
        let server = SiteServer::start();
        let monitor = Monitor::new(database, &[NOBODY]);
        monitor.add("shop", &server.url(), SiteOptions::default());
        for _ in 0..4 {
            let run = monitor.run();
            assert_eq!(counts(&run), [1, 0, 0, 0, 1]);
            assert!(run["blind"]["reason"].as_str().unwrap().starts_with("line"), "{run}");
            assert_eq!(run["blind"]["from"], run["started_at"]);
        }
        assert_eq!(server.asked(), 0, "a blind run probes nothing");
        let mut connection = monitor.connect();
        assert_eq!(views::last_id(&mut connection).unwrap(), None);
        let last = runs::last(&mut connection, None, None).unwrap().unwrap();
        assert_eq!((last.state, last.counts.skipped), (RunState::Blind, 1));
        assert_eq!(monitor.mails().len(), 0);
    }

    fn a_time_of_day_that_jumps_in_the_middle_of_a_run_decides_nothing(database: TestDatabase) {
        let (sandbox, server) = (SiteServer::start(), FaultServer::plain());
        let mut monitor = Monitor::configured(database, &[&sandbox.url()], "concurrency = 1");
        // One after the other: what fails without an answer, then what answers.
        monitor.add("dead", &server.url("/closed"), SiteOptions::default());
        monitor.add("well", &server.url("/ok"), SiteOptions::default());
        for hours in [-1, 1] {
            sandbox.answer_then_hang_up(1);
            monitor.app.clock = Arc::new(Jumping { real: SystemClock::start(), asked: Box::new(server.counter()), from: server.asked().len(), hours });
            let run = monitor.run();
            assert_eq!(run["blind"], false, "the answer began later: {run}");
            let outcomes: Vec<_> = run["views"].as_array().unwrap().iter().map(|view| view["outcome"].clone()).collect();
            assert_eq!(outcomes, [json!("protocol"), json!("up")], "{run}");
        }
    }

    fn a_blind_run_neither_adds_to_a_streak_nor_resets_it(database: TestDatabase) {
        let (sandbox, server) = (SiteServer::start(), SiteServer::start());
        server.answer(503);
        let monitor = Monitor::new(database, &[&sandbox.url()]);
        monitor.add("shop", &server.url(), SiteOptions::default());
        (0..2).for_each(|_| { monitor.run(); });
        sandbox.answer(0);
        monitor.run();
        assert_eq!(statuses::of_site(&mut monitor.connect(), "shop").unwrap().status.failures, 2);
        sandbox.answer(200);
        assert_eq!(monitor.run()["outages"]["opened"][0]["id"], 1);
    }

    fn a_line_that_dies_during_the_run_takes_nobody_down(database: TestDatabase) {
        let sandbox = SiteServer::start();
        let monitor = Monitor::new(database, &[&sandbox.url()]);
        let shop = SiteServer::start();
        monitor.add("shop", &shop.url(), SiteOptions::default());
        monitor.run();
        shop.answer(0);
        // The sandbox proves the line once and then dies with everything else.
        sandbox.answer_then_hang_up(1);
        let run = monitor.run();
        assert!(run["blind"]["reason"].as_str().unwrap().starts_with("line"), "{run}");
        assert_eq!((counts(&run), run["views"].as_array().unwrap().len()), ([1, 1, 0, 0, 1], 0));
        assert_eq!(statuses::of_site(&mut monitor.connect(), "shop").unwrap().status.failures, 0);
    }

    fn all_sites_dead_with_a_live_line_is_a_real_outage(database: TestDatabase) {
        let sandbox = SiteServer::start();
        let monitor = Monitor::new(database, &[&sandbox.url()]);
        (0..5).for_each(|n| { monitor.add(&format!("dead-{n}"), NOBODY, SiteOptions::default()); });
        (0..2).for_each(|_| { monitor.run(); });
        let third = monitor.run();
        assert_eq!(third["outages"]["opened"][0]["sites"].as_array().unwrap().len(), 5);
        assert_eq!(third["views"][0]["code"], Value::Null);
        assert_eq!(third["views"][0]["outcome"], "connect");
        assert_eq!(monitor.mails().len(), 1, "one outage, one message");
    }

    fn where_each_group_has_outages_of_its_own_others_do_not_join(database: TestDatabase) {
        let server = SiteServer::start();
        server.answer(500);
        let monitor = Monitor::configured(database, &[], "outage_scope = \"group\"");
        let site = |slug, group: &[&str]| {
            monitor.said(&[&["site", "add", &server.url(), "--slug", slug], group].concat()).0.unwrap();
        };
        monitor.said(&["group", "add", "shops"]).0.unwrap();
        monitor.said(&["group", "add", "offices"]).0.unwrap();
        site("one", &["--group", "shops"]);
        site("two", &["--group", "shops"]);
        site("three", &["--group", "offices"]);
        site("alone", &[]);
        let told = |run: &Value, what: &str| -> Vec<Value> {
            let sorted = |outage: &Value| {
                let mut sites: Vec<_> = outage["sites"].as_array().unwrap().iter().map(|site| site.as_str().unwrap().to_owned()).collect();
                sites.sort();
                json!(sites)
            };
            let mut all: Vec<_> = run["outages"][what].as_array().unwrap().iter().map(sorted).collect();
            all.sort_by_key(Value::to_string);
            all
        };
        (0..2).for_each(|_| { monitor.run(); });
        assert_eq!(told(&monitor.run(), "opened"), [json!(["alone"]), json!(["one", "two"]), json!(["three"])]);
        site("late", &["--group", "offices"]);
        (0..2).for_each(|_| { monitor.run(); });
        let joined = monitor.run();
        assert_eq!((told(&joined, "opened"), told(&joined, "joined")), (vec![], vec![json!(["late"])]));
        server.answer(200);
        monitor.run();
        assert_eq!(told(&monitor.run(), "resolved").len(), 3, "each ends with its own last site");
    }

    fn a_second_run_is_turned_away_and_leaves_a_note(database: TestDatabase) {
        let monitor = Monitor::new(database, &[]);
        let held = try_run_lock(&monitor.app.url, "default").unwrap();
        let (exit, printed) = monitor.run_with(&RunArgs::default());
        assert_eq!((exit.unwrap(), printed.as_str()), (Exit::Busy, ""));
        let other_place = RunArgs { location: Some("paris".into()), ..RunArgs::default() };
        assert_eq!(monitor.run_with(&other_place).0.unwrap(), Exit::Done, "another location has its own lock");
        drop(held);
        assert_eq!(monitor.run_with(&RunArgs::default()).0.unwrap(), Exit::Done);
        let states: Vec<_> = runs::newest(&mut monitor.connect(), 9).unwrap().iter().map(|run| run.state).collect();
        assert_eq!(states, [RunState::Done, RunState::Done, RunState::Overlap]);
    }

    fn a_site_with_an_interval_is_left_alone_until_its_slot_unless_it_is_named(database: TestDatabase) {
        let server = SiteServer::start();
        let monitor = Monitor::new(database, &[]);
        monitor.add("slow", &server.url(), SiteOptions { interval: Some("5m".parse().unwrap()), ..Default::default() });
        let looked: Vec<u64> = (0..7).map(|_| monitor.run()["sites"].as_u64().unwrap()).collect();
        assert_eq!(looked, [1, 0, 0, 0, 0, 1, 0]);
        let named = RunArgs { sites: vec!["slow".into()], ..RunArgs::default() };
        monitor.run_with(&named).0.unwrap();
        assert_eq!(server.asked(), 3);
        let pause = SiteChange { paused: Some(true), ..Default::default() };
        write(&mut monitor.connect(), |c| sites::edit(c, "slow", pause, monitor.app.now())).unwrap();
        monitor.run_with(&named).0.unwrap();
        assert_eq!(server.asked(), 3, "never what is paused");
    }

    fn a_run_for_nobody_known_is_refused(database: TestDatabase) {
        let monitor = Monitor::new(database, &[]);
        let failure = monitor.run_with(&RunArgs { sites: vec!["nobody".into()], ..RunArgs::default() }).0.unwrap_err();
        assert_eq!((failure.exit(), failure.to_string().as_str()), (Exit::Usage, "there is no site \"nobody\"; djamon-check site list shows all"));
    }

    fn a_rehearsal_probes_and_writes_nothing(database: TestDatabase) {
        let server = SiteServer::start();
        let monitor = Monitor::new(database, &[]);
        monitor.add("shop", &server.url(), SiteOptions::default());
        let (exit, printed) = monitor.run_with(&RunArgs { dry_run: true, json: true, ..RunArgs::default() });
        assert_eq!(exit.unwrap(), Exit::Done);
        let told: Value = serde_json::from_str(&printed).unwrap();
        assert_eq!((told["run_id"].clone(), told["views"][0]["code"].as_u64()), (Value::Null, Some(200)));
        let mut connection = monitor.connect();
        assert_eq!(views::last_id(&mut connection).unwrap(), None);
        assert_eq!(runs::newest(&mut connection, 1).unwrap(), []);
    }

    fn a_mail_that_cannot_leave_waits_and_is_told_with_the_end(database: TestDatabase) {
        let server = SiteServer::start();
        let monitor = Monitor::new(database, &[]);
        // A file stands where the directory of mails should be.
        let mail = monitor.database.dir.path().join("mail");
        std::fs::write(&mail, "in the way").unwrap();
        monitor.add("shop", &server.url(), SiteOptions::default());
        server.answer(500);
        (0..2).for_each(|_| { monitor.run(); });
        assert_eq!(monitor.run()["alerts"], json!({"sent": 0, "pending": 1, "failed": 0}));
        server.answer(200);
        std::fs::remove_file(&mail).unwrap();
        monitor.clock.pass(Duration::from_secs(60));
        (0..2).for_each(|_| { monitor.run(); });
        monitor.run();
        let subjects: Vec<_> = monitor.mails().iter().map(|mail| header(mail, "Subject")).collect();
        assert!(!subjects.is_empty() && subjects.last().unwrap().starts_with("RESOLVED"), "{subjects:?}");
    }

    fn status_says_to_a_person_when_runs_have_stopped_or_are_blind(database: TestDatabase) {
        let server = SiteServer::start();
        let sandbox = SiteServer::start();
        let mut monitor = Monitor::new(database, &[&sandbox.url()]);
        monitor.app.terminal = true;
        monitor.add("shop", &server.url(), SiteOptions::default());
        monitor.run();
        assert!(!monitor.said(&["status"]).1.contains("run"));
        sandbox.answer(0);
        monitor.run();
        assert!(monitor.said(&["status"]).1.contains("The last run was blind (line: "));
        monitor.clock.pass(Duration::from_secs(86_400));
        assert!(monitor.said(&["status"]).1.contains("No run has ended for 1d"), "{}", monitor.said(&["status"]).1);
    }

    fn a_delivery_by_hand_that_fails_says_so(database: TestDatabase) {
        let server = SiteServer::start();
        server.answer(500);
        let monitor = Monitor::new(database, &[]);
        std::fs::write(monitor.database.dir.path().join("mail"), "in the way").unwrap();
        monitor.add("shop", &server.url(), SiteOptions::default());
        (0..4).for_each(|_| { monitor.run(); });
        monitor.clock.pass(Duration::from_secs(3600));
        let (exit, _) = monitor.said(&["alerts", "deliver"]);
        let failure = exit.unwrap_err();
        assert_eq!(failure.exit(), Exit::Failed);
        assert_eq!(failure.to_string(), "1 alerts did not leave; djamon-check alerts list says why");
    }

    fn hundreds_of_sites_are_looked_at_once_each(database: TestDatabase) {
        let server = SiteServer::start();
        let monitor = Monitor::new(database, &[]);
        // On a busy machine the server's queue overflows; who is turned away there asks again after a second.
        let patient = SiteOptions { timeout: Some(Span(Duration::from_secs(5))), ..SiteOptions::default() };
        (0..203).for_each(|n| { monitor.add(&format!("site-{n}"), &server.url(), patient.clone()); });
        let run = monitor.run();
        assert_eq!(counts(&run), [203, 203, 0, 0, 0], "{run}");
        let mut slugs: Vec<_> = run["views"].as_array().unwrap().iter().map(|view| view["site"].to_string()).collect();
        slugs.sort();
        slugs.dedup();
        assert_eq!((slugs.len(), server.asked()), (203, 203));
        server.answer(503);
        let paris = RunArgs { location: Some("paris".into()), ..RunArgs::default() };
        assert_eq!(monitor.run_with(&paris).0.unwrap(), Exit::Done);
        server.answer(200);
        monitor.run();
        let mut connection = monitor.connect();
        // They are put there many at a time, and what is left over one by one.
        for slug in ["site-0", "site-49", "site-50", "site-199", "site-200", "site-202"] {
            let site = sites::by_slug(&mut connection, slug).unwrap().id;
            assert_eq!(views::before(&mut connection, site, None, 9).unwrap().looks.len(), 3, "{slug}");
            for (place, known) in [("default", (2, Standing::Up)), ("paris", (1, Standing::Failing))] {
                let place = runs::known_location(&mut connection, place).unwrap().unwrap();
                let snapshot = snapshot::of(&mut connection, place, &Policy::default(), &[site]).unwrap();
                let state = &snapshot.states[&site];
                assert_eq!((state.recent.looks.len(), state.streak.standing()), known, "{slug}");
            }
        }
    }
}
