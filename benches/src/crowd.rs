//! Many sites of which some hang, from the second run on: then it is known which.

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::database;
use crate::measure::Spent;
use crate::monitor::Monitor;
use crate::sections::Bench;
use crate::table::Bar::{self, AtMost, Ratio};
use crate::table::Figure;
use crate::target::Manner;

fn seconds(seconds: u64) -> Bar {
    AtMost(Figure::Time(Duration::from_secs(seconds)))
}

fn megabytes(megabytes: f64) -> Bar {
    AtMost(Figure::Bytes(megabytes * 1e6))
}

fn bytes(spent: Spent) -> Figure {
    Figure::Bytes(u32::try_from(spent.peak).unwrap_or(u32::MAX).into())
}

/// The second of two runs over `answer` sites of a manner and `hang` that hang.
fn second_run(bench: &Bench, manner: Manner, answer: usize, hang: usize) -> Result<Spent> {
    let monitor = Monitor::new(&bench.sandbox()?)?;
    let target = &bench.target;
    monitor.add(target.urls(manner, answer).chain(target.urls(Manner::Hanging, hang)), None)?;
    monitor.run()?;
    let spent = monitor.run()?;
    let (views, wanted) = (database::views(&mut monitor.connect()?)?, 2 * (answer + hang));
    ensure!(views == u64::try_from(wanted)?, "{views} SiteViews of 2 runs over {} sites", answer + hang);
    Ok(spent)
}

/// 10,000 sites of which every tenth hangs.
pub fn ten_thousand(bench: &mut Bench) -> Result<()> {
    let spent = second_run(bench, Manner::Fast, 9000, 1000)?;
    let table = &mut bench.table;
    table.row("10,000 sites, 1,000 hang: wall", Figure::Time(spent.wall), None, seconds(6))?;
    table.row("10,000 sites, 1,000 hang: peak memory", bytes(spent), None, megabytes(100.0))
}

/// 100,000 sites that answer after 100 ms, but for one in a hundred, which hangs.
pub fn hundred_thousand(bench: &mut Bench) -> Result<()> {
    let few = second_run(bench, Manner::Late, 990, 10)?;
    let many = second_run(bench, Manner::Late, 99_000, 1000)?;
    let table = &mut bench.table;
    let what = "100,000 sites answer after 100 ms, 1 % hang";
    table.row(&format!("{what}: wall"), Figure::Time(many.wall), None, seconds(20))?;
    table.row(&format!("{what}: peak memory"), bytes(many), None, megabytes(256.0))?;
    let (each, reference) = (Figure::Time(many.cpu / 100_000), Some(Figure::Time(few.cpu / 1000)));
    table.row(&format!("{what}: CPU a site, beside 1,000"), each, reference, Ratio(1.6))
}
