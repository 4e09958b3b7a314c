//! `djamon-check report`: uptime and outages of a range of days, and months closed for good.

mod formats;

use std::io::Write;

use djamon_core::calendar::{Month, Zone, date_of, parse_day};
use djamon_core::domain::report::NamedLine;
use djamon_core::domain::{Instant, SiteId, text};
use djamon_core::store::report::{self, Which};
use djamon_core::store::{AnyConnection, calendars, groups, sites, write};

use super::about_site;
use crate::app::{App, Exit, Failure};

/// What `report` is told.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ReportArgs {
    /// The first day; the month's first when not given
    #[arg(long, value_name = "DAY")]
    from: Option<String>,
    /// The last day, itself included; today when not given
    #[arg(long, value_name = "DAY")]
    to: Option<String>,
    /// A whole month, like 2026-11
    #[arg(long, value_name = "MONTH", conflicts_with_all = ["from", "to"])]
    month: Option<String>,
    /// Only this site
    #[arg(long, value_name = "SLUG", conflicts_with = "group")]
    site: Option<String>,
    /// Only the sites of this group
    #[arg(long, value_name = "SLUG")]
    group: Option<String>,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Close a month: what is reported of it does not change any more
    #[arg(long, value_name = "MONTH", conflicts_with_all = ["from", "to", "month", "site", "group", "format"])]
    freeze: Option<String>,
}

/// How to write a report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A table for the terminal
    #[default]
    Table,
    /// Comma-separated values (RFC 4180)
    Csv,
    /// One JSON object
    Json,
    /// One page that needs nothing else
    Html,
}

/// A report, ready to be written.
struct Report {
    from: i64,
    /// Not included.
    to: i64,
    zone: Zone,
    frozen_at: Option<Instant>,
    lines: Vec<NamedLine>,
}

/// Reports, or closes a month.
///
/// # Errors
/// Exit code 2 for a range that there is not, or not yet; what the database says.
pub fn run(app: &App, args: &ReportArgs, out: &mut dyn Write) -> Result<Exit, Failure> {
    let mut connection = app.connect()?;
    let zone = calendars::zone(&mut connection)?.unwrap_or_else(|| app.config.history.time_zone.clone());
    if let Some(month) = &args.freeze {
        return freeze(app, &mut connection, &zone, month, out);
    }
    let which = which(args);
    let today = zone.day_of(app.now());
    let (from, to) = days(args, today)?;
    let report = gather(app, &mut connection, &which, zone, (from, to))?;
    if report.lines.is_empty() {
        refuse_unknown(&mut connection, &which)?;
    }
    match args.format {
        Format::Table => formats::table(&report, out)?,
        Format::Csv => formats::csv(&report, out)?,
        Format::Json => formats::json(&report, out)?,
        Format::Html => formats::html(&report, app.now(), out)?,
    }
    Ok(Exit::Done)
}

/// What is asked for: by the slugs of now, and by those of sites and groups that were removed since.
fn which(args: &ReportArgs) -> Which {
    match (&args.site, &args.group) {
        (Some(slug), _) => Which::Site(slug.clone()),
        (None, Some(slug)) => Which::Group(slug.clone()),
        (None, None) => Which::All,
    }
}

/// Refuses a site or group that there is not, and of which there is nothing to tell.
fn refuse_unknown(connection: &mut AnyConnection, which: &Which) -> Result<(), Failure> {
    match which {
        Which::All => Ok(()),
        Which::Site(slug) => sites::by_slug(connection, slug)
            .map(drop)
            .map_err(|error| typed("--site", about_site(connection, error))),
        Which::Group(slug) => {
            groups::by_slug(connection, slug).map(drop).map_err(|error| typed("--group", error.into()))
        }
    }
}

/// `failure`; one of what was typed is told with its option.
fn typed(option: &str, failure: Failure) -> Failure {
    if failure.exit() == Exit::Usage { Failure::usage(format!("{option}: {failure}")) } else { failure }
}

/// The first day and the one after the last.
fn days(args: &ReportArgs, today: i64) -> Result<(i64, i64), Failure> {
    let refused = |option: &str, problem: String| Failure::usage(format!("{option}: {problem}"));
    let ahead = |option: &str, text: &str| refused(option, format!("{text:?} has not begun yet"));
    if let Some(text) = &args.month {
        let (from, to) = Month::parse(text).map_err(|problem| refused("--month", problem))?.days();
        return if from > today { Err(ahead("--month", text)) } else { Ok((from, to)) };
    }
    let day = |option: &str, text: &Option<String>, usual: i64| match text {
        None => Ok(usual),
        Some(text) => match parse_day(text).map_err(|problem| refused(option, problem))? {
            day if day > today => Err(ahead(option, text)),
            day => Ok(day),
        },
    };
    let to = day("--to", &args.to, today)?;
    let from = day("--from", &args.from, Month::of(to).days().0)?;
    if from > to {
        return Err(refused("--to", format!("{} lies before --from {}", date_of(to), date_of(from))));
    }
    Ok((from, to + 1))
}

/// The report; of a month that was frozen, what it was then.
fn gather(
    app: &App,
    connection: &mut AnyConnection,
    which: &Which,
    zone: Zone,
    (from, to): (i64, i64),
) -> Result<Report, Failure> {
    let month = Month::of(from);
    if month.days() == (from, to)
        && let Some(frozen) = report::frozen(connection, which, month.number())?
    {
        let (zone, frozen_at) = (frozen.zone, Some(frozen.at));
        return Ok(Report { from, to, zone, frozen_at, lines: frozen.lines });
    }
    let lines = report::lines(connection, which, &zone, (from, to), app.now())?;
    let lines = lines.into_iter().map(|(_, line)| line).collect();
    Ok(Report { from, to, zone, frozen_at: None, lines })
}

fn freeze(
    app: &App,
    connection: &mut AnyConnection,
    zone: &Zone,
    text: &str,
    out: &mut dyn Write,
) -> Result<Exit, Failure> {
    let refused = |problem: String| Failure::usage(format!("--freeze: {problem}"));
    let month = Month::parse(text).map_err(refused)?;
    let (from, to) = month.days();
    if zone.start_of(to) > app.now() {
        return Err(refused(format!("{month} is not over yet")));
    }
    let frozen = write(connection, |connection| {
        if report::frozen(connection, &Which::All, month.number())?.is_some() {
            return Ok(None);
        }
        let lines: Vec<(SiteId, NamedLine)> =
            report::lines(connection, &Which::All, zone, (from, to), app.now())?;
        report::freeze(connection, month.number(), zone, &lines, app.now())?;
        Ok(Some(lines.len()))
    })?;
    match frozen {
        None => Err(refused(format!("{month} is frozen already, and stays as it is"))),
        Some(count) => {
            let sites = if count == 1 { "site" } else { "sites" };
            writeln!(out, "{month} is frozen: {} {sites}", text::count(count))?;
            Ok(Exit::Done)
        }
    }
}
