//! Told to stop: by SIGTERM or Ctrl-C. The first of them ends what is going on in good order, the second ends the process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use djamon_core::clock::Stopwatch;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// How often who waits looks at the mark. A pipe would wake him at once, and take descriptors where there may be none.
const GLANCE: Duration = Duration::from_millis(50);

/// Whether the process was told to stop. Shared by all clones.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    told: Arc<AtomicBool>,
}

impl Stop {
    /// Heeds SIGTERM and SIGINT from now on. Neither a thread nor a descriptor is needed for it.
    ///
    /// # Errors
    /// What the system says.
    pub fn on_signals() -> std::io::Result<Self> {
        let told = Arc::new(AtomicBool::new(false));
        for signal in [SIGTERM, SIGINT] {
            // In this order: the second signal finds the mark of the first.
            flag::register_conditional_default(signal, Arc::clone(&told))?;
            flag::register(signal, Arc::clone(&told))?;
        }
        Ok(Stop { told })
    }

    /// Tells it, as a signal does.
    pub fn tell(&self) {
        self.told.store(true, Ordering::SeqCst);
    }

    /// Whether it was told.
    pub fn is_told(&self) -> bool {
        self.told.load(Ordering::SeqCst)
    }

    /// Waits for so long, or until it is told; says whether it was.
    pub fn wait(&self, time: Duration) -> bool {
        let (_silent, never) = channel::<()>();
        let _ = self.receive(&never, time, Duration::ZERO);
        self.is_told()
    }

    /// Receives within `patience`, of which `after` is left once it is told to stop.
    ///
    /// # Errors
    /// As [`Receiver::recv_timeout`].
    pub fn receive<T>(
        &self,
        from: &Receiver<T>,
        patience: Duration,
        after: Duration,
    ) -> Result<T, RecvTimeoutError> {
        let watch = Stopwatch::start();
        let mut until = patience;
        let mut is_told = false;
        loop {
            let now = watch.elapsed();
            if self.is_told() && !is_told {
                is_told = true;
                until = until.min(now.saturating_add(after));
            }
            let left = until.saturating_sub(now);
            match from.recv_timeout(left.min(GLANCE)) {
                Err(RecvTimeoutError::Timeout) if left > GLANCE => {}
                received => return received,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn who_is_told_to_stop_waits_no_longer_than_is_left_then() {
        let (tell, hear) = channel::<()>();
        let stop = Stop::default();
        stop.tell();
        let watch = Stopwatch::start();
        let minute = Duration::from_secs(60);
        assert!(stop.receive(&hear, minute, Duration::ZERO).is_err());
        assert!(watch.elapsed() < Duration::from_secs(20) && stop.wait(minute));
        tell.send(()).unwrap();
        assert_eq!(stop.receive(&hear, minute, Duration::ZERO), Ok(()), "what is there is taken");
    }
}
