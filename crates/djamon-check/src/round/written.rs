//! Observations on their way into the database, batch by batch, and what became of them.

use std::collections::HashMap;
use std::time::Duration;

use djamon_core::domain::plan::RunContext;
use djamon_core::domain::run::{Blind, Counts};
use djamon_core::domain::{Observation, SiteId, Standing};
use djamon_core::store::backend::reserve::{self, Reserve};
use djamon_core::store::record::{self, Recorded, ViewIds};
use djamon_core::store::{AnyConnection, StoreError};

use super::{Order, PROBING, Round, TOLD};
use crate::app::App;
use crate::pool::Ended;

/// A batch is written when it has this many observations, or is this old.
const BATCH: usize = 1000;
const BATCH_AGE: Duration = Duration::from_secs(1);

/// Observations on their way into the database, and what became of them.
pub(super) struct Written<'a, 'r> {
    pub app: &'a App,
    order: &'a Order<'a>,
    context: &'a RunContext,
    ids: ViewIds,
    batch: Vec<Observation>,
    batch_began: Duration,
    pub outstanding: HashMap<SiteId, Option<Standing>>,
    counts: Counts,
    changed: u32,
    seen: u32,
    pub failure: Option<StoreError>,
    round: &'r mut Round,
}

impl<'a, 'r> Written<'a, 'r> {
    /// Nothing yet.
    pub fn new(
        app: &'a App,
        order: &'a Order<'a>,
        context: &'a RunContext,
        ids: ViewIds,
        round: &'r mut Round,
    ) -> Self {
        Written {
            app,
            order,
            context,
            ids,
            batch: Vec::new(),
            batch_began: app.clock.elapsed(),
            outstanding: HashMap::new(),
            counts: Counts::default(),
            changed: 0,
            seen: 0,
            failure: None,
            round,
        }
    }

    /// Takes observations that may be believed, and writes a batch when it is large or old enough.
    pub fn add(&mut self, connection: &mut AnyConnection, observations: Vec<Observation>) {
        if self.batch.is_empty() {
            self.batch_began = self.app.clock.elapsed();
        }
        self.batch.extend(observations);
        let age = self.app.clock.elapsed().saturating_sub(self.batch_began);
        if self.batch.len() >= BATCH || (age >= BATCH_AGE && !self.batch.is_empty()) {
            self.flush(connection);
        }
    }

    /// Writes what is in hand.
    pub fn flush(&mut self, connection: &mut AnyConnection) {
        if self.batch.is_empty() || self.failure.is_some() {
            return;
        }
        let batch = std::mem::take(&mut self.batch);
        let policy = &self.app.config.check.policy;
        let now = self.app.now();
        let spare = batch.clone();
        let mut write = |batch| {
            let (ids, listeners) = (&mut self.ids, self.order.listeners);
            record::batch(connection, self.context, policy, ids, batch, listeners, now)
        };
        let written = match write(batch) {
            Err(StoreError::Full) if reserve::release(&self.app.url) == Reserve::Released => {
                tracing::warn!("{}", reserve::RELEASED);
                self.round.reserve_released = true;
                write(spare)
            }
            written => written,
        };
        match written {
            Ok(recorded) => self.note(recorded),
            Err(error) => self.failure = Some(error),
        }
    }

    fn note(&mut self, recorded: Recorded) {
        for (site, state) in &recorded.plan.states {
            self.outstanding.remove(site);
            self.counts.add(state.streak.standing());
        }
        self.changed += recorded.plan.skipped;
        self.seen += u32::try_from(recorded.plan.views.len()).unwrap_or(u32::MAX);
        if self.order.keep_views {
            self.round.views.extend(recorded.plan.views);
        }
        self.round.opened.extend(recorded.opened);
        self.round.joined.extend(recorded.joined);
        self.round.resolved.extend(recorded.resolved);
    }

    /// Says in the run's record what became of the due sites.
    pub fn finish(mut self, blind: Option<Blind>, ended: &Ended) {
        let due = self.round.ending.counts.sites;
        for standing in self.outstanding.values().flatten() {
            self.counts.add(*standing);
        }
        self.counts.sites = due.max(self.seen);
        self.counts.skipped = self.counts.sites - self.seen;
        let reasons = [
            blind.as_ref().map(|blind| format!("blind: {}", blind.reason)),
            ended
                .faults
                .first()
                .map(|(_, fault)| format!("{} by a fault of ours: {fault}", ended.faults.len())),
            (ended.unprobed > 0).then(|| match ended.stopped {
                true => format!("{} not reached: {TOLD}", ended.unprobed),
                false => format!("{} not reached within {} s", ended.unprobed, PROBING.as_secs()),
            }),
            (self.changed > 0).then(|| format!("{} changed meanwhile", self.changed)),
        ];
        if !ended.faults.is_empty() || ended.unprobed > 0 {
            let [_, fault, late, _] = &reasons;
            let told: Vec<&str> = [fault, late].into_iter().flatten().map(String::as_str).collect();
            tracing::warn!("some sites were not looked at: {}", told.join("; "));
        }
        let reasons: Vec<String> = reasons.into_iter().flatten().collect();
        self.round.stopped = ended.stopped;
        self.round.ending.counts = self.counts;
        self.round.ending.skipped_reason = (self.counts.skipped > 0).then(|| match reasons.as_slice() {
            [] => "they were paused, changed or removed meanwhile".to_owned(),
            some => some.join("; "),
        });
        self.round.ending.blind = blind;
    }
}
