use std::sync::{Condvar, Mutex};

use dns_lookup::LookupError;

use super::super::lookup::of_error;
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
fn localhost_is_found_and_asked_for_once() {
    let names = Names::new();
    let (found, is_new) = names.ask("localhost", false, &mut seconds(5)).unwrap();
    assert!(found.iter().all(IpAddr::is_loopback) && is_new);
    let (_, is_new) = names.ask("localhost", false, &mut seconds(5)).unwrap();
    assert!(!is_new, "what is known already proves no resolver");
    assert_eq!(names.desk.threads(), 1);
}

fn seconds(number: u64) -> Limit {
    Limit::start(Duration::from_secs(number), None)
}

/// A resolver that answers for every name but those that begin with `dead`; those wait for `end`.
fn half_dead(bounds: Bounds, end: &Arc<(Mutex<bool>, Condvar)>) -> Names {
    let end = Arc::clone(end);
    Names::asking(bounds, move |name| {
        if name.starts_with("dead") {
            let over = end.0.lock().unwrap();
            let _over = end.1.wait_while(over, |over| !*over).unwrap();
            return Answer::Silent("the resolver gave no answer".into());
        }
        Answer::Found(vec![[192, 0, 2, 1].into()])
    })
}

/// What those who ask for the `dead` and the `alive` names, all at once, are told: how many found it, how many found
/// silence; and how many threads that took at most.
fn told(bounds: Bounds, dead: usize, doubted: bool, alive: usize) -> (usize, usize, usize) {
    let end = Arc::default();
    let names = half_dead(bounds, &end);
    let told: Vec<_> = std::thread::scope(|scope| {
        let ask = |name: String, doubted, mut limit| {
            let names = &names;
            scope.spawn(move || names.ask(&name, doubted, &mut limit).map_err(|fault| fault.line))
        };
        // They are there first, and their limit is over before the resolver gives up.
        let mut asking: Vec<_> = (0..dead).map(|n| ask(format!("dead-{n}"), doubted, seconds(1))).collect();
        asking.extend((0..alive).map(|n| ask(format!("alive-{n}"), false, seconds(30))));
        asking.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let threads = names.desk.threads();
    *end.0.lock().unwrap() = true;
    end.1.notify_all();
    let silent = told.iter().filter(|told| **told == Err(Line::ResolverSilent)).count();
    (told.iter().filter(|told| told.is_ok()).count(), silent, threads)
}

const FEW: Bounds = Bounds { working: 4, threads: 100, kept_free: 4, written_off: Duration::from_millis(5) };

#[test]
fn names_that_nobody_answers_for_hold_up_no_others() {
    let (found, silent, threads) = told(FEW, 80, false, 40);
    assert_eq!((found, silent), (40, 80));
    assert!(threads <= 84, "{threads}: as many as wait, and those that work");
}

#[test]
fn the_last_threads_are_for_names_of_sites_that_are_well() {
    let (found, silent, threads) = told(Bounds { threads: 10, ..FEW }, 6, true, 100);
    assert_eq!((found, silent), (100, 6));
    assert!(threads <= 10, "{threads}");
    let end = Arc::default();
    let names = half_dead(Bounds { threads: 10, ..FEW }, &end);
    for n in 0..7 {
        let mut short = Limit::start(Duration::from_millis(20), None);
        let until = Some(super::super::limit::Deadline::after(Duration::from_millis(200)));
        let mut hurried = Limit::start(Duration::from_secs(1), until);
        let limit = if n < 6 { &mut short } else { &mut hurried };
        let fault = names.ask(&format!("dead-{n}"), true, limit).unwrap_err();
        assert_eq!(fault.outcome, if n < 6 { Outcome::Dns } else { Outcome::Local }, "{n}: {fault:?}");
    }
    assert!(names.ask("alive", false, &mut seconds(30)).is_ok());
    *end.0.lock().unwrap() = true;
    end.1.notify_all();
}

#[test]
fn ten_thousand_names_take_no_thread_each() {
    let names = Names::asking(BOUNDS, |_| Answer::Found(vec![[192, 0, 2, 1].into()]));
    let next = std::sync::atomic::AtomicUsize::new(0);
    let most = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                    if n >= 10_000 {
                        return;
                    }
                    names.ask(&format!("site-{n}"), false, &mut seconds(30)).unwrap();
                    most.fetch_max(names.desk.threads(), std::sync::atomic::Ordering::SeqCst);
                }
            });
        }
    });
    let most = most.into_inner();
    assert!((1..=BOUNDS.working).contains(&most), "{most} threads");
}
