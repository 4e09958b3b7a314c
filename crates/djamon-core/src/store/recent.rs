//! The newest hours and days of each site at each place, packed into one row: uptime of the last day, week and month is made of
//! them. What they tell stands in the rows of hours and days too; a site without such a row is told of by these.

use std::collections::{HashMap, VecDeque};

use diesel::prelude::*;

use super::backend::bulk;
use super::schema::{site_days, site_hours, site_recent};
use super::spans::{DayRow, HourRow, Whose};
use super::{AnyConnection, CHUNK, StoreError};
use crate::domain::{LocationId, SiteId};

/// A day has 25 hours at most. The others are in reserve: hours of a clock that was wrong take room as well.
const HOURS: usize = 36;
/// A month is 30 days; likewise.
const DAYS: usize = 36;

/// How long a site is known to have been up and down in an hour or a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Brief {
    pub number: i64,
    pub up_ms: i64,
    pub down_ms: i64,
}

/// The newest hours and days that are over, in the order in which they were written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Recent {
    pub hours: VecDeque<Brief>,
    pub days: VecDeque<Brief>,
}

/// A row of its table.
#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = site_recent)]
pub(super) struct RecentRow {
    pub site_id: i32,
    pub location_id: i32,
    pub spans: Vec<u8>,
}

/// What is known of these sites, those of all states when none are named: of each of `whose`, and of others perhaps.
///
/// # Errors
/// What the database says.
pub(super) fn of(
    connection: &mut AnyConnection,
    ids: Option<&[SiteId]>,
    whose: impl Iterator<Item = Whose>,
) -> Result<HashMap<Whose, Recent>, StoreError> {
    let query = || site_recent::table.select(RecentRow::as_select());
    let rows: Vec<RecentRow> = match ids {
        None => query().load(connection)?,
        Some(ids) => {
            let ids: Vec<i32> = ids.iter().map(|id| id.0).collect();
            let mut rows = Vec::new();
            for ids in ids.chunks(CHUNK) {
                rows.extend(query().filter(site_recent::site_id.eq_any(ids)).load(connection)?);
            }
            rows
        }
    };
    let mut found = HashMap::with_capacity(rows.len());
    for row in rows {
        let whose = (SiteId(row.site_id), LocationId(row.location_id));
        found.insert(whose, Recent::unpacked(&row.spans)?);
    }
    for whose in whose {
        if let std::collections::hash_map::Entry::Vacant(missing) = found.entry(whose) {
            missing.insert(made_of_rows(connection, whose)?);
        }
    }
    Ok(found)
}

/// Adds hours and days of one place that have just been written.
///
/// # Errors
/// What the database says.
pub(super) fn add(
    connection: &mut AnyConnection,
    location: LocationId,
    hours: &[HourRow],
    days: &[DayRow],
) -> Result<(), StoreError> {
    let mut ids: Vec<SiteId> = hours.iter().map(|row| SiteId(row.site_id)).collect();
    ids.dedup();
    let mut all = of(connection, Some(&ids), ids.iter().map(|id| (*id, location)))?;
    all.retain(|(_, place), _| *place == location);
    for row in hours {
        if let Some(recent) = all.get_mut(&(SiteId(row.site_id), location)) {
            push(&mut recent.hours, HOURS, brief((row.hour, row.up_ms, row.down_ms)));
        }
    }
    for row in days {
        if let Some(recent) = all.get_mut(&(SiteId(row.site_id), location)) {
            push(&mut recent.days, DAYS, brief((row.day, row.up_ms, row.down_ms)));
        }
    }
    let row = |((site, place), recent): (Whose, Recent)| RecentRow {
        site_id: site.0,
        location_id: place.0,
        spans: recent.packed(),
    };
    let mut rows: Vec<RecentRow> = all.into_iter().map(row).collect();
    rows.sort_unstable_by_key(|row| row.site_id);
    bulk::put_recent(connection, &rows)
}

/// One that is there already stays as it is, as its row does.
fn push(to: &mut VecDeque<Brief>, most: usize, span: Brief) {
    if to.iter().all(|other| other.number != span.number) {
        to.push_back(span);
    }
    while to.len() > most {
        to.pop_front();
    }
}

fn brief((number, up_ms, down_ms): (i32, i32, i32)) -> Brief {
    Brief { number: number.into(), up_ms: up_ms.into(), down_ms: down_ms.into() }
}

macro_rules! newest {
    ($connection:ident, $whose:ident, $table:ident.$number:ident, $most:ident) => {{
        let rows = $table::table
            .filter($table::site_id.eq($whose.0.0).and($table::location_id.eq($whose.1.0)))
            .order($table::$number.desc())
            .limit(i64::try_from($most).unwrap_or(i64::MAX))
            .select(($table::$number, $table::up_ms, $table::down_ms))
            .load::<(i32, i32, i32)>($connection)?;
        rows.into_iter().rev().map(brief).collect()
    }};
}

fn made_of_rows(connection: &mut AnyConnection, whose: Whose) -> Result<Recent, StoreError> {
    let hours = newest!(connection, whose, site_hours.hour, HOURS);
    let days = newest!(connection, whose, site_days.day, DAYS);
    Ok(Recent { hours, days })
}

/// How a span is packed: how much higher its number is than the one before, and the rest.
type Packed = (i64, u32, u32);

impl Recent {
    fn packed(&self) -> Vec<u8> {
        let pack = |spans: &VecDeque<Brief>| {
            let small = |ms: i64| u32::try_from(ms).unwrap_or(0);
            let before = std::iter::once(0).chain(spans.iter().map(|span| span.number));
            let packed = spans.iter().zip(before);
            packed
                .map(|(span, before)| (span.number - before, small(span.up_ms), small(span.down_ms)))
                .collect::<Vec<Packed>>()
        };
        postcard::to_allocvec(&(pack(&self.hours), pack(&self.days))).unwrap_or_default()
    }

    fn unpacked(bytes: &[u8]) -> Result<Self, StoreError> {
        let (hours, days): (Vec<Packed>, Vec<Packed>) =
            postcard::from_bytes(bytes).map_err(StoreError::unreadable)?;
        let unpack = |packed: Vec<Packed>| {
            let numbered = packed.into_iter().scan(0, |number, (more, up_ms, down_ms)| {
                *number += more;
                Some(Brief { number: *number, up_ms: up_ms.into(), down_ms: down_ms.into() })
            });
            numbered.collect()
        };
        Ok(Recent { hours: unpack(hours), days: unpack(days) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn spans() -> impl Strategy<Value = VecDeque<Brief>> {
        let span = (-9_000_000i64..9_000_000, 0i64..90_000_000, 0i64..90_000_000);
        let known = |(number, up_ms, down_ms)| Brief { number, up_ms, down_ms };
        prop::collection::vec(span.prop_map(known), 0..HOURS).prop_map(Into::into)
    }

    proptest! {
        #[test]
        fn what_is_packed_is_unpacked(hours in spans(), days in spans()) {
            let recent = Recent { hours, days };
            prop_assert_eq!(Recent::unpacked(&recent.packed()).unwrap(), recent);
        }
    }

    #[test]
    fn the_newest_are_kept_and_none_twice() {
        let mut kept = VecDeque::new();
        let known = |number, up_ms| Brief { number, up_ms, down_ms: 0 };
        for number in [1, 2, 900, 3] {
            push(&mut kept, 3, known(number, 1));
            push(&mut kept, 3, known(number, 2));
        }
        assert_eq!(kept, [known(2, 1), known(900, 1), known(3, 1)]);
    }
}
