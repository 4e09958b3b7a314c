//! `djamon-check crontab` with the system's own crontab program, for a user who exists only here.

use std::path::Path;
use std::process::Command;

use djamon_check::commands::crontab::{CrontabAction, Table, block, run_on};
use djamon_core::config::Config;

/// A user made for one test. Its crontab goes with it.
struct Passerby(String);

impl Passerby {
    fn new() -> Self {
        let name = format!("djamon-{}", std::process::id());
        run("useradd", &["--no-create-home", "--shell", "/usr/sbin/nologin", &name]);
        Passerby(name)
    }
}

impl Drop for Passerby {
    fn drop(&mut self) {
        let _ = Command::new("crontab").args(["-u", &self.0, "-r"]).output();
        let _ = Command::new("userdel").arg(&self.0).output();
    }
}

fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}; this test needs root and cron"));
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_crontab_is_installed_twice_checked_and_removed_beside_other_lines() {
    let user = Passerby::new();
    let table = Table::of(&user.0);
    let config = Config { file: Some("/etc/my 100%/djamon.toml".into()), ..Config::default() };
    // A program that exists, so that the check has nothing to say.
    let program = Path::new("/bin/true");
    let act = |action| {
        let mut out = Vec::new();
        let code = run_on(&table, program, action, &config, &mut out).unwrap();
        (code, String::from_utf8(out).unwrap())
    };
    let missing = "your crontab has no lines of djamon-check; run `djamon-check crontab install`\n";
    let lines = block(&config.check.schedule, program, config.file.as_deref()).unwrap();

    // No crontab at all is an empty one.
    assert_eq!(table.read().unwrap(), "");
    assert_eq!(act(CrontabAction::Check), (1, missing.to_owned()));
    assert_eq!(act(CrontabAction::Print), (0, lines.clone()));
    assert_eq!(table.read().unwrap(), "");

    let others = "# Mine: ünïcode, tabs\t and trailing spaces  \nMAILTO=me\n\n@daily echo 100\\% \n";
    table.write(others).unwrap();
    for _ in 0..2 {
        assert_eq!(act(CrontabAction::Install), (0, "your crontab runs /bin/true as scheduled\n".to_owned()));
        assert_eq!(table.read().unwrap(), format!("{others}{lines}"));
    }
    assert_eq!(act(CrontabAction::Check), (0, String::new()));

    // A line that somebody wrote by hand is left alone and told of.
    table.write(&format!("{others}* * * * * /opt/djamon-check\n{lines}")).unwrap();
    let twice = "line 5 of your crontab calls djamon-check too, and runs beside the installed ones; take it out (crontab -e)\n";
    assert_eq!(
        act(CrontabAction::Install),
        (0, format!("your crontab runs /bin/true as scheduled\n{twice}"))
    );
    assert!(table.read().unwrap().contains("/opt/djamon-check"));
    assert_eq!(act(CrontabAction::Check), (1, twice.to_owned()));
    table.write(&format!("{others}{lines}")).unwrap();

    assert_eq!(act(CrontabAction::Remove).0, 0);
    assert_eq!(table.read().unwrap(), others);
    assert_eq!(act(CrontabAction::Check), (1, missing.to_owned()));
}

#[test]
fn what_cron_refuses_is_told_in_its_words_and_changes_nothing() {
    let error = Table::of("nobody-of-this-name").read().unwrap_err();
    assert_eq!(error.exit_code(), 3);
    assert!(error.to_string().starts_with("crontab -l failed: "), "{error}");
    assert!(error.to_string().contains("nobody-of-this-name"), "{error}");
}
