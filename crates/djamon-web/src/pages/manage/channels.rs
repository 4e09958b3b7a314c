//! `/manage/channels`: who is told of outages; adding, editing, trying and removing a channel.

use actix_web::http::StatusCode;
use djamon_core::channels::{Author, Settings, laid_over, shown as masked};
use djamon_core::config::{ConfigError, Kind as ChannelKind};
use djamon_core::domain::channel::{ChannelChange, NewChannel};
use djamon_core::domain::{Channel, GroupId, Invalid};
use djamon_core::json::ChannelJson;
use djamon_core::store::{AnyConnection, StoreError, channels, groups, write};
use serde::Serialize;

use super::site_edit::is_version;
use crate::answer::Answer;
use crate::ask::Ask;
use crate::body::Form;
use crate::error::WebError;
use crate::pages::{done, page};
use crate::view::channel_form::{changes, fields};
use crate::view::form::{self, Choice, Difference, Field};

/// The list: those of the configuration first, and the kinds that can be added.
///
/// # Errors
/// [`WebError::Database`].
pub fn list(ask: &Ask) -> Result<Answer, WebError> {
    #[derive(Serialize)]
    struct Row {
        name: String,
        kind: &'static str,
        enabled: bool,
        told_of: Option<String>,
        is_fixed: bool,
    }
    #[derive(Serialize)]
    struct Page {
        rows: Vec<Row>,
        kinds: Vec<Choice>,
    }
    let database = &mut *ask.database()?;
    let title = |kind: &str| ChannelKind::from_name(kind).map_or("unknown kind", ChannelKind::title);
    let fixed = ChannelJson::configured(ask.app.exchange.config()).into_iter().map(|channel| Row {
        kind: title(&channel.kind),
        name: channel.name,
        enabled: true,
        told_of: None,
        is_fixed: true,
    });
    let mut rows: Vec<Row> = fixed.collect();
    for channel in channels::all(database)? {
        let told_of = group_names(database, &channel.groups)?;
        rows.push(Row {
            kind: title(&channel.kind),
            name: channel.name,
            enabled: channel.enabled,
            told_of: (!channel.groups.is_empty()).then_some(told_of),
            is_fixed: false,
        });
    }
    let kinds = ChannelKind::ALL.into_iter().map(|kind| Choice::new(kind.name(), kind.title())).collect();
    page(ask, database, "manage_channels.html", &Page { rows, kinds })
}

#[derive(Serialize)]
struct FormPage<'a> {
    channel: Option<Shown<'a>>,
    kind: &'static str,
    title: &'static str,
    fields: Vec<Field>,
    problems: Vec<String>,
    changed: bool,
    conflict: Vec<Difference>,
}

#[derive(Serialize)]
struct Shown<'a> {
    name: &'a str,
    version: i32,
}

impl<'a> Shown<'a> {
    fn new(channel: &'a Channel) -> Self {
        Shown { name: &channel.name, version: channel.version }
    }
}

/// The empty form of the kind that the path names.
///
/// # Errors
/// [`WebError::NotFound`] when there is no such kind, [`WebError::Database`].
pub fn add_form(ask: &Ask) -> Result<Answer, WebError> {
    let kind = kind_of(ask.part("kind").unwrap_or_default())?;
    let database = &mut *ask.database()?;
    show(ask, database, None, kind, fields(kind, None, &Settings::new(), String::new()))
}

/// Adds a channel.
///
/// # Errors
/// As [`add_form`].
pub fn add(ask: &Ask) -> Result<Answer, WebError> {
    let (form, kind) = (ask.form()?, kind_of(ask.part("kind").unwrap_or_default())?);
    let mut wrong = Vec::new();
    let database = &mut *ask.database()?;
    let settings = kept(ask, kind, &form, None, &mut wrong);
    let groups = group_ids(database, &form, &mut wrong)?;
    if wrong.is_empty() {
        let new = NewChannel {
            name: form.get("name").unwrap_or_default().to_owned(),
            kind: kind.name().to_owned(),
            settings: settings.unwrap_or_default(),
            enabled: form.get("enabled") != Some("no"),
            groups,
        };
        match write(database, |database| channels::add(database, &new, ask.now)) {
            Ok(channel) => {
                let said = format!("{} is added. Send it a test, to see that it works.", channel.name);
                return done(ask, "/manage/channels", said);
            }
            Err(StoreError::Invalid(invalid)) => wrong.push(invalid),
            Err(error) => return Err(error.into()),
        }
    }
    again(ask, database, &form, kind, None, &wrong)
}

/// The form with what a channel is; its secrets are not in it.
///
/// # Errors
/// [`WebError::NotFound`], [`WebError::Database`].
pub fn edit_form(ask: &Ask) -> Result<Answer, WebError> {
    let database = &mut *ask.database()?;
    let channel = channels::by_name(database, &ask.name()?)?;
    let kind = kind_of(&channel.kind)?;
    let groups = group_names(database, &channel.groups)?;
    let fields = fields(kind, Some(&channel), &settings_of(&channel)?, groups);
    show(ask, database, Some(&channel), kind, fields)
}

/// Changes a channel.
///
/// # Errors
/// As [`edit_form`].
pub fn edit(ask: &Ask) -> Result<Answer, WebError> {
    let (form, name) = (ask.form()?, ask.name()?);
    let database = &mut *ask.database()?;
    let known = channels::by_name(database, &name)?;
    let kind = kind_of(&known.kind)?;
    if !is_version(&form, known.version) {
        return changed_meanwhile(ask, database, &form, kind, &known);
    }
    let mut wrong = Vec::new();
    let settings = kept(ask, kind, &form, Some(&known), &mut wrong);
    let groups = group_ids(database, &form, &mut wrong)?;
    if wrong.is_empty() {
        let change = ChannelChange {
            name: Some(form.get("name").unwrap_or_default().to_owned()),
            kind: None,
            settings,
            enabled: Some(form.get("enabled") != Some("no")),
            groups: Some(groups),
        };
        let edited = write(database, |database| {
            let now = channels::by_name(database, &name)?;
            match now.version == known.version {
                true => channels::edit(database, &name, &change).map(Ok),
                false => Ok(Err(now)),
            }
        });
        match edited {
            Ok(Ok(channel)) => return done(ask, "/manage/channels", format!("{} is saved.", channel.name)),
            Ok(Err(now)) => return changed_meanwhile(ask, database, &form, kind, &now),
            Err(StoreError::Invalid(invalid)) => wrong.push(invalid),
            Err(error) => return Err(error.into()),
        }
    }
    again(ask, database, &form, kind, Some(&known), &wrong)
}

/// Sends a message that says it is a test, at once.
///
/// # Errors
/// As [`edit_form`].
pub fn test(ask: &Ask) -> Result<Answer, WebError> {
    let channel = channels::by_name(&mut *ask.database()?, &ask.name()?)?;
    let said = match ask.app.exchange.test(&channel, ask.now) {
        Ok(()) => format!("The test has left: look for it where {} leads.", channel.name),
        Err(error) => format!("The test did not leave by {}: {error}", channel.name),
    };
    done(ask, "/manage/channels", said)
}

/// Asks whether a channel is really to be removed.
///
/// # Errors
/// As [`edit_form`].
pub fn confirm(ask: &Ask) -> Result<Answer, WebError> {
    #[derive(Serialize)]
    struct Page<'a> {
        channel: Shown<'a>,
    }
    let database = &mut *ask.database()?;
    let channel = channels::by_name(database, &ask.name()?)?;
    page(ask, database, "manage_channel_remove.html", &Page { channel: Shown::new(&channel) })
}

/// Removes a channel.
///
/// # Errors
/// As [`edit_form`].
pub fn remove(ask: &Ask) -> Result<Answer, WebError> {
    let name = ask.name()?;
    write(&mut *ask.database()?, |database| channels::remove(database, &name, ask.now))?;
    done(ask, "/manage/channels", format!("{name} is removed."))
}

fn kind_of(name: &str) -> Result<ChannelKind, WebError> {
    ChannelKind::from_name(name).map_err(|_| WebError::NotFound)
}

fn settings_of(channel: &Channel) -> Result<Settings, WebError> {
    masked(channel).map_err(|error| WebError::Internal(error.to_string()))
}

/// The settings that the form asks for, as they are kept; what is wrong is noted.
fn kept(
    ask: &Ask,
    kind: ChannelKind,
    form: &Form,
    known: Option<&Channel>,
    wrong: &mut Vec<Invalid>,
) -> Option<String> {
    let before = known.map(masked).transpose();
    let checked = before.and_then(|before| {
        let settings = laid_over(before.unwrap_or_default(), changes(kind, form));
        let board = &ask.app.exchange.board;
        let checked = board.checked(Author::Remote, kind.name(), &settings, known)?;
        board.sealed(kind.name(), &checked)
    });
    checked
        .map_err(|ConfigError { problems }| {
            wrong.extend(problems.iter().map(|problem| match problem.split_once(": ") {
                Some((key, problem)) => Invalid::new(key, problem),
                None => Invalid::new("settings", problem.as_str()),
            }));
        })
        .ok()
}

fn group_ids(
    database: &mut AnyConnection,
    form: &Form,
    wrong: &mut Vec<Invalid>,
) -> Result<Vec<GroupId>, StoreError> {
    let mut ids = Vec::new();
    let named = form.get("groups").unwrap_or_default().split(',').map(str::trim);
    for name in named.filter(|name| !name.is_empty()) {
        match groups::meant(database, name) {
            Ok(group) => ids.push(group.id),
            Err(StoreError::Invalid(invalid)) => wrong.push(Invalid::new("groups", invalid.problem)),
            Err(error) => return Err(error),
        }
    }
    Ok(ids)
}

fn group_names(database: &mut AnyConnection, ids: &[GroupId]) -> Result<String, StoreError> {
    let named = groups::all(database)?.into_iter().filter(|group| ids.contains(&group.id));
    Ok(named.map(|group| group.slug).collect::<Vec<_>>().join(", "))
}

fn show(
    ask: &Ask,
    database: &mut AnyConnection,
    channel: Option<&Channel>,
    kind: ChannelKind,
    fields: Vec<Field>,
) -> Result<Answer, WebError> {
    let view = form_page(channel, kind, fields);
    page(ask, database, "manage_channel.html", &view)
}

fn form_page(channel: Option<&Channel>, kind: ChannelKind, fields: Vec<Field>) -> FormPage<'_> {
    FormPage {
        channel: channel.map(Shown::new),
        kind: kind.name(),
        title: kind.title(),
        fields,
        problems: Vec::new(),
        changed: false,
        conflict: Vec::new(),
    }
}

/// The form as it was typed, with what is wrong beside each field; secrets are typed anew.
fn again(
    ask: &Ask,
    database: &mut AnyConnection,
    form: &Form,
    kind: ChannelKind,
    known: Option<&Channel>,
    wrong: &[Invalid],
) -> Result<Answer, WebError> {
    let settings = known.map(settings_of).transpose()?.unwrap_or_default();
    let mut fields = fields(kind, known, &settings, String::new());
    form::keep(&mut fields, form);
    let problems = form::complain(&mut fields, wrong);
    let view = FormPage { problems, ..form_page(known, kind, fields) };
    let answer = page(ask, database, "manage_channel.html", &view)?;
    Ok(answer.with_status(StatusCode::UNPROCESSABLE_ENTITY))
}

/// What was typed stays in the form, which is now of the version that somebody else saved.
fn changed_meanwhile(
    ask: &Ask,
    database: &mut AnyConnection,
    form: &Form,
    kind: ChannelKind,
    now: &Channel,
) -> Result<Answer, WebError> {
    let groups = group_names(database, &now.groups)?;
    let mut fields = fields(kind, Some(now), &settings_of(now)?, groups);
    let conflict = form::keep_over(&mut fields, form);
    let view = FormPage { changed: true, conflict, ..form_page(Some(now), kind, fields) };
    let answer = page(ask, database, "manage_channel.html", &view)?;
    Ok(answer.with_status(StatusCode::CONFLICT))
}
