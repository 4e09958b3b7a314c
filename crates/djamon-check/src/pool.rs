//! Probes many sites at once and hands the observations on in order of arrival. Knows no database and no verdicts.
//!
//! The calling thread pulls tasks and takes results; threads probe. Those that are planned, from how long the sites took last
//! time, are made as tasks find none idle, so a run with one site makes one. From then on a task that waits longer for a
//! thread than the plan says tells that the threads themselves wait, for sites: then there are made as many again, up to
//! the limit. Sites that answer at once need no more than the first few, however many they are. What is in hand is bounded,
//! and so is everything that waits.
//! At the deadline, and when the run is told to stop, what is not finished is given up: its site was not looked at. The
//! threads are left to themselves then: whatever holds one up, a resolver or a file, holds up no run.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::Builder;
use std::time::Duration;

use djamon_core::clock::Stopwatch;
use djamon_core::domain::{Instant, Observation, Outcome, Policy, SiteId, Target};
use djamon_core::probe::{Deadline, Prober};

use crate::stop::Stop;

mod plan;

pub use plan::Plan;

/// Enough for TLS with room to spare; a debug build needs more.
const STACK: usize = if cfg!(debug_assertions) { 512 * 1024 } else { 256 * 1024 };
/// More tasks in hand than threads, so that none waits for the calling thread, even while that writes a batch.
const AHEAD: usize = 256;
/// A task that waits so much longer for a thread than planned tells that all of them wait: working, they would have taken it.
const PATIENCE: Duration = Duration::from_millis(30);
/// A plan goes by means: it is wrong only when it takes more than so many times as long.
const SLACK: u32 = 2;
/// The calling thread is woken for so many results, not for each: waking costs as much as a fifth of a probe.
const HANDFUL: usize = 64;
/// How long after the deadline those under way are waited for, to say so themselves.
const GRACE: Duration = Duration::from_secs(1);
/// Descriptors left to everything else: databases, logs, the resolver.
const OTHER_DESCRIPTORS: u64 = 128;

/// One site to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// The site.
    pub site: SiteId,
    /// The edit of it that is probed.
    pub edited_at: Instant,
    /// What is asked for.
    pub target: Target,
    /// How; most sites share one.
    pub policy: Arc<Policy>,
    /// Whether its last look failed: HEAD is not trusted then.
    pub failed_last: bool,
}

/// How much at once, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Probes at once; 0: chosen from `expected`.
    pub concurrency: usize,
    /// About how many tasks will come.
    pub expected: usize,
    /// How many threads to begin with.
    pub plan: Plan,
    /// After this long nothing is waited for.
    pub deadline: Duration,
}

/// What was not observed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ended {
    /// Sites that the deadline, or being told to stop, left out.
    pub unprobed: u32,
    /// Whether it was told to stop before all was done.
    pub stopped: bool,
    /// Sites that could not be looked at by a fault of ours, and which.
    pub faults: Vec<(SiteId, String)>,
}

/// Probes all `tasks` and calls `each` with every observation, in order of arrival, both on the calling thread. `each`
/// is never given an observation of [`Outcome::Local`]: a fault of ours is no view.
pub fn probe_all(
    prober: &Prober,
    limits: &Limits,
    told_to: &Stop,
    mut tasks: impl Iterator<Item = Task>,
    mut each: impl FnMut(Observation),
) -> Ended {
    let stop = Deadline::after(limits.deadline);
    let given_up = Deadline::after(limits.deadline.saturating_add(GRACE));
    let most = threads(limits);
    let desk = Arc::new(Desk::default());
    let _closed = Closing(Arc::clone(&desk));
    let grown = Stopwatch::start();
    let (prober, plan) = (prober.clone(), limits.plan);
    let mut crew = Crew { prober, desk: Arc::clone(&desk), stop, plan, most, threads: 0, grown };
    let mut ended = Ended::default();
    let (mut in_hand, mut exhausted) = (0, false);
    loop {
        // 1. Hand out as much as may be in hand.
        while !exhausted && in_hand < crew.threads + AHEAD && !stop.has_passed() && !told_to.is_told() {
            match tasks.next() {
                Some(task) => {
                    in_hand += 1;
                    crew.hand_out(task);
                }
                None => exhausted = true,
            }
        }
        // 2. Wait for the next results, as long as there is time.
        if in_hand == 0 || given_up.has_passed() || told_to.is_told() {
            break;
        }
        for seen in desk.seen((in_hand / 4).clamp(1, HANDFUL), PATIENCE) {
            in_hand -= 1;
            take(seen, &mut ended, &mut each);
        }
        // 3. Make more threads when those there are do not get to what is in hand.
        crew.grow(in_hand);
    }
    // 4. What is left over, under way and not begun.
    for seen in desk.seen(0, Duration::ZERO) {
        in_hand -= 1;
        take(seen, &mut ended, &mut each);
    }
    let left_over = in_hand + if exhausted { 0 } else { tasks.by_ref().count() };
    ended.unprobed = ended.unprobed.saturating_add(u32::try_from(left_over).unwrap_or(u32::MAX));
    ended.stopped = told_to.is_told() && left_over > 0;
    ended
}

/// How many threads at most: enough that sites which hang do not hold the others up, within the descriptors there are.
fn threads(limits: &Limits) -> usize {
    let wanted = wanted(limits);
    // Two each: a second address may be tried beside the first.
    let needed =
        u64::try_from(wanted).unwrap_or(u64::MAX).saturating_mul(2).saturating_add(OTHER_DESCRIPTORS);
    let allowed = rlimit::increase_nofile_limit(needed).unwrap_or(256);
    let room = usize::try_from(allowed.saturating_sub(OTHER_DESCRIPTORS) / 2).unwrap_or(usize::MAX);
    wanted.min(room).max(1)
}

fn wanted(limits: &Limits) -> usize {
    match limits.concurrency {
        0 => limits.expected.min((limits.expected / 4).clamp(1024, 4096)),
        chosen => chosen,
    }
}

/// What became of one task.
enum Seen {
    Observed(Observation),
    Fault(SiteId, String),
    Unprobed,
}

fn take(seen: Seen, ended: &mut Ended, each: &mut impl FnMut(Observation)) {
    match seen {
        Seen::Observed(observation) => each(observation),
        Seen::Fault(site, words) => ended.faults.push((site, words)),
        Seen::Unprobed => ended.unprobed = ended.unprobed.saturating_add(1),
    }
}

/// Where tasks wait for threads, and results for the calling thread.
#[derive(Default)]
struct Desk {
    state: Mutex<State>,
    work: Condvar,
    arrived: Condvar,
}

#[derive(Default)]
struct State {
    tasks: VecDeque<(Stopwatch, Task)>,
    seen: Vec<Seen>,
    /// So many results the calling thread waits for; 0 when it does not wait.
    wanted: usize,
    idle: usize,
    closed: bool,
}

impl Desk {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts down what became of one task and takes the next; `None` when there will be no more.
    fn next(&self, seen: Option<Seen>) -> Option<Task> {
        let mut state = self.lock();
        state.seen.extend(seen);
        if state.wanted > 0 && state.seen.len() >= state.wanted {
            state.wanted = 0;
            self.arrived.notify_one();
        }
        state.idle += 1;
        let nothing = |state: &mut State| state.tasks.is_empty() && !state.closed;
        let mut state = self.work.wait_while(state, nothing).unwrap_or_else(PoisonError::into_inner);
        state.idle -= 1;
        state.tasks.pop_front().map(|(_, task)| task)
    }

    /// Everything that was seen by now, once there are `wanted` results or this much time has passed.
    fn seen(&self, wanted: usize, patience: Duration) -> Vec<Seen> {
        let mut state = self.lock();
        state.wanted = wanted;
        let too_few = |state: &mut State| state.seen.len() < state.wanted;
        let (mut state, _) =
            self.arrived.wait_timeout_while(state, patience, too_few).unwrap_or_else(PoisonError::into_inner);
        state.wanted = 0;
        std::mem::take(&mut state.seen)
    }

    /// Adds a task; says whether no thread is free for it.
    fn add(&self, task: Task) -> bool {
        let mut state = self.lock();
        state.tasks.push_back((Stopwatch::start(), task));
        if state.idle > 0 {
            self.work.notify_one();
        }
        state.idle < state.tasks.len()
    }

    /// How long the first of the waiting tasks has waited for a thread.
    fn waited(&self) -> Duration {
        self.lock().tasks.front().map_or(Duration::ZERO, |(since, _)| since.elapsed())
    }
}

/// Sends the threads home, also when `each` or the iterator panics.
struct Closing(Arc<Desk>);

impl Drop for Closing {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.closed = true;
        state.tasks.clear();
        self.0.work.notify_all();
    }
}

/// The threads, made as they are needed.
struct Crew {
    prober: Prober,
    desk: Arc<Desk>,
    stop: Deadline,
    plan: Plan,
    most: usize,
    threads: usize,
    /// Since it last grew: new threads need a moment to take what waits.
    grown: Stopwatch,
}

impl Crew {
    fn hand_out(&mut self, task: Task) {
        let is_short = self.desk.add(task);
        if is_short && self.threads < self.most.min(self.plan.threads()) {
            self.hire();
        }
    }

    /// Makes as many threads again, when a task has waited for one longer than planned and all of them wait.
    fn grow(&mut self, in_hand: usize) {
        let planned = self.plan.wait(AHEAD.min(in_hand), self.threads);
        let patience = PATIENCE.saturating_add(planned.saturating_mul(SLACK));
        let may_grow = self.threads < self.most && self.grown.elapsed() > patience;
        if !may_grow || self.desk.waited() < patience {
            return;
        }
        for _ in 0..self.threads.min(self.most - self.threads) {
            self.hire();
        }
        self.grown = Stopwatch::start();
    }

    /// Makes a thread more. When there is none to be had the others do; when there are no others, this one.
    fn hire(&mut self) {
        let (prober, desk) = (self.prober.clone(), Arc::clone(&self.desk));
        let stop = self.stop;
        let work = move || {
            let mut seen = None;
            while let Some(task) = desk.next(seen.take()) {
                seen = Some(look(&prober, task, stop));
            }
        };
        let thread = Builder::new().name("probe".into()).stack_size(STACK);
        if thread.spawn(work).is_ok() {
            self.threads += 1;
            return;
        }
        self.most = self.threads.max(1);
        if self.threads == 0 {
            let task = self.desk.lock().tasks.pop_front();
            if let Some((_, task)) = task {
                let seen = look(&self.prober, task, stop);
                self.desk.lock().seen.push(seen);
            }
        }
    }
}

/// Looks at one site. A panic is a fault of ours and costs this one look.
fn look(prober: &Prober, task: Task, stop: Deadline) -> Seen {
    if stop.has_passed() {
        return Seen::Unprobed;
    }
    let Task { site, edited_at, target, policy, failed_last } = task;
    let look = || prober.look_until(&target, &policy.check, failed_last, stop);
    match catch_unwind(AssertUnwindSafe(look)) {
        Ok(Some(sight)) if sight.outcome == Outcome::Local => {
            Seen::Fault(site, sight.detail.unwrap_or_default())
        }
        Ok(Some(sight)) => Seen::Observed(sight.observation(site, edited_at)),
        Ok(None) => Seen::Unprobed,
        Err(_) => Seen::Fault(site, "the probe failed in an unforeseen way; please report it".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(concurrency: usize, expected: usize) -> Limits {
        Limits { concurrency, expected, plan: Plan::default(), deadline: Duration::ZERO }
    }

    #[test]
    fn threads_are_as_many_as_sites_up_to_a_bound() {
        let wanted = |concurrency, expected| wanted(&limits(concurrency, expected));
        assert_eq!((wanted(0, 1), wanted(0, 1000), wanted(0, 10_000)), (1, 1000, 2500));
        assert_eq!((wanted(0, 1_000_000), wanted(7, 1000), wanted(7, 3)), (4096, 7, 7));
        assert_eq!(threads(&limits(0, 0)), 1);
    }
}
