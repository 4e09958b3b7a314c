//! The commands, one file each.

pub mod ack;
pub mod alerts;
pub mod apply;
pub mod channel;
pub mod check_options;
pub mod crontab;
mod crontab_strays;
pub mod doctor;
pub mod group;
pub mod migrate;
pub mod outages;
pub mod probe;
pub mod purge;
pub mod report;
pub mod site;
pub mod status;
pub mod token;
pub mod user;

use std::io::Write;

use clap::CommandFactory;
use djamon_core::domain::{OutageId, text};
use djamon_core::store::{AnyConnection, StoreError, sites};

use crate::app::{App, Exit, Failure};
use crate::cli::{Cli, Command};
use crate::run;

/// Does what needs no configuration: `None` for everything else.
///
/// # Errors
/// When the output cannot be written.
pub fn without_configuration(
    command: &Option<Command>,
    out: &mut dyn Write,
) -> Result<Option<Exit>, Failure> {
    let Some(Command::Completions { shell }) = command else { return Ok(None) };
    // clap panics when the output is gone: it gets memory to write into.
    let mut script = Vec::new();
    clap_complete::generate(*shell, &mut Cli::command(), "djamon-check", &mut script);
    out.write_all(&script)?;
    Ok(Some(Exit::Done))
}

/// Does `command`.
///
/// # Errors
/// When it could not do its work, or was asked in a way it cannot take.
pub fn run(app: &App, command: Command, out: &mut dyn Write) -> Result<Exit, Failure> {
    // Runs follow one another by themselves; nobody repeats another command.
    let again = match command {
        Command::Run(_) => "it is tried again in the next run",
        _ => "run the command again",
    };
    done(app, command, out).map_err(|failure| failure.or_again(again))
}

fn done(app: &App, command: Command, out: &mut dyn Write) -> Result<Exit, Failure> {
    match command {
        Command::Run(args) => run::run(app, &args, out),
        Command::Status(args) => status::run(app, &args, out),
        Command::Probe(args) => probe::run(app, &args, out),
        Command::Site(command) => site::run(app, command, out),
        Command::Group(command) => group::run(app, command, out),
        Command::Channel(command) => channel::run(app, command, out),
        Command::User(command) => user::run(app, command, out),
        Command::Token(command) => token::run(app, command, out),
        Command::Apply(args) => apply::apply(app, &args, out),
        Command::Export(args) => apply::export(app, &args, out),
        Command::Outages(args) => outages::run(app, &args, out),
        Command::Ack(args) => ack::run(app, &args, out),
        Command::Doctor(args) => doctor::run(app, &args, out),
        Command::Purge(args) => purge::run(app, &args, out),
        Command::Report(args) => report::run(app, &args, out),
        Command::Alerts(command) => alerts::run(app, command, out),
        Command::Migrate => migrate::run(app, out),
        Command::Crontab(action) => match crontab::run(action, &app.config, out) {
            Ok(0) => Ok(Exit::Done),
            Ok(_) => Ok(Exit::BadNews),
            Err(error) if error.exit_code() == Exit::Usage.code() => Err(Failure::usage(error.to_string())),
            Err(error) => Err(Failure::failed(error.to_string())),
        },
        Command::Completions { .. } => Ok(without_configuration(&Some(command), out)?.unwrap_or(Exit::Done)),
    }
}

/// How many lines are asked for.
fn limit(text: &str) -> Result<i64, String> {
    let wrong = || "use a whole number from 1".to_owned();
    text.parse().ok().filter(|limit| *limit >= 1).ok_or_else(wrong)
}

/// The number of an outage.
fn outage(text: &str) -> Result<OutageId, String> {
    let wrong = || "outages have whole numbers from 1; djamon-check outages lists them".to_owned();
    text.parse().ok().filter(|number| *number >= 1).map(OutageId).ok_or_else(wrong)
}

/// What to say of `error`; of a site that is not there, which one may have been meant.
fn about_site(connection: &mut AnyConnection, error: StoreError) -> Failure {
    let StoreError::Missing { what: "site", name } = &error else { return error.into() };
    let Ok(known) = sites::all(connection) else { return error.into() };
    let slugs: Vec<&str> = known.iter().map(|site| site.slug.as_str()).collect();
    match text::nearest(name, &slugs) {
        Some(meant) => Failure::usage(format!("{error}; did you mean {meant}?")),
        None => error.into(),
    }
}
