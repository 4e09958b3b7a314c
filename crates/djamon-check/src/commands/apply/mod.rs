//! `djamon-check apply` and `export`: groups, sites and channels as one file. `apply` reads it ([`file`]), compares it
//! with what there is ([`plan`]) and changes all or nothing; `export` writes a file that changes nothing.

pub mod file;
pub mod plan;

use std::collections::HashMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use djamon_core::channels::{Settings, Switchboard, shown};
use djamon_core::config::ConfigError;
use djamon_core::domain::{Credentials, Site, SiteOptions};
use djamon_core::store::{channels, groups, sites, write};
use serde::Serialize;

use self::file::Wanted;
use self::plan::{Current, Plan};
use super::check_options::warn_of_files;
use crate::app::{App, Exit, Failure};

/// What `apply` is told.
#[derive(Debug, Clone, clap::Args)]
pub struct ApplyArgs {
    /// The file; - for stdin
    file: PathBuf,
    /// Print the plan, change nothing
    #[arg(long)]
    dry_run: bool,
    /// Remove what does not stand in the file
    #[arg(long)]
    prune: bool,
}

/// What `export` is told.
#[derive(Debug, Clone, clap::Args)]
pub struct ExportArgs {
    /// Write user names, passwords, secret headers and the secrets of channels out instead of *** (which `apply` takes
    /// for "as it is there")
    #[arg(long)]
    with_secrets: bool,
}

/// Makes groups, sites and channels what the file says, all or nothing, and prints what it did.
///
/// # Errors
/// Every problem of the file by line and key; what the database says.
pub fn apply(app: &App, args: &ApplyArgs, out: &mut dyn Write) -> Result<Exit, Failure> {
    let (name, text, base) = read(&args.file)?;
    let wanted = Wanted::read(&name, &text, &base).map_err(|problems| Failure::usage(problems.join("\n")))?;
    let refused = wanted.sites.iter().filter_map(|site| {
        let invalid = app.config.check.allow(&site.target).err()?;
        Some(format!("{} {invalid}", site.place))
    });
    let refused: Vec<String> = refused.collect();
    if !refused.is_empty() {
        return Err(Failure::usage(refused.join("\n")));
    }
    for site in &wanted.sites {
        warn_of_files(app, &site.options, &site.target, site.options.follow_redirects);
    }
    let mut connection = app.connect()?;
    let board = Switchboard::new(&app.config, base);
    let plan = if args.dry_run {
        Plan::new(&wanted, &Current::read(&mut connection)?, &board, args.prune)?
    } else {
        write(&mut connection, |connection| {
            let plan = Plan::new(&wanted, &Current::read(connection)?, &board, args.prune)?;
            plan.carry_out(connection, &board, app.now())?;
            Ok(plan)
        })?
    };
    write!(out, "{plan}")?;
    if plan.is_empty() && app.terminal {
        writeln!(out, "nothing to change")?;
    }
    Ok(Exit::Done)
}

/// The file's name in messages, its text, and where its relative paths start.
fn read(file: &Path) -> Result<(String, String, PathBuf), Failure> {
    let shown = if file == Path::new("-") { "stdin".to_owned() } else { file.display().to_string() };
    let unreadable = |error: std::io::Error| Failure::usage(format!("cannot read {shown}: {error}"));
    let here = std::env::current_dir().map_err(unreadable)?;
    if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().lock().read_to_string(&mut text).map_err(unreadable)?;
        return Ok((shown, text, here));
    }
    let text = std::fs::read_to_string(file).map_err(unreadable)?;
    let base = here.join(file).parent().map_or(here, Path::to_owned);
    Ok((shown, text, base))
}

/// Prints groups, sites and channels as a file that `apply` takes.
///
/// # Errors
/// What the database says.
pub fn export(app: &App, args: &ExportArgs, out: &mut dyn Write) -> Result<Exit, Failure> {
    let mut connection = app.connect()?;
    let board = Switchboard::new(&app.config, Path::new("/"));
    let (groups, sites) = (groups::all(&mut connection)?, sites::all(&mut connection)?);
    let slugs: HashMap<_, _> = groups.iter().map(|group| (group.id, group.slug.clone())).collect();
    let exported = Exported {
        group: groups
            .iter()
            .map(|group| GroupEntry { slug: &group.slug, name: &group.name, public: hidden(group.public) })
            .collect(),
        site: sites
            .iter()
            .map(|site| SiteEntry {
                slug: &site.slug,
                name: &site.name,
                url: if args.with_secrets { whole_url(site) } else { site.shown_url() },
                group: site.group.and_then(|group| slugs.get(&group)).cloned(),
                public: hidden(site.public),
                paused: site.paused_at.is_some().then_some(true),
                options: if args.with_secrets { site.options.clone() } else { site.options.masked() },
            })
            .collect(),
        channel: channels::all(&mut connection)?
            .into_iter()
            .map(|channel| {
                let settings = if args.with_secrets { board.opened(&channel) } else { shown(&channel) };
                let groups = channel.groups.iter().filter_map(|group| slugs.get(group).cloned()).collect();
                let enabled = hidden(channel.enabled);
                let (name, kind) = (channel.name, channel.kind);
                Ok(ChannelEntry { name, kind, enabled, groups, settings: settings? })
            })
            .collect::<Result<_, ConfigError>>()?,
    };
    let text = toml::to_string(&exported)
        .map_err(|error| Failure::failed(format!("what is stored cannot be written as TOML: {error}")))?;
    out.write_all(text.as_bytes())?;
    Ok(Exit::Done)
}

/// `false` when it differs from what the file means without the key.
fn hidden(flag: bool) -> Option<bool> {
    (!flag).then_some(false)
}

/// The address with its user name and password.
fn whole_url(site: &Site) -> String {
    let mut url = site.target.url.clone();
    if let Some(Credentials { user, password }) = &site.target.credentials {
        // An http address with a host takes both.
        let _ = url.set_username(user);
        let _ = url.set_password(Some(password).filter(|password| !password.is_empty()).map(String::as_str));
    }
    url.into()
}

#[derive(Serialize)]
struct Exported<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    group: Vec<GroupEntry<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    site: Vec<SiteEntry<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    channel: Vec<ChannelEntry>,
}

#[derive(Serialize)]
struct GroupEntry<'a> {
    slug: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    public: Option<bool>,
}

#[derive(Serialize)]
struct SiteEntry<'a> {
    slug: &'a str,
    name: &'a str,
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    public: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    paused: Option<bool>,
    #[serde(flatten)]
    options: SiteOptions,
}

#[derive(Serialize)]
struct ChannelEntry {
    name: String,
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    enabled: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    groups: Vec<String>,
    #[serde(flatten)]
    settings: Settings,
}
