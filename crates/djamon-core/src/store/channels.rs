//! Channels kept in the database; those of the configuration file are not here.

use diesel::prelude::*;

use super::schema::channels;
use super::{AnyConnection, StoreError};
use crate::domain::{ChannelId, Instant, Invalid, text};

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

/// The names of the configuration's own channels.
pub const RESERVED: [&str; 2] = ["email", "twitter"];

/// Makes the channel of this name, or changes it into this one. To be called within [`super::write`].
///
/// # Errors
/// [`StoreError::Invalid`] for a name that is none or belongs to the configuration.
pub fn put(
    connection: &mut AnyConnection,
    name: &str,
    kind: &str,
    settings: &str,
    enabled: bool,
    now: Instant,
) -> Result<(), StoreError> {
    let name = text::name(name)?;
    if RESERVED.contains(&name.as_str()) {
        let problem = format!("{name:?} is the channel of [{name}] in djamon.toml; choose another name");
        return Err(Invalid::new("name", problem).into());
    }
    let values = (channels::kind.eq(kind), channels::settings.eq(settings), channels::enabled.eq(enabled));
    let known = channels::table.filter(channels::removed_at.is_null().and(channels::name.eq(&name)));
    let changed = diesel::update(known)
        .set((values, channels::version.eq(channels::version + 1)))
        .execute(connection)?;
    if changed == 0 {
        diesel::insert_into(channels::table)
            .values((
                channels::name.eq(&name),
                values,
                channels::version.eq(1),
                channels::created_at.eq(now.ms()),
            ))
            .execute(connection)?;
    }
    Ok(())
}

/// Removes a channel softly: what it was told keeps its name. To be called within [`super::write`].
///
/// # Errors
/// [`StoreError::Missing`].
pub fn remove(connection: &mut AnyConnection, name: &str, now: Instant) -> Result<(), StoreError> {
    let known = channels::table.filter(channels::removed_at.is_null().and(channels::name.eq(name)));
    match diesel::update(known).set(channels::removed_at.eq(now.ms())).execute(connection)? {
        0 => Err(StoreError::missing("channel", name)),
        _ => Ok(()),
    }
}
