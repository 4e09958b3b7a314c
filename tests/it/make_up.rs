//! `deploy/up`, the script behind `make up`, with the programs of this build in a directory of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

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
