//! The list of all sites with their figures, read once for everybody who asks for some of it: whoever searches as they
//! type asks for a page of its own with every letter. It knows nothing of pages.

use std::sync::{Arc, Mutex, PoisonError};

use djamon_core::domain::Instant;
use djamon_core::store::statuses::{Known, SiteStatus};

const MINUTE_MS: i64 = 60_000;

/// The sites as they were read last, for members and for visitors.
#[derive(Default)]
pub struct Roster {
    members: Mutex<Slot>,
    visitors: Mutex<Slot>,
}

#[derive(Default)]
struct Slot {
    read: Option<Read>,
    known: Known,
}

struct Read {
    /// The state of the database and the minute that it is of, as answers that are kept are.
    of: (u64, i64),
    sites: Arc<Vec<SiteStatus>>,
}

impl Roster {
    /// The sites in this state of the database, read by `read` when nobody has read them in this minute. Others who want
    /// them meanwhile wait for what it reads.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn sites<E>(
        &self,
        sees_private: bool,
        state: u64,
        now: Instant,
        read: impl FnOnce(&mut Known) -> Result<Vec<SiteStatus>, E>,
    ) -> Result<Arc<Vec<SiteStatus>>, E> {
        let slot = if sees_private { &self.members } else { &self.visitors };
        let of = (state, now.ms().div_euclid(MINUTE_MS));
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = slot.read.as_ref().filter(|last| last.of == of) {
            return Ok(Arc::clone(&last.sites));
        }
        let sites = Arc::new(read(&mut slot.known)?);
        slot.read = Some(Read { of, sites: Arc::clone(&sites) });
        Ok(sites)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sites_are_read_once_a_state_a_minute_and_an_audience() {
        let roster = Roster::default();
        let reads = std::cell::Cell::new(0);
        let mut expected = 0;
        for (sees_private, state, ms, is_read) in [
            (false, 1, 0, true),
            (false, 1, 59_999, false),
            (true, 1, 59_999, true),
            (false, 1, 60_000, true),
            (false, 2, 60_000, true),
            (true, 1, 59_999, false),
        ] {
            let read = |_: &mut Known| -> Result<Vec<SiteStatus>, ()> {
                reads.set(reads.get() + 1);
                Ok(Vec::new())
            };
            roster.sites(sees_private, state, Instant::from_ms(ms), read).unwrap();
            expected += i32::from(is_read);
            assert_eq!(reads.get(), expected, "{sees_private} {state} {ms}");
        }
        assert_eq!(roster.sites(false, 3, Instant::from_ms(0), |_| Err("gone")), Err("gone"));
    }
}
