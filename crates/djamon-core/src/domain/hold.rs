//! The line can die during a run: failures that could be our own are held back until something proves the line.
//!
//! A failure without an HTTP answer is let go by an answered probe that *began later*, or by the sandbox asked again.
//! A failure of the resolver also waits for some name to resolve in the same run. What began later is told by the
//! monotonic clock: the time of day may jump in the middle of a run.

use std::time::Duration;

use super::{Instant, Line, Observation};

/// Observations that wait for proof, and the proof so far.
#[derive(Debug, Default)]
pub struct Hold {
    waiting: Vec<Observation>,
    /// When the last answered probe or question began.
    answered: Option<Duration>,
    resolved: bool,
}

/// What is still held when a run's probes have ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// When the first of them began: the run is blind from here.
    pub from: Instant,
    /// Whether only the resolver was in doubt.
    pub dns_only: bool,
    /// How many they are.
    pub count: usize,
}

impl Hold {
    /// Takes one observation in; gives out all that may be written now, in order of arrival.
    pub fn take(&mut self, observation: Observation) -> Vec<Observation> {
        let proves = observation.line == Line::Answered;
        self.resolved |= observation.resolved;
        if proves {
            self.answered = self.answered.max(Some(observation.began));
        }
        if proves || !self.waits(&observation) {
            let mut free = if proves { self.release() } else { Vec::new() };
            free.push(observation);
            return free;
        }
        let resolver = observation.resolved;
        self.waiting.push(observation);
        if resolver { self.release() } else { Vec::new() }
    }

    /// The sandbox, asked again when the monotonic clock said `asked`, answered; `resolved` tells that it was found by
    /// name. Whatever waits had ended before it was asked.
    pub fn answered(&mut self, asked: Duration, resolved: bool) -> Vec<Observation> {
        self.answered = self.answered.max(Some(asked));
        self.resolved |= resolved;
        let resolved = self.resolved;
        let proved = |held: &Observation| resolved || held.line != Line::ResolverSilent;
        let (free, waiting) = std::mem::take(&mut self.waiting).into_iter().partition(proved);
        self.waiting = waiting;
        free
    }

    /// Some name was resolved in this run.
    pub fn name_resolved(&mut self) -> Vec<Observation> {
        self.resolved = true;
        self.release()
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// What is dropped when no proof came; `None` when nothing waited.
    pub fn close(self) -> Option<Dropped> {
        let from = self.waiting.iter().min_by_key(|observation| observation.began)?.at;
        let dns_only = self.waiting.iter().all(|observation| observation.line == Line::ResolverSilent);
        Some(Dropped { from, dns_only, count: self.waiting.len() })
    }

    fn waits(&self, observation: &Observation) -> bool {
        match observation.line {
            Line::Answered => false,
            // An answer that began at the same moment did not begin later.
            Line::Silent => self.answered.is_none_or(|proof| proof <= observation.began),
            Line::ResolverSilent => !self.resolved,
        }
    }

    fn release(&mut self) -> Vec<Observation> {
        let (waiting, free) =
            std::mem::take(&mut self.waiting).into_iter().partition(|held| self.waits(held));
        self.waiting = waiting;
        free
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Outcome, Phases, SiteId};

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// What a probe saw that began at this millisecond.
    fn seen(site: i32, began: u64, line: Line) -> Observation {
        Observation {
            site: SiteId(site),
            at: Instant::from_ms(0).plus(ms(began)),
            began: ms(began),
            edited_at: Instant::from_ms(0),
            outcome: if line == Line::Answered { Outcome::Up } else { Outcome::Connect },
            degraded: false,
            code: None,
            detail: None,
            duration_ms: 1,
            phases: Phases::default(),
            line,
            resolved: false,
            certificate_expires_at: None,
        }
    }

    fn sites(observations: &[Observation]) -> Vec<i32> {
        observations.iter().map(|observation| observation.site.0).collect()
    }

    #[test]
    fn a_failure_waits_for_an_answer_that_began_later() {
        let mut hold = Hold::default();
        assert!(hold.take(seen(1, 20, Line::Silent)).is_empty());
        assert_eq!(
            sites(&hold.take(seen(2, 10, Line::Answered))),
            [2],
            "it began earlier and proves nothing"
        );
        assert_eq!(sites(&hold.take(seen(3, 30, Line::Answered))), [1, 3]);
        assert_eq!(sites(&hold.take(seen(4, 25, Line::Silent))), [4], "proved already");
        assert_eq!(hold.close(), None);
    }

    #[test]
    fn without_proof_the_run_is_blind_from_the_first_held_probe() {
        let mut hold = Hold::default();
        hold.take(seen(1, 20, Line::Silent));
        hold.take(seen(2, 15, Line::Silent));
        assert_eq!(hold.close(), Some(Dropped { from: Instant::from_ms(15), dns_only: false, count: 2 }));
    }

    #[test]
    fn a_time_of_day_that_jumps_changes_nothing_of_what_came_before_what() {
        let at = |ms| Instant::from_ms(ms);
        for jump in [-3_600_000, 3_600_000] {
            let mut hold = Hold::default();
            hold.take(seen(1, 20, Line::Silent));
            let earlier = Observation { at: at(jump + 10), ..seen(2, 10, Line::Answered) };
            assert_eq!(sites(&hold.take(earlier)), [2], "it began earlier, whatever the clock said then");
            let later = Observation { at: at(jump + 30), ..seen(3, 30, Line::Answered) };
            assert_eq!(sites(&hold.take(later)), [1, 3], "it began later, whatever the clock said then");
            hold.take(Observation { at: at(jump + 50), ..seen(4, 50, Line::Silent) });
            hold.take(seen(5, 60, Line::Silent));
            assert_eq!(hold.close().unwrap().from, at(jump + 50), "the first to begin tells since when");
        }
    }

    #[test]
    fn the_sandbox_asked_again_frees_all_that_waits_and_what_began_before_it() {
        let mut hold = Hold::default();
        hold.take(seen(1, 20, Line::Silent));
        hold.take(seen(2, 20, Line::ResolverSilent));
        assert_eq!(sites(&hold.answered(ms(20), false)), [1]);
        assert_eq!(sites(&hold.take(seen(3, 19, Line::Silent))), [3]);
        assert!(hold.take(seen(4, 20, Line::Silent)).is_empty(), "it may have begun after the answer");
        assert_eq!(hold.len(), 2);
        assert_eq!(sites(&hold.answered(ms(30), true)), [2, 4]);
    }

    #[test]
    fn a_silent_resolver_waits_for_a_name_and_not_for_an_answer() {
        let mut hold = Hold::default();
        hold.take(seen(1, 20, Line::ResolverSilent));
        assert_eq!(sites(&hold.take(seen(2, 30, Line::Answered))), [2]);
        assert_eq!(sites(&hold.name_resolved()), [1]);
        let mut dead = Hold::default();
        dead.take(seen(1, 20, Line::ResolverSilent));
        assert!(dead.close().unwrap().dns_only);
    }
}
