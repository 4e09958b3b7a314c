//! Whether the response times that are recorded are the sites' own: what the monitor writes down of sites that answer after
//! 100 ms, beside what a raw socket loop sees of them.

use std::time::Duration;

use anyhow::Result;

use crate::database;
use crate::laps::Laps;
use crate::monitor::Monitor;
use crate::raw;
use crate::sections::Bench;
use crate::table::Bar::AtMost;
use crate::table::Figure;
use crate::target::Manner;

/// At 1,000 and at 10,000 sites.
pub fn response_times(bench: &mut Bench) -> Result<()> {
    // A loop of 64 would take a quarter of a minute for the larger.
    for (count, threads, name) in [(1000, 64, "1,000"), (10_000, 256, "10,000")] {
        let monitor = Monitor::new(&bench.sandbox()?)?;
        monitor.add(bench.target.urls(Manner::Late, count), None)?;
        monitor.run()?;
        let raw = raw::times(threads, count, bench.target.addresses(Manner::Late))?;
        monitor.run()?;
        let recorded = Laps::of(database::durations(&mut monitor.connect()?, count)?);
        let mut row = |what: &str, recorded: Duration, raw: Duration, more: u64| {
            let most = raw.saturating_add(Duration::from_millis(more));
            let title = format!("{name} sites that answer after 100 ms: recorded {what}");
            let (recorded, raw) = (Figure::Time(recorded), Some(Figure::Time(raw)));
            bench.table.row(&title, recorded, raw, AtMost(Figure::Time(most)))
        };
        row("median", recorded.median()?, raw.median()?, 10)?;
        row("p99", recorded.percentile(99)?, raw.percentile(99)?, 30)?;
    }
    Ok(())
}
