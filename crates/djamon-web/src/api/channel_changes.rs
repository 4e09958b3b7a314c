//! `POST /api/v1/channels`, `PATCH` and `DELETE /api/v1/channels/{name}`, and `POST …/test`.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use djamon_core::channels::{Author, Settings, laid_over, shown as masked};
use djamon_core::config::ConfigError;
use djamon_core::domain::channel::{ChannelChange, NewChannel};
use djamon_core::domain::{Channel, GroupId, Invalid, text};
use djamon_core::json::ChannelJson;
use djamon_core::store::{AnyConnection, StoreError, attempt, channels as store, groups};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::channels::shown;
use super::described;
use crate::answer::Answer;
use crate::ask::Ask;
use crate::error::WebError;
use crate::fields::Fields;

/// The fields of a channel.
pub const KEYS: [&str; 5] = ["name", "kind", "settings", "groups", "enabled"];

/// What an object says of a channel.
struct ChannelFields {
    fields: Fields,
    name: Option<String>,
    kind: Option<String>,
    settings: Option<Settings>,
    groups: Option<Vec<String>>,
    enabled: Option<bool>,
}

impl ChannelFields {
    fn read(ask: &Ask) -> Result<Self, WebError> {
        let mut fields = Fields::of(ask.json()?, &KEYS);
        let name = fields.take::<String>("name").flatten();
        let name = name.and_then(|name| fields.check(text::name(&name)));
        let kind = fields.take("kind").flatten();
        let settings = fields.take("settings").map(Option::unwrap_or_default);
        let groups = fields.take("groups").map(Option::unwrap_or_default);
        let enabled = fields.take("enabled").map(|enabled| enabled.unwrap_or(true));
        Ok(ChannelFields { fields, name, kind, settings, groups, enabled })
    }

    /// The settings as they are kept; `None`, with the problems noted, when they cannot be.
    fn kept(
        &mut self,
        ask: &Ask,
        kind: &str,
        settings: &Settings,
        known: Option<&Channel>,
    ) -> Option<String> {
        let board = &ask.app.exchange.board;
        let kept = board.checked(Author::Remote, kind, settings, known);
        match kept.and_then(|checked| board.sealed(kind, &checked)) {
            Ok(kept) => Some(kept),
            Err(ConfigError { problems }) => {
                for problem in problems {
                    match problem.split_once(": ") {
                        Some(("kind", problem)) => self.fields.wrong("kind", problem),
                        Some((key, problem)) => self.fields.wrong(&format!("settings.{key}"), problem),
                        None => self.fields.wrong("settings", problem),
                    }
                }
                None
            }
        }
    }

    fn group_ids(&mut self, connection: &mut AnyConnection) -> Result<Option<Vec<GroupId>>, StoreError> {
        let Some(named) = self.groups.take() else { return Ok(None) };
        let mut ids = Vec::new();
        for name in named {
            match groups::meant(connection, &name) {
                Ok(group) => ids.push(group.id),
                Err(StoreError::Invalid(invalid)) => self.fields.wrong("groups", invalid.problem),
                Err(error) => return Err(error),
            }
        }
        Ok(Some(ids))
    }
}

/// Makes a channel.
///
/// # Errors
/// [`WebError::Invalid`], [`WebError::Database`], and those of its body.
#[utoipa::path(
    post, path = "/api/v1/channels", tag = "Channels", operation_id = "addChannel",
    request_body = described::NewChannel,
    responses(
        (
            status = 201,
            description = "It is made; Location says where it is",
            body = ChannelJson,
            headers(("ETag" = String, description = "Its version, for If-Match")),
        ),
    ),
)]
pub fn add(ask: &Ask) -> Result<Answer, WebError> {
    let mut given = ChannelFields::read(ask)?;
    for (key, is_missing) in [("name", given.name.is_none()), ("kind", given.kind.is_none())] {
        if is_missing && !given.fields.is_wrong(key) {
            given.fields.wrong(key, "is missing");
        }
    }
    let (kind, settings) = (given.kind.take(), given.settings.take().unwrap_or_default());
    let kept = kind.as_deref().and_then(|kind| given.kept(ask, kind, &settings, None));
    let database = &mut *ask.database()?;
    let channel = attempt(database, |connection| {
        let groups = given.group_ids(connection)?.unwrap_or_default();
        given.fields.done()?;
        let new = NewChannel {
            name: given.name.take().unwrap_or_default(),
            kind: kind.unwrap_or_default(),
            settings: kept.unwrap_or_default(),
            enabled: given.enabled.unwrap_or(true),
            groups,
        };
        Ok::<_, WebError>(store::add(connection, &new, ask.now)?)
    })?;
    let name = utf8_percent_encode(&channel.name, NON_ALPHANUMERIC);
    let place = format!("{}/api/v1/channels/{name}", ask.app.base);
    shown(database, &channel)?.with_status(StatusCode::CREATED).with_header(LOCATION, place)
}

/// Changes a channel; its kind stays.
///
/// # Errors
/// [`WebError::NotFound`], [`WebError::Version`], [`WebError::Invalid`], [`WebError::Database`], and those of its body.
#[utoipa::path(
    patch, path = "/api/v1/channels/{name}", tag = "Channels", operation_id = "changeChannel",
    params(
        ("name" = String, Path, description = "Its name"),
        (
            "If-Match" = Option<String>,
            Header,
            description = "The version that was read, as ETag gave it: refused when there is another one by now",
        ),
    ),
    request_body = described::ChannelChange,
    responses(
        (
            status = 200,
            description = "It is changed",
            body = ChannelJson,
            headers(("ETag" = String, description = "Its version, for If-Match")),
        ),
    ),
)]
pub fn edit(ask: &Ask) -> Result<Answer, WebError> {
    let (name, mut given) = (ask.name()?, ChannelFields::read(ask)?);
    let database = &mut *ask.database()?;
    let channel = attempt(database, |connection| {
        let known = store::by_name(connection, &name)?;
        ask.expects(known.version)?;
        if given.kind.take().is_some_and(|kind| kind != known.kind) {
            given.fields.wrong("kind", "stays as it is; make another channel");
        }
        let settings = match given.settings.take() {
            Some(changes) => {
                let before = masked(&known).map_err(|error| WebError::Internal(error.to_string()))?;
                given.kept(ask, &known.kind, &laid_over(before, changes), Some(&known))
            }
            None => None,
        };
        let groups = given.group_ids(connection)?;
        given.fields.done()?;
        let (name_now, enabled) = (given.name.take(), given.enabled);
        let change = ChannelChange { name: name_now, kind: None, settings, enabled, groups };
        Ok::<_, WebError>(store::edit(connection, &name, &change)?)
    })?;
    shown(database, &channel)
}

/// Removes a channel softly: what it was told keeps its name.
///
/// # Errors
/// [`WebError::NotFound`], [`WebError::Version`], [`WebError::Database`].
#[utoipa::path(
    delete, path = "/api/v1/channels/{name}", tag = "Channels", operation_id = "removeChannel",
    params(
        ("name" = String, Path, description = "Its name"),
        (
            "If-Match" = Option<String>,
            Header,
            description = "The version that was read, as ETag gave it: refused when there is another one by now",
        ),
    ),
    responses((status = 204, description = "It is removed")),
)]
pub fn remove(ask: &Ask) -> Result<Answer, WebError> {
    let name = ask.name()?;
    attempt(&mut *ask.database()?, |connection| {
        ask.expects(store::by_name(connection, &name)?.version)?;
        Ok::<_, WebError>(store::remove(connection, &name, ask.now)?)
    })?;
    Ok(Answer::empty())
}

/// Sends a message that says it is a test, at once.
///
/// # Errors
/// [`WebError::NotFound`], [`WebError::Conflict`] with the reason when it is not taken, [`WebError::Database`].
#[utoipa::path(
    post, path = "/api/v1/channels/{name}/test", tag = "Channels", operation_id = "testChannel",
    params(("name" = String, Path, description = "Its name")),
    responses((status = 204, description = "The other side has taken it")),
)]
pub fn test(ask: &Ask) -> Result<Answer, WebError> {
    let channel = store::by_name(&mut *ask.database()?, &ask.name()?)?;
    let sent = ask.app.exchange.test(&channel, ask.now);
    sent.map_err(|error| WebError::Conflict(Invalid::new("channel", error.to_string())))?;
    Ok(Answer::empty())
}
