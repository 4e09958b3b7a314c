//! One minute's rows of 1,000 sites on a history: how long, and how much is written to the log.

use std::time::Duration;

use anyhow::{Context, Result};
use djamon_core::store::AnyConnection;
use djamon_core::store::backend::connection::{Opening, open};
use djamon_core::store::backend::migrate::open_or_create;
use djamon_core::store::{DatabaseUrl, backend};

use crate::laps::Laps;
use crate::minute::{Minutes, Taken};
use crate::numbers::Dialect;
use crate::sections::Bench;
use crate::table::Bar::{self, AtMost, Ratio};
use crate::table::Figure;
use crate::{database, histories, history};

const FEW: u64 = 100_000;
const MANY: u64 = 10_000_000;
const MINUTES: u64 = 25;

struct Cost {
    wall: Duration,
    cpu: Duration,
    log: f64,
}

/// On little and on much, on both databases.
pub fn minutes(bench: &mut Bench) -> Result<()> {
    let table = &mut bench.table;
    for dialect in [Dialect::Sqlite, Dialect::Postgres] {
        let (few, many) = (cost(dialect, FEW)?, cost(dialect, MANY)?);
        let on = format!("on {}, {}", histories::name(MANY), dialect.name());
        let (wall, reference) = (Figure::Time(many.wall), Some(Figure::Time(few.wall)));
        let bars = match dialect {
            Dialect::Sqlite => {
                [AtMost(Figure::Time(Duration::from_millis(12))), Ratio(1.25), AtMost(Figure::Bytes(800.0))]
            }
            // The server's disk is not ours to promise.
            Dialect::Postgres => [Bar::None, Ratio(1.25), Bar::None],
        };
        let [most, ratio, log] = bars;
        table.row(&format!("record 1,000 rows {on}: wall"), wall, None, most)?;
        table.row(&format!("record 1,000 rows {on}: beside 100,000"), wall, reference, ratio)?;
        let cpu = |cost: &Cost| Figure::Time(cost.cpu);
        table.row(&format!("record 1,000 rows {on}: CPU"), cpu(&many), Some(cpu(&few)), Bar::None)?;
        let written = |cost: &Cost| Figure::Bytes(cost.log);
        table.row(&format!("record 1,000 rows {on}: log a row"), written(&many), Some(written(&few)), log)?;
        if dialect == Dialect::Sqlite {
            let hour = Figure::Time(hour_over()?);
            table.row("record 1,000 rows, an hour is over, SQLite: wall", hour, Some(wall), Bar::None)?;
        }
        let (size, most) = match dialect {
            Dialect::Sqlite => (database::bytes_per_view(&mut histories::kept(dialect, MANY)?)?, 90.0),
            Dialect::Postgres => (database::bytes_per_view(&mut histories::kept(dialect, MANY)?)?, 140.0),
        };
        let what = format!("a SiteView with its index, {}", dialect.name());
        table.row(&what, Figure::Bytes(size), None, AtMost(Figure::Bytes(most)))?;
    }
    Ok(())
}

/// The median of some minutes, and the log of the one after them.
fn cost(dialect: Dialect, rows: u64) -> Result<Cost> {
    let url = histories::url(dialect, rows)?;
    let connection = &mut open(&url, Opening::Existing)?;
    let mut at = histories::now(connection)?;
    let mut minutes = Minutes::new(connection)?;
    let mut next = |connection: &mut AnyConnection| {
        at = at.plus(Duration::from_mins(1));
        minutes.record(connection, at)
    };
    let taken = (0..MINUTES).map(|_| next(connection)).collect::<Result<Vec<Taken>>>()?;
    let log = log_of(&url, || next(connection).map(|_| ()))? / 1000.0;
    let wall = Laps::of(taken.iter().map(|taken| taken.wall)).median()?;
    Ok(Cost { wall, cpu: Laps::of(taken.iter().map(|taken| taken.cpu)).median()?, log })
}

/// The first minute of an hour, in which the hour before is closed. On a history of its own: the others are to stay what they are.
fn hour_over() -> Result<Duration> {
    let directory = tempfile::tempdir()?;
    let url = DatabaseUrl::Sqlite(directory.path().join("djamon.db"));
    let connection = &mut open_or_create(&url)?;
    history::fill(connection, FEW, history::end())?;
    let next = history::end().plus(Duration::from_hours(1));
    Ok(Minutes::new(connection)?.record(connection, next)?.wall)
}

/// How many bytes `work` writes to the database's log.
fn log_of(url: &DatabaseUrl, work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let mut other = open(url, Opening::Existing)?;
    match Dialect::of(&other) {
        Dialect::Sqlite => {
            database::hold_log(&mut other)?;
            work()?;
            let bytes = backend::space::log_bytes(url).context("a log")?;
            Ok(f64::from(u32::try_from(bytes)?))
        }
        Dialect::Postgres => {
            let before = database::server_log(&mut other)?;
            work()?;
            Ok(database::server_log(&mut other)? - before)
        }
    }
}
