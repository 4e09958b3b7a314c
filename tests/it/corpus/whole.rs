//! The corpus against the real program: all cases as sites of one run, within its memory and its time.

use std::process::Stdio;
use std::time::Duration;

use djamon_core::clock::Stopwatch;
use djamon_core::domain::{Method, SiteOptions};
use djamon_tests::binary;
use djamon_tests::corpus::{self, stage::Stage};
use djamon_tests::database::{Backend, TestDatabase};
use djamon_tests::monitor::Monitor;
use djamon_tests::tell;
use serde_json::Value;

use super::untrusted;

/// What the process may take in all, in KiB.
const MOST_MEMORY: u64 = 100 * 1024;

/// Between the two waits that cases know, with room for a packet sent again: all of them are looked at at once.
const LIMIT: &str = "2500ms";

/// The most memory that the process took so far, in KiB; `None` when it is gone.
fn peak(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn a_run_over_all_cases_gives_their_verdicts_within_100_mb_and_a_minute() {
    let (tls, cases) = (untrusted(), corpus::all());
    let stage = Stage::open(cases.clone(), ([127, 0, 0, 1], tls.port()).into());
    let monitor = Monitor::new(TestDatabase::migrated(Backend::Sqlite), &[]);
    for case in &cases {
        let check = case.check(Method::Get);
        let options = SiteOptions {
            method: Some(Method::Get),
            good_codes: Some(check.good_codes),
            timeout: Some(if case.waits { LIMIT } else { "5s" }.parse().unwrap()),
            follow_redirects: Some(case.follows),
            contains: check.contains,
            ..SiteOptions::default()
        };
        monitor.add(case.name, &stage.fill(&case.url), options);
    }
    let watch = Stopwatch::start();
    let printed = tempfile::NamedTempFile::new().unwrap();
    let mut child = std::process::Command::new(binary::path("djamon-check"))
        .args(["run", "--json"])
        .current_dir(monitor.database.dir.path())
        .stdout(Stdio::from(printed.reopen().unwrap()))
        .spawn()
        .unwrap();
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        most = peak(child.id()).unwrap_or(0).max(most);
        std::thread::yield_now();
    }
    let took = watch.elapsed();
    let run: Value = serde_json::from_reader(printed.reopen().unwrap()).unwrap();
    let views = run["views"].as_array().unwrap();
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let view = views.iter().find(|view| view["name"] == case.name || view["site"] == case.name);
            let outcome = view.map_or("none", |view| view["outcome"].as_str().unwrap());
            let wanted = case.by_get.outcome.to_string();
            (outcome != wanted).then(|| format!("{}: wanted {wanted}, saw {view:?}", case.name))
        })
        .collect();
    tell!(
        "whole: {} of {} cases agree, {} MiB, {took:?}",
        cases.len() - wrong.len(),
        cases.len(),
        most / 1024
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(most > 0 && most < MOST_MEMORY, "{most} KiB");
    assert!(took < Duration::from_secs(60), "{took:?}");
}
