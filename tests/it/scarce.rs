//! A machine that runs out of what it needs, file descriptors or threads: never a site's failure.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use djamon_core::domain::SiteOptions;
use djamon_tests::binary;
use djamon_tests::database::{Backend, TestDatabase};
use djamon_tests::fault_server::FaultServer;
use djamon_tests::monitor::Monitor;
use djamon_tests::tell;
use serde_json::Value;

const SITES: usize = 150;

/// A monitor with many sites, all well; every other one has a name that must be looked up.
fn monitor(server: &FaultServer) -> Monitor {
    let monitor = Monitor::new(TestDatabase::migrated(Backend::Sqlite), &[]);
    for number in 0..SITES {
        let host = if number % 2 == 0 { "127.0.0.1" } else { "localhost" };
        let url = format!("http://{host}:{}/ok", server.port());
        monitor.add(&format!("site {number}"), &url, SiteOptions::default());
    }
    monitor
}

/// How many sites a run saw up. None may have failed, whatever became of the run.
fn seen_up(said: &Output) -> usize {
    let text = String::from_utf8_lossy(&said.stdout);
    let errors = String::from_utf8_lossy(&said.stderr);
    let Ok(run) = serde_json::from_str::<Value>(&text) else {
        assert!(!said.status.success() && !errors.is_empty(), "{text} {errors}");
        return 0;
    };
    let views = run["views"].as_array().unwrap();
    let failed: Vec<_> = views.iter().filter(|view| view["outcome"] != "up").collect();
    assert!(failed.is_empty(), "{failed:?}");
    assert!(!errors.contains("panicked"), "{errors}");
    views.len()
}

#[test]
fn without_file_descriptors_no_site_is_down() {
    let server = FaultServer::plain();
    let monitor = monitor(&server);
    let run = |most: usize| {
        let said = Command::new("prlimit")
            .arg(format!("--nofile={most}:{most}"))
            .arg(binary::path("djamon-check"))
            .args(["run", "--json"])
            .current_dir(monitor.database.dir.path())
            .output()
            .expect("prlimit is missing: run deploy/install-needs test");
        seen_up(&said)
    };
    for most in [6, 8, 12, 14, 16, 18, 20, 24, 32] {
        run(most);
    }
    assert_eq!(run(200), SITES, "with some, the threads are as many as they allow");
}

#[test]
fn without_threads_the_run_goes_on_with_those_there_are() {
    let server = FaultServer::plain();
    let monitor = monitor(&server);
    let dir = monitor.database.dir.path();
    // Root may have as many processes as it likes: a user whom nobody else is has a limit.
    let program = dir.join("djamon-check");
    std::fs::copy(binary::path("djamon-check"), &program).unwrap();
    let open = |path: &Path| std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o777)).unwrap();
    open(dir);
    std::fs::read_dir(dir).unwrap().flatten().for_each(|entry| open(&entry.path()));
    let run = |user: u32, most: usize| {
        let said = Command::new("setpriv")
            .args([&format!("--reuid={user}"), "--clear-groups", "prlimit", &format!("--nproc={most}")])
            .arg(&program)
            .args(["run", "--json"])
            .current_dir(dir)
            .output()
            .expect("setpriv is missing, or these tests do not run as root");
        seen_up(&said)
    };
    let seen = [1, 2, 3, 4, 6, 10, 400].map(|most| run(64_917, most));
    tell!("scarce: {seen:?} of {SITES} sites seen");
    // Half of them have no name to look up, which takes no thread but the first.
    assert!(seen.iter().all(|seen| *seen >= SITES / 2), "{seen:?}");
    assert_eq!(seen[6], SITES);
}
