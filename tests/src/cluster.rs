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

fn start() -> u16 {
    let programs = programs();
    let dir = tempfile::Builder::new().prefix("djamon-postgres-").tempdir().unwrap().keep();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let data = dir.join("data");
    let is_root = output(Command::new("id").arg("-u")) == "0";
    if is_root {
        output(Command::new("chown").arg("postgres").arg(&dir));
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
    let initdb = ["-A", "trust", "-U", "djamon", "--no-sync", "--locale=C", "-E", "UTF8", "-D"];
    output(as_owner("initdb").args(initdb).arg(&data).current_dir("/"));
    let rules = data.join("pg_hba.conf");
    let trusting = std::fs::read_to_string(&rules).unwrap();
    let strict = format!("host all {WITH_PASSWORD} 127.0.0.1/32 scram-sha-256\n");
    std::fs::write(&rules, strict + &trusting).unwrap();
    // Tests make many connections; nothing here has to survive a power cut.
    let settings = format!(
        "-p {port} -h 127.0.0.1 -k {} -c fsync=off -c full_page_writes=off -c max_connections=200",
        dir.display()
    );
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
    watch(&dir, as_owner("pg_ctl"), &data);
    port
}

/// Stops the cluster when standard input ends, which is when this process does.
fn watch(dir: &Path, pg_ctl: Command, data: &Path) {
    let stop: Vec<String> = std::iter::once(pg_ctl.get_program())
        .chain(pg_ctl.get_args())
        .map(|word| format!("'{}'", word.to_string_lossy()))
        .collect();
    let script = format!(
        "trap '' INT TERM; cat >/dev/null; cd /; {} stop -m immediate -D '{}' >/dev/null 2>&1; rm -rf '{}'",
        stop.join(" "),
        data.display(),
        dir.display()
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
