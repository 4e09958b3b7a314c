//! The due sites of a run, read while it goes on: memory does not grow with their number.

use std::collections::{HashSet, VecDeque};

use djamon_core::domain::{Instant, LocationId, Policy, SiteId};
use djamon_core::store::due::{self, DueSite, Half, Selection};
use djamon_core::store::{AnyConnection, StoreError};

use super::Order;

/// Sites read from the database at a time.
const PAGE: usize = 500;

/// The due sites, read page by page: those that failed last time first.
pub(super) struct Source<'a> {
    selection: &'a Selection,
    location: LocationId,
    policy: &'a Policy,
    now: Instant,
    half: Option<Half>,
    after: SiteId,
    page: VecDeque<DueSite>,
    /// A site that recovers during the run turns up in the other half once more.
    given: HashSet<SiteId>,
}

impl<'a> Source<'a> {
    /// The sites of `order` that are due at `now`; `policy` is the configuration's.
    pub fn new(order: &Order<'a>, policy: &'a Policy, now: Instant) -> Self {
        Source {
            selection: order.selection,
            location: order.location,
            policy,
            now,
            half: Some(Half::FailedLast),
            after: SiteId(0),
            page: VecDeque::new(),
            given: HashSet::new(),
        }
    }

    /// The next one; none when all were given out.
    pub fn next(&mut self, connection: &mut AnyConnection) -> Result<Option<DueSite>, StoreError> {
        loop {
            if let Some(due) = self.page.pop_front() {
                if self.half == Some(Half::FailedLast) {
                    self.given.insert(due.id);
                } else if self.given.contains(&due.id) {
                    continue;
                }
                return Ok(Some(due));
            }
            let Some(half) = self.half else { return Ok(None) };
            let limit = i64::try_from(PAGE).unwrap_or(i64::MAX);
            let from = (half, self.after);
            let page =
                due::page(connection, self.selection, self.location, self.policy, self.now, from, limit)?;
            match page.last() {
                Some(last) => {
                    self.after = last.id;
                    self.page = page.into();
                }
                None => {
                    self.after = SiteId(0);
                    self.half = match half {
                        Half::FailedLast => Some(Half::Others),
                        Half::Others => None,
                    };
                }
            }
        }
    }
}
