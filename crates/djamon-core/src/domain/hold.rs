//! The line can die during a run: failures that could be our own are held back until something proves the line.
//!
//! A failure without an HTTP answer is let go by an answered probe that *began later*, or by the sandbox asked again.
//! A failure of the resolver waits for a name found later as well, for the resolver can die alone: what was found before
//! it proves nothing. Only when the sandbox has no name to ask for does one count that was found shortly before. What
//! began later is told by the monotonic clock: the time of day may jump in the middle of a run.

use std::time::Duration;

use super::{Instant, Line, Observation};

/// So long before a failure of the resolver a name may have been found that tells that the failure was one site's.
const SHORTLY: Duration = Duration::from_secs(1);

/// Observations that wait for proof, and the proof so far.
#[derive(Debug, Default)]
pub struct Hold {
    waiting: Vec<Observation>,
    /// When the last answered probe began.
    answered: Option<Duration>,
    /// When the last probe began for which the resolver found a name.
    found: Option<Duration>,
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
        let began = Some(observation.began);
        if observation.resolved {
            self.found = self.found.max(began);
        }
        if observation.line == Line::Answered {
            self.answered = self.answered.max(began);
        }
        let mut free = if observation.resolved || observation.line == Line::Answered {
            self.release(|hold, held| !hold.waits(held))
        } else {
            Vec::new()
        };
        if self.waits(&observation) {
            self.waiting.push(observation);
        } else {
            free.push(observation);
        }
        free
    }

    /// The sandbox, asked again after all that waits had ended, answered. `found`: whether one of its names was; none
    /// when it has no names.
    pub fn answered(&mut self, found: Option<bool>) -> Vec<Observation> {
        self.release(|hold, held| {
            let shortly = hold.found.is_some_and(|found| found.saturating_add(SHORTLY) >= held.began);
            held.line != Line::ResolverSilent || found == Some(true) || shortly
        })
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
        // What began at the same moment did not begin later.
        let later = |proof: Option<Duration>| proof.is_some_and(|proof| proof > observation.began);
        match observation.line {
            Line::Answered => false,
            Line::Silent => !later(self.answered),
            Line::ResolverSilent => !later(self.answered) || !later(self.found),
        }
    }

    fn release(&mut self, is_proved: impl Fn(&Hold, &Observation) -> bool) -> Vec<Observation> {
        let all = std::mem::take(&mut self.waiting);
        let (free, waiting) = all.into_iter().partition(|held| is_proved(self, held));
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
    fn the_sandbox_asked_again_frees_what_waits() {
        let held = || {
            let mut hold = Hold::default();
            hold.take(seen(1, 20, Line::Silent));
            hold.take(seen(2, 20, Line::ResolverSilent));
            hold
        };
        let mut hold = held();
        assert_eq!(sites(&hold.answered(Some(true))), [1, 2]);
        assert!(hold.is_empty());
        for found in [None, Some(false)] {
            let mut hold = held();
            assert_eq!(sites(&hold.answered(found)), [1]);
            assert_eq!(hold.len(), 1);
            assert!(hold.close().unwrap().dns_only);
        }
    }

    fn found(site: i32, began: u64, line: Line) -> Observation {
        Observation { resolved: true, ..seen(site, began, line) }
    }

    #[test]
    fn a_silent_resolver_waits_for_an_answer_and_for_a_name_that_began_later() {
        let mut hold = Hold::default();
        assert_eq!(sites(&hold.take(found(1, 10, Line::Answered))), [1]);
        assert!(hold.take(seen(2, 20, Line::ResolverSilent)).is_empty(), "the name was found before");
        assert!(hold.take(found(3, 30, Line::Silent)).is_empty(), "a name found near by proves no line");
        assert_eq!(sites(&hold.take(seen(4, 25, Line::Answered))), [2, 4], "both, of two sites");
        assert!(hold.take(seen(5, 40, Line::ResolverSilent)).is_empty());
        assert_eq!(sites(&hold.take(seen(6, 50, Line::Answered))), [3, 6], "it was asked by its address");
        assert_eq!(sites(&hold.take(found(7, 60, Line::Answered))), [5, 7]);
        assert_eq!(sites(&hold.take(seen(8, 55, Line::ResolverSilent))), [8], "proved already");
        assert_eq!(hold.close(), None);
    }

    #[test]
    fn where_the_sandbox_finds_no_name_one_found_shortly_before_tells_that_the_resolver_lived() {
        for sandbox in [None, Some(false)] {
            let mut hold = Hold::default();
            hold.take(found(1, 10, Line::Answered));
            hold.take(seen(2, 1010, Line::ResolverSilent));
            hold.take(seen(3, 1011, Line::ResolverSilent));
            assert_eq!(sites(&hold.answered(sandbox)), [2], "the resolver may have died since");
            let dropped = hold.close().unwrap();
            assert_eq!((dropped.from, dropped.dns_only), (Instant::from_ms(1011), true));
        }
    }
}
