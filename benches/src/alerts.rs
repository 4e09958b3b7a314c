//! What alerts cost: writing them with a large outage, and delivering many.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use djamon_core::clock::{Clock, Stopwatch, SystemClock};
use djamon_core::domain::plan::RunContext;
use djamon_core::domain::run::Counts;
use djamon_core::domain::{Instant, LocationId, Observation, Outcome, Policy, Site};
use djamon_core::store::record::{self, ViewIds};
use djamon_core::store::runs::{self, Ending};
use djamon_core::store::{AnyConnection, outbox, sites};
use djamon_tests::scripted::{begin, seen};

use crate::monitor::Monitor;
use crate::receiver::{PAUSE, Receiver};
use crate::table::Bar::{AtMost, Exactly};
use crate::table::{Bar, Figure, Table};

/// A batch of a run, as it is cut there.
const BATCH: usize = 1000;

/// One run at `at` in which every site is seen so. Gives how long recording took.
fn minute(
    connection: &mut AnyConnection,
    sites: &[Site],
    at: Instant,
    good: bool,
    channels: &[djamon_core::domain::Listener],
    attempts: u32,
) -> Result<Duration> {
    let location: LocationId = runs::location(connection, "default")?;
    let context: RunContext = begin(connection, location, at);
    let mut ids = ViewIds::after_stored(connection)?;
    let policy = Policy { attempts, recover_after: 1, ..Policy::default() };
    let watch = Stopwatch::start();
    for batch in sites.chunks(BATCH) {
        let seen: Vec<Observation> = batch.iter().map(|site| seen(site, at, good)).collect();
        ensure!(
            seen.iter().all(|seen| (seen.outcome == Outcome::Up) == good),
            "a look is not as it should be"
        );
        record::batch(connection, &context, &policy, &mut ids, seen, channels, at)?;
    }
    let taken = watch.elapsed();
    let ending = Ending { at, blind: None, counts: Counts::default(), skipped_reason: None, idle: None };
    runs::finish(connection, context.run, &ending)?;
    Ok(taken)
}

fn channels(count: usize) -> Vec<djamon_core::domain::Listener> {
    (0..count).map(|n| format!("channel-{n}").as_str().into()).collect()
}

/// The run that raises an outage of 10,000 sites, with ten channels to be told, beside the run before it.
pub fn written(table: &mut Table) -> Result<()> {
    let monitor = Monitor::new("http://127.0.0.1:1/")?;
    monitor.add((0..10_000).map(|n| format!("http://127.0.0.1:1/{n}")), None)?;
    let connection = &mut monitor.connect()?;
    let (all, start) = (sites::all(connection)?, SystemClock::start().now());
    let (mut before, mut taken) = (Duration::ZERO, Duration::ZERO);
    for n in 0..3 {
        let at = start.plus(Duration::from_mins(n));
        (before, taken) = (taken, minute(connection, &all, at, false, &channels(10), 3)?);
    }
    table.row(
        "an outage of 10,000 sites for 10 channels: recorded in, more",
        Figure::Time(taken.saturating_sub(before)),
        Some(Figure::Time(before)),
        AtMost(Figure::Time(Duration::from_secs(1))),
    )
}

/// A thousand events of five hundred outages, delivered by the program to one webhook.
pub fn delivered(table: &mut Table) -> Result<()> {
    let (monitor, receiver) = (Monitor::new("http://127.0.0.1:1/")?, Receiver::start()?);
    monitor.add(std::iter::once("http://127.0.0.1:1/".to_owned()), None)?;
    monitor.tell("hook", &receiver.url())?;
    let connection = &mut monitor.connect()?;
    let (all, start) = (sites::all(connection)?, SystemClock::start().now());
    for n in 0..1000 {
        // Ten minutes without a look would be a streak of its own.
        let at = start.plus(Duration::from_secs(n));
        minute(connection, &all, at, n % 2 == 1, &["hook".into()], 1)?;
    }
    ensure!(outbox::backlog(connection)? == (1000, 0), "a thousand events should wait");
    let spent = monitor.deliver()?;
    ensure!(outbox::backlog(connection)? == (0, 0), "everything should have left");
    let received = Figure::Count(u64::try_from(receiver.received())?);
    let what = format!("1,000 events to a webhook that takes {} ms", PAUSE.as_millis());
    table.row(&format!("{what}: received"), received, None, Exactly(Figure::Count(1000)))?;
    let most = Figure::Time(Duration::from_secs(10));
    table.row(&format!("{what}: wall"), Figure::Time(spent.wall), None, AtMost(most))?;
    let each = spent.cpu.checked_div(1000).context("a thousand")?;
    table.row(&format!("{what}: CPU for each"), Figure::Time(each), None, Bar::None)
}
