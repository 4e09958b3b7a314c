//! A program that goes on until the test ends it. What it says is heard line by line.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::place::Said;

/// How long a line is waited for before the test gives up: far more than a busy machine needs.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running program; killed with this value.
#[derive(Debug)]
pub struct Running {
    child: Child,
    out: Receiver<String>,
    err: Receiver<String>,
}

impl Running {
    /// Starts it.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(command: &mut Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let out = lines(child.stdout.take().unwrap());
        let err = lines(child.stderr.take().unwrap());
        Running { child, out, err }
    }

    /// Its next line on stdout.
    ///
    /// # Panics
    /// When none comes.
    pub fn line(&self) -> String {
        self.out
            .recv_timeout(PATIENCE)
            .unwrap_or_else(|_| panic!("no line on stdout; on stderr: {:?}", self.complaints()))
    }

    /// Its next line on stderr.
    ///
    /// # Panics
    /// When none comes.
    pub fn complaint(&self) -> String {
        self.err.recv_timeout(PATIENCE).expect("a line on stderr")
    }

    /// The lines on stderr that nobody has read yet.
    pub fn complaints(&self) -> Vec<String> {
        self.err.try_iter().collect()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Kills it without a word of warning; `None` when that ended it, its exit code when it had ended before.
    pub fn kill(mut self) -> Option<i32> {
        self.child.kill().unwrap();
        self.child.wait().unwrap().code()
    }

    /// Sends it a signal, `TERM` for one, and gives what it still said and its exit code.
    ///
    /// # Panics
    /// When the signal cannot be sent.
    pub fn end(self, signal: &str) -> Said {
        assert!(self.signal(signal), "it has ended: {:?}", self.complaints());
        self.wait()
    }

    /// Sends it a signal, `TERM` for one; says whether it was still there.
    pub fn signal(&self, signal: &str) -> bool {
        let told = Command::new("kill").args(["-s", signal, &self.id().to_string()]).status();
        told.expect("kill").success()
    }

    /// Waits for its end.
    pub fn wait(mut self) -> Said {
        let status = self.child.wait().unwrap();
        let rest = |lines: &Receiver<String>| lines.iter().map(|line| line + "\n").collect();
        Said { code: status.code().unwrap_or(-1), out: rest(&self.out), err: rest(&self.err) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended, or been waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (tell, told) = channel();
    std::thread::spawn(move || {
        BufReader::new(pipe).lines().map_while(Result::ok).try_for_each(|line| tell.send(line))
    });
    told
}
