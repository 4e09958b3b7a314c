//! Few at a time: what costs memory (hashing a password takes 19 MiB) or time (asking somebody else's server) is done by a
//! few requests at once; some more may wait, the rest is told to come again.

use std::sync::{Condvar, Mutex, PoisonError};

/// Lets a few in.
pub struct Gate {
    places: u32,
    benches: u32,
    now: Mutex<Now>,
    left: Condvar,
}

#[derive(Default)]
struct Now {
    inside: u32,
    waiting: u32,
}

/// A place inside; given back when it is dropped.
pub struct Place<'a>(&'a Gate);

impl Gate {
    /// `places` inside, `benches` for those who wait.
    pub fn new(places: u32, benches: u32) -> Self {
        Gate { places, benches, now: Mutex::default(), left: Condvar::new() }
    }

    /// A place, after waiting for one if need be; `None` when too many wait already.
    pub fn enter(&self) -> Option<Place<'_>> {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        if now.inside >= self.places {
            if now.waiting >= self.benches {
                return None;
            }
            now.waiting += 1;
            while now.inside >= self.places {
                now = self.left.wait(now).unwrap_or_else(PoisonError::into_inner);
            }
            now.waiting -= 1;
        }
        now.inside += 1;
        Some(Place(self))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.now.lock().unwrap_or_else(PoisonError::into_inner).inside -= 1;
        self.0.left.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_go_in_one_waits_and_the_next_is_sent_away() {
        let gate = Gate::new(2, 1);
        let (one, two) = (gate.enter().unwrap(), gate.enter().unwrap());
        std::thread::scope(|scope| {
            let third = scope.spawn(|| gate.enter().is_some());
            while gate.now.lock().unwrap().waiting == 0 {
                std::thread::yield_now();
            }
            assert!(gate.enter().is_none());
            drop(one);
            assert!(third.join().unwrap());
        });
        drop(two);
        assert!(gate.enter().is_some());
    }
}
