//! Channels kept in the database; those of the configuration file are not here. Secrets in their settings arrive sealed.

use std::collections::HashMap;

use diesel::prelude::*;

use super::outbox::park_waiting;
use super::schema::{channel_groups, channels, outbox};
use super::{AnyConnection, StoreError};
use crate::domain::channel::{ChannelChange, NewChannel};
use crate::domain::{Channel, ChannelId, GroupId, Instant, Invalid, text};

/// The names of the configuration's own channels.
pub const RESERVED: [&str; 2] = ["email", "twitter"];

/// Every channel that is not removed, in order of number.
///
/// # Errors
/// What the database says.
pub fn all(connection: &mut AnyConnection) -> Result<Vec<Channel>, StoreError> {
    type Row = (i32, String, String, String, bool, i32);
    let rows = channels::table
        .filter(channels::removed_at.is_null())
        .order(channels::id)
        .select((
            channels::id,
            channels::name,
            channels::kind,
            channels::settings,
            channels::enabled,
            channels::version,
        ))
        .load::<Row>(connection)?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let pairs = channel_groups::table.order(channel_groups::group_id);
    let mut groups: HashMap<i32, Vec<GroupId>> = HashMap::new();
    for (channel, group) in pairs.load::<(i32, i32)>(connection)? {
        groups.entry(channel).or_default().push(GroupId(group));
    }
    let channel = |(id, name, kind, settings, enabled, version): Row| Channel {
        id: ChannelId(id),
        name,
        kind,
        settings,
        enabled,
        groups: groups.remove(&id).unwrap_or_default(),
        version,
    };
    Ok(rows.into_iter().map(channel).collect())
}

/// The channel of this name.
///
/// # Errors
/// [`StoreError::Missing`].
pub fn by_name(connection: &mut AnyConnection, name: &str) -> Result<Channel, StoreError> {
    let found = all(connection)?.into_iter().find(|channel| channel.name == name);
    found.ok_or_else(|| StoreError::missing("channel", name))
}

/// Makes a channel. To be called within [`super::write`].
///
/// # Errors
/// [`StoreError::Invalid`] for a name that is none, is taken, or belongs to the configuration.
pub fn add(connection: &mut AnyConnection, new: &NewChannel, now: Instant) -> Result<Channel, StoreError> {
    let name = free_name(connection, &new.name, None)?;
    let id: i32 = diesel::insert_into(channels::table)
        .values((
            channels::name.eq(&name),
            channels::kind.eq(&new.kind),
            channels::settings.eq(&new.settings),
            channels::enabled.eq(new.enabled),
            channels::version.eq(1),
            channels::created_at.eq(now.ms()),
        ))
        .returning(channels::id)
        .get_result(connection)?;
    put_groups(connection, id, &new.groups)?;
    by_name(connection, &name)
}

/// Changes a channel; what it is still owed goes with it to its new name. To be called within [`super::write`].
///
/// # Errors
/// [`StoreError::Missing`]; [`StoreError::Invalid`] as [`add`].
pub fn edit(
    connection: &mut AnyConnection,
    name: &str,
    change: &ChannelChange,
) -> Result<Channel, StoreError> {
    let known = by_name(connection, name)?;
    let name = match &change.name {
        Some(name) => free_name(connection, name, Some(known.id))?,
        None => known.name.clone(),
    };
    if name != known.name {
        let owed = outbox::table.filter(outbox::channel.eq(&known.name));
        diesel::update(owed.filter(outbox::state.ne("sent")))
            .set(outbox::channel.eq(&name))
            .execute(connection)?;
    }
    diesel::update(channels::table.filter(channels::id.eq(known.id.0)))
        .set((
            channels::name.eq(&name),
            channels::kind.eq(change.kind.as_ref().unwrap_or(&known.kind)),
            channels::settings.eq(change.settings.as_ref().unwrap_or(&known.settings)),
            channels::enabled.eq(change.enabled.unwrap_or(known.enabled)),
            channels::version.eq(known.version + 1),
        ))
        .execute(connection)?;
    if let Some(groups) = &change.groups {
        diesel::delete(channel_groups::table.filter(channel_groups::channel_id.eq(known.id.0)))
            .execute(connection)?;
        put_groups(connection, known.id.0, groups)?;
    }
    by_name(connection, &name)
}

/// Removes a channel softly: what it was told keeps its name, and what it is still owed is parked, so that no channel that
/// gets its name is told of it. To be called within [`super::write`].
///
/// # Errors
/// [`StoreError::Missing`].
pub fn remove(connection: &mut AnyConnection, name: &str, now: Instant) -> Result<(), StoreError> {
    let known = channels::table.filter(channels::removed_at.is_null().and(channels::name.eq(name)));
    match diesel::update(known).set(channels::removed_at.eq(now.ms())).execute(connection)? {
        0 => Err(StoreError::missing("channel", name)),
        _ => park_waiting(connection, name, "the channel was removed"),
    }
}

/// `name` as a channel's that no other one has.
fn free_name(
    connection: &mut AnyConnection,
    name: &str,
    own: Option<ChannelId>,
) -> Result<String, StoreError> {
    let name = text::name(name)?;
    if RESERVED.contains(&name.as_str()) {
        let problem = format!("{name:?} is the channel of [{name}] in djamon.toml; choose another name");
        return Err(Invalid::new("name", problem).into());
    }
    if all(connection)?.iter().any(|other| other.name == name && Some(other.id) != own) {
        return Err(Invalid::new("name", format!("{name:?} is the name of another channel")).into());
    }
    Ok(name)
}

fn put_groups(connection: &mut AnyConnection, channel: i32, groups: &[GroupId]) -> Result<(), StoreError> {
    let mut groups: Vec<_> = groups.iter().map(|group| group.0).collect();
    groups.sort_unstable();
    groups.dedup();
    for group in groups {
        diesel::insert_into(channel_groups::table)
            .values((channel_groups::channel_id.eq(channel), channel_groups::group_id.eq(group)))
            .execute(connection)?;
    }
    Ok(())
}
