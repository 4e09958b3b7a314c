//! Time in which the monitor could not see.

use std::collections::HashMap;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use djamon_core::calendar::{Zone, parse_rfc3339};
use djamon_core::domain::run::BlindTime;
use djamon_core::domain::site::SiteChange;
use djamon_core::domain::{Instant, LocationId, SiteOptions, ViewId};
use djamon_core::store::backend::migrate::migrate;
use djamon_core::store::{AnyConnection, blindness, figures, hours, runs, sites, write};
use djamon_tests::clock::NOON;
use djamon_tests::monitor::Monitor;
use djamon_tests::on_both;
use djamon_tests::scripted::{add_site, add_site_with, blind_run, look, run, seen};
use djamon_tests::site_server::SiteServer;

fn minute(n: u64) -> Instant {
    NOON.plus(Duration::from_secs(60 * n))
}

on_both! {
    fn blind_time_is_neither_up_nor_down(database: TestDatabase) {
        let mut connection = database.connect();
        let shop = add_site(&mut connection, "shop", NOON);
        let hourly = SiteOptions { interval: Some("1h".parse().unwrap()), ..SiteOptions::default() };
        let blog = add_site_with(&mut connection, "blog", hourly, NOON);
        let of_day = |connection: &mut AnyConnection, now| {
            let all = figures::of(connection, None, now).unwrap();
            [shop.id, blog.id].map(|id| all[&id].day.coverage_ppm.unwrap())
        };
        run(&mut connection, minute(0), vec![seen(&shop, minute(0), true), seen(&blog, minute(0), true)], &[]);
        for n in 1..10 {
            blind_run(&mut connection, "default", minute(n), Duration::from_secs(60), "line");
        }
        // While it goes on, and when it is over; the blog is not due again yet.
        assert_eq!(of_day(&mut connection, minute(10)), [1_000_000 / (23 * 60 + 10); 2]);
        run(&mut connection, minute(10), vec![seen(&shop, minute(10), true)], &[]);
        assert_eq!(of_day(&mut connection, minute(11)), [2 * 1_000_000 / (23 * 60 + 11); 2]);
    }

    fn a_machine_that_sleeps_while_it_is_blind_knows_nothing(database: TestDatabase) {
        let mut connection = database.connect();
        let shop = add_site(&mut connection, "shop", NOON);
        run(&mut connection, minute(0), vec![seen(&shop, minute(0), true)], &[]);
        for n in [1, 2, 32, 33] {
            blind_run(&mut connection, "default", minute(n), Duration::from_secs(60), "line");
        }
        run(&mut connection, minute(63), vec![seen(&shop, minute(63), true)], &[]);
        let [later, before] = blindness::newest(&mut connection, 9, minute(0)).unwrap().try_into().unwrap();
        let said = |time: BlindTime| (time.from, time.until);
        assert_eq!([before, later].map(said), [(minute(1), Some(minute(4))), (minute(32), Some(minute(35)))]);
        let number = Zone::default().day_of(minute(63));
        let total = hours::totals(&mut connection, &[shop.id], (number, number + 1), minute(63), &HashMap::new()).unwrap();
        let tally = total[&shop.id].tally;
        assert_eq!((tally.up_ms, tally.blind_ms), (60_000, 6 * 60_000));
    }

    fn times_that_only_the_records_of_runs_tell_of_are_found_by_the_step_that_keeps_them(database: TestDatabase) {
        let mut connection = database.connect();
        let shop = add_site(&mut connection, "shop", NOON);
        for n in (0..9).chain([40]) {
            match n {
                1 | 2 | 4 | 7 | 8 | 40 => blind_run(&mut connection, "default", minute(n), Duration::from_secs(60), &format!("line: {n}")),
                _ => drop(run(&mut connection, minute(n), vec![seen(&shop, minute(n), true)], &[])),
            }
        }
        let told = blindness::newest(&mut connection, 9, minute(0)).unwrap();
        let said: Vec<_> = told.iter().map(|time| (time.from, time.until, time.reason.as_str())).collect();
        let expected = [(40, None, "line: 40"), (7, Some(10), "line: 8"), (4, Some(5), "line: 4"), (1, Some(3), "line: 2")];
        assert_eq!(said, expected.map(|(from, until, why)| (minute(from), until.map(minute), why)));
        let location = told[0].location;
        let counted = |connection: &mut AnyConnection| {
            let of_places = blindness::of_places(connection, minute(9)).unwrap();
            of_places.of(location).between(ViewId::floor(minute(0)), minute(0), minute(30))
        };
        let before = counted(&mut connection);
        connection.batch_execute("UPDATE runs SET sites = 1; DROP TABLE blind_times; DELETE FROM __diesel_schema_migrations WHERE version = '20261126220000'").unwrap();
        assert_eq!(migrate(&database.url).unwrap(), ["2026-11-26-220000_blind_times"]);
        assert_eq!(blindness::newest(&mut connection, 9, minute(0)).unwrap(), told);
        assert_eq!((counted(&mut connection), before.len()), (before, 3));
    }

    fn it_goes_on_until_a_run_finds_out_that_it_can_see(database: TestDatabase) {
        let (sandbox, server) = (SiteServer::start(), SiteServer::start());
        let monitor = Monitor::new(database, &[&sandbox.url()]);
        monitor.add("shop", &server.url(), SiteOptions::default());
        let newest = || blindness::newest(&mut monitor.connect(), 1, monitor.app.now()).unwrap().pop();
        let pause = |paused| {
            let change = SiteChange { paused: Some(paused), ..SiteChange::default() };
            write(&mut monitor.connect(), |connection| sites::edit(connection, "shop", change, monitor.app.now())).unwrap();
        };
        monitor.run();
        assert_eq!(newest(), None);
        sandbox.answer(0);
        let first = monitor.run();
        monitor.run();
        let from = parse_rfc3339(first["started_at"].as_str().unwrap()).unwrap();
        let goes_on = newest().unwrap();
        assert_eq!((goes_on.from, goes_on.until), (from, None));
        // Who has nothing to look at asks nobody.
        pause(true);
        assert_eq!(monitor.run()["sites"], 0);
        assert!(blindness::going_on(&mut monitor.connect(), goes_on.location).unwrap().is_some());
        pause(false);
        sandbox.answer(200);
        let seeing = monitor.run();
        let until = parse_rfc3339(seeing["started_at"].as_str().unwrap()).unwrap();
        assert_eq!(newest().unwrap().until, Some(until));
    }

    fn each_place_is_blind_for_itself(database: TestDatabase) {
        let mut connection = database.connect();
        let shop = add_site(&mut connection, "shop", NOON);
        run(&mut connection, minute(0), vec![seen(&shop, minute(0), true)], &[]);
        look(&mut connection, "elsewhere", &shop, minute(0), Duration::from_secs(60));
        blind_run(&mut connection, "default", minute(1), Duration::from_secs(60), "line: here");
        blind_run(&mut connection, "elsewhere", minute(2), Duration::from_secs(60), "dns: there");
        blind_run(&mut connection, "default", minute(2), Duration::from_secs(60), "line: here");
        let last = runs::last_ended(&mut connection).unwrap().unwrap();
        let told = blindness::going_on(&mut connection, last.location).unwrap().unwrap();
        assert_eq!((told.from, told.reason.as_str()), (minute(1), "line: here"));
        look(&mut connection, "elsewhere", &shop, minute(3), Duration::from_secs(60));
        assert!(blindness::going_on(&mut connection, last.location).unwrap().is_some(), "that was not here");
        let of_places = blindness::of_places(&mut connection, minute(3)).unwrap();
        let of = |location| of_places.of(location).between(ViewId::floor(minute(0)), minute(0), minute(9));
        assert_eq!(of(LocationId(1)), [(minute(1), minute(4))]);
        assert_eq!(of(LocationId(2)), [(minute(2), minute(3))]);
    }
}
