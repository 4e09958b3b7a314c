//! The pipeline of one run, top to bottom, under the lock. Either it is known that nothing is due, which leaves a record; or
//! record → departures → sandbox → due sites → probes → what may be believed → batches → end of the record. A run that is
//! told to stop writes what it has seen, says what it has not, and ends. Nothing holds a transaction while the network is
//! asked.

mod desk;
mod rehearsal;
mod source;
mod storage;
mod written;

use std::cell::RefCell;
use std::time::Duration;

use djamon_core::domain::hold::Hold;
use djamon_core::domain::plan::RunContext;
use djamon_core::domain::run::{Blind, Blindness, Counts};
use djamon_core::domain::{Instant, Listener, LocationId, Look, OutageId, RunId, SiteId};
use djamon_core::probe::Prober;
use djamon_core::store::backend::reserve::Reserve;
use djamon_core::store::due::{self, DueSite, Outlook, Selection};
use djamon_core::store::idle;
use djamon_core::store::record::{self, ViewIds};
use djamon_core::store::runs::{self, Ending};
use djamon_core::store::{AnyConnection, blindness};

use self::desk::Desk;
pub use self::rehearsal::rehearse;
use self::source::Source;
use self::written::Written;
use crate::app::{App, Failure};
use crate::pool::{self, Limits, Plan, Task};
use crate::progress::Progress;
use crate::sandbox::{self, Proof};

/// Probes that are not done by then are given up.
const PROBING: Duration = Duration::from_secs(55);

/// Why a run that was told to stop left sites out.
const TOLD: &str = "the run was told to stop";

/// What a run is to do.
pub struct Order<'a> {
    /// Which sites.
    pub selection: &'a Selection,
    /// Where from.
    pub location: LocationId,
    /// How long until the next run.
    pub promised: Duration,
    /// Who is told.
    pub listeners: &'a [Listener],
    /// Whether the views are wanted afterwards; otherwise none is kept.
    pub keep_views: bool,
    /// What became of the reserve beside the database before the run.
    pub reserve: Reserve,
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
    /// Whether it was told to stop before it was done.
    pub stopped: bool,
    /// What it saw, in order of arrival, if that was wanted.
    pub views: Vec<(SiteId, Look)>,
    /// Outages it raised, and for which sites.
    pub opened: Vec<(OutageId, SiteId)>,
    /// Sites that joined older outages.
    pub joined: Vec<(OutageId, SiteId)>,
    /// Outages that ended.
    pub resolved: Vec<OutageId>,
    /// Whether the reserve beside the database was given up on the way.
    pub reserve_released: bool,
}

impl Round {
    fn begun(run: RunId, started_at: Instant, counts: Counts) -> Self {
        Round {
            run,
            started_at,
            ending: Ending { at: started_at, blind: None, counts, skipped_reason: None, idle: None },
            stopped: false,
            views: Vec::new(),
            opened: Vec::new(),
            joined: Vec::new(),
            resolved: Vec::new(),
            reserve_released: false,
        }
    }
}

/// Leaves the record of a run without anything due, if it is known that nothing is, and that there is no lack of room to tell
/// of. What alerts are owed is another matter.
///
/// # Errors
/// What the database says.
pub fn idle(
    app: &App,
    connection: &mut AnyConnection,
    location: LocationId,
    promised: Duration,
) -> Result<Option<Round>, Failure> {
    let now = app.now();
    if !idle::holds(connection, location, now)? || !storage::is_plenty(app, connection, promised, 0)? {
        return Ok(None);
    }
    let run = runs::note_idle(connection, location, now, promised)?;
    Ok(Some(Round::begun(run, now, Counts::default())))
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
    let version = idle::version(connection)?;
    let run = runs::begin(connection, order.location, started_at, order.promised)?;
    let mut context = RunContext {
        run,
        location: order.location,
        scope: app.config.check.outage_scope,
        expected_interval: order.promised,
        blind: Blindness::NEVER,
        zone: app.config.history.time_zone.clone(),
    };
    let policy = &app.config.check.policy;
    let departed = record::departures(connection, &context, policy, order.listeners, started_at)?;
    let outlook = due::outlook(connection, order.selection, order.location, started_at)?;
    let due = outlook.counts;

    let mut round = Round { resolved: departed.resolved, ..Round::begun(run, started_at, due) };
    // Before any look is written: later there may be no room for it.
    storage::tell(app, connection, order, &context, order.reserve, due.sites)?;
    match proof(app, prober, due.sites) {
        // Who was not let to finish asking knows nothing of the line.
        Err(_) if app.stop.is_told() => {
            round.ending.counts.skipped = due.sites;
            round.ending.skipped_reason = Some(TOLD.into());
            round.stopped = true;
            tracing::warn!("no site was looked at: {TOLD}");
        }
        Err(blind) => {
            round.ending.counts.skipped = due.sites;
            round.ending.skipped_reason = Some(format!("blind: {}", blind.reason));
            round.ending.blind = Some(blind);
        }
        Ok(_) if due.sites == 0 => {}
        Ok(proof) => {
            context.blind = blindness::is_over(connection, order.location, started_at)?;
            look(app, prober, connection, order, &context, (proof.is_some(), &outlook), &mut round)?;
        }
    }
    if round.reserve_released {
        storage::tell(app, connection, order, &context, Reserve::Released, due.sites)?;
    }
    // Who has not looked knows nothing of what goes on.
    if due.sites > 0 && round.ending.blind.is_none() {
        record::reminders(connection, &context, &app.config.alerts.reminders, order.listeners, app.now())?;
    }
    if due.sites == 0 && *order.selection == Selection::Due {
        round.ending.idle = idle::of(connection, order.location, version, started_at)?;
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
    sandbox::ask(prober, &urls, &*app.clock, &app.stop).map(Some)
}

/// Probes the due sites and writes what may be believed, batch by batch.
fn look(
    app: &App,
    prober: &Prober,
    connection: &mut AnyConnection,
    order: &Order<'_>,
    context: &RunContext,
    (is_guarded, outlook): (bool, &Outlook),
    round: &mut Round,
) -> Result<(), Failure> {
    let due = round.ending.counts.sites;
    let guard = is_guarded.then(Hold::default);
    let ids = ViewIds::after_stored(connection)?;
    let source = Source::new(order, &app.config.check.policy, round.started_at);
    let written = Written::new(app, order, context, ids, round);
    let desk = RefCell::new(Desk {
        connection,
        source,
        written,
        guard,
        progress: Progress::new(order.progress, due),
    });
    let limits = limits(app, outlook);
    let tasks = std::iter::from_fn(|| desk.borrow_mut().next_task());
    let ended = pool::probe_all(prober, &limits, &app.stop, tasks, |observation| {
        desk.borrow_mut().take(observation);
    });
    desk.into_inner().close(app, prober, ended)
}

fn limits(app: &App, outlook: &Outlook) -> Limits {
    let expected = usize::try_from(outlook.counts.sites).unwrap_or(0);
    Limits {
        concurrency: app.config.check.concurrency,
        expected,
        plan: Plan::new(expected, &outlook.took_ms),
        deadline: PROBING,
    }
}

impl From<DueSite> for Task {
    fn from(due: DueSite) -> Self {
        Task {
            site: due.id,
            edited_at: due.edited_at,
            target: due.target,
            policy: due.policy,
            failed_last: due.failed_last,
        }
    }
}
