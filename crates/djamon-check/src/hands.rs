//! Further hands: processes of this program that serve a channel beside it, so that several messages are under way.
//!
//! Each has one message under way at a time. Whoever is killed leaves one message of which nobody knows whether it arrived,
//! so one that may come twice; threads of one process would leave all of theirs.

use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use djamon_core::notify::LONGEST_SEND;

use crate::deliver::Delivered;
use crate::stop::Stop;

/// How this program is started once more, with the same configuration.
#[derive(Debug, Clone)]
pub struct Program {
    file: PathBuf,
    options: Vec<OsString>,
}

impl Program {
    /// The program of this file, with the options that every command takes; `None` when it cannot be started once more,
    /// because its configuration comes from where it can be read but once.
    pub fn new(file: PathBuf, config: Option<&Path>, verbose: bool, quiet: bool) -> Option<Self> {
        if config.is_some_and(|config| {
            !config.is_file() || config.starts_with("/dev") || config.starts_with("/proc")
        }) {
            return None;
        }
        let config = config.map(|config| ["--config".into(), config.into()]);
        let loudness = [verbose.then_some("-v"), quiet.then_some("-q")].into_iter().flatten();
        let options = config.into_iter().flatten().chain(loudness.map(OsString::from)).collect();
        Some(Program { file, options })
    }

    fn start(&self, serve: &str, within: Duration) -> std::io::Result<Child> {
        Command::new(&self.file)
            .args(&self.options)
            .args(["alerts", "serve", "--seconds", &within.as_secs_f32().to_string(), "--", serve])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
    }
}

/// Those that serve one channel. Each goes on until nothing may leave or its time is over. When this process lets go of
/// them or dies, each finishes the message that is under way.
pub struct Hands {
    leashes: Vec<ChildStdin>,
    done: Receiver<Delivered>,
    patience: Duration,
}

impl Hands {
    /// Starts so many, or as many as can be had. None of them begins a message after `within`.
    pub fn start(program: &Program, serve: &str, count: usize, within: Duration) -> Self {
        let (tell, done) = channel();
        let mut leashes = Vec::new();
        for _ in 0..count {
            let mut child = match program.start(serve, within) {
                Ok(child) => child,
                Err(error) => {
                    tracing::debug!("{serve} is served by fewer processes: {error}");
                    break;
                }
            };
            let leash = child.stdin.take();
            let (tell, serve) = (tell.clone(), serve.to_owned());
            // It is not listened to any more when this process ends first.
            let listens = std::thread::Builder::new().spawn(move || tell.send(outcome(child, &serve)));
            if listens.is_err() {
                break;
            }
            leashes.extend(leash);
        }
        Hands { leashes, done, patience: within.saturating_add(LONGEST_SEND) }
    }

    /// What they did, when all have ended; once this process is told to stop, so are they. One that does not end is left
    /// to itself.
    pub fn finish(self, stop: &Stop) -> Delivered {
        let Hands { leashes, done, patience } = self;
        let mut all = Delivered::default();
        while let Ok(one) = stop.receive(&done, patience, Duration::ZERO) {
            all = all.and(one);
        }
        drop(leashes);
        while let Ok(one) = done.recv_timeout(LONGEST_SEND) {
            all = all.and(one);
        }
        all
    }
}

fn outcome(mut child: Child, serve: &str) -> Delivered {
    let mut said = String::new();
    let heard = child.stdout.take().map(|mut out| out.read_to_string(&mut said));
    let ended = child.wait();
    let done = serde_json::from_str(&said).ok().filter(|_| heard.is_some_and(|heard| heard.is_ok()));
    done.unwrap_or_else(|| {
        let how = ended.map_or_else(|error| error.to_string(), |status| status.to_string());
        tracing::warn!(
            "a process that served {serve} ended ({how}): what it had under way, if anything, is sent again"
        );
        Delivered { refused: 1, ..Delivered::default() }
    })
}

/// Stops this process's delivery when the process that started it lets go or is no more.
pub fn held_by_stdin(stop: &Stop) {
    let stop = stop.clone();
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        stop.tell();
    });
}
