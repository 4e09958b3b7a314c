//! Channels kept in the database; those of the configuration file are not here.

use diesel::prelude::*;

use super::schema::channels;
use super::{AnyConnection, StoreError};
use crate::domain::ChannelId;

/// A channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// Its number.
    pub id: ChannelId,
    /// Its name, unique.
    pub name: String,
    /// What it is: `email`, `twitter` …
    pub kind: String,
    /// The keys of that kind, as JSON.
    pub settings: String,
    /// Whether it is told of anything.
    pub enabled: bool,
}

/// Every channel that is not removed, in order of number.
///
/// # Errors
/// What the database says.
pub fn all(connection: &mut AnyConnection) -> Result<Vec<Channel>, StoreError> {
    type Row = (i32, String, String, String, bool);
    let rows = channels::table
        .filter(channels::removed_at.is_null())
        .order(channels::id)
        .select((channels::id, channels::name, channels::kind, channels::settings, channels::enabled))
        .load::<Row>(connection)?;
    let channel = |(id, name, kind, settings, enabled): Row| Channel {
        id: ChannelId(id),
        name,
        kind,
        settings,
        enabled,
    };
    Ok(rows.into_iter().map(channel).collect())
}
