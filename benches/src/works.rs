//! The works that are measured, and the bars they have to keep to.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use djamon_tests::fault_server::FaultServer;
use djamon_tests::netns::Network;

use crate::measure::Spent;
use crate::monitor::Monitor;
use crate::table::Bar::{AtMost, Exactly, Ratio};
use crate::table::{Bar, Figure, Table};
use crate::target::{Manner, Target};
use crate::{database, histories, probes, raw};

const RUNS: usize = 5;
/// After so many looks a site's state is as large as it gets, but for its marks.
const WARM: usize = 11;

fn ms(ms: u64) -> Figure {
    Figure::Time(Duration::from_millis(ms))
}

/// An address that proves the line.
pub fn sandbox(target: &Target) -> Result<String> {
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
    let idle = |count: usize| -> Result<Figure> {
        let monitor = Monitor::new(&sandbox(target)?)?;
        monitor.add(target.urls(Manner::Fast, count), Some(Duration::from_hours(24)))?;
        monitor.run()?;
        Ok(Figure::Time(monitor.best_of(8 * RUNS)?.cpu))
    };
    let few = idle(1000)?;
    table.row("nothing due of 1,000 sites: CPU", few, None, AtMost(ms(3)))?;
    table.row("nothing due of 10,000 sites: CPU, and of 1,000", idle(10_000)?, Some(few), Ratio(1.25))?;

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

/// 1,000 sites on PostgreSQL; the server's own CPU time is not in it.
pub fn postgres(target: &Target, table: &mut Table) -> Result<()> {
    let count = 1000;
    let monitor = Monitor::on(&histories::fresh("thousand")?, &sandbox(target)?)?;
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
