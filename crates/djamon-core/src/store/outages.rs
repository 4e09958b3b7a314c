//! Outages as they are shown: lists, and one with all that belongs to it.

use diesel::prelude::*;

use super::outbox::{self, Alert};
use super::rows::{EventRow, OutageRow, PartRow, SiteRow};
use super::schema::{events, groups, outage_sites, outages, sites};
use super::{AnyConnection, CHUNK, StoreError, write};
use crate::domain::outage::{Acknowledged, Outage, Part};
use crate::domain::{Event, EventKind, GroupId, Instant, Invalid, OutageId, Site, SiteId};

/// Which outages are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// All.
    All,
    /// Those that go on.
    Open,
    /// Those that ended.
    Resolved,
}

/// A site's part in an outage, with how the site is called now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedPart {
    /// The part.
    pub part: Part,
    /// The site's slug.
    pub slug: String,
    /// The site's name.
    pub name: String,
    /// The site's address, credentials masked.
    pub shown_url: String,
    /// The group it is in now.
    pub group_id: Option<GroupId>,
    /// The slug of that group.
    pub group: Option<String>,
    /// Whether visitors may see the site.
    pub is_public: bool,
    /// Whether the site has been removed since.
    pub is_removed: bool,
}

/// An outage with the sites it touched, in the order they joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutageSites {
    /// The outage.
    pub outage: Outage,
    /// Its parts.
    pub parts: Vec<NamedPart>,
}

/// An outage with all that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutageStory {
    /// The outage and its sites.
    pub of: OutageSites,
    /// What happened, oldest first.
    pub events: Vec<Event>,
    /// What the channels are owed or were told, oldest first.
    pub alerts: Vec<Alert>,
}

/// At most `limit` outages with numbers below `before`, newest first.
///
/// # Errors
/// What the database says.
pub fn page(
    connection: &mut AnyConnection,
    which: Which,
    before: Option<OutageId>,
    offset: i64,
    limit: i64,
) -> Result<Vec<OutageSites>, StoreError> {
    let query = filtered(which, before).order(outages::id.desc()).offset(offset).limit(limit);
    let rows: Vec<OutageRow> = query.select(OutageRow::as_select()).load(connection)?;
    with_parts(connection, rows.into_iter().map(Outage::from).collect())
}

/// How many outages there are with numbers below `before`.
///
/// # Errors
/// What the database says.
pub fn count(
    connection: &mut AnyConnection,
    which: Which,
    before: Option<OutageId>,
) -> Result<i64, StoreError> {
    Ok(filtered(which, before).count().get_result(connection)?)
}

type Filtered<'a> = outages::BoxedQuery<'a, super::backend::connection::MultiBackend>;

fn filtered<'a>(which: Which, before: Option<OutageId>) -> Filtered<'a> {
    let query = outages::table.into_boxed();
    let query = match which {
        Which::All => query,
        Which::Open => query.filter(outages::resolved_at.is_null()),
        Which::Resolved => query.filter(outages::resolved_at.is_not_null()),
    };
    match before {
        Some(before) => query.filter(outages::id.lt(before.0)),
        None => query,
    }
}

/// [`page`] as visitors see it: outages with a part of a site that is public, open while such a part is.
///
/// # Errors
/// What the database says.
pub fn public_page(
    connection: &mut AnyConnection,
    which: Which,
    before: Option<OutageId>,
    offset: i64,
    limit: i64,
) -> Result<Vec<OutageSites>, StoreError> {
    let query = public(which, before).order(outages::id.desc()).offset(offset).limit(limit);
    let rows: Vec<OutageRow> = query.select(OutageRow::as_select()).load(connection)?;
    with_parts(connection, rows.into_iter().map(Outage::from).collect())
}

/// [`count`] as visitors see it.
///
/// # Errors
/// What the database says.
pub fn public_count(
    connection: &mut AnyConnection,
    which: Which,
    before: Option<OutageId>,
) -> Result<i64, StoreError> {
    Ok(public(which, before).count().get_result(connection)?)
}

fn public<'a>(which: Which, before: Option<OutageId>) -> Filtered<'a> {
    let parts = || {
        outage_sites::table
            .inner_join(sites::table.left_join(groups::table))
            .filter(sites::public.and(groups::public.is_null().or(groups::public.assume_not_null())))
            .select(outage_sites::outage_id)
    };
    let open = || parts().filter(outage_sites::up_at.is_null());
    let query = filtered(Which::All, before);
    match which {
        Which::All => query.filter(outages::id.eq_any(parts())),
        Which::Open => query.filter(outages::id.eq_any(open())),
        Which::Resolved => query.filter(outages::id.eq_any(parts()).and(outages::id.ne_all(open()))),
    }
}

/// The outages in which the site of this number took part, newest first.
///
/// # Errors
/// What the database says.
pub fn of_site(
    connection: &mut AnyConnection,
    site: SiteId,
    limit: i64,
) -> Result<Vec<OutageSites>, StoreError> {
    let numbers = outage_sites::table
        .filter(outage_sites::site_id.eq(site.0))
        .select(outage_sites::outage_id)
        .distinct()
        .order(outage_sites::outage_id.desc())
        .limit(limit)
        .load::<i32>(connection)?;
    let rows = outages::table.filter(outages::id.eq_any(numbers)).order(outages::id.desc());
    let rows: Vec<OutageRow> = rows.select(OutageRow::as_select()).load(connection)?;
    with_parts(connection, rows.into_iter().map(Outage::from).collect())
}

/// One outage and its sites.
///
/// # Errors
/// [`StoreError::Missing`].
pub fn sites_of(connection: &mut AnyConnection, id: OutageId) -> Result<OutageSites, StoreError> {
    let row: Option<OutageRow> =
        outages::table.find(id.0).select(OutageRow::as_select()).first(connection).optional()?;
    let outage = row.map(Outage::from).ok_or_else(|| StoreError::missing("outage", id))?;
    with_parts(connection, vec![outage])?.pop().ok_or_else(|| StoreError::missing("outage", id))
}

/// One outage with all that belongs to it.
///
/// # Errors
/// [`StoreError::Missing`].
pub fn story(connection: &mut AnyConnection, id: OutageId) -> Result<OutageStory, StoreError> {
    let of = sites_of(connection, id)?;
    Ok(OutageStory { of, events: events(connection, id)?, alerts: outbox::of_outage(connection, id)? })
}

/// Takes an open outage in hand: a single compare-and-set, so that of several people one is first.
///
/// # Errors
/// [`StoreError::Missing`]; [`StoreError::Invalid`] of `outage` when it is over, or somebody was first.
pub fn acknowledge(
    connection: &mut AnyConnection,
    id: OutageId,
    acknowledged: &Acknowledged,
) -> Result<(), StoreError> {
    write(connection, |connection| {
        let open = outages::table.filter(outages::id.eq(id.0).and(outages::resolved_at.is_null()));
        let changed = diesel::update(open.filter(outages::acknowledged_at.is_null()))
            .set((
                outages::acknowledged_at.eq(acknowledged.at.ms()),
                outages::acknowledged_by.eq(&acknowledged.by),
                outages::acknowledged_why.eq(acknowledged.why.as_deref()),
            ))
            .execute(connection)?;
        if changed == 1 {
            return Ok(());
        }
        let row = outages::table.find(id.0).select(OutageRow::as_select()).first(connection).optional()?;
        let outage = row.map(Outage::from).ok_or_else(|| StoreError::missing("outage", id))?;
        let problem = match outage.acknowledged {
            Some(first) => format!("{id} was acknowledged by {} already", first.by),
            None => format!("{id} is over; there is nothing left to acknowledge"),
        };
        Err(Invalid::new("outage", problem).into())
    })
}

/// The open outages, each with when people were last reminded of it.
///
/// # Errors
/// What the database says.
pub fn reminded(connection: &mut AnyConnection) -> Result<Vec<(Outage, Option<Instant>)>, StoreError> {
    let open = outages::table.filter(outages::resolved_at.is_null()).order(outages::id);
    let open: Vec<OutageRow> = open.select(OutageRow::as_select()).load(connection)?;
    let mut found = Vec::new();
    for outage in open.into_iter().map(Outage::from) {
        let last: Option<i64> = events::table
            .filter(events::outage_id.eq(outage.id.0).and(events::kind.eq(EventKind::Reminder.name())))
            .select(diesel::dsl::max(events::at))
            .get_result(connection)?;
        found.push((outage, last.map(Instant::from_ms)));
    }
    Ok(found)
}

/// What happened to an outage, oldest first.
///
/// # Errors
/// What the database says.
pub fn events(connection: &mut AnyConnection, id: OutageId) -> Result<Vec<Event>, StoreError> {
    let rows =
        events::table.filter(events::outage_id.eq(id.0)).order(events::id).select(EventRow::as_select());
    rows.load(connection)?.into_iter().map(Event::try_from).collect()
}

/// What happened to these outages, oldest first.
///
/// # Errors
/// What the database says.
pub fn events_of(connection: &mut AnyConnection, ids: &[OutageId]) -> Result<Vec<Event>, StoreError> {
    let ids: Vec<i32> = ids.iter().map(|id| id.0).collect();
    let mut found = Vec::new();
    for chunk in ids.chunks(CHUNK) {
        let rows = events::table.filter(events::outage_id.eq_any(chunk)).order(events::id);
        let rows: Vec<EventRow> = rows.select(EventRow::as_select()).load(connection)?;
        found.extend(rows.into_iter().map(Event::try_from).collect::<Result<Vec<_>, _>>()?);
    }
    Ok(found)
}

/// The outages with their parts, in the order given.
pub(super) fn with_parts(
    connection: &mut AnyConnection,
    outages: Vec<Outage>,
) -> Result<Vec<OutageSites>, StoreError> {
    let mut found: Vec<_> =
        outages.into_iter().map(|outage| OutageSites { outage, parts: Vec::new() }).collect();
    let ids: Vec<i32> = found.iter().map(|one| one.outage.id.0).collect();
    for chunk in ids.chunks(CHUNK) {
        let rows = outage_sites::table
            .inner_join(sites::table.left_join(groups::table))
            .filter(outage_sites::outage_id.eq_any(chunk))
            .order(outage_sites::id)
            .select((PartRow::as_select(), SiteRow::as_select(), (groups::slug, groups::public).nullable()))
            .load::<(PartRow, SiteRow, Option<(String, bool)>)>(connection)?;
        for (row, site, group) in rows {
            let (part, site) = (Part::try_from(row)?, Site::try_from(site)?);
            if let Some(one) = found.iter_mut().find(|one| one.outage.id == part.outage) {
                one.parts.push(NamedPart {
                    part,
                    shown_url: site.shown_url(),
                    group_id: site.group,
                    is_public: site.public && group.as_ref().is_none_or(|(_, is_public)| *is_public),
                    group: group.map(|(slug, _)| slug),
                    is_removed: site.removed_at.is_some(),
                    slug: site.slug,
                    name: site.name,
                });
            }
        }
    }
    Ok(found)
}
