//! The pipeline of one run, top to bottom, under the lock: record → departures → sandbox → due sites → probes → what
//! may be believed → batches → end of the record. Nothing holds a transaction while the network is asked.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use djamon_core::domain::hold::Hold;
use djamon_core::domain::plan::RunContext;
use djamon_core::domain::run::{Blind, Counts, RunState};
use djamon_core::domain::{
    Instant, LocationId, Look, Observation, OutageId, Policy, RunId, SiteId, Standing,
};
use djamon_core::probe::Prober;
use djamon_core::store::due::{self, DueSite, Half, Selection};
use djamon_core::store::record::{self, Recorded, ViewIds};
use djamon_core::store::runs::{self, Ending};
use djamon_core::store::{AnyConnection, StoreError};

use crate::app::{App, Failure};
use crate::pool::{self, Ended, Limits, Task};
use crate::progress::Progress;
use crate::report::RunJson;
use crate::sandbox::{self, Proof};

/// Probes that are not done by then are given up.
const PROBING: Duration = Duration::from_secs(55);
/// A batch is written when it has this many observations, or is this old.
const BATCH: usize = 1000;
const BATCH_AGE: Duration = Duration::from_secs(1);
/// Sites read from the database at a time.
const PAGE: usize = 500;

/// What a run is to do.
pub struct Order<'a> {
    /// Which sites.
    pub selection: &'a Selection,
    /// Where from.
    pub location: LocationId,
    /// How long until the next run.
    pub promised: Duration,
    /// Who is told.
    pub channels: &'a [String],
    /// Whether a person watches and wants to see how far it is.
    pub progress: bool,
}

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Round {
    /// Its number.
    pub run: RunId,
    /// When it began.
    pub started_at: Instant,
    /// How it ended.
    pub ending: Ending,
    /// What it saw, in order of arrival.
    pub views: Vec<(SiteId, Look)>,
    /// Outages it raised, and for which sites.
    pub opened: Vec<(OutageId, SiteId)>,
    /// Sites that joined older outages.
    pub joined: Vec<(OutageId, SiteId)>,
    /// Outages that ended.
    pub resolved: Vec<OutageId>,
}

/// Does one run.
///
/// # Errors
/// What the database says; what was committed before stays.
pub fn run(
    app: &App,
    prober: &Prober,
    connection: &mut AnyConnection,
    order: &Order<'_>,
) -> Result<Round, Failure> {
    let started_at = app.now();
    let run = runs::begin(connection, order.location, started_at, order.promised)?;
    let before = runs::last(connection, Some(order.location), Some(run))?;
    let context = RunContext {
        run,
        location: order.location,
        scope: app.config.check.outage_scope,
        expected_interval: order.promised,
        blind_before: before.is_some_and(|run| run.state == RunState::Blind),
    };
    let policy = &app.config.check.policy;
    let departed = record::departures(connection, &context, policy, order.channels, started_at)?;
    let due = due::counts(connection, order.selection, order.location, started_at)?;

    let mut round = Round {
        run,
        started_at,
        ending: Ending { at: started_at, blind: None, counts: due, skipped_reason: None },
        views: Vec::new(),
        opened: Vec::new(),
        joined: Vec::new(),
        resolved: departed.resolved,
    };
    match proof(app, prober, due.sites) {
        Err(blind) => {
            round.ending.counts.skipped = due.sites;
            round.ending.skipped_reason = Some(format!("blind: {}", blind.reason));
            round.ending.blind = Some(blind);
        }
        Ok(_) if due.sites == 0 => {}
        Ok(proof) => look(app, prober, connection, order, context, proof, &mut round)?,
    }
    round.ending.at = app.now().max(started_at);
    runs::finish(connection, run, &round.ending)?;
    Ok(round)
}

/// Asks the sandbox; `None` when the guard is off or there is nothing to look at.
fn proof(app: &App, prober: &Prober, sites: u32) -> Result<Option<Proof>, Blind> {
    let urls = app.config.check.sandbox_targets();
    if urls.is_empty() || sites == 0 {
        return Ok(None);
    }
    sandbox::ask(prober, &urls, &*app.clock).map(Some)
}

/// Probes the due sites and writes what may be believed, batch by batch.
fn look(
    app: &App,
    prober: &Prober,
    connection: &mut AnyConnection,
    order: &Order<'_>,
    context: RunContext,
    proof: Option<Proof>,
    round: &mut Round,
) -> Result<(), Failure> {
    let due = round.ending.counts.sites;
    let mut guard = None;
    if let Some(proof) = proof {
        let mut hold = Hold::default();
        if proof.resolved {
            hold.name_resolved();
        }
        guard = Some(hold);
    }
    let ids = ViewIds::after_stored(connection)?;
    let source = Source::new(order, round.started_at);
    let written = Written::new(app, order, context, ids, round);
    let desk = RefCell::new(Desk {
        connection,
        source,
        written,
        guard,
        progress: Progress::new(order.progress, due),
    });
    let limits = Limits {
        concurrency: app.config.check.concurrency,
        expected: usize::try_from(due).unwrap_or(0),
        deadline: PROBING,
    };
    let tasks = std::iter::from_fn(|| desk.borrow_mut().next_task());
    let ended = pool::probe_all(prober, &limits, tasks, |observation| desk.borrow_mut().take(observation));
    desk.into_inner().close(app, prober, ended)
}

/// Everything that the two ends of the pool share: both work on the calling thread and its one connection.
struct Desk<'a, 'r> {
    connection: &'a mut AnyConnection,
    source: Source<'a>,
    written: Written<'a, 'r>,
    guard: Option<Hold>,
    progress: Progress,
}

impl Desk<'_, '_> {
    fn next_task(&mut self) -> Option<Task> {
        if self.written.failure.is_some() {
            return None;
        }
        match self.source.next(self.connection) {
            Ok(due) => {
                let due = due?;
                self.written.outstanding.insert(due.site.id, due.standing);
                Some(task(due, &self.written.app.config.check.policy))
            }
            Err(error) => {
                self.written.failure = Some(error);
                None
            }
        }
    }

    fn take(&mut self, observation: Observation) {
        self.progress.step();
        let free = match &mut self.guard {
            Some(hold) => hold.take(observation),
            None => vec![observation],
        };
        self.written.add(self.connection, free);
    }

    /// 1. What is still held needs the sandbox's word, asked again. 2. What nobody vouches for is dropped, and the run
    /// is blind from there. 3. The last batch is written. 4. Whatever was due and left no view is counted with a reason.
    fn close(mut self, app: &App, prober: &Prober, ended: Ended) -> Result<(), Failure> {
        self.progress.finish();
        let mut blind = None;
        if let Some(mut hold) = self.guard.take() {
            if !hold.is_empty()
                && let Ok(proof) = sandbox::ask(prober, &app.config.check.sandbox_targets(), &*app.clock)
            {
                self.written.add(self.connection, hold.answered(proof.asked_at, proof.resolved));
            }
            blind = hold.close().map(|dropped| Blind {
                reason: match dropped.dns_only {
                    true => format!("dns: no name could be resolved; {} views dropped", dropped.count),
                    false => format!("line: it died during the run; {} views dropped", dropped.count),
                },
                from: dropped.from,
            });
        }
        self.written.flush(self.connection);
        if let Some(error) = self.written.failure.take() {
            return Err(error.into());
        }
        self.written.finish(blind, &ended);
        Ok(())
    }
}

fn task(due: DueSite, policy: &Policy) -> Task {
    Task {
        site: due.site.id,
        edited_at: due.site.edited_at,
        check: policy.with(&due.site.options).check,
        target: due.site.target,
        failed_last: due.failed_last,
    }
}

/// The due sites, read page by page: those that failed last time first.
struct Source<'a> {
    selection: &'a Selection,
    location: LocationId,
    now: Instant,
    half: Option<Half>,
    after: SiteId,
    page: VecDeque<DueSite>,
    /// A site that recovers during the run turns up in the other half once more.
    given: HashSet<SiteId>,
}

impl<'a> Source<'a> {
    fn new(order: &Order<'a>, now: Instant) -> Self {
        Source {
            selection: order.selection,
            location: order.location,
            now,
            half: Some(Half::FailedLast),
            after: SiteId(0),
            page: VecDeque::new(),
            given: HashSet::new(),
        }
    }

    fn next(&mut self, connection: &mut AnyConnection) -> Result<Option<DueSite>, StoreError> {
        loop {
            if let Some(due) = self.page.pop_front() {
                if self.half == Some(Half::FailedLast) {
                    self.given.insert(due.site.id);
                } else if self.given.contains(&due.site.id) {
                    continue;
                }
                return Ok(Some(due));
            }
            let Some(half) = self.half else { return Ok(None) };
            let limit = i64::try_from(PAGE).unwrap_or(i64::MAX);
            let page =
                due::page(connection, self.selection, self.location, self.now, half, self.after, limit)?;
            match page.last() {
                Some(last) => {
                    self.after = last.site.id;
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

/// Observations on their way into the database, and what became of them.
struct Written<'a, 'r> {
    app: &'a App,
    channels: &'a [String],
    context: RunContext,
    ids: ViewIds,
    batch: Vec<Observation>,
    batch_began: Duration,
    outstanding: HashMap<SiteId, Option<Standing>>,
    counts: Counts,
    changed: u32,
    failure: Option<StoreError>,
    round: &'r mut Round,
}

impl<'a, 'r> Written<'a, 'r> {
    fn new(app: &'a App, order: &Order<'a>, context: RunContext, ids: ViewIds, round: &'r mut Round) -> Self {
        Written {
            app,
            channels: order.channels,
            context,
            ids,
            batch: Vec::new(),
            batch_began: app.clock.elapsed(),
            outstanding: HashMap::new(),
            counts: Counts::default(),
            changed: 0,
            failure: None,
            round,
        }
    }

    fn add(&mut self, connection: &mut AnyConnection, observations: Vec<Observation>) {
        if self.batch.is_empty() {
            self.batch_began = self.app.clock.elapsed();
        }
        self.batch.extend(observations);
        let age = self.app.clock.elapsed().saturating_sub(self.batch_began);
        if self.batch.len() >= BATCH || (age >= BATCH_AGE && !self.batch.is_empty()) {
            self.flush(connection);
        }
    }

    fn flush(&mut self, connection: &mut AnyConnection) {
        if self.batch.is_empty() || self.failure.is_some() {
            return;
        }
        let batch = std::mem::take(&mut self.batch);
        let policy = &self.app.config.check.policy;
        let now = self.app.now();
        match record::batch(connection, &self.context, policy, &mut self.ids, batch, self.channels, now) {
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
        self.round.views.extend(recorded.plan.views);
        self.round.opened.extend(recorded.opened);
        self.round.joined.extend(recorded.joined);
        self.round.resolved.extend(recorded.resolved);
    }

    fn finish(mut self, blind: Option<Blind>, ended: &Ended) {
        let due = self.round.ending.counts.sites;
        for standing in self.outstanding.values().flatten() {
            self.counts.add(*standing);
        }
        let seen = u32::try_from(self.round.views.len()).unwrap_or(u32::MAX);
        self.counts.sites = due.max(seen);
        self.counts.skipped = self.counts.sites - seen;
        let reasons = [
            blind.as_ref().map(|blind| format!("blind: {}", blind.reason)),
            ended
                .faults
                .first()
                .map(|(_, fault)| format!("{} by a fault of ours: {fault}", ended.faults.len())),
            (ended.unprobed > 0)
                .then(|| format!("{} not reached within {} s", ended.unprobed, PROBING.as_secs())),
            (self.changed > 0).then(|| format!("{} changed meanwhile", self.changed)),
        ];
        let reasons: Vec<String> = reasons.into_iter().flatten().collect();
        self.round.ending.counts = self.counts;
        self.round.ending.skipped_reason = (self.counts.skipped > 0).then(|| match reasons.as_slice() {
            [] => "they were paused, changed or removed meanwhile".to_owned(),
            some => some.join("; "),
        });
        self.round.ending.blind = blind;
    }
}

/// Probes what is due without writing anything.
///
/// # Errors
/// What the database says.
pub fn rehearse(
    app: &App,
    prober: &Prober,
    connection: &mut AnyConnection,
    selection: &Selection,
    location: &str,
) -> Result<RunJson, Failure> {
    let started_at = app.now();
    let place = runs::known_location(connection, location)?.unwrap_or(LocationId(0));
    let counts = due::counts(connection, selection, place, started_at)?;
    let mut json = RunJson::rehearsal(location, started_at, counts);
    if let Err(blind) = proof(app, prober, counts.sites) {
        json.tell_blind(&blind);
        return Ok(json);
    }
    let order =
        Order { selection, location: place, promised: Duration::ZERO, channels: &[], progress: false };
    let mut source = Source::new(&order, started_at);
    let mut slugs = HashMap::new();
    let mut failure = None;
    let tasks = std::iter::from_fn(|| match source.next(connection) {
        Ok(due) => {
            let due = due?;
            slugs.insert(due.site.id, due.site.slug.clone());
            Some(task(due, &app.config.check.policy))
        }
        Err(error) => {
            failure = Some(error);
            None
        }
    });
    let limits = Limits {
        concurrency: app.config.check.concurrency,
        expected: usize::try_from(counts.sites).unwrap_or(0),
        deadline: PROBING,
    };
    let mut seen = Vec::new();
    pool::probe_all(prober, &limits, tasks, |observation| seen.push(observation));
    if let Some(error) = failure {
        return Err(error.into());
    }
    json.tell_seen(&seen, &slugs, app.now());
    Ok(json)
}
