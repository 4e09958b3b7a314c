//! The sandbox guard and the pool, against servers on loopback.

use std::cell::Cell;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use djamon_check::pool::{Ended, Limits, Plan, Task, probe_all};
use djamon_check::sandbox;
use djamon_check::stop::Stop;
use djamon_core::clock::{Stopwatch, SystemClock};
use djamon_core::domain::{Instant, Observation, Outcome, Policy, SiteId, Target};
use djamon_core::probe::{Prober, Settings};
use djamon_tests::fault_server::FaultServer;

fn prober() -> Prober {
    let settings = Settings { user_agent: "djamon/test".into(), deny_private: false };
    Prober::new(settings, Arc::new(SystemClock::start())).unwrap()
}

fn targets(urls: &[String]) -> Vec<Target> {
    urls.iter().map(|url| Target::parse(url).unwrap()).collect()
}

fn refusing() -> String {
    format!("http://{}/", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap())
}

fn ask(urls: &[String]) -> Result<Option<bool>, String> {
    let answer = sandbox::ask(&prober(), &targets(urls), &SystemClock::start(), &Stop::default());
    answer.map(|proof| proof.found).map_err(|blind| blind.reason)
}

#[test]
fn the_first_answer_proves_the_line_without_waiting_for_the_others() {
    let server = FaultServer::plain();
    let watch = Stopwatch::start();
    assert_eq!(ask(&[server.url("/hang"), server.url("/status/500"), refusing()]), Ok(None));
    assert!(watch.elapsed() < Duration::from_secs(3));
}

#[test]
fn no_answer_at_all_is_blindness_of_the_line() {
    assert!(ask(&[refusing(), refusing()]).unwrap_err().starts_with("line: none of the 2 sandbox URLs"));
}

#[test]
fn a_captive_portal_is_no_answer() {
    let (host, portal) = (FaultServer::plain(), FaultServer::on("[::1]"));
    let to_portal = host.url(&format!("/go/302/http:~~[::1]:{}~ok", portal.port()));
    assert!(ask(std::slice::from_ref(&to_portal)).unwrap_err().starts_with("portal: "));
    assert_eq!(
        ask(&[to_portal, host.url("/go/302/~ok")]),
        Ok(None),
        "a redirect within the host is its answer"
    );
}

#[test]
fn no_sandbox_means_no_guard() {
    assert_eq!(ask(&[]), Ok(None));
}

fn task(number: i32, url: &str, timeout: Duration) -> Task {
    let mut policy = Policy::default();
    policy.check.timeout = timeout;
    let (site, edited_at) = (SiteId(number), Instant::from_ms(7));
    let target = Target::parse(url).unwrap();
    Task { site, edited_at, target, policy: policy.into(), failed_last: false }
}

fn limits(concurrency: usize, expected: usize, deadline_ms: u64) -> Limits {
    Limits { concurrency, expected, plan: Plan::default(), deadline: Duration::from_millis(deadline_ms) }
}

fn run(limits: &Limits, tasks: Vec<Task>) -> (Vec<Observation>, Ended) {
    let mut seen = Vec::new();
    let ended = probe_all(&prober(), limits, &Stop::default(), tasks.into_iter(), |observation| {
        seen.push(observation)
    });
    (seen, ended)
}

#[test]
fn every_task_gives_one_observation() {
    let server = FaultServer::plain();
    let second = Duration::from_secs(5);
    let tasks = (0..200).map(|n| task(n, &server.url("/ok"), second)).collect();
    let (seen, ended) = run(&limits(0, 200, 30_000), tasks);
    let mut sites: Vec<_> = seen.iter().map(|observation| observation.site.0).collect();
    sites.sort_unstable();
    assert_eq!(sites, (0..200).collect::<Vec<_>>());
    assert!(seen.iter().all(|seen| seen.outcome == Outcome::Up && seen.edited_at == Instant::from_ms(7)));
    assert_eq!(ended, Ended::default());
}

#[test]
fn results_arrive_while_tasks_remain() {
    let server = FaultServer::plain();
    let (given, before_the_last) = (Cell::new(0), Cell::new(0));
    let tasks = (0..1000).map(|n| {
        given.set(n + 1);
        task(n, &server.url("/ok"), Duration::from_secs(5))
    });
    let ended = probe_all(&prober(), &limits(4, 1000, 30_000), &Stop::default(), tasks, |_| {
        before_the_last.set(before_the_last.get() + i32::from(given.get() < 1000));
    });
    assert_eq!(ended, Ended::default());
    assert!(before_the_last.get() > 700, "only what is in hand may wait: {}", before_the_last.get());
}

#[test]
fn the_deadline_leaves_out_what_is_not_finished() {
    let server = FaultServer::plain();
    let watch = Stopwatch::start();
    let long = Duration::from_secs(20);
    let tasks = (0..100).map(|n| task(n, &server.url("/hang"), long)).collect();
    let (seen, ended) = run(&limits(8, 100, 300), tasks);
    assert_eq!((seen.len(), ended.unprobed, ended.faults.len()), (0, 100, 0));
    assert!(watch.elapsed() < Duration::from_secs(3), "{:?}", watch.elapsed());
}

#[test]
fn sites_that_hang_do_not_hold_each_other_up() {
    let server = FaultServer::plain();
    let short = Duration::from_millis(300);
    // Whether nothing is known of them, or they answered at once last time.
    for plan in [Plan::default(), Plan::new(640, &[1; 640])] {
        let watch = Stopwatch::start();
        let tasks = (0..640).map(|n| task(n, &server.url("/hang"), short)).collect();
        let (seen, _) = run(&Limits { plan, ..limits(0, 640, 30_000) }, tasks);
        assert!(seen.iter().all(|seen| seen.outcome == Outcome::Timeout), "{seen:?}");
        assert_eq!(seen.len(), 640);
        assert!(watch.elapsed() < Duration::from_secs(5), "{:?}", watch.elapsed());
    }
}

#[test]
fn no_more_threads_are_made_than_planned_while_all_goes_as_planned() {
    let server = FaultServer::plain();
    let asked = server.counter();
    let tasks = (0..200).map(|n| task(n, &server.url("/hang"), Duration::from_secs(5))).collect();
    // 20 s of waiting in 250 ms are 80 threads, and 16 are spare.
    let plan = Plan::new(200, &[100; 200]);
    let (_, ended) = run(&Limits { plan, ..limits(0, 200, 300) }, tasks);
    assert_eq!(ended.unprobed, 200);
    assert!((1..=96).contains(&asked()), "{}", asked());
}

#[test]
fn a_fault_of_ours_is_reported_and_never_an_observation() {
    let server = FaultServer::plain();
    let mut task = task(3, &server.url("/ok").replace("http:", "https:"), Duration::from_secs(5));
    Arc::make_mut(&mut task.policy).check.ca_file = Some("/nowhere/ca.pem".into());
    let (seen, ended) = run(&limits(0, 1, 30_000), vec![task]);
    assert!(seen.is_empty());
    assert_eq!((ended.faults[0].0, ended.unprobed), (SiteId(3), 0));
}
