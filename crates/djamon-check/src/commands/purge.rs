//! `djamon-check purge`: takes away what is past its time, beside runs and pages that notice nothing of it.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use djamon_core::clock::Stopwatch;
use djamon_core::domain::text;
use djamon_core::store::backend::lock::try_purge_lock;
use djamon_core::store::backend::space;
use djamon_core::store::purge::{self, Course, Kind, Limits};
use djamon_core::store::{AnyConnection, calendars};

use crate::app::{App, Exit, Failure};
use crate::progress::Progress;

/// What `purge` is told.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct PurgeArgs {
    /// Take away site views older than this, instead of `[history] keep_views`
    #[arg(long, value_name = "DURATION")]
    older_than: Option<humantime::Duration>,
    /// Only say how much would go
    #[arg(long)]
    dry_run: bool,
}

const DAY: Duration = Duration::from_secs(86_400);

/// Purges, or says what would go.
///
/// # Errors
/// Exit code 2 for a limit that would leave nothing to judge by, 75 when another purge goes on; what the database says, then
/// what went before is gone.
pub fn run(app: &App, args: &PurgeArgs, out: &mut dyn Write) -> Result<Exit, Failure> {
    let history = &app.config.history;
    let keep_views = args.older_than.map_or(history.keep_views, Into::into);
    if keep_views < DAY {
        return Err(Failure::usage(format!(
            "--older-than {} is too short; keep at least 1d",
            humantime::format_duration(keep_views)
        )));
    }
    let mut connection = app.connect()?;
    let zone = calendars::zone(&mut connection)?.unwrap_or_else(|| history.time_zone.clone());
    let limits = Limits::new(app.now(), keep_views, history.keep_hours, &zone);
    if args.dry_run {
        return dry_run(&mut connection, &limits, out);
    }
    let Some(_lock) = try_purge_lock(&app.url)? else {
        return match app.terminal || app.verbose {
            true => Err(Failure::busy("another purge is still going")),
            false => Ok(Exit::Busy),
        };
    };
    let is_watched = (app.terminal || app.verbose) && !app.quiet;
    for kind in Kind::ALL {
        let (gone, pace) = all_of(app, &mut connection, kind, &limits)?;
        if is_watched && gone > 0 {
            let (steps, longest) = (pace.steps, pace.longest.as_millis());
            let [gone, steps, longest] = [u128::from(gone), steps.into(), longest].map(text::count);
            writeln!(out, "{gone} {} are gone; steps: {steps}, the longest {longest} ms", kind.name())?;
        }
    }
    give_back(&mut connection)?;
    Ok(Exit::Done)
}

fn dry_run(connection: &mut AnyConnection, limits: &Limits, out: &mut dyn Write) -> Result<Exit, Failure> {
    for kind in Kind::ALL {
        let (rows, bytes) = purge::count(connection, kind, limits)?;
        let [rows, kib] = [rows, bytes / 1024].map(text::count);
        writeln!(out, "{rows} {} would go, about {kib} KiB", kind.name())?;
    }
    Ok(Exit::Done)
}

/// Takes away all of a kind, step by step, and gives how many went, and at what pace.
fn all_of(
    app: &App,
    connection: &mut AnyConnection,
    kind: Kind,
    limits: &Limits,
) -> Result<(u64, Pace), Failure> {
    let is_wanted = app.terminal && !app.quiet && std::io::stderr().is_terminal();
    let total = if is_wanted { purge::count(connection, kind, limits)?.0 } else { 0 };
    let mut progress = Progress::of(is_wanted, total, kind.name());
    let (mut pace, mut course, mut gone) = (Pace::default(), Course::default(), 0);
    while let Some(some) = purge::step(connection, kind, limits, &mut course, pace.most)? {
        gone += some.count;
        progress.advance(some.count);
        pace.rest(some.held);
    }
    progress.finish();
    Ok((gone, pace))
}

/// Gives the room back to the disk, as far as nobody has to wait for it.
fn give_back(connection: &mut AnyConnection) -> Result<(), Failure> {
    let mut pace = Pace { most: 200, ..Pace::default() };
    loop {
        // A call of SQLite's own: how long it waits is in it.
        let watch = Stopwatch::start();
        if space::give_back(connection, pace.most)? == 0 {
            return Ok(space::cut_log(connection)?);
        }
        pace.rest(watch.elapsed());
    }
}

/// How large a step may be: it holds the database for about twenty milliseconds, and a pause as long comes after it, so
/// that whoever waits for the database gets it in between.
struct Pace {
    most: u32,
    steps: u32,
    longest: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Pace { most: 1000, steps: 0, longest: Duration::ZERO }
    }
}

const STEP: Duration = Duration::from_millis(20);
const LARGEST: u32 = 10_000;

impl Pace {
    /// After a step that held the database so long.
    fn rest(&mut self, held: Duration) {
        self.adapt(held);
        self.steps += 1;
        self.longest = self.longest.max(held);
        std::thread::sleep(held.min(Duration::from_millis(200)));
    }

    fn adapt(&mut self, took: Duration) {
        self.most = match took {
            long if long > 2 * STEP => (self.most / 2).max(50),
            short if short < STEP / 2 => (self.most * 2).min(LARGEST),
            _ => self.most,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_grow_while_they_are_quick_and_shrink_when_they_are_slow() {
        let mut pace = Pace::default();
        (0..10).for_each(|_| pace.adapt(Duration::ZERO));
        assert_eq!(pace.most, LARGEST);
        pace.adapt(STEP);
        assert_eq!(pace.most, LARGEST);
        pace.adapt(3 * STEP);
        assert_eq!(pace.most, LARGEST / 2);
    }
}
