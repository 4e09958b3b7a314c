//! A monitor to be measured: a directory with its configuration and database, and the release program that runs there.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use djamon_core::clock::{Clock, SystemClock};
use djamon_core::domain::site::NewSite;
use djamon_core::domain::{SiteOptions, Span, Target};
use djamon_core::store::backend::connection::{Opening, open};
use djamon_core::store::backend::migrate::open_or_create;
use djamon_core::store::{AnyConnection, DatabaseUrl, sites, write};
use tempfile::TempDir;

use crate::database;
use crate::measure::{self, Spent};

/// A monitor.
pub struct Monitor {
    directory: TempDir,
    url: DatabaseUrl,
    program: PathBuf,
}

impl Monitor {
    /// A monitor on SQLite with its guard on: `sandbox` tells it whether its line is alive. Alerts become files.
    pub fn new(sandbox: &str) -> Result<Monitor> {
        let directory = tempfile::tempdir()?;
        let url = format!("sqlite://{}", directory.path().join("djamon.db").display());
        Self::at(&url, directory, sandbox)
    }

    /// A monitor on the database of this address.
    pub fn on(url: &str, sandbox: &str) -> Result<Monitor> {
        Self::at(url, tempfile::tempdir()?, sandbox)
    }

    fn at(url: &str, directory: TempDir, sandbox: &str) -> Result<Monitor> {
        let built = std::env::current_exe()?.with_file_name("djamon-check");
        ensure!(built.exists(), "{} is missing; run make bench", built.display());
        // As it is installed. What the linker itself wrote lies in the system's cache in small pieces, which makes a start dearer.
        let program = directory.path().join("djamon-check");
        std::fs::copy(&built, &program)?;
        let configuration = format!(
            "[database]\nurl = {url:?}\n[check]\nsandbox_urls = [{sandbox:?}]\n\
             [email]\nfrom = \"djamon@example.org\"\nto = [\"ops@example.org\"]\nfile_dir = \"mail\"\n"
        );
        std::fs::write(directory.path().join("djamon.toml"), configuration)?;
        Ok(Monitor { url: DatabaseUrl::parse(url)?, directory, program })
    }

    /// A connection as the program opens it.
    pub fn connect(&self) -> Result<AnyConnection> {
        Ok(open_or_create(&self.url)?)
    }

    /// Adds sites, all in one transaction.
    pub fn add(&self, urls: impl Iterator<Item = String>, interval: Option<Duration>) -> Result<()> {
        let targets = urls.map(|url| Ok(Target::parse(&url)?)).collect::<Result<Vec<_>>>()?;
        let now = SystemClock::start().now();
        write(&mut self.connect()?, |connection| {
            for (n, target) in targets.into_iter().enumerate() {
                let options = SiteOptions { interval: interval.map(Span), ..SiteOptions::default() };
                let new = NewSite {
                    // One name of its own each: many that are alike are slow to tell apart.
                    slug: Some(format!("site-{n}")),
                    name: None,
                    target,
                    group: None,
                    options,
                    public: true,
                    paused: false,
                };
                sites::add(connection, &new, now)?;
            }
            Ok(())
        })?;
        Ok(())
    }

    /// The program.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Where it runs.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// One run, called as cron calls it: by the program's name alone.
    pub fn run(&self) -> Result<Spent> {
        self.spend(&[])
    }

    /// One command.
    pub fn spend(&self, words: &[&str]) -> Result<Spent> {
        measure::program(&self.program, words, self.directory.path())
    }

    /// Adds a webhook of this name at this address.
    pub fn tell(&self, name: &str, url: &str) -> Result<()> {
        std::fs::write(self.directory.path().join("hook"), url)?;
        let words = ["channel", "add", name, "webhook", "url_file=hook"];
        measure::program(&self.program, &words, self.directory.path())?;
        Ok(())
    }

    /// Delivers what is owed.
    pub fn deliver(&self) -> Result<Spent> {
        measure::program(&self.program, &["alerts", "deliver"], self.directory.path())
    }

    /// One run in the network of this name.
    pub fn run_in(&self, network: &str) -> Result<Spent> {
        let program = self.program.to_str().context("a program's path in UTF-8")?;
        let words = ["netns", "exec", network, program, "run"];
        measure::program(Path::new("ip"), &words, self.directory.path())
    }

    /// The cheapest of several runs.
    pub fn best_of(&self, runs: usize) -> Result<Spent> {
        let spent = (0..runs).map(|_| self.run()).collect::<Result<Vec<_>>>()?;
        spent.into_iter().reduce(Spent::lower).context("no runs")
    }

    /// How many bytes one run writes to SQLite's log.
    pub fn log_of_a_run(&self) -> Result<u64> {
        let mut reader = open(&self.url, Opening::Existing)?;
        database::hold_log(&mut reader)?;
        self.run()?;
        Ok(std::fs::metadata(self.directory.path().join("djamon.db-wal"))?.len())
    }
}
