//! The monitor in a test's hands: a configuration, a clock that is set, and the real `run`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use djamon_check::app::{App, Exit, Failure};
use djamon_check::cli::Cli;
use djamon_check::commands;
use djamon_check::run::{RunArgs, run};
use djamon_check::stop::Stop;
use djamon_core::config::Config;
use djamon_core::domain::site::NewSite;
use djamon_core::domain::{Site, SiteOptions, Target};
use djamon_core::store::{AnyConnection, sites, write};
use serde_json::Value;

use crate::clock::SetClock;
use crate::database::TestDatabase;

/// A monitor with a database of its own.
pub struct Monitor {
    /// What the commands are handed.
    pub app: App,
    /// Its clock.
    pub clock: Arc<SetClock>,
    /// Its database.
    pub database: TestDatabase,
}

impl Monitor {
    /// A monitor that writes its mails as files and asks `sandbox` whether its line is alive; the guard is off when
    /// that is empty.
    pub fn new(database: TestDatabase, sandbox: &[&str]) -> Self {
        Self::configured(
            database,
            sandbox,
            "[email]\nfrom = \"djamon@example.org\"\nto = [\"ops@example.org\"]\nfile_dir = \"mail\"",
        )
    }

    /// A monitor with further lines in its configuration.
    pub fn configured(database: TestDatabase, sandbox: &[&str], lines: &str) -> Self {
        let file = database.dir.path().join("djamon.toml");
        let text = format!(
            "[database]\nurl = {:?}\n[check]\nsandbox_urls = {sandbox:?}\ntimeout = \"1s\"\n{lines}\n",
            database.url_text
        );
        std::fs::write(&file, text).unwrap();
        let clock = Arc::new(SetClock::default());
        let app = App {
            config: Config::load(Some(&file), Vec::new()).unwrap(),
            url: database.url.clone(),
            clock: clock.clone(),
            verbose: false,
            quiet: false,
            terminal: false,
            stop: Stop::default(),
            program: None,
        };
        Monitor { app, clock, database }
    }

    /// A connection of its own.
    pub fn connect(&self) -> AnyConnection {
        self.database.connect()
    }

    /// Adds a site.
    pub fn add(&self, name: &str, url: &str, options: SiteOptions) -> Site {
        let target = Target::parse(url).unwrap();
        let new = NewSite {
            slug: None,
            name: Some(name.into()),
            target,
            group: None,
            options,
            public: true,
            paused: false,
        };
        write(&mut self.connect(), |connection| sites::add(connection, &new, self.app.now())).unwrap()
    }

    /// One run with `--json`, and a minute passes. Gives what it printed.
    pub fn run(&self) -> Value {
        let once = || self.run_with(&RunArgs { json: true, ..RunArgs::default() });
        // A child that another test starts has every lock of this process until it runs a program of its own.
        let tries = std::iter::repeat_with(once).take(100).inspect(|_| std::thread::yield_now());
        let (exit, printed) = tries.into_iter().find(|(exit, _)| !matches!(exit, Ok(Exit::Busy))).unwrap();
        assert_eq!(exit.unwrap(), Exit::Done);
        self.clock.pass(Duration::from_secs(60));
        serde_json::from_str(&printed).unwrap()
    }

    /// One run, and what it printed.
    pub fn run_with(&self, args: &RunArgs) -> (Result<Exit, Failure>, String) {
        let mut out = Vec::new();
        let exit = run(&self.app, args, &mut out);
        (exit, String::from_utf8(out).unwrap())
    }

    /// What a command line does, and what it prints.
    pub fn said(&self, words: &[&str]) -> (Result<Exit, Failure>, String) {
        let cli = Cli::try_parse_from(["djamon-check"].iter().chain(words)).unwrap();
        let mut out = Vec::new();
        let exit = commands::run(&self.app, cli.command.unwrap_or_default(), &mut out);
        (exit, String::from_utf8(out).unwrap())
    }

    /// The mails written so far, oldest first.
    pub fn mails(&self) -> Vec<String> {
        let dir = self.database.dir.path().join("mail");
        let mut files: Vec<PathBuf> = std::fs::read_dir(dir)
            .map(|dir| dir.flatten().map(|entry| entry.path()).collect())
            .unwrap_or_default();
        files.sort();
        files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect()
    }
}

/// The line of a mail that begins with `name:`, without the name.
pub fn header(mail: &str, name: &str) -> String {
    let start = format!("{name}: ");
    let line = mail.lines().find(|line| line.starts_with(&start));
    line.map(|line| line[start.len()..].to_owned()).unwrap_or_default()
}
