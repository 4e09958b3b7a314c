//! `djamon-check outages`: what was down, newest first.

use std::io::Write;

use anstyle::Style;
use djamon_core::calendar::date_time;
use djamon_core::domain::status::State;
use djamon_core::json::{OutageJson, Reader};
use djamon_core::store::outages::{self, OutageSites, Which};

use crate::app::{App, Exit, Failure};
use crate::output::{Table, at_a_glance, colour, json};

/// What `outages` is told.
#[derive(Debug, Clone, clap::Args)]
pub struct OutagesArgs {
    /// Only those that go on
    #[arg(long)]
    open: bool,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = super::limit, allow_negative_numbers = true)]
    limit: i64,
    /// Print an array of the API's outage objects
    #[arg(long)]
    json: bool,
}

/// Shows outages.
///
/// # Errors
/// What the database says.
pub fn run(app: &App, args: &OutagesArgs, out: &mut dyn Write) -> Result<Exit, Failure> {
    let mut connection = app.connect()?;
    let which = if args.open { Which::Open } else { Which::All };
    let found = outages::page(&mut connection, which, None, 0, args.limit)?;
    let now = app.now();
    if args.json {
        let mut all = Vec::new();
        for of in &found {
            let events = outages::events(&mut connection, of.outage.id)?;
            all.push(OutageJson::new(of, &events, now, Reader::Member));
        }
        json(out, &all)?;
        return Ok(Exit::Done);
    }
    let zone = &app.config.history.time_zone;
    let mut table = Table::new(["OUTAGE", "STATE", "STARTED", "RESOLVED", "LASTED", "SITES"]);
    for of in &found {
        let outage = &of.outage;
        let (style, state) = match outage.resolved_at {
            None => (colour(State::Down), "open"),
            Some(_) => (Style::new(), "resolved"),
        };
        let state = match &outage.acknowledged {
            Some(acknowledged) => format!("{state}, acknowledged by {}", acknowledged.by),
            None => state.to_owned(),
        };
        table.line(
            style,
            [
                outage.id.to_string(),
                state,
                date_time(outage.started_at, zone),
                outage.resolved_at.map_or_else(|| "-".to_owned(), |at| date_time(at, zone)),
                at_a_glance(outage.resolved_at.unwrap_or(now).since(outage.started_at)),
                sites(of),
            ],
        );
    }
    table.write(out)?;
    Ok(Exit::Done)
}

/// The slugs of an outage's sites, each once.
fn sites(of: &OutageSites) -> String {
    let mut slugs: Vec<&str> = Vec::new();
    for named in &of.parts {
        if !slugs.contains(&named.slug.as_str()) {
            slugs.push(&named.slug);
        }
    }
    slugs.join(", ")
}
