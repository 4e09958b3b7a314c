//! `djamon-check group`: groups of sites.

use std::io::Write;

use anstyle::Style;
use djamon_core::domain::group::{GroupChange, NewGroup};
use djamon_core::domain::{Instant, text};
use djamon_core::json::{GroupJson, Reader};
use djamon_core::store::statuses::{self, Which};
use djamon_core::store::{AnyConnection, StoreError, groups, write};

use super::check_options::Visibility;
use crate::app::{App, Exit, Failure};
use crate::output::{Table, json};

/// What to do with groups.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum GroupCommand {
    /// Add a group and print its slug
    Add {
        /// Its name for people
        name: String,
        /// Its name in URLs and commands; made from the name when not given
        #[arg(long)]
        slug: Option<String>,
        /// Whether visitors see it
        #[command(flatten)]
        visibility: Visibility,
    },
    /// Show all groups
    List {
        /// Print an array of the API's group objects
        #[arg(long)]
        json: bool,
    },
    /// Change a group; its slug stays
    Edit {
        /// Which
        slug: String,
        /// Its new name
        #[arg(long)]
        name: Option<String>,
        /// Whether visitors see it
        #[command(flatten)]
        visibility: Visibility,
    },
    /// Remove a group that has no sites
    Remove {
        /// Which
        slug: String,
    },
}

/// Does `command`.
///
/// # Errors
/// A group that is not there, a name that cannot be one, and what the database says.
pub fn run(app: &App, command: GroupCommand, out: &mut dyn Write) -> Result<Exit, Failure> {
    let (mut connection, now) = (app.connect()?, app.now());
    let connection = &mut connection;
    match command {
        GroupCommand::Add { name, slug, visibility } => {
            let new = NewGroup { slug, name, public: visibility.wanted().unwrap_or(true) };
            let group = write(connection, |connection| groups::add(connection, &new, now))?;
            writeln!(out, "{}", group.slug)?;
        }
        GroupCommand::List { json } => list(connection, json, now, out)?,
        GroupCommand::Edit { slug, name, visibility } => {
            let change = GroupChange { name, public: visibility.wanted() };
            if change == GroupChange::default() {
                return Err(Failure::usage("nothing to change is given; see djamon-check group edit --help"));
            }
            write(connection, |connection| groups::edit(connection, &slug, &change))
                .map_err(|error| about_group(connection, error))?;
        }
        GroupCommand::Remove { slug } => {
            write(connection, |connection| groups::remove(connection, &slug, now))
                .map_err(|error| about_group(connection, error))?;
        }
    }
    Ok(Exit::Done)
}

fn list(
    connection: &mut AnyConnection,
    as_json: bool,
    now: Instant,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let sites = statuses::with_figures(connection, &Which::All, now)?;
    let all: Vec<GroupJson> =
        groups::all(connection)?.iter().map(|group| GroupJson::new(group, &sites, Reader::Member)).collect();
    if as_json {
        return json(out, &all);
    }
    let mut table = Table::new(["GROUP", "NAME", "SITES", "VISITORS"]);
    for group in all {
        let visitors = if group.public { "see it" } else { "do not see it" };
        let sites = text::count(group.sites.len());
        table.line(Style::new(), [group.slug, group.name, sites, visitors.to_owned()]);
    }
    table.write(out)
}

/// What to say of `error`; of a group that is not there, which there are.
fn about_group(connection: &mut AnyConnection, error: StoreError) -> Failure {
    match &error {
        StoreError::Missing { what: "group", name } => match groups::meant(connection, name) {
            Err(StoreError::Invalid(invalid)) => Failure::from(invalid),
            Ok(_) | Err(_) => error.into(),
        },
        _ => error.into(),
    }
}
