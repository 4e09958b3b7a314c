//! Looks names up: a small pool of threads around `getaddrinfo`, answers shared. Knows no HTTP and no sites.
//!
//! ```text
//! ask(name) ─► known and fresh? ─► answer
//!          └─► someone asks already? ─► wait with them
//!          └─► queue ─► a thread (at most 32, made when needed) ─► getaddrinfo ─► answer for all who wait
//! ```
//! A thread that the resolver keeps waiting cannot be stopped; it is only never waited for longer than the limit. Time
//! in the queue is our own and is taken off the site's limit. Failures of the resolver are told to those who wait and
//! then forgotten; what it does answer is shared for ten seconds, so that a run asks once for a name.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dns_lookup::{AddrInfoHints, LookupError, LookupErrorKind};

use super::fault::{Fault, is_local};
use super::limit::Limit;
use crate::clock::Stopwatch;
use crate::domain::{Line, Outcome};

const MOST_THREADS: usize = 32;
const MOST_ADDRESSES: usize = 10;
const SHARED_FOR: Duration = Duration::from_secs(10);
const QUEUED_AT_MOST: Duration = Duration::from_secs(25);
const IDLE_AT_MOST: Duration = Duration::from_secs(5);

/// What the resolver said of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Answer {
    Found(Vec<IpAddr>),
    NoSuchName,
    NoAddress,
    Silent(String),
    Local(String),
}

/// One question, shared by all who ask it.
#[derive(Debug)]
struct Question {
    name: String,
    progress: Mutex<Progress>,
    moved: Condvar,
}

#[derive(Debug)]
enum Progress {
    Queued,
    Asked,
    Answered(Answer, Stopwatch),
}

/// The resolver with its threads; they end when it is dropped or when they have nothing to do.
#[derive(Debug)]
pub(super) struct Names {
    desk: Arc<Desk>,
}

#[derive(Debug, Default)]
struct Desk {
    state: Mutex<State>,
    work: Condvar,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Arc<Question>>,
    asked: HashMap<String, Arc<Question>>,
    threads: usize,
    idle: usize,
    swept: Option<Stopwatch>,
    closed: bool,
}

impl Names {
    /// A resolver that has not asked anything yet.
    pub fn new() -> Self {
        Names { desk: Arc::default() }
    }

    /// The addresses of `name`, in the system's order of preference, never empty.
    ///
    /// # Errors
    /// A [`Fault`]: `dns` for an unknown name (the site's own) and for a resolver without an answer (suspicious),
    /// `local` when no thread came to ask.
    pub fn ask(&self, name: &str, limit: &mut Limit) -> Result<Vec<IpAddr>, Fault> {
        let question = self.question(name);
        let patience = QUEUED_AT_MOST.min(limit.until_stop());
        let watch = Stopwatch::start();
        let progress = question.progress.lock().unwrap_or_else(PoisonError::into_inner);
        let (progress, _) = question
            .moved
            .wait_timeout_while(progress, patience, |progress| matches!(progress, Progress::Queued))
            .unwrap_or_else(PoisonError::into_inner);
        if matches!(*progress, Progress::Queued) {
            return Err(Fault::local("names are looked up too slowly to ask for this one"));
        }
        limit.excuse(watch.elapsed());
        let (progress, _) = question
            .moved
            .wait_timeout_while(progress, limit.left(), |progress| matches!(progress, Progress::Asked))
            .unwrap_or_else(PoisonError::into_inner);
        match &*progress {
            Progress::Answered(answer, _) => verdict(name, answer),
            Progress::Queued | Progress::Asked => Err(resolver_silent(name, "no answer in time")),
        }
    }

    /// Forgets every answer; what is being asked goes on.
    pub fn forget(&self) {
        self.desk.lock().asked.retain(|_, known| known.is_open());
    }

    /// The question about `name`: the one that is known or being asked, else a new one in the queue.
    fn question(&self, name: &str) -> Arc<Question> {
        let mut state = self.desk.lock();
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
        state.queue.push_back(Arc::clone(&question));
        if state.idle < state.queue.len() && state.threads < MOST_THREADS {
            let desk = Arc::clone(&self.desk);
            let thread = std::thread::Builder::new().name("names".into()).stack_size(512 * 1024);
            // Without a new thread the others take it; without any, nobody ever would.
            state.threads += usize::from(thread.spawn(move || desk.serve()).is_ok());
            if state.threads == 0 {
                state.queue.clear();
                state.asked.remove(name);
                let answer = Answer::Local("no thread left to look names up".into());
                question.move_to(Progress::Answered(answer, Stopwatch::start()));
            }
        }
        self.desk.work.notify_one();
        question
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        self.desk.lock().closed = true;
        self.desk.work.notify_all();
    }
}

impl Desk {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes questions until there are none for a while.
    fn serve(&self) {
        let mut state = self.lock();
        loop {
            state.idle += 1;
            let nothing = |state: &mut State| state.queue.is_empty() && !state.closed;
            let waited = self.work.wait_timeout_while(state, IDLE_AT_MOST, nothing);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            state.idle -= 1;
            let Some(question) = state.queue.pop_front().filter(|_| !state.closed) else {
                state.threads -= 1;
                return;
            };
            // Only the desk and this thread know it: nobody waits any more.
            if Arc::strong_count(&question) <= 2 {
                state.asked.remove(&question.name);
                continue;
            }
            drop(state);
            question.move_to(Progress::Asked);
            let answer = look_up(&question.name);
            question.move_to(Progress::Answered(answer, Stopwatch::start()));
            state = self.lock();
        }
    }
}

impl Question {
    fn move_to(&self, progress: Progress) {
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner) = progress;
        self.moved.notify_all();
    }

    /// Whether it waits for its answer.
    fn is_open(&self) -> bool {
        let progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        matches!(*progress, Progress::Queued | Progress::Asked)
    }

    /// Whether its answer may be shared with who asks now.
    fn is_fresh(&self) -> bool {
        match &*self.progress.lock().unwrap_or_else(PoisonError::into_inner) {
            Progress::Queued | Progress::Asked => true,
            Progress::Answered(Answer::Silent(_) | Answer::Local(_), _) => false,
            Progress::Answered(_, since) => since.elapsed() < SHARED_FOR,
        }
    }
}

/// Asks the system. AI_ADDRCONFIG is not set: without a network it makes every name look unknown.
fn look_up(name: &str) -> Answer {
    let stream = AddrInfoHints { socktype: dns_lookup::SockType::Stream.into(), ..AddrInfoHints::default() };
    match dns_lookup::getaddrinfo(Some(name), None, Some(stream)) {
        Ok(found) => {
            let mut addresses: Vec<IpAddr> = Vec::new();
            for address in found.flatten().map(|found| found.sockaddr.ip()) {
                // Of each family: a site may ask one of them only.
                let of_family = addresses.iter().filter(|other| other.is_ipv6() == address.is_ipv6()).count();
                if !addresses.contains(&address) && of_family < MOST_ADDRESSES {
                    addresses.push(address);
                }
            }
            if addresses.is_empty() { Answer::NoAddress } else { Answer::Found(addresses) }
        }
        Err(error) => of_error(error),
    }
}

fn of_error(error: LookupError) -> Answer {
    // glibc's EAI_ADDRFAMILY: the name exists, without an address of a family we speak.
    const NO_ADDRESS_OF_FAMILY: i32 = -9;
    let (kind, number) = (error.kind(), error.error_num());
    let system = std::io::Error::from(error);
    match kind {
        LookupErrorKind::NoName => Answer::NoSuchName,
        LookupErrorKind::NoData => Answer::NoAddress,
        LookupErrorKind::IO | LookupErrorKind::Unknown if number == NO_ADDRESS_OF_FAMILY => Answer::NoAddress,
        LookupErrorKind::Again => Answer::Silent("the resolver gave no answer".into()),
        LookupErrorKind::Fail => Answer::Silent("the resolver failed".into()),
        LookupErrorKind::Memory => Answer::Local("no memory left to look names up".into()),
        LookupErrorKind::System if rustix::io::Errno::from_io_error(&system).is_some_and(is_local) => {
            Answer::Local("the names cannot be looked up: nothing left to ask with".into())
        }
        _ => Answer::Silent(format!("the resolver failed ({})", super::fault::plain_error(&system))),
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
mod tests {
    use super::*;

    fn of_code(code: i32) -> (Outcome, Line) {
        let fault = verdict("shop.example", &of_error(LookupError::new(code))).unwrap_err();
        (fault.outcome, fault.line)
    }

    #[test]
    fn an_unknown_name_is_the_sites_and_a_silent_resolver_is_suspicious() {
        const AGAIN: i32 = -3;
        const FAIL: i32 = -4;
        const NO_NAME: i32 = -2;
        const NO_DATA: i32 = -5;
        assert_eq!(of_code(NO_NAME), (Outcome::Dns, Line::Silent));
        assert_eq!(of_code(NO_DATA), (Outcome::Dns, Line::Silent));
        assert_eq!(of_code(-9), (Outcome::Dns, Line::Silent));
        assert_eq!(of_code(AGAIN), (Outcome::Dns, Line::ResolverSilent));
        assert_eq!(of_code(FAIL), (Outcome::Dns, Line::ResolverSilent));
        assert_eq!(of_code(-10), (Outcome::Local, Line::Silent), "out of memory");
    }

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

    #[test]
    fn localhost_is_found_and_asked_for_once() {
        let names = Names::new();
        let found = names.ask("localhost", &mut Limit::start(Duration::from_secs(5), None)).unwrap();
        assert!(found.iter().all(IpAddr::is_loopback));
        assert_eq!(names.desk.lock().asked.len(), 1);
        names.ask("localhost", &mut Limit::start(Duration::from_secs(5), None)).unwrap();
        assert_eq!(names.desk.lock().threads, 1);
    }
}
