//! Turns at work that needs memory: so many at a time, the others wait. It knows nothing of the work.

use std::num::NonZero;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// As many as keep this machine's processors busy: more at a time only hold more memory.
pub fn enough() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get) + 1
}

/// So many turns.
#[derive(Debug)]
pub struct Turns {
    free: Mutex<usize>,
    freed: Condvar,
}

/// A turn; the next one's begins when it is dropped.
#[derive(Debug)]
pub struct Turn<'a>(&'a Turns);

impl Turns {
    /// So many at a time, at least one.
    pub fn new(at_a_time: usize) -> Self {
        Turns { free: Mutex::new(at_a_time.max(1)), freed: Condvar::new() }
    }

    /// Waits for a turn.
    pub fn take(&self) -> Turn<'_> {
        let free = self.freed.wait_while(self.free(), |free| *free == 0);
        *free.unwrap_or_else(PoisonError::into_inner) -= 1;
        Turn(self)
    }

    fn free(&self) -> MutexGuard<'_, usize> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.free() += 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use super::*;

    #[test]
    fn never_more_than_so_many_have_their_turn() {
        let (turns, at_work, most) = (Turns::new(2), AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let _turn = turns.take();
                        most.fetch_max(at_work.fetch_add(1, SeqCst) + 1, SeqCst);
                        std::thread::yield_now();
                        at_work.fetch_sub(1, SeqCst);
                    }
                });
            }
        });
        assert!(most.load(SeqCst) <= 2, "{most:?}");
        assert_eq!(*turns.free(), 2);
    }
}
