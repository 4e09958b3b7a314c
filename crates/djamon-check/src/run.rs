//! One monitoring run.

use std::io::Write;

use crate::app::{App, Exit, Failure};

/// What `run` is told.
#[derive(clap::Args, Default, Clone, Debug)]
pub struct RunArgs {
    /// Check only this site, due or not (repeatable)
    #[arg(long = "site", value_name = "SLUG")]
    pub sites: Vec<String>,
    /// Check only the sites of this group, due or not (repeatable)
    #[arg(long = "group", value_name = "SLUG")]
    pub groups: Vec<String>,
    /// Repeat at this interval until stopped
    #[arg(long, value_name = "DURATION")]
    pub every: Option<humantime::Duration>,
    /// Look as this place instead of `[check] location`
    #[arg(long, value_name = "NAME")]
    pub location: Option<String>,
    /// Probe and print, write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print what was seen as one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Does one run, or one after the other.
///
/// # Errors
/// When it could not do its work.
pub fn run(_app: &App, _args: &RunArgs, _out: &mut dyn Write) -> Result<Exit, Failure> {
    Err(Failure::failed("not built"))
}
