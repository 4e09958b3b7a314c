//! A temporary PostgreSQL cluster, one for all tests of a process. It is stopped and deleted when the process ends,
//! however it ends: a watcher reads a pipe that only this process holds open.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// A role of this name must give its password; everybody else is trusted.
pub const WITH_PASSWORD: &str = "with_password";

/// The port of the running cluster on 127.0.0.1; its superuser is `djamon`, without a password.
///
/// # Panics
/// When PostgreSQL is not installed or does not start: tests on PostgreSQL are never skipped.
pub fn port() -> u16 {
    static PORT: OnceLock<u16> = OnceLock::new();
    *PORT.get_or_init(start)
}

/// The port of a cluster in `dir` that keeps what it is told, also through a power cut. It stops with this process; the
/// directory stays, and goes on where it was the next time.
///
/// # Panics
/// As [`port`].
pub fn durable(dir: &Path) -> u16 {
    std::fs::create_dir_all(dir).unwrap();
    begin(dir, "-c max_wal_size=4GB", "-m fast", "true")
}

fn start() -> u16 {
    let dir = tempfile::Builder::new().prefix("djamon-postgres-").tempdir().unwrap().keep();
    // Tests make many connections; nothing here has to survive a power cut.
    let settings = "-c fsync=off -c full_page_writes=off -c max_connections=200";
    begin(&dir, settings, "-m immediate", &format!("rm -rf '{}'", dir.display()))
}

/// Starts the cluster in `dir`, which is made if there is none. When this process ends it is stopped so, and then `last`
/// is carried out.
fn begin(dir: &Path, settings: &str, stop: &str, last: &str) -> u16 {
    let programs = programs();
    let data = dir.join("data");
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let is_root = output(Command::new("id").arg("-u")) == "0";
    if is_root {
        output(Command::new("chown").arg("postgres").arg(dir));
    }
    let as_owner = |program: &str| {
        let program = programs.join(program);
        if is_root {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        }
    };
    if data.join("PG_VERSION").exists() {
        // One that is still stopping has to be waited for.
        let _ = as_owner("pg_ctl").args(["stop", "-m", "fast", "-w", "-D"]).arg(&data).output();
    } else {
        let initdb = ["-A", "trust", "-U", "djamon", "--no-sync", "--locale=C", "-E", "UTF8", "-D"];
        output(as_owner("initdb").args(initdb).arg(&data).current_dir("/"));
        let rules = data.join("pg_hba.conf");
        let trusting = std::fs::read_to_string(&rules).unwrap();
        let strict = format!("host all {WITH_PASSWORD} 127.0.0.1/32 scram-sha-256\n");
        std::fs::write(&rules, strict + &trusting).unwrap();
    }
    let settings = format!("-p {port} -h 127.0.0.1 -k {} {settings}", dir.display());
    let log = dir.join("log");
    output(
        as_owner("pg_ctl")
            .args(["start", "-w", "-D"])
            .arg(&data)
            .arg("-l")
            .arg(log)
            .arg("-o")
            .arg(settings)
            .current_dir("/"),
    );
    watch(as_owner("pg_ctl"), &data, stop, last);
    port
}

/// Stops the cluster when standard input ends, which is when this process does.
fn watch(pg_ctl: Command, data: &Path, stop: &str, last: &str) {
    let words: Vec<String> = std::iter::once(pg_ctl.get_program())
        .chain(pg_ctl.get_args())
        .map(|word| format!("'{}'", word.to_string_lossy()))
        .collect();
    let script = format!(
        "trap '' INT TERM; cat >/dev/null; cd /; {} stop {stop} -D '{}' >/dev/null 2>&1; {last}",
        words.join(" "),
        data.display()
    );
    let watcher = Command::new("sh").args(["-c", &script]).stdin(Stdio::piped()).spawn().unwrap();
    // Kept open on purpose until the process ends.
    std::mem::forget(watcher);
}

fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .map(|dir| dir.flatten().map(|entry| entry.path().join("bin")));
    let found = versions.ok().and_then(|mut dirs| dirs.find(|dir| dir.join("initdb").exists()));
    found.expect("PostgreSQL is not installed: apt-get install postgresql")
}

fn output(command: &mut Command) -> String {
    // pg_ctl hands its output on to the server, which would keep a pipe open.
    let out = tempfile::tempfile().unwrap();
    let status = command
        .stdin(Stdio::null())
        .stdout(out.try_clone().unwrap())
        .stderr(out.try_clone().unwrap())
        .status()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut text = String::new();
    let mut out = out;
    std::io::Seek::rewind(&mut out).unwrap();
    std::io::Read::read_to_string(&mut out, &mut text).unwrap();
    assert!(status.success(), "{command:?}: {status}: {text}");
    text.trim().to_owned()
}
