//! The lines of `djamon-check crontab install`, called by Debian's own cron: it runs in a mount namespace of its own with
//! an empty spool, so that the machine's cron and crontabs are neither used nor changed.

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, UNIX_EPOCH};

use djamon_tests::binary;
use djamon_tests::place::Said;
use djamon_tests::running::Running;
use djamon_tests::site_server::SiteServer;
use serde_json::Value;
use tempfile::TempDir;

/// A user who exists only here, whose home is a directory with a `djamon.toml`, and a cron that knows nobody else.
struct Town {
    home: TempDir,
    user: String,
    cron: Option<Running>,
}

/// 1. A spool, system crontabs and run-time files of its own. 2. A `sendmail` that keeps what cron mails. 3. Cron.
const CRON: &str = r#"
set -e
mount --bind "$1/spool" /var/spool/cron/crontabs
mount --bind "$1/empty" /etc/cron.d
mount --bind /dev/null /etc/crontab
mount -t tmpfs none /run
mount -t overlay -o lowerdir="$1/sbin:/usr/sbin" none /usr/sbin
echo ready
exec /usr/sbin/cron -f
"#;

impl Town {
    fn new(configuration: &str) -> Self {
        let home = TempDir::new().unwrap();
        let user = format!("djamon-cron-{}", std::process::id());
        done(
            "useradd",
            &[
                "--no-create-home",
                "--home-dir",
                &home.path().display().to_string(),
                "--shell",
                "/bin/sh",
                &user,
            ],
        );
        let town = Town { home, user, cron: None };
        std::fs::write(town.at("djamon.toml"), configuration).unwrap();
        // Where the programs were built may be closed to other users.
        std::fs::copy(binary::path("djamon-check"), town.at("djamon-check")).unwrap();
        for directory in ["spool", "empty", "sbin", "mailed"] {
            std::fs::create_dir(town.at(directory)).unwrap();
        }
        let sendmail = town.at("sbin/sendmail");
        std::fs::write(
            &sendmail,
            format!("#!/bin/sh\ncat >$(mktemp {})\n", town.at("mailed/XXXXXX").display()),
        )
        .unwrap();
        std::fs::set_permissions(&sendmail, PermissionsExt::from_mode(0o755)).unwrap();
        let owner = id(&town.user);
        for mine in [town.home.path().to_owned(), town.at("djamon.toml"), town.at("mailed")] {
            chown(&mine, Some(owner), None).unwrap();
        }
        done("chgrp", &["crontab", &town.at("spool").display().to_string()]);
        std::fs::set_permissions(town.at("spool"), PermissionsExt::from_mode(0o1730)).unwrap();
        // Cron sees changes by the second: one made in the second of its start would go unseen.
        std::fs::File::open(town.at("spool")).unwrap().set_modified(UNIX_EPOCH).unwrap();
        town
    }

    fn at(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn start_cron(&mut self) {
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", CRON, "sh"]).arg(self.home.path());
        let cron = Running::start(&mut command);
        assert_eq!(cron.line(), "ready", "this test needs root");
        self.cron = Some(cron);
    }

    /// Runs a program as the user, where cron is.
    fn run(&self, program: &Path, words: &[&str], input: Option<&Path>) -> Said {
        let cron = self.cron.as_ref().expect("cron").id().to_string();
        let mut command = Command::new("nsenter");
        let home = format!("--wd={}", self.home.path().display());
        command
            .args(["--mount", "--target", &cron, &home, "runuser", "-u", &self.user, "--"])
            .arg(program)
            .args(words);
        command
            .env_clear()
            .env("PATH", "/usr/bin:/usr/sbin:/bin")
            .stdin(input.map_or_else(Stdio::null, |file| std::fs::File::open(file).unwrap().into()));
        Said::of(command.output().unwrap())
    }

    fn check(&self, words: &[&str]) -> (i32, String, String) {
        let said = self.run(&self.at("djamon-check"), words, None);
        (said.code, said.out, said.err)
    }

    /// What cron has mailed.
    fn mailed(&self) -> Vec<String> {
        let files = std::fs::read_dir(self.at("mailed")).unwrap();
        files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect()
    }
}

impl Drop for Town {
    fn drop(&mut self) {
        self.cron = None;
        // What cron had just started may still be there for a moment.
        let _ = Command::new("userdel").args(["--force", &self.user]).output();
    }
}

fn done(program: &str, words: &[&str]) {
    let output = Command::new(program).args(words).output();
    let output =
        output.unwrap_or_else(|error| panic!("{program}: {error}; this test needs root and Debian's cron"));
    assert!(
        output.status.success(),
        "{program}: {}; this test needs root and Debian's cron",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn id(user: &str) -> u32 {
    let output = Command::new("id").args(["-u", user]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

#[test]
fn cron_runs_what_crontab_install_wrote_and_has_nothing_to_mail() {
    let site = SiteServer::start();
    let mut town = Town::new("[check]\nsandbox_urls = []\nschedule = [\"* * * * *\"]\n");
    town.start_cron();
    let said = |code, out: &str| (code, out.to_owned(), String::new());
    let program = town.at("djamon-check").display().to_string();

    // 1. Installed beside a line of the user's own, whose output is mailed: the way a word of ours would take.
    std::fs::write(town.at("own"), "* * * * * echo told\n").unwrap();
    let installed = town.run(Path::new("crontab"), &["-"], Some(&town.at("own")));
    assert_eq!(installed.code, 0, "{installed:?}");
    assert_eq!(town.check(&["crontab", "check"]).0, 1);
    assert_eq!(
        town.check(&["crontab", "install"]),
        said(0, &format!("your crontab runs {program} as scheduled\n"))
    );
    assert_eq!(town.check(&["crontab", "check"]), said(0, ""));
    assert_eq!(town.check(&["site", "add", &site.url(), "--slug", "shop"]), said(0, "shop\n"));
    site.answer(503);

    // 2. Within the minute cron has called it.
    let seen = || {
        let told: Value = serde_json::from_str(&town.check(&["status", "--json"]).1).unwrap();
        told[0]["last_view"]["code"].as_u64()
    };
    let mut patience = 240;
    while seen().is_none() || town.mailed().is_empty() {
        patience -= 1;
        assert!(patience > 0, "cron has called nothing: {:?}", (seen(), town.mailed()));
        std::thread::sleep(Duration::from_millis(500));
    }
    assert_eq!(seen(), Some(503));

    // 3. Taken out again, the other line stays.
    assert_eq!(town.check(&["crontab", "remove"]), said(0, "your crontab has no lines of djamon-check\n"));
    assert_eq!(town.run(Path::new("crontab"), &["-l"], None).out, "* * * * * echo told\n");
    for mail in town.mailed() {
        assert!(mail.contains("echo told") && mail.ends_with("\ntold\n"), "{mail}");
    }
}
