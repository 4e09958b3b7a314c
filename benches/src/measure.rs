//! What a program costs: its wall time, its CPU time and its peak memory.
//!
//! The system adds up the use of all children of a process and keeps the largest peak. So each program is started by a
//! fresh copy of this one, which has no other child and is small: a child begins with the memory of its parent.
//! `/proc/PID/stat` would do without the copy, but counts in hundredths of a second.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use djamon_core::clock::Stopwatch;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

/// The word that starts the copy.
pub const WORD: &str = "measure";

/// What a program cost.
#[derive(Debug, Clone, Copy)]
pub struct Spent {
    /// From its start to its end.
    pub wall: Duration,
    /// User and system, all threads.
    pub cpu: Duration,
    /// The most memory it held at once, in bytes.
    pub peak: u64,
}

impl Spent {
    /// The lower of each of two: what else runs on the machine only adds.
    #[must_use]
    pub fn lower(self, other: Spent) -> Spent {
        Spent {
            wall: self.wall.min(other.wall),
            cpu: self.cpu.min(other.cpu),
            peak: self.peak.min(other.peak),
        }
    }
}

/// Runs `program` in `directory` to its end, without an environment.
pub fn program(program: &Path, arguments: &[&str], directory: &Path) -> Result<Spent> {
    let output = Command::new(std::env::current_exe()?)
        .arg(WORD)
        .arg(program)
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "{} {arguments:?} failed", program.display());
    let text = String::from_utf8(output.stdout)?;
    let mut numbers = text.split_whitespace().map(str::parse::<u64>);
    let mut next = || numbers.next().context("three numbers").and_then(|number| Ok(number?));
    Ok(Spent {
        wall: Duration::from_micros(next()?),
        cpu: Duration::from_micros(next()?),
        peak: next()?.saturating_mul(1024),
    })
}

/// The copy's part: runs the program and prints microseconds of wall and CPU time and KiB of memory.
pub fn inside(program: &Path, arguments: &[&str]) -> Result<()> {
    let watch = Stopwatch::start();
    let status = Command::new(program).args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).status()?;
    let wall = watch.elapsed().as_micros();
    ensure!(status.success(), "{} {arguments:?}: {status}", program.display());
    let used = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let cpu = used.user_time().num_microseconds() + used.system_time().num_microseconds();
    Ok(writeln!(anstream::stdout(), "{wall} {cpu} {}", used.max_rss())?)
}

/// The CPU time of this process so far.
pub fn own_cpu() -> Result<Duration> {
    let used = getrusage(UsageWho::RUSAGE_SELF)?;
    let cpu = used.user_time().num_microseconds() + used.system_time().num_microseconds();
    Ok(Duration::from_micros(cpu.unsigned_abs()))
}
