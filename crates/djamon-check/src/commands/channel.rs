//! `djamon-check channel`: who is told of outages. A secret is typed or piped in, or stands in a file or a variable;
//! never an argument: arguments are seen by everybody on the machine.

use std::collections::HashMap;
use std::io::{BufRead, IsTerminal, Write};

use anstyle::Style;
use djamon_core::channels::{Author, Settings, Switchboard, laid_over, shown};
use djamon_core::config::{ConfigError, Kind, Takes, keys_of};
use djamon_core::domain::channel::{ChannelChange, NewChannel};
use djamon_core::domain::text::nearest;
use djamon_core::domain::{Channel, GroupId, Invalid};
use djamon_core::json::ChannelJson;
use djamon_core::store::{AnyConnection, StoreError, channels, groups, write};
use serde_json::Value;

use crate::app::{App, Exit, Failure};
use crate::output::{Table, json};

/// What to do with channels.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum ChannelCommand {
    /// Add a channel: `channel add ops ntfy topic_file=/etc/djamon/topic priority=4`
    Add {
        /// Its name
        name: String,
        /// What it is; `channel kinds` shows what there is
        kind: String,
        /// What it is told of, and where it leads
        #[command(flatten)]
        given: Given,
        /// Keep it, and tell it of nothing yet
        #[arg(long)]
        disabled: bool,
    },
    /// Show all channels, those of djamon.toml first
    List {
        /// Print an array of channel objects
        #[arg(long)]
        json: bool,
    },
    /// Show one channel, its secrets masked
    Show {
        /// Which
        name: String,
        /// Print the channel object
        #[arg(long)]
        json: bool,
    },
    /// Change a channel: what is not named stays
    Edit {
        /// Which
        name: String,
        /// Its new name
        #[arg(long, value_name = "NAME")]
        rename: Option<String>,
        /// What it is told of, and where it leads
        #[command(flatten)]
        given: Given,
        /// Let this key have its default again (repeatable)
        #[arg(long, value_name = "KEY")]
        unset: Vec<String>,
        /// Tell it of all sites again
        #[arg(long, conflicts_with = "groups")]
        all_groups: bool,
    },
    /// Tell it of what happens
    Enable {
        /// Which
        name: String,
    },
    /// Tell it of nothing any more
    Disable {
        /// Which
        name: String,
    },
    /// Remove a channel; what it is still owed is parked
    Remove {
        /// Which
        name: String,
    },
    /// Show the kinds of channels, or what one of them takes
    Kinds {
        /// Which
        kind: Option<String>,
    },
}

/// What a channel is given.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Given {
    /// Its keys, lists with commas: `to=ann@example.org,ops@example.org`
    #[arg(value_name = "KEY=VALUE", value_parser = pair)]
    pairs: Vec<(String, String)>,
    /// Ask for this secret, or read it from a line of stdin (repeatable, in order)
    #[arg(long = "secret", value_name = "KEY")]
    secrets: Vec<String>,
    /// Tell it of the sites of this group only (repeatable)
    #[arg(long = "group", value_name = "SLUG")]
    groups: Vec<String>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write it like key=value")?;
    Ok((key.trim().to_owned(), value.to_owned()))
}

/// Does `command`.
///
/// # Errors
/// A channel that is not there, keys that cannot be taken, and what the database says.
pub fn run(app: &App, command: ChannelCommand, out: &mut dyn Write) -> Result<Exit, Failure> {
    if let ChannelCommand::Kinds { kind } = command {
        return kinds(kind.as_deref(), out);
    }
    let mut connection = app.connect()?;
    let connection = &mut connection;
    let here = std::env::current_dir()
        .map_err(|error| Failure::failed(format!("there is no current directory: {error}")))?;
    let board = Switchboard::new(&app.config, here);
    match command {
        ChannelCommand::Add { name, kind, given, disabled } => {
            let settings = given.over(&kind, Settings::new())?;
            let settings = kept(&board, &kind, &settings, None)?;
            let groups = given.group_ids(connection)?;
            let new = NewChannel { name, kind, settings, enabled: !disabled, groups };
            let added = write(connection, |connection| channels::add(connection, &new, app.now()))?;
            writeln!(out, "{}", added.name)?;
        }
        ChannelCommand::Edit { name, rename, given, unset, all_groups } => {
            let known = find(connection, &name)?;
            let mut change = ChannelChange { name: rename, ..ChannelChange::default() };
            if !(given.pairs.is_empty() && given.secrets.is_empty() && unset.is_empty()) {
                let mut settings = shown(&known)?;
                for key in &unset {
                    if settings.remove(key).is_none() {
                        let problem =
                            format!("{key:?} is not set; djamon-check channel show {name} shows what is");
                        return Err(Invalid::new("--unset", problem).into());
                    }
                }
                let settings = given.over(&known.kind, settings)?;
                change.settings = Some(kept(&board, &known.kind, &settings, Some(&known))?);
            }
            if all_groups || !given.groups.is_empty() {
                change.groups = Some(given.group_ids(connection)?);
            }
            if change == ChannelChange::default() {
                return Err(Failure::usage(
                    "nothing to change is given; see djamon-check channel edit --help",
                ));
            }
            write(connection, |connection| channels::edit(connection, &name, &change))?;
        }
        ChannelCommand::Enable { name } => switch(connection, &name, true)?,
        ChannelCommand::Disable { name } => switch(connection, &name, false)?,
        ChannelCommand::Remove { name } => {
            find(connection, &name)?;
            write(connection, |connection| channels::remove(connection, &name, app.now()))?;
        }
        ChannelCommand::List { json: as_json } => list(app, connection, as_json, out)?,
        ChannelCommand::Show { name, json: as_json } => show(connection, &name, as_json, out)?,
        ChannelCommand::Kinds { .. } => {}
    }
    Ok(Exit::Done)
}

impl Given {
    /// `settings` with what is given over it.
    fn over(&self, kind: &str, settings: Settings) -> Result<Settings, Failure> {
        let mut changes = Settings::new();
        let kind = Kind::from_name(kind).map_err(|problem| Invalid::new("kind", problem))?;
        for (name, text) in &self.pairs {
            let key = keys_of(kind).iter().find(|key| key.name == name);
            if key.is_some_and(|key| key.is_secret && !text.is_empty()) {
                let problem = format!(
                    "is a secret, and arguments are seen by everybody on this machine; use --secret {name}, \
                     {name}_file=FILE or {name}_env=VARIABLE"
                );
                return Err(Invalid::new(name.as_str(), problem).into());
            }
            changes.insert(name.clone(), typed(key.map(|key| key.takes), text));
        }
        for name in &self.secrets {
            if !keys_of(kind).iter().any(|key| key.is_secret && key.name == name) {
                let secrets: Vec<_> =
                    keys_of(kind).iter().filter(|key| key.is_secret).map(|key| key.name).collect();
                let problem =
                    format!("{name:?} is no secret of {}; those are {}", kind.name(), secrets.join(", "));
                return Err(Invalid::new("--secret", problem).into());
            }
            changes.insert(name.clone(), Value::String(ask(name)?));
        }
        Ok(laid_over(settings, changes))
    }

    fn group_ids(&self, connection: &mut AnyConnection) -> Result<Vec<GroupId>, StoreError> {
        self.groups.iter().map(|named| Ok(groups::meant(connection, named)?.id)).collect()
    }
}

/// The value as its key takes it; what cannot be is left as text, and refused with the others.
fn typed(takes: Option<Takes>, text: &str) -> Value {
    match takes {
        Some(Takes::List) => text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect(),
        Some(Takes::Whole { .. }) => text.trim().parse::<i64>().map_or_else(|_| text.into(), Value::from),
        Some(Takes::Flag) => text.trim().parse::<bool>().map_or_else(|_| text.into(), Value::from),
        Some(Takes::Text | Takes::Address | Takes::Path | Takes::Span | Takes::OneOf(_)) | None => {
            text.into()
        }
    }
}

fn ask(name: &str) -> Result<String, Failure> {
    let unreadable = |error: std::io::Error| Failure::failed(format!("cannot read {name}: {error}"));
    let secret = if std::io::stdin().is_terminal() {
        rpassword::prompt_password(format!("{name}: ")).map_err(unreadable)?
    } else {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).map_err(unreadable)?;
        line.trim_end_matches(['\n', '\r']).to_owned()
    };
    if secret.is_empty() {
        return Err(Invalid::new(name, "is empty; type it, or pipe it in on a line of its own").into());
    }
    Ok(secret)
}

fn kept(
    board: &Switchboard,
    kind: &str,
    settings: &Settings,
    known: Option<&Channel>,
) -> Result<String, ConfigError> {
    board.sealed(kind, &board.checked(Author::Machine, kind, settings, known)?)
}

fn switch(connection: &mut AnyConnection, name: &str, on: bool) -> Result<(), Failure> {
    find(connection, name)?;
    let change = ChannelChange { enabled: Some(on), ..ChannelChange::default() };
    write(connection, |connection| channels::edit(connection, name, &change))?;
    Ok(())
}

/// The channel of this name; of one that is not there, which one may have been meant.
fn find(connection: &mut AnyConnection, name: &str) -> Result<Channel, Failure> {
    let all = channels::all(connection)?;
    if let Some(found) = all.iter().find(|channel| channel.name == name) {
        return Ok(found.clone());
    }
    if channels::RESERVED.contains(&name) {
        let problem = format!("is the channel of [{name}] in djamon.toml; change it there");
        return Err(Invalid::new(name, problem).into());
    }
    let names: Vec<&str> = all.iter().map(|channel| channel.name.as_str()).collect();
    let hint = match (nearest(name, &names), names.as_slice()) {
        (Some(meant), _) => format!("did you mean {meant}?"),
        (None, []) => "there are none yet; djamon-check channel add makes one".to_owned(),
        (None, some) => format!("there are {}", some.join(", ")),
    };
    Err(Failure::usage(format!("there is no channel {name:?}; {hint}")))
}

fn group_slugs(connection: &mut AnyConnection) -> Result<HashMap<GroupId, String>, StoreError> {
    Ok(groups::all(connection)?.into_iter().map(|group| (group.id, group.slug)).collect())
}

fn list(
    app: &App,
    connection: &mut AnyConnection,
    as_json: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let slugs = group_slugs(connection)?;
    let mut all = ChannelJson::configured(&app.config);
    for channel in channels::all(connection)? {
        all.push(ChannelJson::new(&channel, &slugs)?);
    }
    if as_json {
        return json(out, &all);
    }
    let mut table = Table::new(["CHANNEL", "KIND", "IS", "TOLD OF"]);
    for channel in all {
        let style = if channel.enabled { Style::new() } else { Style::new().dimmed() };
        let told_of = if channel.groups.is_empty() { "everything".into() } else { channel.groups.join(", ") };
        let is = if channel.enabled { "on" } else { "off" };
        table.line(style, [channel.name, channel.kind, is.to_owned(), told_of]);
    }
    table.write(out)
}

fn show(
    connection: &mut AnyConnection,
    name: &str,
    as_json: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let channel = find(connection, name)?;
    let object = ChannelJson::new(&channel, &group_slugs(connection)?)?;
    if as_json {
        return json(out, &object);
    }
    let is = if object.enabled { "on" } else { "off" };
    let told_of = match object.groups.as_slice() {
        [] => "everything".to_owned(),
        some => format!("the groups {}", some.join(", ")),
    };
    writeln!(out, "{} ({}) is {is} and told of {told_of}", object.name, object.kind)?;
    for (key, value) in &object.settings {
        match value {
            Value::String(text) => writeln!(out, "  {key} = {text}")?,
            other => writeln!(out, "  {key} = {other}")?,
        }
    }
    Ok(())
}

fn kinds(kind: Option<&str>, out: &mut dyn Write) -> Result<Exit, Failure> {
    let Some(kind) = kind else {
        let mut table = Table::new(["KIND", "WHAT IT IS", "NEEDS"]);
        for kind in Kind::ALL {
            let needs = keys_of(kind).iter().filter(|key| key.is_needed).map(|key| key.name);
            let needs = needs.collect::<Vec<_>>().join(", ");
            table.line(Style::new(), [kind.name().to_owned(), kind.title().to_owned(), needs]);
        }
        table.write(out)?;
        return Ok(Exit::Done);
    };
    let kind = Kind::from_name(kind).map_err(|problem| Invalid::new("kind", problem))?;
    let mut table = Table::new(["KEY", "", "DEFAULT", "MEANING"]);
    for key in keys_of(kind) {
        let marks = match (key.is_needed, key.is_secret) {
            (true, true) => "needed, secret",
            (true, false) => "needed",
            (false, true) => "secret",
            (false, false) => "",
        };
        let cells = [key.name, marks, key.default, key.meaning].map(str::to_owned);
        table.line(Style::new(), cells);
    }
    table.write(out)?;
    Ok(Exit::Done)
}
