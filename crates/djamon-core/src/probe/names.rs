//! Looks names up: a small pool of threads around `getaddrinfo`, answers shared. Knows no HTTP and no sites.
//!
//! ```text
//! ask(name) ─► known and fresh? ─► answer
//!          └─► someone asks already? ─► wait with them
//!          └─► queue ─► a thread, made when needed ─► getaddrinfo ─► answer for all who wait
//! ```
//! A thread that the resolver keeps waiting cannot be stopped; it is only never waited for longer than the limit. After a
//! quarter of a second it is written off and another one takes its place, up to a bound, so that names nobody answers for
//! hold up no others. Names of sites that failed last time come after those of sites that are well, and never take the
//! last threads. Time in the queue is our own and is taken off the site's limit. Failures of the resolver are told to
//! those who wait and then forgotten; what it does answer is shared for ten seconds, so that a run asks once for a name.
//! The threads and their queues are [`super::lookup_desk`].

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::fault::Fault;
use super::limit::Limit;
use super::lookup::{Answer, look_up};
use super::lookup_desk::{Bounds, Desk, Progress};
use crate::clock::Stopwatch;
use crate::domain::{Line, Outcome};

/// Whoever belongs to no run waits so long for a thread.
const QUEUED_AT_MOST: Duration = Duration::from_secs(60);
const BOUNDS: Bounds =
    Bounds { working: 32, threads: 256, kept_free: 32, written_off: Duration::from_millis(250) };

/// The resolver with its threads; they end when it is dropped or when they have nothing to do.
#[derive(Debug)]
pub(super) struct Names {
    desk: Arc<Desk>,
}

impl Names {
    /// A resolver that has not asked anything yet.
    pub fn new() -> Self {
        Names::asking(BOUNDS, look_up)
    }

    fn asking(bounds: Bounds, look_up: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Self {
        Names { desk: Arc::new(Desk::new(bounds, Box::new(look_up))) }
    }

    /// The addresses of `name`, in the system's order of preference, never empty, and whether the resolver gave them just
    /// now. `doubted`: it is of a site that failed last time.
    ///
    /// # Errors
    /// A [`Fault`]: `dns` for an unknown name (the site's own) and for a resolver without an answer (suspicious),
    /// `local` when no thread came to ask.
    pub fn ask(&self, name: &str, doubted: bool, limit: &mut Limit) -> Result<(Vec<IpAddr>, bool), Fault> {
        let watch = Stopwatch::start();
        let question = self.desk.question(name, doubted);
        let patience = QUEUED_AT_MOST.min(limit.until_stop());
        let is_queued = |progress: &Progress| matches!(progress, Progress::Queued);
        while question.wait(self.desk.bounds().written_off, is_queued) {
            if watch.elapsed() >= patience {
                return Err(Fault::local("names are looked up too slowly to ask for this one"));
            }
            // The threads may have been written off meanwhile.
            self.desk.hire_more();
        }
        limit.excuse(watch.elapsed());
        question.wait(limit.left(), |progress| matches!(progress, Progress::Asked));
        match &*question.progress() {
            Progress::Answered(answer, since) => {
                let is_new = since.elapsed() <= watch.elapsed();
                verdict(name, answer).map(|addresses| (addresses, is_new))
            }
            Progress::Queued | Progress::Asked => Err(resolver_silent(name, "no answer in time")),
        }
    }

    /// Forgets every answer; what is being asked goes on.
    pub fn forget(&self) {
        self.desk.forget();
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        self.desk.close();
    }
}

fn verdict(name: &str, answer: &Answer) -> Result<Vec<IpAddr>, Fault> {
    match answer {
        Answer::Found(addresses) => Ok(addresses.clone()),
        Answer::NoSuchName => Err(Fault::silent(Outcome::Dns, format!("the name {name} is unknown"))),
        Answer::NoAddress => Err(Fault::silent(Outcome::Dns, format!("the name {name} has no address"))),
        Answer::Silent(words) => Err(resolver_silent(name, words)),
        Answer::Local(words) => Err(Fault::local(words.clone())),
    }
}

fn resolver_silent(name: &str, words: &str) -> Fault {
    Fault {
        outcome: Outcome::Dns,
        words: format!("looking up the name {name}: {words}"),
        line: Line::ResolverSilent,
    }
}

#[cfg(test)]
#[path = "names_tests.rs"]
mod tests;
