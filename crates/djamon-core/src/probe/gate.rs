//! Bounds how many connects are in progress, so that nobody's network gets a burst and times are the site's own.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::clock::Stopwatch;

/// A number of places; a connect takes one and gives it back when it ends or after [`Gate::HELD_AT_MOST`].
#[derive(Debug)]
pub(super) struct Gate {
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Debug)]
struct State {
    free: usize,
    /// Those who wait; waking nobody would be a call to the system for each connect.
    waiting: usize,
}

impl Gate {
    /// After this long a connect counts as waiting and gives its place back.
    pub const HELD_AT_MOST: Duration = Duration::from_millis(50);

    /// A gate with this many places.
    pub fn new(places: usize) -> Self {
        Gate { state: Mutex::new(State { free: places, waiting: 0 }), freed: Condvar::new() }
    }

    /// Waits for a place, at most `patience`; says how long it took. Without a place the caller goes on all the same:
    /// the gate smooths, it does not judge.
    pub fn enter(&self, patience: Duration) -> (Option<Place<'_>>, Duration) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.free > 0 {
            return (Some(self.take(state)), Duration::ZERO);
        }
        let watch = Stopwatch::start();
        state.waiting += 1;
        let (mut state, _) = self
            .freed
            .wait_timeout_while(state, patience, |state| state.free == 0)
            .unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        let place = (state.free > 0).then(|| self.take(state));
        (place, watch.elapsed())
    }

    fn take(&self, mut state: std::sync::MutexGuard<'_, State>) -> Place<'_> {
        state.free -= 1;
        Place { gate: self }
    }
}

/// A place in the gate, given back when dropped.
#[derive(Debug)]
pub(super) struct Place<'gate> {
    gate: &'gate Gate,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.gate.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.free += 1;
        if state.waiting > 0 {
            self.gate.freed.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_when_its_connect_ends() {
        let gate = Gate::new(1);
        let (place, waited) = gate.enter(Duration::ZERO);
        assert!(place.is_some() && waited.is_zero());
        assert!(gate.enter(Duration::from_millis(1)).0.is_none());
        drop(place);
        assert!(gate.enter(Duration::ZERO).0.is_some());
    }

    #[test]
    fn who_waits_gets_the_place_that_is_given_back() {
        let gate = Gate::new(1);
        let (place, _) = gate.enter(Duration::ZERO);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| gate.enter(Duration::from_secs(60)).0.is_some());
            while gate.state.lock().unwrap().waiting == 0 {
                std::thread::yield_now();
            }
            drop(place);
            assert!(waiting.join().unwrap());
        });
    }
}
