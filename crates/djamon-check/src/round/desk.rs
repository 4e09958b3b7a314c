//! The desk between the pool and the database: hands out sites, takes in observations, and holds back what may be our own
//! line's fault until something proves the line.

use djamon_core::domain::Observation;
use djamon_core::domain::hold::Hold;
use djamon_core::domain::run::Blind;
use djamon_core::probe::Prober;
use djamon_core::store::AnyConnection;

use super::source::Source;
use super::written::Written;
use crate::app::{App, Failure};
use crate::pool::{Ended, Task};
use crate::progress::Progress;
use crate::sandbox;

/// Everything that the two ends of the pool share: both work on the calling thread and its one connection.
pub(super) struct Desk<'a, 'r> {
    pub connection: &'a mut AnyConnection,
    pub source: Source<'a>,
    pub written: Written<'a, 'r>,
    pub guard: Option<Hold>,
    pub progress: Progress,
}

impl Desk<'_, '_> {
    /// The next site to look at.
    pub fn next_task(&mut self) -> Option<Task> {
        if self.written.failure.is_some() {
            return None;
        }
        match self.source.next(self.connection) {
            Ok(due) => {
                let due = due?;
                self.written.outstanding.insert(due.id, due.standing);
                Some(due.into())
            }
            Err(error) => {
                self.written.failure = Some(error);
                None
            }
        }
    }

    /// Takes what a probe saw.
    pub fn take(&mut self, observation: Observation) {
        self.progress.step();
        let free = match &mut self.guard {
            Some(hold) => hold.take(observation),
            None => vec![observation],
        };
        self.written.add(self.connection, free);
    }

    /// 1. What is still held needs the sandbox's word, asked again.
    /// 2. What nobody vouches for is dropped, and the run is blind from there; unless there was no time left to ask.
    /// 3. The last batch is written.
    /// 4. Whatever was due and left no view is counted with a reason.
    pub fn close(mut self, app: &App, prober: &Prober, mut ended: Ended) -> Result<(), Failure> {
        self.progress.finish();
        let mut blind = None;
        if let Some(mut hold) = self.guard.take() {
            if !hold.is_empty()
                && let Ok(proof) =
                    sandbox::ask(prober, &app.config.check.sandbox_targets(), &*app.clock, &app.stop)
            {
                self.written.add(self.connection, hold.answered(proof.found));
            }
            let dropped = hold.close();
            if let Some(dropped) = dropped.as_ref().filter(|_| app.stop.is_told()) {
                ended.stopped = true;
                ended.unprobed += u32::try_from(dropped.count).unwrap_or(u32::MAX);
            }
            blind = dropped.filter(|_| !app.stop.is_told()).map(|dropped| Blind {
                reason: match dropped.dns_only {
                    true => format!("dns: no name could be resolved; {} views dropped", dropped.count),
                    false => format!("line: it died during the run; {} views dropped", dropped.count),
                },
                from: dropped.from,
            });
        }
        self.written.flush(self.connection);
        if let Some(error) = self.written.failure.take() {
            return Err(error.into());
        }
        self.written.finish(blind, &ended);
        Ok(())
    }
}
