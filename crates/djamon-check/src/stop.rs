//! The process is told to end: at once, or, while something is under way that is better finished, soon.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// Whether the process has been told to end. The default is never told.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    asked: Arc<AtomicBool>,
    ends_at_once: Arc<AtomicBool>,
}

impl Stop {
    /// Told by SIGTERM and SIGINT. They end the process at once until [`Stop::heed`] is called; a second one always does.
    ///
    /// # Errors
    /// What the system says.
    pub fn on_signals() -> std::io::Result<Self> {
        let stop = Stop { asked: Arc::default(), ends_at_once: Arc::new(AtomicBool::new(true)) };
        for signal in [SIGTERM, SIGINT] {
            // In this order: the first signal asks, the second finds that it was asked.
            flag::register_conditional_default(signal, Arc::clone(&stop.ends_at_once))?;
            flag::register_conditional_default(signal, Arc::clone(&stop.asked))?;
            flag::register(signal, Arc::clone(&stop.asked))?;
        }
        Ok(stop)
    }

    /// From now on a signal only asks.
    pub fn heed(&self) {
        self.ends_at_once.store(false, Ordering::SeqCst);
    }

    /// Whether the process has been asked to end.
    pub fn is_asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// Asks as a signal does.
    pub fn ask(&self) {
        self.asked.store(true, Ordering::SeqCst);
    }
}
