//! How many threads a run begins with, from how long its sites took last time. Pure.
//!
//! Threads wait for sites: as many are needed as the sites' times fill in the time the run is to take. That is what
//! looking at so many sites and recording it takes anyway, but no less than [`LEAST`]: more threads would only wait for
//! each other, and each costs memory and time. Where the plan is wrong, because sites are new or answer otherwise than
//! before, the pool grows.

use std::time::Duration;

/// So many threads are made where nothing is known.
const FIRST: usize = 64;
/// So many more than the sites' times fill: sites that answer at once are served by these alone, and the fewer take turns, the
/// less often one must be woken.
const SPARE: usize = 16;
/// A run of few sites is not to take longer than this, nor be quicker.
const LEAST: Duration = Duration::from_millis(250);
/// What a look costs, with all that follows from it, on a small machine that has more to do.
const A_LOOK: Duration = Duration::from_micros(100);

/// How many threads are to do the work, and how long one takes for a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    threads: usize,
    mean: Duration,
}

impl Default for Plan {
    /// Where nothing is known: few threads, and more as soon as these wait.
    fn default() -> Self {
        Plan { threads: FIRST, mean: Duration::ZERO }
    }
}

impl Plan {
    /// For so many `sites`, of which some, or all, took so long last time. Those that are new are taken to be like the others.
    pub fn new(sites: usize, took_ms: &[u32]) -> Self {
        let (Ok(sites), Ok(known)) = (u32::try_from(sites), u32::try_from(took_ms.len())) else {
            return Plan::default();
        };
        if known == 0 {
            return Plan::default();
        }
        let goal = A_LOOK.saturating_mul(sites).max(LEAST);
        // Whoever takes longer than the run is to take needs a thread, and no more than that.
        let fills = took_ms.iter().map(|ms| Duration::from_millis(u64::from(*ms)).min(goal));
        let mean = fills.sum::<Duration>() / known;
        let threads = mean.saturating_mul(sites).as_nanos().div_ceil(goal.as_nanos());
        Plan { threads: usize::try_from(threads).unwrap_or(usize::MAX).saturating_add(SPARE), mean }
    }

    /// How many threads are made without asking whether those there are wait or work.
    pub(super) fn threads(&self) -> usize {
        self.threads
    }

    /// How long a task that has `before` others before it waits for one of so many `threads` while all goes as planned.
    pub(super) fn wait(&self, before: usize, threads: usize) -> Duration {
        let before = u32::try_from(before).unwrap_or(u32::MAX);
        self.mean.saturating_mul(before) / u32::try_from(threads.max(1)).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn threads(sites: usize, took_ms: &[(usize, u32)]) -> usize {
        let took_ms: Vec<u32> =
            took_ms.iter().flat_map(|(count, ms)| std::iter::repeat_n(*ms, *count)).collect();
        Plan::new(sites, &took_ms).threads()
    }

    #[test]
    fn threads_are_as_many_as_the_sites_fill_in_the_time_that_recording_them_takes() {
        assert_eq!(threads(1000, &[]), FIRST, "nothing is known");
        assert_eq!(threads(1000, &[(1000, 0)]), SPARE, "they answer at once");
        assert_eq!(threads(1000, &[(1000, 100)]), SPARE + 400, "100 s in 250 ms");
        assert_eq!(threads(10_000, &[(10_000, 100)]), SPARE + 1000, "1,000 s in 1 s");
        assert_eq!(threads(100_000, &[(99_000, 100), (1000, 5000)]), SPARE + 1490, "14,900 s in 10 s");
    }

    #[test]
    fn each_that_hangs_has_a_thread_and_those_that_answer_need_not_wait_for_it() {
        assert_eq!(threads(1000, &[(1000, 5000)]), SPARE + 1000);
        assert_eq!(threads(10_000, &[(1000, 5000), (9000, 1)]), SPARE + 1009);
    }

    #[test]
    fn sites_that_are_new_are_taken_to_be_like_the_others() {
        assert_eq!(threads(1000, &[(500, 100)]), SPARE + 400);
        assert_eq!(threads(0, &[(1, 100)]), SPARE, "those that are known are gone");
    }

    #[test]
    fn a_task_waits_for_those_before_it_shared_among_the_threads() {
        let plan = Plan::new(1000, &[100; 1000]);
        assert_eq!(plan.wait(256, 64), Duration::from_millis(400));
        assert_eq!(Plan::default().wait(256, 1), Duration::ZERO);
        assert_eq!(plan.wait(1, 0), Duration::from_millis(100));
    }

    proptest! {
        #[test]
        fn slower_sites_never_need_fewer_threads_and_no_site_more_than_one(
            took in prop::collection::vec(0u32..20_000, 1..200), slower in 0u32..5000,
        ) {
            let more: Vec<u32> = took.iter().map(|ms| ms + slower).collect();
            let (few, many) = (Plan::new(took.len(), &took).threads(), Plan::new(took.len(), &more).threads());
            prop_assert!(few <= many && many <= SPARE + took.len(), "{few} {many}");
        }
    }
}
