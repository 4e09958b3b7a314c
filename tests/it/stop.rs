//! Told to stop in the middle of a run, by SIGTERM or Ctrl-C: what was seen stands, the rest is accounted for, the lock is
//! free, and what is owed is delivered by the next run.

use std::time::Duration;

use djamon_core::clock::Stopwatch;
use djamon_core::domain::run::RunState;
use djamon_core::store::runs;
use djamon_tests::fault_server::FaultServer;
use djamon_tests::on_both;
use djamon_tests::place::{Place, Said};
use djamon_tests::running::Running;
use djamon_tests::site_server::SiteServer;
use serde_json::Value;

/// About a second is promised; the rest is for machines that are busy with other tests. A run that went on would take 20.
const SOON: Duration = Duration::from_secs(8);

/// Waits until `server` was asked for `path`.
fn asked(server: &FaultServer, path: &str) {
    until(path, || server.asked().iter().any(|asked| asked.path == path));
}

/// Waits until `what` is so.
fn until(what: &str, is_so: impl Fn() -> bool) {
    let watch = Stopwatch::start();
    while !is_so() {
        assert!(watch.elapsed() < Duration::from_secs(60), "in vain: {what}");
        std::thread::yield_now();
    }
}

/// Ends `running` by this signal, soon.
fn ended(running: Running, signal: &str) -> Said {
    let watch = Stopwatch::start();
    let said = running.end(signal);
    assert!(watch.elapsed() < SOON, "{:?}: {said:?}", watch.elapsed());
    said
}

fn run_of(said: &Said) -> Value {
    serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{said:?}"))
}

on_both! {
    fn a_run_told_to_stop_keeps_what_it_saw_and_accounts_for_the_rest(database: TestDatabase) {
        let (site, server) = (SiteServer::start(), FaultServer::plain());
        site.answer(503);
        let place = Place::with(&format!(
            "[database]\nurl = {:?}\n[check]\nsandbox_urls = []\ntimeout = \"20s\"\n[email]\nfrom = \"djamon@example.org\"\n\
             to = [\"ops@example.org\"]\nfile_dir = \"mail\"\n",
            database.url_text
        ));
        place.done(&["site", "add", &site.url(), "--slug", "shop"]);
        for _ in 0..2 {
            place.done(&["run"]);
        }
        place.done(&["site", "add", &server.url("/hang"), "--slug", "blog"]);

        // 1. The shop's third failure is seen while the blog says nothing.
        let running = Running::start(&mut place.check(&["run", "--json"]));
        asked(&server, "/hang");
        // Once by HEAD and three times by GET.
        until("the shop is asked", || site.asked() == 4);
        let said = ended(running, "TERM");
        assert_eq!(said.code, 3, "{said:?}");
        assert!(said.err.contains("1 not reached: the run was told to stop"), "{said:?}");
        let run = run_of(&said);
        assert_eq!((&run["down"], &run["skipped"], &run["blind"]), (&1.into(), &1.into(), &Value::Bool(false)), "{run}");
        assert_eq!(run["skipped_reason"], "1 not reached: the run was told to stop");
        assert_eq!(run["views"].as_array().unwrap().len(), 1);
        assert_eq!(run["views"][0]["site"], "shop");
        assert_eq!(run["outages"]["opened"][0]["sites"][0], "shop");
        let last = runs::newest(&mut database.connect(), 1).unwrap().remove(0);
        assert_eq!((last.state, last.counts.skipped), (RunState::Done, 1));

        // 2. Its alert is owed: the next run, which nobody keeps from it, delivers it.
        assert_eq!(run["alerts"]["pending"], 1, "{run}");
        assert!(!place.path().join("mail").exists(), "a run that was told to stop begins no delivery");
        let next = run_of(&place.run(&["run", "--json", "--site", "shop"]));
        assert_eq!((&next["alerts"]["sent"], &next["alerts"]["pending"]), (&1.into(), &0.into()), "{next}");
    }
}

#[test]
fn who_is_told_to_stop_while_the_sandbox_is_asked_is_not_blind() {
    let (sandbox, site) = (FaultServer::plain(), SiteServer::start());
    let place = Place::with(&format!("[check]\nsandbox_urls = [{:?}]\n", sandbox.url("/hang")));
    place.done(&["site", "add", &site.url()]);
    let running = Running::start(&mut place.check(&["run", "--json"]));
    asked(&sandbox, "/hang");
    let said = ended(running, "INT");
    let run = run_of(&said);
    assert_eq!((said.code, &run["blind"], &run["skipped"]), (3, &Value::Bool(false), &1.into()), "{said:?}");
    assert_eq!(run["skipped_reason"], "the run was told to stop");
    assert_eq!(site.asked(), 0);
}

#[test]
fn a_failure_that_nobody_vouches_for_in_time_is_no_view_and_no_blindness() {
    let (sandbox, server) = (SiteServer::start(), FaultServer::plain());
    sandbox.answer_then_hang_up(1);
    let place = Place::with(&format!("[check]\nsandbox_urls = [{:?}]\ntimeout = \"20s\"\n", sandbox.url()));
    place.done(&["site", "add", &server.url("/closed")]);
    place.done(&["site", "add", &server.url("/hang")]);
    let running = Running::start(&mut place.check(&["run", "--json"]));
    asked(&server, "/hang");
    until("HEAD and GET fail", || server.asked().iter().filter(|asked| asked.path == "/closed").count() == 2);
    let run = run_of(&ended(running, "TERM"));
    assert_eq!((&run["blind"], &run["skipped"]), (&Value::Bool(false), &2.into()), "{run}");
    assert_eq!(run["skipped_reason"], "2 not reached: the run was told to stop");
}

#[test]
fn runs_that_repeat_end_in_the_middle_of_one() {
    let server = FaultServer::plain();
    let place = Place::with("[check]\nsandbox_urls = []\ntimeout = \"20s\"\n");
    place.done(&["site", "add", &server.url("/hang")]);
    let running = Running::start(&mut place.check(&["run", "--every", "1h", "--json"]));
    asked(&server, "/hang");
    let said = ended(running, "TERM");
    assert_eq!((said.code, &run_of(&said)["skipped"]), (0, &1.into()), "{said:?}");
    assert_eq!(place.run(&["run", "--group", "none"]).code, 2, "the lock is free, and nobody waits for it");
}

#[test]
fn a_mail_server_that_says_nothing_holds_up_no_other_run_and_no_end() {
    let (site, mail) = (SiteServer::start(), FaultServer::plain());
    site.answer(503);
    let place = Place::with(&format!(
        "[check]\nsandbox_urls = []\nattempts = 1\n[email]\nfrom = \"djamon@example.org\"\nto = [\"ops@example.org\"]\n\
         host = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n",
        mail.port()
    ));
    place.done(&["site", "add", &site.url(), "--slug", "shop"]);
    let running = Running::start(&mut place.check(&["run", "--json"]));
    // The fault server waits for a request that a mail client never makes.
    until("a message is under way", || place.run(&["alerts", "list", "--json"]).out.contains("\"claimed\""));
    assert_eq!(place.run(&["run"]).code, 0, "the lock is free while messages leave");
    let said = ended(running, "TERM");
    assert_eq!((said.code, &run_of(&said)["down"]), (0, &1.into()), "{said:?}");
}

#[test]
fn a_second_signal_ends_what_a_first_could_not() {
    use diesel::connection::SimpleConnection;
    use djamon_core::store::DatabaseUrl;
    use djamon_core::store::backend::migrate::open_or_create;

    let (site, server) = (SiteServer::start(), FaultServer::plain());
    let url = |place: &Place| format!("sqlite://{}", place.path().join("djamon.db").display());
    let place = Place::with("[check]\nsandbox_urls = []\ntimeout = \"20s\"\n");
    place.done(&["site", "add", &site.url()]);
    place.done(&["site", "add", &server.url("/hang")]);
    let mut connection = open_or_create(&DatabaseUrl::parse(&url(&place)).unwrap()).unwrap();
    let mut running = Running::start(&mut place.check(&["run"]));
    asked(&server, "/hang");
    // The run cannot write what it saw: the first signal alone would have it wait for the database.
    connection.batch_execute("BEGIN EXCLUSIVE").unwrap();
    let watch = Stopwatch::start();
    while !running.has_ended() {
        running.signal("INT");
        assert!(watch.elapsed() < Duration::from_secs(60), "it does not end");
    }
    let said = running.wait();
    assert_eq!(said.code, -1, "the signal itself has ended it: {said:?}");
}
