//! What purge takes, alone and beside a run and pages.

use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use djamon_core::clock::{Clock, Stopwatch, SystemClock};
use djamon_core::domain::Instant;
use djamon_core::domain::uptime::HOUR_MS;
use djamon_core::store::{AnyConnection, statuses, views};

use crate::history::{self, SITES};
use crate::laps::Laps;
use crate::minute::Minutes;
use crate::monitor::Monitor;
use crate::numbers::Dialect;
use crate::sections::Bench;
use crate::table::Bar::{self, AtLeast, AtMost};
use crate::table::{Figure, Table};
use crate::{database, histories};

const ROWS: u64 = 2_000_000;
/// Nobody is kept waiting longer.
const MOST: Duration = Duration::from_millis(200);

/// On both databases.
pub fn purges(bench: &mut Bench) -> Result<()> {
    alone(Dialect::Sqlite, &mut bench.table)?;
    alone(Dialect::Postgres, &mut bench.table)?;
    beside(Dialect::Sqlite, &mut bench.table)?;
    beside(Dialect::Postgres, &mut bench.table)
}

/// A monitor with so many SiteViews, all of which are past their time: they end three days ago.
fn aged(dialect: Dialect) -> Result<Monitor> {
    let sandbox = "http://127.0.0.1:1/";
    let monitor = match dialect {
        Dialect::Sqlite => Monitor::new(sandbox)?,
        Dialect::Postgres => Monitor::on(&histories::fresh("purged")?, sandbox)?,
    };
    let now = SystemClock::start().now().ms();
    let end = Instant::from_ms((now - 72 * HOUR_MS).div_euclid(HOUR_MS) * HOUR_MS);
    history::fill(&mut monitor.connect()?, ROWS, end)?;
    Ok(monitor)
}

const WORDS: [&str; 4] = ["purge", "--verbose", "--older-than", "1d"];

fn alone(dialect: Dialect, table: &mut Table) -> Result<()> {
    let monitor = aged(dialect)?;
    let before = database::views(&mut monitor.connect()?)?;
    let spent = monitor.spend(&WORDS)?;
    let gone = before - database::views(&mut monitor.connect()?)?;
    ensure!(gone >= ROWS, "{gone} of {before} SiteViews are gone");
    let seconds = spent.wall.as_secs_f64();
    let rate = f64::from(u32::try_from(gone)?) / seconds;
    let bar = match dialect {
        Dialect::Sqlite => AtLeast(Figure::Rate(60_000.0)),
        Dialect::Postgres => Bar::None,
    };
    let what = format!("purge of 2 million SiteViews, {}: rows a second", dialect.name());
    table.row(&what, Figure::Rate(rate), None, bar)?;
    let what = format!("purge of 2 million SiteViews, {}: wall", dialect.name());
    table.row(&what, Figure::Time(spent.wall), None, Bar::None)
}

/// Runs and pages while nothing else goes on, and while a purge does.
fn beside(dialect: Dialect, table: &mut Table) -> Result<()> {
    let monitor = aged(dialect)?;
    let mut others = Others::new(&monitor)?;
    let watch = Stopwatch::start();
    let quiet = others.work_while(|| Ok(watch.elapsed() < Duration::from_secs(5)))?;

    let mut child = Command::new(monitor.program())
        .args(WORDS)
        .current_dir(monitor.directory())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let busy = others.work_while(|| Ok(child.try_wait()?.is_none()))?;
    let said = String::from_utf8(child.wait_with_output()?.stdout)?;
    let name = dialect.name();
    for (what, quiet, busy) in [("a run's batch", &quiet.0, &busy.0), ("a page", &quiet.1, &busy.1)] {
        let reference = Some(Figure::Time(quiet.longest()?));
        let longest = Figure::Time(busy.longest()?);
        let title = format!("beside a purge, {name}: {what} took at most");
        table.row(&title, longest, reference, AtMost(Figure::Time(MOST)))?;
        let (median, reference) = (Figure::Time(busy.median()?), Some(Figure::Time(quiet.median()?)));
        table.row(&format!("beside a purge, {name}: {what}, median"), median, reference, Bar::None)?;
    }
    for line in said.lines().filter(|line| line.contains("site views")) {
        let longest = line.split("the longest ").nth(1).and_then(|rest| rest.split(" ms").next());
        let longest: u64 = longest.with_context(|| format!("purge said {line:?}"))?.parse()?;
        let title = format!("beside a purge, {name}: its longest step");
        let bar = match dialect {
            Dialect::Sqlite => AtMost(Figure::Time(Duration::from_millis(50))),
            // Dropping a day locks nobody out who reads or writes another.
            Dialect::Postgres => Bar::None,
        };
        table.row(&title, Figure::Time(Duration::from_millis(longest)), None, bar)?;
    }
    Ok(())
}

/// What goes on beside a purge.
struct Others {
    connection: AnyConnection,
    reader: AnyConnection,
    minutes: Minutes,
    at: Instant,
}

impl Others {
    fn new(monitor: &Monitor) -> Result<Others> {
        let mut connection = monitor.connect()?;
        let minutes = Minutes::new(&mut connection)?;
        let at = SystemClock::start().now();
        Ok(Others { connection, reader: monitor.connect()?, minutes, at })
    }

    /// Batches of 1,000 looks and what the home page asks for, in turn, for as long as `goes_on`.
    fn work_while(&mut self, mut goes_on: impl FnMut() -> Result<bool>) -> Result<(Laps, Laps)> {
        let (mut batches, mut pages) = (Vec::new(), Vec::new());
        while goes_on()? {
            self.at = self.at.plus(Duration::from_mins(1));
            batches.push(self.minutes.record(&mut self.connection, self.at)?.wall);
            let watch = Stopwatch::start();
            let all = statuses::with_figures(&mut self.reader, &statuses::Which::All, self.at)?;
            let site = all.first().context("sites")?.site.id;
            views::before(&mut self.reader, site, None, 20)?;
            ensure!(all.len() == usize::try_from(SITES)?, "{} sites", all.len());
            pages.push(watch.elapsed());
        }
        Ok((Laps::of(batches), Laps::of(pages)))
    }
}
