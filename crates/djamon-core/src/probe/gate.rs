//! Bounds how many connects are in progress, so that nobody's network gets a burst and times are the site's own.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::clock::Stopwatch;

/// A number of places; a connect takes one and gives it back when it ends or after [`Gate::HELD_AT_MOST`].
#[derive(Debug)]
pub(super) struct Gate {
    free: Mutex<usize>,
    freed: Condvar,
}

impl Gate {
    /// After this long a connect counts as waiting and gives its place back.
    pub const HELD_AT_MOST: Duration = Duration::from_millis(50);

    /// A gate with this many places.
    pub fn new(places: usize) -> Self {
        Gate { free: Mutex::new(places), freed: Condvar::new() }
    }

    /// Waits for a place, at most `patience`; says how long it took. Without a place the caller goes on all the same:
    /// the gate smooths, it does not judge.
    pub fn enter(&self, patience: Duration) -> (Option<Place<'_>>, Duration) {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        if *free > 0 {
            return (Some(self.take(free)), Duration::ZERO);
        }
        let watch = Stopwatch::start();
        let (free, _) = self
            .freed
            .wait_timeout_while(free, patience, |free| *free == 0)
            .unwrap_or_else(PoisonError::into_inner);
        let place = (*free > 0).then(|| self.take(free));
        (place, watch.elapsed())
    }

    fn take(&self, mut free: std::sync::MutexGuard<'_, usize>) -> Place<'_> {
        *free -= 1;
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
        *self.gate.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.gate.freed.notify_one();
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
}
