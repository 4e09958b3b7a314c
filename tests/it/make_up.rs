//! `deploy/up`, the script behind `make up`, with the programs of this build in a directory of its own.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use tempfile::TempDir;

/// `deploy/up` in `directory`, ready to be started.
fn up(directory: &Path) -> Command {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../deploy/up");
    let mut command = Command::new(script);
    command
        .current_dir(directory)
        .env_remove("DJAMON_CONFIG")
        .env("DJAMON_BIN_DIR", std::env::current_exe().unwrap().ancestors().nth(2).unwrap());
    command
}

/// What it says when it refuses.
fn refusal(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    String::from_utf8_lossy(&output.stderr).trim_end().to_owned()
}

/// The names of what is in `directory`, sorted.
fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_database_that_no_configuration_speaks_of_is_left_alone() {
    let directory = TempDir::new().unwrap();
    let database = directory.path().join("djamon.db");
    fs::write(&database, "somebody's").unwrap();
    let told = refusal(&up(directory.path()).output().unwrap());
    assert_eq!(
        told,
        "There is a djamon.db but no djamon.toml that says how it is used: write one, or move the database away."
    );
    assert_eq!(names(directory.path()), ["djamon.db", "var"]);
    assert_eq!(fs::read(&database).unwrap(), b"somebody's");
}

#[test]
fn a_configuration_that_is_asked_for_is_never_made() {
    let directory = TempDir::new().unwrap();
    let told = refusal(&up(directory.path()).env("DJAMON_CONFIG", "mine.toml").output().unwrap());
    assert_eq!(told, "mine.toml (DJAMON_CONFIG) does not exist.");
    assert_eq!(names(directory.path()), ["var"]);
}

#[test]
fn two_do_not_run_in_one_directory() {
    let directory = TempDir::new().unwrap();
    fs::create_dir(directory.path().join("var")).unwrap();
    let lock = fs::File::create(directory.path().join("var/up.lock")).unwrap();
    lock.lock().unwrap();
    let told = refusal(&up(directory.path()).output().unwrap());
    assert_eq!(told, "`make up` is already running in this directory.");
}

#[test]
fn a_taken_port_of_an_own_configuration_is_named() {
    let directory = TempDir::new().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let config = format!("[web]\nlisten = \"{}\"\n", taken.local_addr().unwrap());
    fs::write(directory.path().join("djamon.toml"), &config).unwrap();
    let output = up(directory.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr).trim_end(),
        format!(
            "Port {} is taken by another program: choose another in [web] listen of djamon.toml.",
            taken.local_addr().unwrap().port()
        )
    );
    assert_eq!(names(directory.path()), ["djamon.toml", "var"]);
    assert_eq!(fs::read_to_string(directory.path().join("djamon.toml")).unwrap(), config);
}

/// A `deploy/up` that is running. Killed when dropped; the kernel then ends what it had started.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_demo_shows_an_outage_raised_told_and_resolved_and_stops_without_a_trace() {
    let directory = TempDir::new().unwrap();
    let mut command = up(directory.path());
    command.env("DJAMON_UP_EVERY", "1s").env("DJAMON_DEMO_STORY", "3,6,600").stdout(Stdio::piped());
    let mut running = Running(command.spawn().unwrap());

    // 1. The story, as the terminal tells it.
    let (send, lines) = mpsc::channel();
    let stdout = BufReader::new(running.0.stdout.take().unwrap());
    std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
    let told = |wanted: &str| {
        let mut before = String::new();
        loop {
            let line = lines
                .recv_timeout(Duration::from_secs(60))
                .unwrap_or_else(|_| panic!("{wanted:?} was not told; before it came:\n{before}"));
            if line.contains(wanted) {
                return line;
            }
            before += &(line + "\n");
        }
    };
    let address =
        told("Djamon is up: ").split_whitespace().find(|word| word.starts_with("http")).unwrap().to_owned();
    told("Nobody can sign in yet. Choose a password for \"admin\"");
    let link = told("/invite?key=").trim().to_owned();
    told("3 up, 0 failing, 0 down");
    told("outage 1 opened: api");
    told("outage 1 resolved: api");

    // 2. The alerts are files, DOWN before RESOLVED; told after the outage, so that waiting for the line is enough.
    told("alerts sent: 1");
    let mails: Vec<String> = names(&directory.path().join("var/mail"))
        .iter()
        .map(|name| fs::read_to_string(directory.path().join("var/mail").join(name)).unwrap())
        .collect();
    assert_eq!(mails.iter().filter(|mail| mail.contains("X-Djamon-Event: opened")).count(), 1);
    assert_eq!(mails.iter().filter(|mail| mail.contains("X-Djamon-Event: resolved")).count(), 1);

    // 3. The API says the same.
    let get = |path: &str| -> serde_json::Value {
        let text = ureq::get(format!("{address}{path}")).call().unwrap().body_mut().read_to_string().unwrap();
        serde_json::from_str(&text).unwrap()
    };
    assert_eq!(get("api/v1/outages/1")["state"], "resolved");
    assert_eq!(get("api/v1/summary")["sites"]["up"], 3);

    let page = ureq::get(&link).call().unwrap().body_mut().read_to_string().unwrap();
    assert!(link.starts_with(&address) && page.contains("Welcome, admin"), "{link}: {page}");

    // 4. Ended politely, nothing is left; what it made stays for the next time.
    assert!(Command::new("kill").arg(running.0.id().to_string()).status().unwrap().success());
    assert_eq!(running.0.wait().unwrap().code(), Some(143));
    let listener = address.trim_start_matches("http://").trim_end_matches('/');
    assert!(std::net::TcpStream::connect(listener).is_err());
    assert!(names(directory.path()).contains(&"djamon.toml".to_owned()));
    assert_eq!(not_ignored(directory.path()), "", "git add would take it, keys as well");
}

/// What git would take up of what is in `directory`, if that were the project's.
fn not_ignored(directory: &Path) -> String {
    let ignored = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../.gitignore");
    let git = |words: &[&str]| {
        let output = Command::new("git").current_dir(directory).args(words).output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    git(&["init", "--quiet"]);
    git(&["ls-files", "--others", "--exclude-from", ignored.to_str().unwrap()])
}
