//! What pages and JSON ask of a history, by its size.

use std::time::Duration;

use anyhow::{Result, ensure};
use djamon_core::domain::SiteId;
use djamon_core::domain::series::Window;
use djamon_core::store::{series, statuses, views};

use crate::histories;
use crate::history::SITES;
use crate::laps::Laps;
use crate::measure::own_cpu;
use crate::numbers::Dialect;
use crate::sections::{Bench, Extent};
use crate::table::Bar::{self, AtMost};
use crate::table::Figure;

/// The same questions on histories of every size; the smallest is the reference for the others.
pub fn histories(bench: &mut Bench) -> Result<()> {
    let largest = [50_000_000].into_iter().filter(|_| bench.extent == Extent::Full);
    let sizes: Vec<u64> = [1_000_000, 10_000_000].into_iter().chain(largest).collect();
    for dialect in [Dialect::Sqlite, Dialect::Postgres] {
        let mut smallest = None;
        for rows in &sizes {
            let asked = asked(dialect, *rows)?;
            let smallest = smallest.get_or_insert_with(|| asked.clone());
            let on = format!("{}, {}", histories::name(*rows), dialect.name());
            for ((what, time, bar), (_, reference, _)) in asked.iter().zip(smallest.iter()) {
                let reference = Some(Figure::Time(*reference));
                bench.table.row(&format!("{what}, {on}"), Figure::Time(*time), reference, *bar)?;
            }
        }
    }
    Ok(())
}

/// So often all sites are asked for.
const STATES: u32 = 20;

type Asked = Vec<(&'static str, Duration, Bar)>;

/// The median of each question's times.
fn asked(dialect: Dialect, rows: u64) -> Result<Asked> {
    let connection = &mut histories::kept(dialect, rows)?;
    let now = histories::now(connection)?;
    let some = || (0..50).map(|n| n * 379 % SITES + 1);
    let site = |n: u64| Ok::<_, anyhow::Error>(SiteId(i32::try_from(n)?));
    let last = Laps::measured(some(), |n| {
        let found = statuses::of_site(connection, &format!("site-{n}"))?;
        let page = views::before(connection, found.site.id, None, 10)?;
        ensure!(page.looks.len() == 10, "{} looks", page.looks.len());
        Ok(())
    })?;
    let before = Laps::measured(some(), |n| {
        let page = views::before(connection, site(n)?, None, 20)?;
        ensure!(page.looks.len() == 20, "{} looks", page.looks.len());
        Ok(())
    })?;
    let before_states = own_cpu()?;
    let states = Laps::measured(0..STATES, |_| {
        let all = statuses::with_figures(connection, &statuses::Which::All, now)?;
        let known = all.iter().filter(|one| one.figures.month.uptime_ppm.is_some()).count();
        ensure!(known == usize::try_from(SITES)?, "{known} figures");
        Ok(())
    })?;
    let states_cpu = own_cpu()?.saturating_sub(before_states) / STATES;
    let mut known = statuses::Known::default();
    let again = Laps::measured(0..STATES, |_| {
        let all = statuses::all_again(connection, now, 0, &mut known)?;
        ensure!(all.len() == usize::try_from(SITES)?, "{} sites", all.len());
        Ok(())
    })?;
    let page = Laps::measured(some(), |n| {
        let days = series::days(connection, site(n)?, 366, now)?;
        ensure!(days.len() == 366, "{} days", days.len());
        Ok(())
    })?;
    let json = Laps::measured(some(), |n| {
        let steps = series::steps(connection, site(n)?, Window::Year, now)?;
        ensure!(steps.iter().all(|step| step.tally.looks > 0), "a day without looks");
        Ok(())
    })?;
    let ms = |ms| AtMost(Figure::Time(Duration::from_millis(ms)));
    Ok(vec![
        ("last 10 views of a site", last.median()?, ms(1)),
        ("last 20 views of a site", before.median()?, Bar::None),
        ("state and uptime of 1,000 sites", states.median()?, ms(20)),
        ("the same by who has asked in this hour", again.median()?, ms(20)),
        ("state and uptime of 1,000 sites: CPU of the asker", states_cpu, Bar::None),
        ("a year's chart (page)", page.median()?, ms(10)),
        ("a year's chart (JSON)", json.median()?, ms(10)),
    ])
}
