//! `djamon-check status`: how every site stands, the worst first.

use std::io::Write;

use djamon_core::domain::Look;
use djamon_core::domain::health::stale_for;
use djamon_core::domain::status::State;
use djamon_core::json::{Reader, SiteJson};
use djamon_core::schedule::{Schedule, machine_time_zone};
use djamon_core::store::statuses::{self, SiteStatus, Which};
use djamon_core::store::{AnyConnection, runs};

use crate::app::{App, Exit, Failure};
use crate::output::{Table, at_a_glance, colour, json};

/// What `status` is told.
#[derive(Debug, Clone, clap::Args)]
pub struct StatusArgs {
    /// Print an array of the API's site objects
    #[arg(long)]
    json: bool,
}

/// Shows how every site stands; bad news when one is down.
///
/// # Errors
/// What the database says.
pub fn run(app: &App, args: &StatusArgs, out: &mut dyn Write) -> Result<Exit, Failure> {
    let mut connection = app.connect()?;
    let mut sites = statuses::of(&mut connection, &Which::All)?;
    if args.json {
        statuses::add_figures(&mut connection, &mut sites, app.now())?;
        let all: Vec<_> = sites.iter().map(|of| SiteJson::new(of, Reader::Member)).collect();
        json(out, &all)?;
    } else {
        table(app, &sites).write(out)?;
        if app.terminal
            && let Some(doubt) = doubt(app, &mut connection)?
        {
            writeln!(out, "\n{doubt}")?;
        }
        if sites.is_empty() && app.terminal {
            writeln!(out, "There are no sites yet; add one with djamon-check site add URL.")?;
        }
    }
    let is_down = sites.iter().any(|of| of.status.state == State::Down);
    Ok(if is_down { Exit::BadNews } else { Exit::Done })
}

/// Why the table may not be true any more: runs have stopped, or the last one could not see.
fn doubt(app: &App, connection: &mut AnyConnection) -> Result<Option<String>, Failure> {
    let Some(last) = runs::last_ended(connection)? else { return Ok(None) };
    let schedule = Schedule::parse(&app.config.check.schedule).map_err(Failure::usage)?;
    let promised = schedule.expected_interval(app.now(), &machine_time_zone());
    let stale = stale_for(Some(&last), promised, app.now());
    let stopped = stale.map(|silent| {
        let silent = at_a_glance(silent);
        format!("No run has ended for {silent}: this may no longer be true. Does cron call djamon-check?")
    });
    let blind = || last.blind.as_ref().map(|blind| format!("The last run was blind ({}).", blind.reason));
    Ok(stopped.or_else(blind))
}

fn table(app: &App, sites: &[SiteStatus]) -> Table {
    let now = app.now();
    let mut table = Table::new(["STATE", "SITE", "FOR", "CODE", "OUTCOME", "TIME", "DETAIL"]);
    for of in sites {
        let status = &of.status;
        let since = status.since.map(|since| at_a_glance(now.since(since)));
        let last = status.looks.first();
        let shown =
            |value: fn(&Look) -> Option<String>| last.and_then(value).unwrap_or_else(|| "-".to_owned());
        table.line(
            colour(status.state),
            [
                status.state.name().to_owned(),
                of.site.slug.clone(),
                since.unwrap_or_else(|| "-".to_owned()),
                shown(|look| look.code.map(|code| code.to_string())),
                shown(|look| Some(outcome(look))),
                shown(|look| Some(format!("{} ms", look.duration_ms))),
                last.and_then(|look| look.detail.clone()).unwrap_or_default(),
            ],
        );
    }
    table
}

/// How a look ended, in a word or two.
pub(super) fn outcome(look: &Look) -> String {
    let slow = if look.degraded { ", slow" } else { "" };
    format!("{}{slow}", look.outcome)
}
