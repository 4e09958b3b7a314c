//! The works that are measured, and the bars they have to keep to.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use djamon_core::calendar::Zone;
use djamon_core::clock::{Clock, Stopwatch, SystemClock};
use djamon_core::domain::plan::RunContext;
use djamon_core::domain::{
    Instant, Line, LocationId, Observation, Outcome, Phases, Policy, RunId, ScopeRule, SiteId,
};
use djamon_core::store::record::{self, ViewIds};
use djamon_core::store::{AnyConnection, runs, sites};
use djamon_tests::database::{Backend, TestDatabase};
use djamon_tests::fault_server::FaultServer;
use djamon_tests::netns::Network;

use crate::measure::{Spent, own_cpu};
use crate::monitor::Monitor;
use crate::sections::Extent;
use crate::table::Bar::{AtMost, Exactly, Ratio};
use crate::table::{Bar, Figure, Table};
use crate::target::{Manner, Target};
use crate::{database, probes, raw};

const RUNS: usize = 5;
/// After so many looks a site's state is as large as it gets, but for its marks.
const WARM: usize = 11;

fn ms(ms: u64) -> Figure {
    Figure::Time(Duration::from_millis(ms))
}

fn sandbox(target: &Target) -> Result<String> {
    target.urls(Manner::Fast, 1).next().context("an address")
}

fn each(time: Duration, count: usize) -> Figure {
    Figure::Time(time / u32::try_from(count).unwrap_or(u32::MAX))
}

fn bytes(bytes: u64) -> Figure {
    Figure::Bytes(u32::try_from(bytes).unwrap_or(u32::MAX).into())
}

/// One probe, by itself: nothing is read from a database or written to one.
pub fn one_probe(target: &Target, table: &mut Table) -> Result<()> {
    let (count, addresses) = (20_000, target.addresses(Manner::Fast));
    let pairs =
        (0..RUNS).map(|_| Ok((raw::measured(count, addresses)?, probes::measured(count, addresses)?)));
    let pairs = pairs.collect::<Result<Vec<_>>>()?;
    let (raw, spent) = pairs.into_iter().reduce(lower_of_each).context("no runs")?;
    let (raw, spent) = (each(raw.cpu, count), each(spent.cpu, count));
    table.row("one probe, 64 threads: CPU", spent, Some(raw), Ratio(1.7))
}

/// Runs with nothing or next to nothing to do: what cron pays every minute.
pub fn small_runs(target: &Target, table: &mut Table) -> Result<()> {
    let idle = Monitor::new(&sandbox(target)?)?;
    idle.add(target.urls(Manner::Fast, 1000), Some(Duration::from_hours(24)))?;
    idle.run()?;
    let spent = idle.best_of(2 * RUNS)?;
    table.row("nothing due of 1,000 sites: CPU", Figure::Time(spent.cpu), None, AtMost(ms(3)))?;

    let one = Monitor::new(&sandbox(target)?)?;
    one.add(target.urls(Manner::Fast, 1), None)?;
    one.run()?;
    let spent = one.best_of(2 * RUNS)?;
    let raw = raw::measured(1, target.addresses(Manner::Fast))?;
    let raw = Some(Figure::Time(raw.cpu));
    table.row("1 site: CPU", Figure::Time(spent.cpu), raw, AtMost(ms(15)))
}

/// `runs` of `count` sites, with the raw loop before each.
fn beside_raw(monitor: &Monitor, target: &Target, count: usize, runs: usize) -> Result<(Spent, Spent)> {
    let addresses = target.addresses(Manner::Fast);
    let pairs = (0..runs).map(|_| Ok((raw::measured(count, addresses)?, monitor.run()?)));
    let pairs = pairs.collect::<Result<Vec<_>>>()?;
    pairs.into_iter().reduce(lower_of_each).context("no runs")
}

fn lower_of_each(a: (Spent, Spent), b: (Spent, Spent)) -> (Spent, Spent) {
    (a.0.lower(b.0), a.1.lower(b.1))
}

/// 1,000 sites that answer.
pub fn thousand(target: &Target, table: &mut Table) -> Result<()> {
    let count = 1000;
    let monitor = Monitor::new(&sandbox(target)?)?;
    monitor.add(target.urls(Manner::Fast, count), None)?;
    for _ in 0..WARM {
        monitor.run()?;
    }
    let (raw, spent) = beside_raw(&monitor, target, count, RUNS)?;
    table.row(
        "1,000 sites: wall",
        Figure::Time(spent.wall),
        Some(Figure::Time(raw.wall)),
        AtMost(ms(1000)),
    )?;
    table.row("1,000 sites: CPU a site", each(spent.cpu, count), Some(each(raw.cpu, count)), Bar::None)?;
    table.row("1,000 sites: peak memory", bytes(spent.peak), Some(bytes(raw.peak)), Bar::None)?;
    let log = bytes(monitor.log_of_a_run()? / 1000);
    table.row("1,000 sites: log written a row (SQLite)", log, None, AtMost(Figure::Bytes(800.0)))?;
    let size = Figure::Bytes(database::bytes_per_view(&mut monitor.connect()?)?);
    table.row("a SiteView in the database (SQLite)", size, None, AtMost(Figure::Bytes(90.0)))?;

    let late = Monitor::new(&sandbox(target)?)?;
    late.add(target.urls(Manner::Late, count), None)?;
    let spent = late.best_of(RUNS)?;
    table.row("1,000 sites that answer after 100 ms: wall", Figure::Time(spent.wall), None, AtMost(ms(1000)))
}

/// 10,000 sites that answer.
pub fn ten_thousand(target: &Target, table: &mut Table) -> Result<()> {
    let count = 10_000;
    let monitor = Monitor::new(&sandbox(target)?)?;
    monitor.add(target.urls(Manner::Fast, count), None)?;
    for _ in 0..3 {
        monitor.run()?;
    }
    let (raw, spent) = beside_raw(&monitor, target, count, 3)?;
    table.row("10,000 sites: wall", Figure::Time(spent.wall), Some(Figure::Time(raw.wall)), Bar::None)?;
    table.row("10,000 sites: CPU a site", each(spent.cpu, count), Some(each(raw.cpu, count)), Ratio(2.2))?;
    table.row("10,000 sites: peak memory", bytes(spent.peak), Some(bytes(raw.peak)), Bar::None)
}

/// 10,000 sites that go down at once: the run that raises the outage beside the one before it.
pub fn outage(target: &Target, table: &mut Table) -> Result<()> {
    let monitor = Monitor::new(&sandbox(target)?)?;
    monitor.add(target.urls(Manner::Refusing, 10_000), None)?;
    monitor.run()?;
    let (second, third) = (monitor.run()?, monitor.run()?);
    let more = Figure::Time(third.cpu.saturating_sub(second.cpu));
    table.row(
        "10,000 sites fail for the third time: wall",
        Figure::Time(third.wall),
        Some(Figure::Time(second.wall)),
        Bar::None,
    )?;
    table.row(
        "an outage of 10,000 sites, mail written: CPU more",
        more,
        Some(Figure::Time(second.cpu)),
        AtMost(ms(2000)),
    )
}

/// One minute's rows of 1,000 sites, recorded in this process, on a history.
pub fn history(extent: Extent, table: &mut Table) -> Result<()> {
    let (rows, name) = match extent {
        Extent::Usual => (1_000_000, "1 million"),
        Extent::Full => (10_000_000, "10 million"),
    };
    let monitor = Monitor::new("http://127.0.0.1:1/")?;
    monitor.add((0..1000).map(|n| format!("http://127.0.0.1:1/{n}")), None)?;
    let connection = &mut monitor.connect()?;
    let now = SystemClock::start().now();
    database::add_history(connection, rows, now)?;
    let location = runs::location(connection, "default")?;
    let edited_at = sites::all(connection)?.first().context("a site")?.edited_at;
    let mut ids = ViewIds::after_stored(connection)?;
    let (mut wall, mut cpu) = (Duration::MAX, Duration::MAX);
    for minute in 1..=3 * WARM {
        let at = now.plus(Duration::from_mins(u64::try_from(minute)?));
        let run = runs::begin(connection, location, at, Duration::from_mins(1))?;
        let (watch, before) = (Stopwatch::start(), own_cpu()?);
        record_minute(connection, run, location, at, edited_at, &mut ids)?;
        if minute > WARM {
            wall = wall.min(watch.elapsed());
            cpu = cpu.min(own_cpu()?.saturating_sub(before));
        }
    }
    table.row(&format!("record 1,000 rows on {name}: wall"), Figure::Time(wall), None, AtMost(ms(12)))?;
    table.row(&format!("record 1,000 rows on {name}: CPU"), Figure::Time(cpu), None, Bar::None)
}

fn record_minute(
    connection: &mut AnyConnection,
    run: RunId,
    location: LocationId,
    at: Instant,
    edited_at: Instant,
    ids: &mut ViewIds,
) -> Result<()> {
    let expected_interval = Duration::from_mins(1);
    let (blind_since, zone) = (None, Zone::default());
    let context = RunContext { run, location, scope: ScopeRule::All, expected_interval, blind_since, zone };
    let seen = (1..=1000).map(|site| Observation {
        site: SiteId(site),
        at,
        began: Duration::ZERO,
        edited_at,
        outcome: Outcome::Up,
        degraded: false,
        code: Some(200),
        detail: None,
        duration_ms: 40,
        phases: Phases { connect_ms: Some(10), first_byte_ms: Some(30), ..Phases::default() },
        line: Line::Answered,
        resolved: false,
        certificate_expires_at: None,
    });
    let recorded = record::batch(connection, &context, &Policy::default(), ids, seen.collect(), &[], at)?;
    ensure!(recorded.plan.views.len() == 1000, "{} rows were recorded", recorded.plan.views.len());
    Ok(())
}

/// The same on PostgreSQL; the server's own CPU time is not in it.
pub fn postgres(target: &Target, table: &mut Table) -> Result<()> {
    let count = 1000;
    let database = TestDatabase::migrated(Backend::Postgres);
    let monitor = Monitor::on(&database.url_text, &sandbox(target)?)?;
    monitor.add(target.urls(Manner::Fast, count), None)?;
    monitor.run()?;
    let (raw, spent) = beside_raw(&monitor, target, count, RUNS)?;
    table.row(
        "1,000 sites, PostgreSQL: wall",
        Figure::Time(spent.wall),
        Some(Figure::Time(raw.wall)),
        AtMost(ms(1000)),
    )?;
    table.row(
        "1,000 sites, PostgreSQL: CPU a site",
        each(spent.cpu, count),
        Some(each(raw.cpu, count)),
        Bar::None,
    )
}

/// 10,000 sites that take their time.
pub fn late(target: &Target, table: &mut Table) -> Result<()> {
    let monitor = Monitor::new(&sandbox(target)?)?;
    monitor.add(target.urls(Manner::Late, 10_000), None)?;
    let spent = monitor.run()?;
    let views = database::views(&mut monitor.connect()?)?;
    ensure!(views == 10_000, "{views} SiteViews of 10,000 sites");
    table.row(
        "10,000 sites that answer after 100 ms: wall",
        Figure::Time(spent.wall),
        None,
        AtMost(ms(15_000)),
    )
}

/// 1,000 sites that take the connection and say nothing: HEAD and GET run out of time one after the other.
pub fn hanging(target: &Target, table: &mut Table) -> Result<()> {
    let monitor = Monitor::new(&sandbox(target)?)?;
    monitor.add(target.urls(Manner::Hanging, 1000), None)?;
    let spent = monitor.run()?;
    hung("1,000 sites that say nothing", &monitor, spent, table)
}

/// 1,000 sites whose packets vanish, in a network of their own: root alone can make one.
pub fn unanswered(table: &mut Table) -> Result<()> {
    if !rustix::process::geteuid().is_root() {
        return table.skip("1,000 sites that cannot be reached", "needs root");
    }
    let network = Network::new();
    network.inside(|| {
        let line = FaultServer::on("10.9.0.1");
        let monitor = Monitor::new(&line.url("/ok"))?;
        monitor.add((0..1000).map(|n| format!("http://10.9.1.9/{n}")), None)?;
        let spent = monitor.run_in(network.name())?;
        hung("1,000 sites that cannot be reached", &monitor, spent, table)
    })
}

/// What becomes of a run over 1,000 sites of which none answers.
fn hung(what: &str, monitor: &Monitor, spent: Spent, table: &mut Table) -> Result<()> {
    let views = Figure::Count(database::views(&mut monitor.connect()?)?);
    table.row(&format!("{what}: wall"), Figure::Time(spent.wall), None, AtMost(ms(60_000)))?;
    table.row(&format!("{what}: SiteViews"), views, None, Exactly(Figure::Count(1000)))?;
    table.row(&format!("{what}: CPU a site"), each(spent.cpu, 1000), None, Bar::None)?;
    table.row(&format!("{what}: peak memory"), bytes(spent.peak), None, AtMost(Figure::Bytes(150e6)))
}

/// 10,000 sites of which every tenth hangs, in the second run: the first has told which.
pub fn hanging_in_part(target: &Target, table: &mut Table) -> Result<()> {
    let monitor = Monitor::new(&sandbox(target)?)?;
    monitor.add(target.urls(Manner::Fast, 9000).chain(target.urls(Manner::Hanging, 1000)), None)?;
    monitor.run()?;
    let spent = monitor.run()?;
    let views = database::views(&mut monitor.connect()?)?;
    table.row("10,000 sites, 1,000 hang: wall", Figure::Time(spent.wall), None, AtMost(ms(10_000)))?;
    table.row(
        "10,000 sites, 1,000 hang: SiteViews of 2 runs",
        Figure::Count(views),
        None,
        Exactly(Figure::Count(20_000)),
    )?;
    table.row("10,000 sites, 1,000 hang: peak memory", bytes(spent.peak), None, Bar::None)
}
