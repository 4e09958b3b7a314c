//! Groups: made, changed and softly removed by commands and pages.

use diesel::prelude::*;

use super::rows::GroupRow;
use super::schema::{channel_groups, channels, groups, sites};
use super::{AnyConnection, StoreError};
use crate::domain::group::{self, GroupChange, NewGroup};
use crate::domain::{Group, GroupId, Instant, Invalid, text};

/// Every group that is not removed, by name.
pub fn all(connection: &mut AnyConnection) -> Result<Vec<Group>, StoreError> {
    let rows = groups::table.filter(groups::removed_at.is_null()).select(GroupRow::as_select());
    let mut groups: Vec<Group> = rows.load(connection)?.into_iter().map(Group::from).collect();
    groups.sort_by_cached_key(|group| (group.name.to_lowercase(), group.id));
    Ok(groups)
}

/// The group of this slug.
///
/// # Errors
/// [`StoreError::Missing`].
pub fn by_slug(connection: &mut AnyConnection, slug: &str) -> Result<Group, StoreError> {
    groups::table
        .filter(groups::removed_at.is_null().and(groups::slug.eq(slug)))
        .select(GroupRow::as_select())
        .first(connection)
        .optional()?
        .map(Group::from)
        .ok_or_else(|| StoreError::missing("group", slug))
}

/// Makes a group; its slug is made unique. To be called within [`super::write`].
///
/// # Errors
/// [`StoreError::Invalid`] for an empty name or a wanted slug that is taken.
pub fn add(connection: &mut AnyConnection, new: &NewGroup, now: Instant) -> Result<Group, StoreError> {
    let name = text::name(&new.name)?;
    let taken: Vec<String> =
        groups::table.filter(groups::removed_at.is_null()).select(groups::slug).load(connection)?;
    let slug = super::sites::free_slug(new.slug.as_deref(), &name, "group", &taken)?;
    let id: i32 = diesel::insert_into(groups::table)
        .values((
            groups::slug.eq(slug),
            groups::name.eq(name),
            groups::public.eq(new.public),
            groups::version.eq(1),
            groups::created_at.eq(now.ms()),
        ))
        .returning(groups::id)
        .get_result(connection)?;
    by_id(connection, GroupId(id))
}

/// Changes a group. To be called within [`super::write`].
///
/// # Errors
/// [`StoreError::Missing`], [`StoreError::Invalid`].
pub fn edit(connection: &mut AnyConnection, slug: &str, change: &GroupChange) -> Result<Group, StoreError> {
    let group = by_slug(connection, slug)?;
    let name = change.name.as_deref().map_or(Ok(group.name.clone()), text::name)?;
    diesel::update(groups::table.filter(groups::id.eq(group.id.0)))
        .set((
            groups::name.eq(name),
            groups::public.eq(change.public.unwrap_or(group.public)),
            groups::version.eq(group.version + 1),
        ))
        .execute(connection)?;
    by_id(connection, group.id)
}

/// Removes a group that has no sites and that no channel is limited to. To be called within [`super::write`].
///
/// # Errors
/// [`StoreError::Missing`]; [`StoreError::Invalid`] while sites belong to it or channels are told of it.
pub fn remove(connection: &mut AnyConnection, slug: &str, now: Instant) -> Result<Group, StoreError> {
    let group = by_slug(connection, slug)?;
    let members: i64 = sites::table
        .filter(sites::group_id.eq(group.id.0).and(sites::removed_at.is_null()))
        .count()
        .get_result(connection)?;
    if members > 0 {
        let problem = format!("{slug:?} still has {members} sites; move or remove them first");
        return Err(Invalid::new("group", problem).into());
    }
    // A channel whose last group went would be told of everything, or of nothing: its owner decides.
    let told: Vec<String> = channel_groups::table
        .inner_join(channels::table)
        .filter(channel_groups::group_id.eq(group.id.0).and(channels::removed_at.is_null()))
        .order(channels::id)
        .select(channels::name)
        .load(connection)?;
    if !told.is_empty() {
        let problem = format!("{slug:?} is what {} told of; change or remove that first", listed(&told));
        return Err(Invalid::new("group", problem).into());
    }
    diesel::update(groups::table.filter(groups::id.eq(group.id.0)))
        .set(groups::removed_at.eq(now.ms()))
        .execute(connection)?;
    Ok(group)
}

fn listed(channels: &[String]) -> String {
    match channels {
        [one] => format!("the channel {one} is"),
        several => format!("the channels {} are", several.join(", ")),
    }
}

fn by_id(connection: &mut AnyConnection, id: GroupId) -> Result<Group, StoreError> {
    let row: GroupRow = groups::table.find(id.0).select(GroupRow::as_select()).first(connection)?;
    Ok(row.into())
}

/// The group that a person means by `name`: a slug, or a name that no other group has.
///
/// # Errors
/// [`StoreError::Invalid`] naming the groups there are, or those of this name.
pub fn meant(connection: &mut AnyConnection, name: &str) -> Result<Group, StoreError> {
    let all = all(connection)?;
    let of_slug = |slug: &str| all.iter().find(|group| group.slug == slug);
    let known = all.iter().map(|group| (group.slug.as_str(), group.name.as_str()));
    let by_name = || group::called(name, known).map_err(|problem| Invalid::new("group", problem));
    let found = match of_slug(name) {
        None => by_name()?.and_then(of_slug),
        some => some,
    };
    if let Some(group) = found {
        return Ok(group.clone());
    }
    let known = match all.as_slice() {
        [] => "there are none yet".to_owned(),
        some => format!("there are {}", some.iter().map(|g| g.slug.as_str()).collect::<Vec<_>>().join(", ")),
    };
    let problem = format!("there is no group {name:?} ({known}); add it with djamon-check group add");
    Err(Invalid::new("group", problem).into())
}
