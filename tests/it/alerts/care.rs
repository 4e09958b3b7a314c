//! An outage that goes on: reminders, and somebody who takes it in hand.

use std::time::Duration;

use djamon_check::app::Exit;
use djamon_core::domain::SiteOptions;
use djamon_tests::monitor::{Monitor, header};
use djamon_tests::on_both;
use djamon_tests::site_server::SiteServer;
use serde_json::json;

const HOUR: Duration = Duration::from_secs(3600);

const REMINDING: &str = "[alerts]\nreminders = [\"1h\", \"4h\"]\n[email]\nfrom = \"djamon@example.org\"\n\
                         to = [\"ops@example.org\"]\nfile_dir = \"mail\"";

/// A monitor whose only site has been down since noon, by two minutes past.
fn down(monitor: &Monitor, server: &SiteServer) {
    server.answer(503);
    monitor.add("shop", &server.url(), SiteOptions::default());
    (0..3).for_each(|_| drop(monitor.run()));
}

fn subjects(monitor: &Monitor) -> Vec<String> {
    monitor.mails().iter().map(|mail| header(mail, "Subject")).collect()
}

on_both! {
    fn people_are_reminded_until_somebody_takes_the_outage_in_hand(database: TestDatabase) {
        let server = SiteServer::start();
        let monitor = Monitor::configured(database, &[], REMINDING);
        down(&monitor, &server);
        monitor.clock.pass(HOUR - Duration::from_secs(240));
        monitor.run();
        assert_eq!(subjects(&monitor).len(), 1, "a minute too early");
        monitor.run();
        monitor.run();
        assert_eq!(subjects(&monitor)[1..], ["DOWN for 1 hour: shop (since 12:00)"]);
        let mail = &monitor.mails()[1];
        assert_eq!(header(mail, "X-Djamon-Event"), "reminder");
        assert_eq!(header(mail, "References"), header(&monitor.mails()[0], "Message-ID"));

        assert_eq!(monitor.said(&["ack", "1", "--who", "ann", "--why", "a disk is being changed"]), (Ok(Exit::Done), String::new()));
        monitor.clock.pass(4 * HOUR);
        monitor.run();
        assert_eq!(subjects(&monitor).len(), 2, "4 hours are over, and ann is on it");
        server.answer(200);
        (0..2).for_each(|_| drop(monitor.run()));
        assert!(subjects(&monitor)[2].starts_with("RESOLVED: shop"), "its end is told all the same");
    }

    fn nobody_is_reminded_by_default_nor_by_a_run_that_cannot_see(database: TestDatabase) {
        let (server, sandbox) = (SiteServer::start(), SiteServer::start());
        let monitor = Monitor::configured(database, &[&sandbox.url()], REMINDING);
        down(&monitor, &server);
        monitor.clock.pass(HOUR);
        sandbox.answer(0);
        monitor.run();
        assert_eq!(subjects(&monitor).len(), 1);
        sandbox.answer(200);
        monitor.run();
        assert_eq!(subjects(&monitor).len(), 2);
    }

    fn an_outage_is_acknowledged_by_one_person_while_it_goes_on(database: TestDatabase) {
        let server = SiteServer::start();
        let monitor = Monitor::new(database, &[]);
        down(&monitor, &server);
        let refused = |words: &[&str]| {
            let failure = monitor.said(words).0.unwrap_err();
            (failure.exit(), failure.to_string())
        };
        let usage = |text: &str| (Exit::Usage, text.to_owned());
        assert_eq!(refused(&["ack", "7"]), usage("there is no outage \"7\"; djamon-check outages lists them"));
        assert_eq!(refused(&["ack", "1", "--who", " "]).1, "who: is empty; say who has taken the outage in hand");
        let shown = |monitor: &Monitor| -> serde_json::Value {
            serde_json::from_str(&monitor.said(&["outages", "--json"]).1).unwrap()
        };
        assert_eq!(shown(&monitor)[0]["acknowledged"], json!(null));

        monitor.said(&["ack", "1", "--who", "ann", "--why", "on it"]).0.unwrap();
        assert_eq!(refused(&["ack", "1", "--who", "bob"]), usage("outage: 1 was acknowledged by ann already"));
        assert_eq!(shown(&monitor)[0]["acknowledged"], json!({"at": "2026-11-23T12:03:00.000Z", "by": "ann", "why": "on it"}));
        assert!(monitor.said(&["outages"]).1.contains("open, acknowledged by ann"));

        server.answer(200);
        (0..2).for_each(|_| drop(monitor.run()));
        server.answer(503);
        (0..3).for_each(|_| drop(monitor.run()));
        server.answer(200);
        (0..2).for_each(|_| drop(monitor.run()));
        assert_eq!(refused(&["ack", "2"]), usage("outage: 2 is over; there is nothing left to acknowledge"));
    }

    fn of_several_who_acknowledge_at_once_one_is_first(database: TestDatabase) {
        let server = SiteServer::start();
        let monitor = &Monitor::new(database, &[]);
        down(monitor, &server);
        let done: usize = std::thread::scope(|scope| {
            let people = ["ann", "bob", "cleo", "dan"].map(|who| {
                scope.spawn(move || usize::from(monitor.said(&["ack", "1", "--who", who]).0.is_ok()))
            });
            people.into_iter().map(|one| one.join().unwrap()).sum()
        });
        assert_eq!(done, 1);
    }
}
