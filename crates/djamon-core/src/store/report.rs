//! What reports are made of: sites with their days and outages in a range of days, and months that were frozen.

use std::collections::HashMap;

use diesel::prelude::*;

use super::rows::SiteRow;
use super::schema::{frozen_figures, frozen_months, groups, outage_sites, sites};
use super::{AnyConnection, StoreError, hours};
use crate::calendar::Zone;
use crate::domain::report::{Down, Line, NamedLine, Range};
use crate::domain::{Instant, Left, OutageId, Site, SiteId};

/// Which sites are reported of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// All that there were.
    All,
    /// One, by its slug.
    Site(String),
    /// Those of one group, by its slug.
    Group(String),
}

impl Which {
    fn takes(&self, line: &NamedLine) -> bool {
        match self {
            Which::All => true,
            Which::Site(slug) => line.slug == *slug,
            Which::Group(slug) => line.group.as_ref() == Some(slug),
        }
    }
}

/// The lines of the sites that were there between the days `from` and `to` (not included) of `zone`, by name.
///
/// # Errors
/// What the database says.
pub fn lines(
    connection: &mut AnyConnection,
    which: &Which,
    zone: &Zone,
    (from, to): (i64, i64),
    now: Instant,
) -> Result<Vec<(SiteId, NamedLine)>, StoreError> {
    let range = Range { from: zone.start_of(from), to: zone.start_of(to).min(now) };
    let named = named(connection, range)?;
    let ids: Vec<SiteId> =
        named.iter().filter(|(_, line)| which.takes(line)).map(|(site, _)| site.id).collect();
    // What was removed is not known to be up or down any more: the last look before does not vouch for it.
    let removed: HashMap<SiteId, Instant> =
        named.iter().filter_map(|(site, _)| Some((site.id, site.removed_at?))).collect();
    let mut totals = hours::totals(connection, &ids, (from, to), now, &removed)?;
    let mut downs = downs(connection, range)?;
    let lines = named.into_iter().filter(|(_, line)| which.takes(line)).map(|(site, mut line)| {
        let known = totals.remove(&site.id).unwrap_or_default();
        let there = Range {
            from: range.from.max(site.created_at),
            to: site.removed_at.map_or(range.to, |removed_at| removed_at.min(range.to)),
        };
        let downs = downs.remove(&site.id).unwrap_or_default();
        line.line = Line::of(there, &known.tally, &known.times, &downs);
        (site.id, line)
    });
    Ok(lines.collect())
}

/// The sites that were there in `range`, also those removed since, with empty lines.
fn named(connection: &mut AnyConnection, range: Range) -> Result<Vec<(Site, NamedLine)>, StoreError> {
    let rows = sites::table
        .left_join(groups::table)
        .filter(sites::created_at.lt(range.to.ms()))
        .filter(sites::removed_at.is_null().or(sites::removed_at.gt(range.from.ms())))
        .select((SiteRow::as_select(), groups::slug.nullable()))
        .load::<(SiteRow, Option<String>)>(connection)?;
    let mut found = Vec::new();
    for (row, group) in rows {
        let site = Site::try_from(row)?;
        let (slug, name, removed_at) = (site.slug.clone(), site.name.clone(), site.removed_at);
        found.push((site, NamedLine { slug, name, group, removed_at, line: Line::default() }));
    }
    found.sort_by_cached_key(|(site, line)| (line.name.to_lowercase(), site.id));
    Ok(found)
}

fn downs(connection: &mut AnyConnection, range: Range) -> Result<HashMap<SiteId, Vec<Down>>, StoreError> {
    type Row = (i32, i32, i64, i64, Option<i64>, Option<String>);
    let rows: Vec<Row> = outage_sites::table
        .filter(outage_sites::down_at.lt(range.to.ms()))
        .filter(outage_sites::up_at.is_null().or(outage_sites::up_at.ge(range.from.ms())))
        .order(outage_sites::id)
        .select((
            outage_sites::site_id,
            outage_sites::outage_id,
            outage_sites::down_at,
            outage_sites::detected_at,
            outage_sites::up_at,
            outage_sites::left_reason,
        ))
        .load(connection)?;
    let mut downs: HashMap<SiteId, Vec<Down>> = HashMap::new();
    for (site, outage, from, detected_at, to, left) in rows {
        downs.entry(SiteId(site)).or_default().push(Down {
            outage: OutageId(outage),
            from: Instant::from_ms(from),
            detected_at: Instant::from_ms(detected_at),
            to: to.map(Instant::from_ms),
            recovered: left.as_deref() == Some(Left::Recovered.name()),
        });
    }
    Ok(downs)
}

/// A month that was frozen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frozen {
    /// Whose days its days were.
    pub zone: Zone,
    /// When it was frozen.
    pub at: Instant,
    /// Its lines, by name.
    pub lines: Vec<NamedLine>,
}

/// The frozen month of this number (202611), if it was frozen.
///
/// # Errors
/// What the database says.
pub fn frozen(
    connection: &mut AnyConnection,
    which: &Which,
    month: i32,
) -> Result<Option<Frozen>, StoreError> {
    let row = frozen_months::table.find(month).select((frozen_months::zone, frozen_months::frozen_at));
    let Some((zone, at)) = row.first::<(String, i64)>(connection).optional()? else { return Ok(None) };
    let zone = zone.parse().map_err(StoreError::unreadable)?;
    let texts = frozen_figures::table.filter(frozen_figures::month.eq(month)).select(frozen_figures::figures);
    let mut lines = Vec::new();
    for text in texts.load::<String>(connection)? {
        let line: NamedLine = serde_json::from_str(&text).map_err(StoreError::unreadable)?;
        lines.extend(Some(line).filter(|line| which.takes(line)));
    }
    let removed = |line: &NamedLine| line.removed_at.map_or(i64::MAX, Instant::ms);
    lines.sort_by_cached_key(|line| (line.name.to_lowercase(), line.slug.clone(), removed(line)));
    Ok(Some(Frozen { zone, at: Instant::from_ms(at), lines }))
}

/// Freezes a month. To be called within [`super::write`], with the lines read in the same transaction.
///
/// # Errors
/// What the database says; a month that is frozen is not frozen again.
pub fn freeze(
    connection: &mut AnyConnection,
    month: i32,
    zone: &Zone,
    lines: &[(SiteId, NamedLine)],
    now: Instant,
) -> Result<(), StoreError> {
    diesel::insert_into(frozen_months::table)
        .values((
            frozen_months::month.eq(month),
            frozen_months::zone.eq(zone.name()),
            frozen_months::frozen_at.eq(now.ms()),
        ))
        .execute(connection)?;
    for (site, line) in lines {
        let figures = serde_json::to_string(line).map_err(StoreError::unreadable)?;
        diesel::insert_into(frozen_figures::table)
            .values((
                frozen_figures::month.eq(month),
                frozen_figures::site_id.eq(site.0),
                frozen_figures::figures.eq(figures),
            ))
            .execute(connection)?;
    }
    Ok(())
}
