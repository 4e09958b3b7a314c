//! `GET /api/v1/channels` and `/channels/{name}`: who is told of outages. For members only: channels say who works here.

use std::collections::HashMap;

use djamon_core::domain::{Channel, GroupId};
use djamon_core::json::ChannelJson;
use djamon_core::store::{AnyConnection, StoreError, channels as store, groups};

use crate::answer::Answer;
use crate::ask::Ask;
use crate::error::WebError;
use crate::view::objects::List;

/// Every channel, those of the configuration first.
///
/// # Errors
/// [`WebError::Database`].
#[utoipa::path(
    get, path = "/api/v1/channels", tag = "Channels", operation_id = "channels",
    responses((status = 200, description = "Channels, their secrets masked", body = List<ChannelJson>)),
)]
pub fn channels(ask: &Ask) -> Result<Answer, WebError> {
    let database = &mut *ask.database()?;
    let slugs = slugs(database)?;
    let mut all = ChannelJson::configured(ask.app.exchange.config());
    for channel in store::all(database)? {
        all.push(object(&channel, &slugs)?);
    }
    Answer::json(&List { items: all, next: None })
}

/// One channel kept in the database.
///
/// # Errors
/// [`WebError::NotFound`], [`WebError::Database`].
#[utoipa::path(
    get, path = "/api/v1/channels/{name}", tag = "Channels", operation_id = "channel",
    params(("name" = String, Path, description = "Its name")),
    responses(
        (
            status = 200,
            description = "The channel, its secrets masked",
            body = ChannelJson,
            headers(("ETag" = String, description = "Its version, for If-Match")),
        ),
    ),
)]
pub fn channel(ask: &Ask) -> Result<Answer, WebError> {
    let database = &mut *ask.database()?;
    let channel = store::by_name(database, &ask.name()?)?;
    shown(database, &channel)
}

/// The object of one channel, with its version.
///
/// # Errors
/// [`WebError::Database`].
pub fn shown(database: &mut AnyConnection, channel: &Channel) -> Result<Answer, WebError> {
    Answer::json(&object(channel, &slugs(database)?)?)?.with_version(channel.version)
}

fn object(channel: &Channel, slugs: &HashMap<GroupId, String>) -> Result<ChannelJson, WebError> {
    ChannelJson::new(channel, slugs).map_err(|error| WebError::Internal(error.to_string()))
}

fn slugs(database: &mut AnyConnection) -> Result<HashMap<GroupId, String>, StoreError> {
    Ok(groups::all(database)?.into_iter().map(|group| (group.id, group.slug)).collect())
}
