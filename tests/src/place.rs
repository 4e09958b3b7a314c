//! The real `djamon-check`, run in a directory of its own with a clean environment.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use crate::binary;

/// A directory with a `djamon.toml` and, after the first command, a database.
#[derive(Debug)]
pub struct Place {
    directory: TempDir,
    environment: Vec<(String, String)>,
}

impl Default for Place {
    fn default() -> Self {
        Place::with("[check]\nsandbox_urls = []\n[history]\ntime_zone = \"UTC\"\n")
    }
}

impl Place {
    /// A directory whose `djamon.toml` says this.
    ///
    /// # Panics
    /// When the disk says no.
    pub fn with(configuration: &str) -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        std::fs::write(directory.path().join("djamon.toml"), configuration).expect("djamon.toml");
        Place { directory, environment: Vec::new() }
    }

    /// The same directory; every command also gets this variable.
    pub fn with_variable(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Writes a file into it.
    ///
    /// # Panics
    /// When the disk says no.
    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).expect("a file in a temporary directory");
    }

    /// `djamon-check` with these words, ready to be started.
    pub fn check(&self, words: &[&str]) -> Command {
        let mut command = Command::new(binary::path("djamon-check"));
        command.args(words).current_dir(self.path()).env_clear().envs(self.environment.clone());
        command
    }

    /// Runs `djamon-check` with these words to its end.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn run(&self, words: &[&str]) -> Said {
        Said::of(self.check(words).stdin(Stdio::null()).output().expect("djamon-check"))
    }

    /// Runs `djamon-check` with these words and this text on stdin.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn run_with_input(&self, words: &[&str], input: &str) -> Said {
        let mut command = self.check(words);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("djamon-check");
        // A command that refuses may not read its input.
        let _ = child.stdin.take().expect("stdin").write_all(input.as_bytes());
        Said::of(child.wait_with_output().expect("djamon-check"))
    }

    /// Runs a command that does its work without a word on stderr, and gives what it printed.
    ///
    /// # Panics
    /// When it does not.
    pub fn done(&self, words: &[&str]) -> String {
        let said = self.run(words);
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{words:?}");
        said.out
    }

    /// Runs a command that refuses with this exit code and without output, and gives its one line.
    ///
    /// # Panics
    /// When it does not.
    pub fn refused(&self, code: i32, words: &[&str]) -> String {
        self.run(words).refusal(code)
    }

    /// What a command prints as JSON.
    ///
    /// # Panics
    /// When it prints something else.
    pub fn json(&self, words: &[&str]) -> serde_json::Value {
        serde_json::from_str(&self.run(words).out).expect("JSON")
    }
}

/// What a command said, and its exit code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The exit code.
    pub code: i32,
    /// Its stdout.
    pub out: String,
    /// Its stderr.
    pub err: String,
}

impl Said {
    /// What it said, now that it has ended.
    pub fn of(output: Output) -> Self {
        Said {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The one line of a refusal with this exit code, without the program's name.
    ///
    /// # Panics
    /// When it was something else.
    pub fn refusal(&self, code: i32) -> String {
        assert_eq!((self.code, self.out.as_str()), (code, ""), "{self:?}");
        let line = self.err.strip_prefix("djamon-check: ").and_then(|line| line.strip_suffix('\n'));
        let line = line.unwrap_or_else(|| panic!("{self:?}"));
        assert!(!line.contains('\n'), "{self:?}");
        line.to_owned()
    }
}
