//! Probes alone, without a monitor around them: the same exchanges as [`crate::raw`]'s, made by the probe.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, ensure};
use djamon_core::clock::SystemClock;
use djamon_core::domain::{Outcome, Policy, Target};
use djamon_core::probe::{Prober, Settings};

use crate::measure::{self, Spent};
use crate::raw::THREADS;

/// The word that starts the loop.
pub const WORD: &str = "probes";

/// What so many probes cost, one after the other of `addresses`.
pub fn measured(count: usize, addresses: &[SocketAddr]) -> Result<Spent> {
    let words: Vec<String> = [WORD.to_owned(), count.to_string()]
        .into_iter()
        .chain(addresses.iter().map(ToString::to_string))
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    measure::program(&std::env::current_exe()?, &words, Path::new("/"))
}

/// Makes the probes.
pub fn make(count: &str, addresses: &[&str]) -> Result<()> {
    let count: usize = count.parse()?;
    let parsed = addresses.iter().map(|address| Ok(Target::parse(&format!("http://{address}/"))?));
    let targets = parsed.collect::<Result<Vec<_>>>()?;
    let settings = Settings { user_agent: "raw".into(), deny_private: false };
    let prober = Prober::new(settings, Arc::new(SystemClock::start()))?;
    let check = Policy::default().check;
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let work = || -> Result<()> {
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= count {
                    return Ok(());
                }
                let sight = prober.look(targets.get(n % targets.len()).context("an address")?, &check, false);
                ensure!(sight.outcome == Outcome::Up, "{sight:?}");
            }
        };
        let threads: Vec<_> = (0..THREADS.min(count)).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| match thread.join() {
            Ok(done) => done,
            Err(_) => anyhow::bail!("a thread of probes panicked"),
        })
    })
}
