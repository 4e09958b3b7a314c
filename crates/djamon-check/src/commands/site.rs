//! `djamon-check site`: the addresses that are watched. Only the site's row is written; what follows for an open outage
//! is up to the next run.

use std::io::Write;

use djamon_core::calendar::date_time;
use djamon_core::domain::site::{NewSite, SiteChange};
use djamon_core::domain::uptime::percent;
use djamon_core::domain::{GroupId, Invalid, SiteOptions, Target};
use djamon_core::json::{Reader, SiteJson};
use djamon_core::store::statuses::{self, SiteStatus, Which};
use djamon_core::store::{AnyConnection, StoreError, groups, sites, write};

use super::check_options::{CheckOptions, Visibility, warn_of_files};
use super::{about_site, status};
use crate::app::{App, Exit, Failure};
use crate::output::{Table, at_a_glance, colour, json};

/// What to do with sites.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum SiteCommand {
    /// Add a site and print its slug
    Add(Box<AddArgs>),
    /// Show all sites, or those of one group
    List {
        /// Only this group's
        #[arg(long, value_name = "SLUG")]
        group: Option<String>,
        /// Print an array of the API's site objects
        #[arg(long)]
        json: bool,
    },
    /// Show all about one site
    Show {
        /// Which
        slug: String,
        /// Print the API's site object
        #[arg(long)]
        json: bool,
    },
    /// Change a site; its slug stays
    Edit(Box<EditArgs>),
    /// Check these sites no more until they are resumed
    Pause {
        /// Which
        #[arg(required = true, value_name = "SLUG")]
        slugs: Vec<String>,
    },
    /// Check these sites again
    Resume {
        /// Which
        #[arg(required = true, value_name = "SLUG")]
        slugs: Vec<String>,
    },
    /// Remove these sites; their history stays
    Remove {
        /// Which
        #[arg(required = true, value_name = "SLUG")]
        slugs: Vec<String>,
    },
}

/// A site to be added.
#[derive(Debug, Clone, clap::Args)]
pub struct AddArgs {
    /// Its address, http: or https:; a user name and password in it are kept apart and never shown
    url: String,
    /// Its name for people; host, port and path when not given
    #[arg(long)]
    name: Option<String>,
    /// Its group's slug or name
    #[arg(long)]
    group: Option<String>,
    /// Its name in URLs and commands; made from the name when not given
    #[arg(long)]
    slug: Option<String>,
    #[command(flatten)]
    visibility: Visibility,
    /// Do not check it before it is resumed
    #[arg(long)]
    paused: bool,
    #[command(flatten)]
    options: CheckOptions,
}

/// What changes of a site.
#[derive(Debug, Clone, clap::Args)]
pub struct EditArgs {
    /// Which
    slug: String,
    /// Its new address
    #[arg(long)]
    url: Option<String>,
    /// Its new name
    #[arg(long)]
    name: Option<String>,
    /// Its new group's slug or name
    #[arg(long, conflicts_with = "no_group")]
    group: Option<String>,
    /// It belongs to no group
    #[arg(long)]
    no_group: bool,
    #[command(flatten)]
    visibility: Visibility,
    #[command(flatten)]
    options: CheckOptions,
    /// Take an option back, so that the configuration's value counts again (repeatable)
    #[arg(long, value_name = "OPTION")]
    unset: Vec<String>,
}

/// Does `command`.
///
/// # Errors
/// A site or group that is not there, values that cannot be taken, and what the database says.
pub fn run(app: &App, command: SiteCommand, out: &mut dyn Write) -> Result<Exit, Failure> {
    match command {
        SiteCommand::Add(args) => add(app, *args, out)?,
        SiteCommand::List { group, json } => list(app, group.as_deref(), json, out)?,
        SiteCommand::Show { slug, json } => show(app, &slug, json, out)?,
        SiteCommand::Edit(args) => edit(app, *args)?,
        SiteCommand::Pause { slugs } => set_paused(app, &slugs, true)?,
        SiteCommand::Resume { slugs } => set_paused(app, &slugs, false)?,
        SiteCommand::Remove { slugs } => {
            change_all(app, &slugs, |connection, slug| sites::remove(connection, slug, app.now()).map(drop))?
        }
    }
    Ok(Exit::Done)
}

fn add(app: &App, args: AddArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let target = Target::parse(&args.url)?.unmasked(None)?;
    app.config.check.allow(&target)?;
    let options = args.options.given()?;
    options.check()?;
    warn_of_files(app, &options, &target, options.follow_redirects);
    let mut connection = app.connect()?;
    let site = write(&mut connection, |connection| {
        let new = NewSite {
            slug: args.slug,
            name: args.name,
            target,
            group: group_id(connection, args.group.as_deref())?,
            options,
            public: args.visibility.wanted().unwrap_or(true),
            paused: args.paused,
        };
        sites::add(connection, &new, app.now())
    })?;
    Ok(writeln!(out, "{}", site.slug)?)
}

fn group_id(connection: &mut AnyConnection, named: Option<&str>) -> Result<Option<GroupId>, StoreError> {
    named.map(|name| groups::meant(connection, name).map(|group| group.id)).transpose()
}

fn edit(app: &App, args: EditArgs) -> Result<(), Failure> {
    let target = args.url.as_deref().map(Target::parse).transpose()?;
    target.as_ref().map_or(Ok(()), |target| app.config.check.allow(target))?;
    let given = args.options.given()?;
    let unset = args.unset.iter().map(|name| option_named(name)).collect::<Result<Vec<_>, _>>()?;
    let is_something = target.is_some()
        || args.name.is_some()
        || args.group.is_some()
        || args.no_group
        || args.visibility.wanted().is_some()
        || given != SiteOptions::default()
        || !unset.is_empty();
    if !is_something {
        return Err(Failure::usage("nothing to change is given; see djamon-check site edit --help"));
    }
    let mut connection = app.connect()?;
    let edited = write(&mut connection, |connection| {
        let known = sites::by_slug(connection, &args.slug)?;
        let target = target.map(|target| target.unmasked(Some(&known.target))).transpose()?;
        let given = given.clone().unmasked(&known.options)?;
        let mut options = known.options;
        for name in unset {
            options.unset(name);
        }
        let group = group_id(connection, args.group.as_deref())?;
        let change = SiteChange {
            name: args.name,
            target,
            group: (args.no_group || group.is_some()).then_some(group),
            options: Some(options.with(given)),
            public: args.visibility.wanted(),
            paused: None,
        };
        sites::edit(connection, &args.slug, change, app.now())
    });
    let (_, site) = edited.map_err(|error| about_site(&mut connection, error))?;
    warn_of_files(app, &given, &site.target, site.options.follow_redirects);
    Ok(())
}

/// The option that is meant by `name`, written with hyphens or underscores.
fn option_named(name: &str) -> Result<&'static str, Invalid> {
    let written = name.trim_start_matches("--").replace('-', "_");
    let written = if written == "header" { "headers".to_owned() } else { written };
    SiteOptions::NAMES.iter().copied().find(|option| *option == written).ok_or_else(|| {
        let known = SiteOptions::NAMES.join(", ").replace('_', "-");
        Invalid::new("unset", format!("{name:?} is not an option; the options are {known}"))
    })
}

fn set_paused(app: &App, slugs: &[String], paused: bool) -> Result<(), Failure> {
    change_all(app, slugs, |connection, slug| {
        let change = SiteChange { paused: Some(paused), ..SiteChange::default() };
        sites::edit(connection, slug, change, app.now()).map(drop)
    })
}

/// Changes every site of `slugs`, or none when one of them is not there.
fn change_all(
    app: &App,
    slugs: &[String],
    change: impl Fn(&mut AnyConnection, &str) -> Result<(), StoreError>,
) -> Result<(), Failure> {
    let mut connection = app.connect()?;
    write(&mut connection, |connection| slugs.iter().try_for_each(|slug| change(connection, slug)))
        .map_err(|error| about_site(&mut connection, error))
}

fn list(app: &App, group: Option<&str>, as_json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let mut connection = app.connect()?;
    let which = group_id(&mut connection, group)?.map_or(Which::All, Which::Group);
    let mut found = statuses::of(&mut connection, &which)?;
    found.sort_by_cached_key(|of| (of.site.name.to_lowercase(), of.site.id));
    if as_json {
        statuses::add_figures(&mut connection, &mut found, app.now())?;
        let all: Vec<_> = found.iter().map(|of| SiteJson::new(of, Reader::Member)).collect();
        return json(out, &all);
    }
    let mut table = Table::new(["STATE", "SITE", "NAME", "GROUP", "ADDRESS"]);
    for of in found {
        let (state, url) = (of.status.state, of.site.shown_url());
        let group = of.group.unwrap_or_else(|| "-".to_owned());
        table.line(colour(state), [state.name().to_owned(), of.site.slug, of.site.name, group, url]);
    }
    table.write(out)
}

fn show(app: &App, slug: &str, as_json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let mut connection = app.connect()?;
    let mut of =
        statuses::of_site(&mut connection, slug).map_err(|error| about_site(&mut connection, error))?;
    statuses::add_figures(&mut connection, std::slice::from_mut(&mut of), app.now())?;
    if as_json {
        return json(out, &SiteJson::new(&of, Reader::Member));
    }
    describe(app, &of, out)
}

/// A site in lines of a name and a value, then its last looks.
fn describe(app: &App, of: &SiteStatus, out: &mut dyn Write) -> Result<(), Failure> {
    let (site, status, zone) = (&of.site, &of.status, &app.config.history.time_zone);
    let style = colour(status.state);
    let since = status
        .since
        .map(|since| format!(", since {} ({})", date_time(since, zone), at_a_glance(app.now().since(since))));
    writeln!(out, "{:<16}{}", "site", site.slug)?;
    writeln!(out, "{:<16}{}", "name", site.name)?;
    writeln!(out, "{:<16}{}", "address", site.shown_url())?;
    writeln!(out, "{:<16}{}", "group", of.group.as_deref().unwrap_or("-"))?;
    writeln!(out, "{:<16}{style}{}{style:#}{}", "state", status.state.name(), since.unwrap_or_default())?;
    for (name, figure) in
        [("24 hours", of.figures.day), ("7 days", of.figures.week), ("30 days", of.figures.month)]
    {
        if let Some((uptime, known)) = figure.uptime_ppm.zip(figure.coverage_ppm) {
            writeln!(out, "{name:<16}{} % up, {} % of the time known", percent(uptime), percent(known))?;
        }
    }
    writeln!(out, "{:<16}{}", "visitors", if of.is_public { "see it" } else { "do not see it" })?;
    let options = serde_json::to_value(site.options.masked())?;
    for (name, value) in options.as_object().into_iter().flatten() {
        writeln!(out, "{:<15} {}", name.replace('_', "-"), in_words(value))?;
    }
    let mut table = Table::new(["AT", "CODE", "OUTCOME", "TIME", "DETAIL"]);
    for look in &status.looks {
        table.line(
            anstyle::Style::new(),
            [
                date_time(look.at, zone),
                look.code.map_or_else(|| "-".to_owned(), |code| code.to_string()),
                status::outcome(look),
                format!("{} ms", look.duration_ms),
                look.detail.clone().unwrap_or_default(),
            ],
        );
    }
    if !table.is_empty() {
        writeln!(out)?;
    }
    table.write(out)
}

/// An option's value as people write it.
fn in_words(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(codes) => codes.iter().map(in_words).collect::<Vec<_>>().join(","),
        serde_json::Value::Object(headers) => {
            let headers = headers.iter().map(|(name, value)| format!("{name}: {}", in_words(value)));
            headers.collect::<Vec<_>>().join("; ")
        }
        other => other.to_string(),
    }
}
