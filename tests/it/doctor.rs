//! `djamon-check doctor`: a line for each thing, bad news when something is bad.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use djamon_check::app::Exit;
use djamon_check::commands::doctor::{DoctorArgs, run as doctor};
use djamon_core::domain::SiteOptions;
use djamon_tests::monitor::Monitor;
use djamon_tests::on_both;
use djamon_tests::scripted::blind_run;
use djamon_tests::site_server::SiteServer;

#[derive(clap::Parser)]
struct Line {
    #[command(flatten)]
    args: DoctorArgs,
}

fn said(monitor: &Monitor) -> (Exit, String) {
    let line: Line = clap::Parser::parse_from(["doctor"]);
    let mut out = Vec::new();
    let exit = doctor(&monitor.app, &line.args, &mut anstream::StripStream::new(&mut out)).unwrap();
    (exit, String::from_utf8(out).unwrap())
}

fn line<'a>(said: &'a str, what: &str) -> &'a str {
    let found = said.lines().find(|line| line.split_whitespace().nth(1) == Some(what));
    found.unwrap_or_else(|| panic!("{what}: {said}"))
}

on_both! {
    fn the_doctor_finds_what_is_wrong_and_says_what_to_do(database: TestDatabase) {
        let monitor = Monitor::new(database, &[]);
        let (exit, new) = said(&monitor);
        assert_eq!(exit, Exit::BadNews);
        assert!(line(&new, "runs").starts_with("bad   runs       no run has ended yet; run djamon-check"), "{new}");
        assert!(line(&new, "database").starts_with("ok "), "{new}");

        let site = SiteServer::start();
        monitor.add("shop", &site.url(), SiteOptions::default());
        monitor.run();
        let (_, well) = said(&monitor);
        for what in ["database", "integrity", "runs", "clock", "purge"] {
            assert!(line(&well, what).starts_with("ok "), "{what}: {well}");
        }
        assert!(line(&well, "alerts").contains("email are told, nothing is late"), "{well}");

        // A blind run, an alert that was given up and one that is late, views that nobody purged, a clock that went back.
        let mut connection = monitor.connect();
        let now = monitor.app.now();
        blind_run(&mut connection, "default", now, Duration::from_secs(60), "line: nothing answered");
        for state in ["parked", "retry"] {
            connection.batch_execute(&format!(
                "INSERT INTO events (kind, at) VALUES ('test', {0}); INSERT INTO outbox (event_id, channel, state, tries, next_try_at, created_at) \
                 SELECT max(id), 'email', '{state}', 1, 0, {0} FROM events", now.ms() - 3_600_000
            )).unwrap();
        }
        let (exit, ill) = said(&monitor);
        assert_eq!(exit, Exit::BadNews);
        assert!(line(&ill, "blind").contains("1 of 2 runs of the last day were blind, the last one too: line: nothing answered"), "{ill}");
        assert!(ill.contains("bad   alerts     1 alert given up in a week; djamon-check alerts list"), "{ill}");
        assert!(ill.contains("bad   alerts     1 alert late, owed for up to 1h"), "{ill}");
        monitor.clock.pass(Duration::from_secs(40 * 86_400));
        let (_, late) = said(&monitor);
        assert!(!late.contains("given up"), "what was given up long ago is history, here as on the pages: {late}");
        assert!(line(&late, "runs").starts_with("bad   runs       no run for 40d"), "{late}");
        assert!(line(&late, "purge").starts_with("warn  purge      the oldest site view is 40d"), "{late}");
        monitor.clock.set(djamon_core::domain::Instant::from_ms(now.ms() - 7_200_000));
        let (_, back) = said(&monitor);
        assert!(line(&back, "clock").starts_with("bad   clock      what was stored last is 2h ahead"), "{back}");
        let runs = line(&back, "runs");
        assert!(runs.starts_with("bad   runs       the last one began ") && runs.contains(", in the future: "), "{back}");
        // The clock is right again; so it was the one that was ahead.
        monitor.run();
        assert!(line(&said(&monitor).1, "runs").ends_with(", as promised"));
    }
}
