//! The words of the command line, and what is said of wrong ones. What a command takes stands with the command.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

use crate::app::{Exit, Failure};
use crate::commands::{
    ack, alerts, apply, channel, crontab, doctor, group, outages, probe, purge, report, site, status, token,
    user,
};
use crate::run;

/// Checks sites, keeps what it saw, tells people of outages
///
/// Without a command it does one monitoring run; that is what cron calls.
#[derive(Debug, Default, Parser)]
#[command(name = "djamon-check", version, after_help = EXIT_CODES)]
pub struct Cli {
    /// The configuration; else $DJAMON_CONFIG, ./djamon.toml or /etc/djamon/djamon.toml
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Say more on stderr
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// Say only errors on stderr
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// What to do; `run` when nothing is said
    #[command(subcommand)]
    pub command: Option<Command>,
}

impl Cli {
    /// What this command line says. One of the program's name alone, as cron calls it, says nothing: no need to make a parser
    /// of everything else that could be said, every minute.
    ///
    /// # Errors
    /// A command line that cannot be taken, or one that asks for help.
    pub fn of(line: impl ExactSizeIterator<Item = OsString>) -> Result<Self, clap::Error> {
        if line.len() == 1 { Ok(Cli::default()) } else { Cli::try_parse_from(line) }
    }
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 the bad news that was asked for, 2 usage or configuration, \
                          3 could not do its work, 75 another run is still going.";

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Do one monitoring run: probe what is due, raise and end outages, send alerts
    Run(run::RunArgs),
    /// Look at one address once, nothing stored (exit code 1: it is not up)
    Probe(Box<probe::ProbeArgs>),
    /// Show how every site stands (exit code 1: one is down)
    Status(status::StatusArgs),
    /// Add, show, change and remove sites
    #[command(subcommand)]
    Site(site::SiteCommand),
    /// Add, show, change and remove groups of sites
    #[command(subcommand)]
    Group(group::GroupCommand),
    /// Add, show, change and remove channels: who is told of outages
    #[command(subcommand)]
    Channel(channel::ChannelCommand),
    /// Add, show and disable people who may sign in
    #[command(subcommand)]
    User(user::UserCommand),
    /// Add, show and revoke tokens for the API
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Make groups, sites and channels what a file says
    Apply(apply::ApplyArgs),
    /// Print groups, sites and channels as a file that `apply` takes
    Export(apply::ExportArgs),
    /// Show outages, newest first
    Outages(outages::OutagesArgs),
    /// Take away what is past its time, beside runs and pages
    Purge(purge::PurgeArgs),
    /// Take an open outage in hand: nobody is reminded of it any more
    Ack(ack::AckArgs),
    /// Report uptime and outages of a range of days, or close a month
    Report(report::ReportArgs),
    /// Show what the channels are owed or were told, and try again
    #[command(subcommand)]
    Alerts(alerts::AlertsCommand),
    /// Bring the database's schema up to date
    Migrate,
    /// Look after the monitor itself: database, runs, cron, alerts, disk (exit code 1: something is bad)
    Doctor(doctor::DoctorArgs),
    /// Cron's lines for the configured schedule
    #[command(subcommand)]
    Crontab(crontab::CrontabAction),
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

impl Default for Command {
    fn default() -> Self {
        Command::Run(run::RunArgs::default())
    }
}

/// What to say of a command line that cannot be taken: one line. Help and version were asked for and are printed.
pub fn refusal(error: clap::Error) -> Failure {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => match error.print() {
            Ok(()) => Failure::silent(Exit::Done),
            Err(error) => error.into(),
        },
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            Failure::silent(Exit::Usage)
        }
        _ => Failure::usage(in_one_line(&error.render().to_string())),
    }
}

/// clap's words without the usage and the blank lines.
fn in_one_line(rendered: &str) -> String {
    let text = rendered.strip_prefix("error: ").unwrap_or(rendered);
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let told: Vec<&str> = lines
        .take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"))
        .collect();
    told.join(" ")
        .replace(" tip: ", "; ")
        .replace(" [possible values", "; [possible values")
        .replace("invalid digit found in string", "use a whole number")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn refused(line: &str) -> String {
        refusal(Cli::try_parse_from(line.split(' ')).unwrap_err()).to_string()
    }

    #[test]
    fn the_command_line_is_well_made() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_wrong_command_line_is_told_in_one_line() {
        assert_eq!(
            refused("djamon-check site add"),
            "the following required arguments were not provided: <URL>"
        );
        assert_eq!(
            refused("djamon-check status --jsn"),
            "unexpected argument '--jsn' found; a similar argument exists: '--json'"
        );
        assert_eq!(
            refused("djamon-check site add http://a/ --good-codes 2xx"),
            "invalid value '2xx' for '--good-codes <CODES>': \"2xx\" is not a status code; write codes and ranges \
             like \"200-299,301\""
        );
        assert_eq!(
            refused("djamon-check completions cmd"),
            "invalid value 'cmd' for '<SHELL>'; [possible values: bash, elvish, fish, powershell, zsh]"
        );
    }

    #[test]
    fn the_name_alone_says_what_the_parser_would_read_in_it() {
        let line = || ["djamon-check"].map(OsString::from).into_iter();
        let (unread, read) = (Cli::of(line()).unwrap(), Cli::try_parse_from(line()).unwrap());
        assert_eq!(format!("{unread:?}"), format!("{read:?}"));
        assert!(matches!(unread.command.unwrap_or_default(), Command::Run(args) if args.every.is_none()));
    }
}
