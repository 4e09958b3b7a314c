//! One monitoring run, or one after the other: what the crontab calls.

use std::io::{IsTerminal, Write};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use djamon_core::probe::Prober;
use djamon_core::schedule::{Schedule, machine_time_zone};
use djamon_core::store::backend::lock::try_run_lock;
use djamon_core::store::backend::reserve::{self, Reserve};
use djamon_core::store::due::Selection;
use djamon_core::store::{AnyConnection, StoreError, groups, outbox, runs, sites};

use crate::app::{App, Exit, Failure};
use crate::deliver::{DEADLINE, Delivered, Post};
use crate::report::{Alerts, RunJson};
use crate::round::{self, Round};

/// How long a message under way is waited for once the run is told to stop.
const LAST_MESSAGE: Duration = Duration::from_secs(3);

/// A delivery that goes on in a thread of its own; at its end it gives the connection back.
type UnderWay = Receiver<(AnyConnection, Result<Delivered, StoreError>)>;

/// What `run` is told.
#[derive(clap::Args, Default, Clone, Debug)]
pub struct RunArgs {
    /// Check only this site, due or not (repeatable)
    #[arg(long = "site", value_name = "SLUG")]
    pub sites: Vec<String>,
    /// Check only the sites of this group, due or not (repeatable)
    #[arg(long = "group", value_name = "SLUG")]
    pub groups: Vec<String>,
    /// Repeat at this interval until stopped
    #[arg(long, value_name = "DURATION")]
    pub every: Option<humantime::Duration>,
    /// Look as this place instead of `[check] location`
    #[arg(long, value_name = "NAME")]
    pub location: Option<String>,
    /// Probe and print, write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print what was seen as one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Does one run, or one after the other until it is told to stop.
///
/// # Errors
/// Exit code 2 for input that cannot be taken, 3 when it could not do its work.
pub fn run(app: &App, args: &RunArgs, out: &mut dyn Write) -> Result<Exit, Failure> {
    raise_descriptor_limit();
    let runner = Runner::new(app, args)?;
    match args.every.map(Duration::from) {
        None if args.dry_run => runner.rehearse(out),
        None => runner.once(out),
        Some(_) if args.dry_run => Err(Failure::usage("--every and --dry-run do not go together")),
        Some(every) if every < Duration::from_secs(1) => Err(Failure::usage(format!(
            "--every {} is too often; use 1s or longer",
            humantime::format_duration(every)
        ))),
        Some(every) => runner.repeat(every, out),
    }
}

/// Each probe under way needs a descriptor: take all that the system gives without asking.
fn raise_descriptor_limit() {
    if let Ok((soft, hard)) = rlimit::getrlimit(rlimit::Resource::NOFILE)
        && soft < hard
    {
        // What stands in the way bounds the probes, not the run.
        let _ = rlimit::setrlimit(rlimit::Resource::NOFILE, hard, hard);
    }
}

/// Whether anybody is owed a word: most runs have none, and need no thread and no second connection for that.
fn owes(connection: &mut AnyConnection) -> Result<bool, StoreError> {
    Ok(!outbox::owed_channels(connection)?.is_empty())
}

struct Runner<'a> {
    app: &'a App,
    args: &'a RunArgs,
    post: Arc<Post>,
    prober: Prober,
    location: String,
    selection: Selection,
}

impl<'a> Runner<'a> {
    fn new(app: &'a App, args: &'a RunArgs) -> Result<Self, Failure> {
        let location = args.location.clone().unwrap_or_else(|| app.config.check.location.clone());
        if !djamon_core::config::is_location(&location) {
            let problem = "use 1 to 40 letters, digits, - and _";
            return Err(Failure::usage(format!(
                "--location {location:?} cannot be a name of a place; {problem}"
            )));
        }
        let selection = match (args.sites.is_empty(), args.groups.is_empty()) {
            (true, true) => Selection::Due,
            _ => Selection::Named { sites: args.sites.clone(), groups: args.groups.clone() },
        };
        Ok(Runner { app, args, post: Arc::new(Post::new(app)), prober: app.prober()?, location, selection })
    }

    /// One run and its delivery, as cron calls it.
    fn once(&self, out: &mut dyn Write) -> Result<Exit, Failure> {
        let reserve = self.tend_reserve();
        let mut connection = self.connect()?;
        let Some(round) = self.round(&mut connection, self.promised_by_cron()?, reserve)? else {
            return self.turned_away();
        };
        // What a stopped run leaves owed, the next one delivers.
        let mut delivered = Delivered::default();
        if !self.app.stop.is_told() && owes(&mut connection)? {
            match self.wait_for(&self.begin_delivery(connection), Duration::MAX) {
                Some((back, done)) => (connection, delivered) = (back, done?),
                None => connection = self.connect()?,
            }
        }
        self.report(&mut connection, &round, delivered, out)?;
        Ok(if round.stopped { Exit::Failed } else { Exit::Done })
    }

    /// Delivers in a thread of its own; in this one when there is none to be had. It may outlive the run that began it.
    fn begin_delivery(&self, connection: AnyConnection) -> UnderWay {
        let (tell, told) = channel();
        let (post, held) = (Arc::clone(&self.post), Arc::new(Mutex::new(Some(connection))));
        let deliver = move || {
            let held = held.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(mut connection) = held {
                let done = post.deliver(&mut connection, DEADLINE);
                // Nobody listens any more when the runs have been stopped.
                let _ = tell.send((connection, done));
            }
        };
        let thread = std::thread::Builder::new().name("delivery".into());
        if thread.spawn(deliver.clone()).is_err() {
            deliver();
        }
        told
    }

    /// What a delivery did, if that is known within `patience`; little is left of it once the run is told to stop: a
    /// message that is cut off then is sent again, under the same key.
    fn wait_for(
        &self,
        delivery: &UnderWay,
        patience: Duration,
    ) -> Option<(AnyConnection, Result<Delivered, StoreError>)> {
        // A delivery that panics leaves its claims to run out.
        self.app.stop.receive(delivery, patience, LAST_MESSAGE).ok()
    }

    /// Runs from slot to slot until it is told to stop. Delivery goes on beside the next run when it takes that long.
    fn repeat(&self, every: Duration, out: &mut dyn Write) -> Result<Exit, Failure> {
        let mut next = self.app.clock.elapsed();
        let mut delivery: Option<UnderWay> = None;
        loop {
            if let Err(failure) = self.repeated(every, &mut delivery, out) {
                // A round that failed is told; the next one may do better.
                failure.lines().for_each(|line| tracing::error!("{line}"));
            }
            out.flush()?;
            let now = self.app.clock.elapsed();
            while next <= now {
                next = next.saturating_add(every);
            }
            if self.app.stop.wait(next.saturating_sub(now)) {
                delivery.and_then(|under_way| self.wait_for(&under_way, LAST_MESSAGE));
                return Ok(Exit::Done);
            }
        }
    }

    fn repeated(
        &self,
        every: Duration,
        delivery: &mut Option<UnderWay>,
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
        let reserve = self.tend_reserve();
        let mut connection = self.connect()?;
        self.prober.forget_names();
        let Some(round) = self.round(&mut connection, every, reserve)? else {
            return self.turned_away().map(|_| ());
        };
        if self.app.stop.is_told() || (delivery.is_none() && !owes(&mut connection)?) {
            return self.report(&mut connection, &round, Delivered::default(), out);
        }
        let under_way = match delivery.take() {
            Some(under_way) => under_way,
            None => self.begin_delivery(self.connect()?),
        };
        let delivered = match self.wait_for(&under_way, every.min(DEADLINE)) {
            Some((_, done)) => done?,
            None => {
                *delivery = Some(under_way);
                Delivered::default()
            }
        };
        self.report(&mut connection, &round, delivered, out)
    }

    /// Before the database is opened: even that takes some room.
    fn tend_reserve(&self) -> Reserve {
        let reserve = reserve::tend(&self.app.url);
        if reserve == Reserve::Released {
            tracing::warn!("{}", reserve::RELEASED);
        }
        reserve
    }

    /// Probes what is due and prints what was seen; writes nothing.
    fn rehearse(&self, out: &mut dyn Write) -> Result<Exit, Failure> {
        let mut connection = self.connect()?;
        let json = round::rehearse(self.app, &self.prober, &mut connection, &self.selection, &self.location)?;
        if self.args.json {
            json.print(out)?
        } else {
            json.print_views(out)?
        }
        Ok(Exit::Done)
    }

    /// One run under the location's lock, from the sandbox to the last commit; `None` when another one holds it.
    fn round(
        &self,
        connection: &mut AnyConnection,
        promised: Duration,
        reserve: Reserve,
    ) -> Result<Option<Round>, Failure> {
        let location = runs::location(connection, &self.location)?;
        let Some(_lock) = try_run_lock(&self.app.url, &self.location)? else {
            runs::note_overlap(connection, location, self.app.now(), promised)?;
            return Ok(None);
        };
        if self.selection == Selection::Due
            && let Some(idle) = round::idle(self.app, connection, location, promised)?
        {
            return Ok(Some(idle));
        }
        let listeners = self.post.listeners(connection)?;
        let progress = self.args.every.is_none() && !self.app.quiet && std::io::stderr().is_terminal();
        let order = round::Order {
            selection: &self.selection,
            location,
            promised,
            listeners: &listeners,
            keep_views: self.args.json,
            reserve,
            progress,
        };
        Ok(Some(round::run(self.app, &self.prober, connection, &order)?))
    }

    fn turned_away(&self) -> Result<Exit, Failure> {
        if self.app.terminal || self.app.verbose {
            return Err(Failure::busy(format!("another run of location {:?} is still going", self.location)));
        }
        Ok(Exit::Busy)
    }

    fn report(
        &self,
        connection: &mut AnyConnection,
        round: &Round,
        delivered: Delivered,
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
        let a_person_reads = (self.app.terminal || self.app.verbose) && !self.app.quiet;
        if !self.args.json && !a_person_reads {
            return Ok(());
        }
        let (pending, _) = outbox::backlog(connection)?;
        let alerts = Alerts { sent: delivered.sent, pending, failed: delivered.parked };
        let json = RunJson::of(connection, round, &self.location, alerts, self.args.json)?;
        if self.args.json { json.print(out) } else { json.print_line(out) }
    }

    fn promised_by_cron(&self) -> Result<Duration, Failure> {
        let schedule = Schedule::parse(&self.app.config.check.schedule).map_err(Failure::usage)?;
        Ok(schedule.expected_interval(self.app.now(), &machine_time_zone()))
    }

    /// The database, and in it what was asked for by name.
    fn connect(&self) -> Result<AnyConnection, Failure> {
        let mut connection = self.app.connect()?;
        for slug in &self.args.sites {
            sites::by_slug(&mut connection, slug)?;
        }
        for slug in &self.args.groups {
            groups::by_slug(&mut connection, slug)?;
        }
        Ok(connection)
    }
}
