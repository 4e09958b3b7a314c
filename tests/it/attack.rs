//! What a tester tries: clocks that jump, two places at once, edits in the middle of an outage, a thousand sites at once,
//! channels that vanish, and a process without file descriptors.

use std::process::Command;
use std::time::Duration;

use djamon_check::run::RunArgs;
use djamon_core::domain::{OutageId, SiteOptions};
use djamon_core::store::{outages, statuses};
use djamon_tests::binary;
use djamon_tests::clock::NOON;
use djamon_tests::http_sink::{Answer, HttpSink};
use djamon_tests::monitor::{Monitor, header};
use djamon_tests::on_both;
use djamon_tests::place::Place;
use djamon_tests::site_server::SiteServer;
use serde_json::{Value, json};

const HOUR: Duration = Duration::from_secs(3600);

fn states(outages: &Value) -> Vec<&str> {
    outages.as_array().unwrap().iter().map(|outage| outage["state"].as_str().unwrap()).collect()
}

/// One run as seen from a place.
fn run_from(monitor: &Monitor, location: &str) -> Value {
    let args = RunArgs { location: Some(location.into()), json: true, ..RunArgs::default() };
    let (exit, printed) = monitor.run_with(&args);
    exit.unwrap();
    serde_json::from_str(&printed).unwrap()
}

/// A configuration on this database whose mails are files beside `djamon.toml`.
fn mailing(url: &str) -> String {
    format!(
        "{}[email]\nfrom = \"djamon@example.org\"\nto = [\"ops@example.org\"]\nfile_dir = \"mail\"\n",
        silent(url)
    )
}

/// A configuration on this database that tells nobody.
fn silent(url: &str) -> String {
    format!("[database]\nurl = {url:?}\n[check]\nsandbox_urls = []\n")
}

/// The subjects of the mails in a place, in order of arrival.
fn subjects(place: &Place) -> Vec<String> {
    let mails = std::fs::read_dir(place.path().join("mail"));
    let mut files: Vec<_> =
        mails.map(|mails| mails.map(|mail| mail.unwrap().path()).collect()).unwrap_or_default();
    files.sort();
    files.iter().map(|file| header(&std::fs::read_to_string(file).unwrap(), "Subject")).collect()
}

on_both! {
    fn a_clock_that_is_set_back_raises_nothing_and_stops_nothing(database: TestDatabase) {
        let (site, slow) = (SiteServer::start(), SiteServer::start());
        let monitor = Monitor::new(database, &[]);
        monitor.add("shop", &site.url(), SiteOptions::default());
        monitor.add("slow", &slow.url(), SiteOptions { interval: Some("5m".parse().unwrap()), ..Default::default() });
        (0..2).for_each(|_| { monitor.run(); });
        for back in [HOUR, HOUR * 24 * 365 * 10] {
            monitor.clock.set(NOON.minus(back));
            let asked = slow.asked();
            let runs: Vec<Value> = (0..7).map(|_| monitor.run()).collect();
            assert!(runs.iter().all(|run| run["outages"]["opened"] == json!([]) && run["failing"] == 0), "{runs:?}");
            assert_eq!(slow.asked() - asked, 2, "a site with an interval is looked at again at once, then at its slots");
            monitor.clock.set(NOON);
        }
    }

    fn an_outage_across_a_jump_of_the_clock_has_no_negative_length(database: TestDatabase) {
        let site = SiteServer::start();
        let monitor = Monitor::new(database, &[]);
        monitor.add("shop", &site.url(), SiteOptions::default());
        site.answer(503);
        (0..2).for_each(|_| { monitor.run(); });
        monitor.clock.set(NOON.minus(HOUR));
        let third = monitor.run();
        assert_eq!(third["outages"]["opened"][0]["id"], 1, "{third}");
        monitor.clock.set(NOON.minus(HOUR * 2));
        site.answer(200);
        (0..2).for_each(|_| { monitor.run(); });
        let outage = outages::story(&mut monitor.connect(), OutageId(1)).unwrap().of.outage;
        assert!(outage.detected_at >= outage.started_at, "{outage:?}");
        assert!(outage.resolved_at.unwrap() >= outage.started_at, "{outage:?}");
        // By their names the later of the two files is the older one.
        let mut told: Vec<_> = monitor.mails().iter().map(|mail| header(mail, "X-Djamon-Event")).collect();
        told.sort();
        assert_eq!(told, ["opened", "resolved"]);
    }

    fn a_message_that_was_to_be_tried_later_leaves_although_the_clock_was_set_back(database: TestDatabase) {
        let site = SiteServer::start();
        let monitor = Monitor::new(database, &[]);
        let mail = monitor.database.dir.path().join("mail");
        std::fs::write(&mail, "in the way").unwrap();
        monitor.add("shop", &site.url(), SiteOptions::default());
        site.answer(503);
        (0..3).for_each(|_| { monitor.run(); });
        std::fs::remove_file(&mail).unwrap();
        monitor.clock.set(NOON.minus(HOUR * 24 * 365));
        assert_eq!(monitor.run()["alerts"]["sent"], 1);
    }

    fn a_clock_that_jumps_ahead_begins_streaks_anew(database: TestDatabase) {
        let site = SiteServer::start();
        let monitor = Monitor::new(database, &[]);
        monitor.add("shop", &site.url(), SiteOptions::default());
        site.answer(503);
        (0..2).for_each(|_| { monitor.run(); });
        monitor.clock.pass(HOUR);
        assert_eq!(monitor.run()["failing"], 1);
        assert_eq!(statuses::of_site(&mut monitor.connect(), "shop").unwrap().status.failures, 1);
    }

    fn two_places_see_one_outage_which_ends_when_both_see_the_site_again(database: TestDatabase) {
        let site = SiteServer::start();
        let monitor = Monitor::new(database, &[]);
        monitor.add("shop", &site.url(), SiteOptions::default());
        site.answer(503);
        let mut opened = 0;
        for _ in 0..3 {
            for place in ["here", "there"] {
                let run = run_from(&monitor, place);
                opened += run["outages"]["opened"].as_array().unwrap().len();
            }
            monitor.clock.pass(Duration::from_secs(60));
        }
        assert_eq!(opened, 1);
        site.answer(200);
        (0..2).for_each(|_| { run_from(&monitor, "here"); });
        let story = outages::story(&mut monitor.connect(), OutageId(1)).unwrap();
        assert_eq!((story.of.parts.len(), story.of.outage.resolved_at), (2, None), "down anywhere is down");
        run_from(&monitor, "there");
        assert_eq!(run_from(&monitor, "there")["outages"]["resolved"][0]["id"], 1);
        assert_eq!(monitor.mails().iter().filter(|mail| header(mail, "Subject").starts_with("DOWN")).count(), 1);
        assert_eq!(monitor.mails().iter().filter(|mail| header(mail, "Subject").starts_with("RESOLVED")).count(), 1);
    }

    fn a_site_taken_away_in_an_outage_leaves_it_and_did_not_recover(database: TestDatabase) {
        let site = SiteServer::start();
        let place = Place::with(&mailing(&database.url_text));
        for slug in ["paused", "removed", "changed", "coded", "asked", "stays"] {
            place.done(&["site", "add", &site.url(), "--slug", slug]);
        }
        site.answer(503);
        (0..3).for_each(|_| { place.done(&["run"]); });
        place.done(&["site", "pause", "paused"]);
        place.done(&["site", "remove", "removed"]);
        place.done(&["site", "edit", "changed", "--url", &format!("{}else", site.url())]);
        place.done(&["site", "edit", "coded", "--good-codes", "200,503"]);
        place.done(&["site", "edit", "asked", "--header", "X-Token: another"]);
        place.done(&["site", "edit", "stays", "--name", "A new name", "--attempts", "7", "--max-time", "1s"]);
        let run = place.json(&["run", "--json"]);
        assert_eq!((&run["sites"], &run["up"], &run["failing"], &run["down"]), (&json!(4), &json!(1), &json!(2), &json!(1)), "{run}");
        let outages = place.json(&["outages", "--json"]);
        let left = |slug: &str| {
            let sites = outages[0]["sites"].as_array().unwrap();
            sites.iter().find(|site| site["slug"] == slug).unwrap()["left"].clone()
        };
        assert_eq!(
            ["paused", "removed", "changed", "coded", "asked", "stays"].map(left),
            [json!("paused"), json!("removed"), json!("changed"), json!("changed"), json!("changed"), Value::Null]
        );
        assert_eq!(states(&outages), ["open"]);

        // The last one leaves: the outage ends with it, and nobody is told that anything recovered.
        place.done(&["site", "pause", "stays"]);
        let run = place.json(&["run", "--json"]);
        assert_eq!(run["outages"]["resolved"][0]["id"], 1, "{run}");
        assert_eq!(states(&place.json(&["outages", "--json"])), ["resolved"]);
        let subjects = subjects(&place);
        assert_eq!(subjects.len(), 2, "{subjects:?}");

        // Resumed, it begins anew.
        place.done(&["site", "resume", "stays"]);
        assert_eq!(place.json(&["run", "--json", "--site", "stays"])["failing"], 1);
    }

    fn a_thousand_sites_are_one_outage_and_one_message_each_way_by_each_channel(database: TestDatabase) {
        let site = SiteServer::start();
        let monitor = Monitor::configured(
            database, &[], "concurrency = 32\n[email]\nfrom = \"djamon@example.org\"\nto = [\"ops@example.org\"]\nfile_dir = \"mail\"",
        );
        let (hook, address) = (HttpSink::start([Answer::new(204)]), monitor.database.dir.path().join("hook"));
        std::fs::write(&address, hook.url()).unwrap();
        monitor.said(&["channel", "add", "hook", "webhook", &format!("url_file={}", address.display())]).0.unwrap();
        (0..1000).for_each(|n| { monitor.add(&format!("site-{n:03}"), &site.url(), SiteOptions::default()); });
        site.answer(503);
        let runs: Vec<Value> = (0..3).map(|_| monitor.run()).collect();
        let opened = &runs[2]["outages"]["opened"];
        assert_eq!((opened.as_array().unwrap().len(), opened[0]["sites"].as_array().unwrap().len()), (1, 1000));
        assert_eq!((&runs[2]["down"], &runs[2]["skipped"]), (&json!(1000), &json!(0)));
        site.answer(200);
        let runs: Vec<Value> = (0..2).map(|_| monitor.run()).collect();
        assert_eq!((&runs[1]["up"], &runs[1]["outages"]["resolved"][0]["id"]), (&json!(1000), &json!(1)));
        let mails = monitor.mails();
        assert_eq!(mails.iter().map(|mail| header(mail, "X-Djamon-Event")).collect::<Vec<_>>(), ["opened", "resolved"]);
        assert!(mails.iter().all(|mail| mail.contains("site-000") && mail.contains("site-999")));
        // Ten with what was seen of them, the others by their names.
        let (ten, others) = mails[0].split_once("and 990 more").unwrap();
        let others = others.split_once("text/html").map_or(others, |(text, _)| text);
        assert_eq!((ten.matches("    http:").count(), others.matches("    site-").count()), (10, 990), "{ten}");
        let told: Vec<Value> = hook.requests().iter().map(|told| serde_json::from_str(&told.body).unwrap()).collect();
        let told: Vec<_> = told.iter().map(|told| (told["type"].as_str().unwrap(), told["sites"].as_array().unwrap().len())).collect();
        assert_eq!(told, [("outage.opened", 1000), ("outage.resolved", 1000)]);
    }

    fn what_a_vanished_channel_was_owed_is_parked_and_leaves_when_asked_after_its_return(database: TestDatabase) {
        let site = SiteServer::start();
        let place = Place::with(&mailing(&database.url_text));
        place.done(&["site", "add", &site.url(), "--slug", "shop"]);
        site.answer(503);
        place.write("mail", "in the way");
        (0..3).for_each(|_| { place.done(&["run"]); });
        let alert = |key: &str| place.json(&["alerts", "list", "--json"])[0][key].clone();
        assert_eq!(alert("state"), "retry");

        // The channel is taken out of the configuration: its rows say so, once their time has come.
        place.write("djamon.toml", &silent(&database.url_text));
        place.done(&["alerts", "retry"]);
        let run = place.json(&["run", "--json"]);
        assert_eq!(run["alerts"], json!({"sent": 0, "pending": 0, "failed": 1}));
        assert_eq!((alert("state"), alert("channel")), (json!("parked"), json!("email")));

        // It comes back.
        place.write("djamon.toml", &mailing(&database.url_text));
        std::fs::remove_file(place.path().join("mail")).unwrap();
        assert_eq!(place.json(&["run", "--json"])["alerts"]["sent"], 0, "parked is parked");
        place.done(&["alerts", "retry", "email"]);
        assert_eq!(place.json(&["run", "--json"])["alerts"], json!({"sent": 1, "pending": 0, "failed": 0}));
        assert_eq!((alert("state"), subjects(&place).len()), (json!("sent"), 1));
    }

    fn a_process_without_descriptors_takes_nobody_down(database: TestDatabase) {
        let site = SiteServer::start();
        let place = Place::with(&silent(&database.url_text));
        for n in 0..20 {
            place.done(&["site", "add", &site.url(), "--slug", &format!("site-{n}")]);
        }
        let mut worked = 0;
        for limit in (4..40).step_by(3) {
            let output = Command::new("prlimit")
                .arg(format!("--nofile={limit}"))
                .arg(binary::path("djamon-check"))
                .args(["run", "--json"])
                .current_dir(place.path())
                .env_clear()
                .output()
                .unwrap();
            let said = djamon_tests::place::Said::of(output);
            match said.code {
                0 => {
                    let run: Value = serde_json::from_str(&said.out).unwrap();
                    let outcomes = run["views"].as_array().unwrap().iter().map(|view| view["outcome"].as_str().unwrap());
                    assert!(outcomes.clone().all(|outcome| outcome == "up"), "{limit}: {run}");
                    let skipped = usize::try_from(run["skipped"].as_u64().unwrap()).unwrap();
                    assert_eq!(outcomes.count() + skipped, 20, "{limit}: {run}");
                    assert_eq!(skipped > 0, run["skipped_reason"].is_string(), "{limit}: {run}");
                    worked += 1;
                }
                // The loader of programs has words of its own when there is no room even for it.
                code => assert!(code == 3 && said.err.lines().count() == 1 || limit < 10, "{limit}: {said:?}"),
            }
        }
        assert!(worked > 3, "{worked}");
        assert_eq!(place.run(&["status"]).code, 0);
    }
}
