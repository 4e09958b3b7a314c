//! The desk between those who ask for names and the threads that look them up. Knows no network.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::lookup::Answer;
use crate::clock::Stopwatch;

/// For so long what the resolver answered is shared.
const SHARED_FOR: Duration = Duration::from_secs(10);
/// A thread without work goes after this long.
const IDLE_AT_MOST: Duration = Duration::from_secs(5);

/// How many threads there may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// With a look-up that has just begun, or with none.
    pub working: usize,
    /// In all. Each may have two questions open at a resolver that knows bounds of its own.
    pub threads: usize,
    /// Of all, for sites that did not fail last time.
    pub kept_free: usize,
    /// After this long a look-up is no longer counted as work: it waits for somebody who may never answer.
    pub written_off: Duration,
}

/// One question, shared by all who ask it.
#[derive(Debug)]
pub(super) struct Question {
    name: String,
    progress: Mutex<Progress>,
    moved: Condvar,
}

#[derive(Debug)]
pub(super) enum Progress {
    /// No thread has taken it.
    Queued,
    /// The resolver is asked.
    Asked,
    /// What it said, and since when that is known.
    Answered(Answer, Stopwatch),
}

/// The desk; the threads end when it is closed or when they have nothing to do.
pub(super) struct Desk {
    state: Mutex<State>,
    work: Condvar,
    bounds: Bounds,
    look_up: Box<dyn Fn(&str) -> Answer + Send + Sync>,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("state", &self.state).finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
struct State {
    /// Names of sites that are well.
    queue: VecDeque<Arc<Question>>,
    /// Names of sites that failed last time.
    doubted: VecDeque<Arc<Question>>,
    asked: HashMap<String, Arc<Question>>,
    threads: usize,
    idle: usize,
    /// Look-ups that have just begun, the oldest first.
    begun: VecDeque<(u64, Stopwatch)>,
    /// Those that were written off.
    written_off: HashSet<u64>,
    tickets: u64,
    swept: Option<Stopwatch>,
    closed: bool,
}

impl Desk {
    /// A desk without threads; names are looked up by `look_up`.
    pub fn new(bounds: Bounds, look_up: Box<dyn Fn(&str) -> Answer + Send + Sync>) -> Self {
        Desk { state: Mutex::default(), work: Condvar::new(), bounds, look_up }
    }

    /// How many threads there may be.
    pub fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// How many threads there are.
    #[cfg(test)]
    pub fn threads(&self) -> usize {
        self.lock().threads
    }

    /// Forgets every answer; what is being asked goes on.
    pub fn forget(&self) {
        self.lock().asked.retain(|_, known| known.is_open());
    }

    /// Sends the threads home.
    pub fn close(&self) {
        self.lock().closed = true;
        self.work.notify_all();
    }

    /// Makes one thread more when those that can be counted on do not get to what waits.
    pub fn hire_more(self: &Arc<Self>) {
        self.hire(&mut self.lock());
    }

    /// The question about `name`: the one that is known or being asked, else a new one in the queue.
    pub fn question(self: &Arc<Self>, name: &str, doubted: bool) -> Arc<Question> {
        let mut state = self.lock();
        if let Some(known) = state.asked.get(name).filter(|known| known.is_fresh()) {
            return Arc::clone(known);
        }
        let question = Arc::new(Question {
            name: name.to_owned(),
            progress: Mutex::new(Progress::Queued),
            moved: Condvar::new(),
        });
        if state.swept.is_none_or(|swept| swept.elapsed() > SHARED_FOR) {
            state.asked.retain(|_, known| known.is_fresh());
            state.swept = Some(Stopwatch::start());
        }
        state.asked.insert(name.to_owned(), Arc::clone(&question));
        if doubted { &mut state.doubted } else { &mut state.queue }.push_back(Arc::clone(&question));
        self.hire(&mut state);
        // Without a new thread the others take it; without any, nobody ever would.
        if state.threads == 0 {
            state.queue.clear();
            state.doubted.clear();
            state.asked.remove(name);
            let answer = Answer::Local("no thread left to look names up".into());
            question.move_to(Progress::Answered(answer, Stopwatch::start()));
        }
        self.work.notify_one();
        question
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hire(self: &Arc<Self>, state: &mut State) {
        while state.begun.front().is_some_and(|(_, since)| since.elapsed() >= self.bounds.written_off) {
            let late = state.begun.pop_front().map(|(ticket, _)| ticket);
            state.written_off.extend(late);
        }
        let is_short = state.idle < state.waiting(&self.bounds);
        if is_short && state.counted_on() < self.bounds.working && state.threads < self.bounds.threads {
            let desk = Arc::clone(self);
            let thread = std::thread::Builder::new().name("names".into()).stack_size(512 * 1024);
            state.threads += usize::from(thread.spawn(move || desk.serve()).is_ok());
        }
    }

    /// Takes questions until there are none for a while, or until others have taken this thread's place.
    fn serve(&self) {
        let mut state = self.lock();
        loop {
            state.idle += 1;
            let nothing = |state: &mut State| state.waiting(&self.bounds) == 0 && !state.closed;
            let waited = self.work.wait_timeout_while(state, IDLE_AT_MOST, nothing);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            state.idle -= 1;
            let is_needed = !state.closed && state.counted_on() <= self.bounds.working;
            let Some(question) = is_needed.then(|| state.take(&self.bounds)).flatten() else {
                state.threads -= 1;
                // Another one may sleep beside what this one leaves.
                self.work.notify_one();
                return;
            };
            // Only the desk and this thread know it: nobody waits any more.
            if Arc::strong_count(&question) <= 2 {
                state.asked.remove(&question.name);
                continue;
            }
            let ticket = state.begin();
            drop(state);
            question.move_to(Progress::Asked);
            let answer = (self.look_up)(&question.name);
            question.move_to(Progress::Answered(answer, Stopwatch::start()));
            state = self.lock();
            state.end(ticket);
        }
    }
}

impl State {
    /// How many questions a thread may take.
    fn waiting(&self, bounds: &Bounds) -> usize {
        self.queue.len() + if self.may_doubt(bounds) { self.doubted.len() } else { 0 }
    }

    /// Whether a name that is doubted leaves enough threads to others.
    fn may_doubt(&self, bounds: &Bounds) -> bool {
        self.begun.len() + self.written_off.len() < bounds.threads - bounds.kept_free
    }

    /// Threads that are not written off.
    fn counted_on(&self) -> usize {
        self.threads.saturating_sub(self.written_off.len())
    }

    fn take(&mut self, bounds: &Bounds) -> Option<Arc<Question>> {
        match self.queue.pop_front() {
            None if self.may_doubt(bounds) => self.doubted.pop_front(),
            first => first,
        }
    }

    fn begin(&mut self) -> u64 {
        self.tickets += 1;
        self.begun.push_back((self.tickets, Stopwatch::start()));
        self.tickets
    }

    fn end(&mut self, ticket: u64) {
        if !self.written_off.remove(&ticket) {
            self.begun.retain(|(other, _)| *other != ticket);
        }
    }
}

impl Question {
    /// How far it is.
    pub fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn move_to(&self, progress: Progress) {
        *self.progress() = progress;
        self.moved.notify_all();
    }

    /// Waits at most so long while `is` holds; whether it still does.
    pub fn wait(&self, time: Duration, is: impl Fn(&Progress) -> bool) -> bool {
        let waited = self.moved.wait_timeout_while(self.progress(), time, |progress| is(progress));
        is(&waited.unwrap_or_else(PoisonError::into_inner).0)
    }

    /// Whether it waits for its answer.
    fn is_open(&self) -> bool {
        matches!(*self.progress(), Progress::Queued | Progress::Asked)
    }

    /// Whether its answer may be shared with who asks now.
    fn is_fresh(&self) -> bool {
        match &*self.progress() {
            Progress::Queued | Progress::Asked => true,
            Progress::Answered(Answer::Silent(_) | Answer::Local(_), _) => false,
            Progress::Answered(_, since) => since.elapsed() < SHARED_FOR,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_shared_and_a_silence_is_not() {
        let question = |answer| Question {
            name: "shop.example".into(),
            progress: Mutex::new(Progress::Answered(answer, Stopwatch::start())),
            moved: Condvar::new(),
        };
        assert!(question(Answer::NoSuchName).is_fresh());
        assert!(question(Answer::Found(vec![[127, 0, 0, 1].into()])).is_fresh());
        assert!(!question(Answer::Silent(String::new())).is_fresh());
    }
}
