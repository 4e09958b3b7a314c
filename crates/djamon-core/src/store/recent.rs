//! The newest hours and days of each site at each place, packed into one row: uptime of the last day, week and month is made of
//! them. What they tell stands in the rows of hours and days too; a site without such a row is told of by these.

use std::collections::{BTreeSet, HashMap};

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

macro_rules! from_rows {
    ($connection:ident, $ids:ident, $table:ident.$number:ident, $from:ident) => {{
        let rows = $table::table
            .filter($table::site_id.eq_any($ids))
            .filter($table::$number.ge(i32::try_from($from).unwrap_or(i32::MIN)))
            .order(($table::site_id, $table::location_id, $table::$number))
            .select(($table::site_id, $table::location_id, ($table::$number, $table::up_ms, $table::down_ms)))
            .load::<(i32, i32, (i32, i32, i32))>($connection)?;
        rows.into_iter().map(|(site, place, span)| ((SiteId(site), LocationId(place)), brief(span)))
    }};
}

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
    pub hours: Vec<Brief>,
    pub days: Vec<Brief>,
}

/// A row of its table.
#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = site_recent)]
pub(super) struct RecentRow {
    pub site_id: i32,
    pub location_id: i32,
    pub spans: Vec<u8>,
}

impl RecentRow {
    /// Whose it is.
    pub fn whose(&self) -> Whose {
        (SiteId(self.site_id), LocationId(self.location_id))
    }

    /// What it tells; nothing when that cannot be read: then rows of hours and days do.
    pub fn recent(&self) -> Option<Recent> {
        let (hours, days) = postcard::from_bytes(&self.spans).ok()?;
        Some(Recent { hours: unpacked(hours), days: unpacked(days) })
    }
}

/// The rows of these sites; all there are when none are named.
///
/// # Errors
/// What the database says.
pub(super) fn rows(
    connection: &mut AnyConnection,
    ids: Option<&[SiteId]>,
) -> Result<Vec<RecentRow>, StoreError> {
    let query = || site_recent::table.select(RecentRow::as_select());
    let Some(ids) = ids else { return Ok(query().load(connection)?) };
    let mut rows = Vec::new();
    for ids in numbers(ids).chunks(CHUNK) {
        rows.extend(query().filter(site_recent::site_id.eq_any(ids)).load(connection)?);
    }
    Ok(rows)
}

/// What rows of hours and days tell of these sites at all places, from these numbers on.
///
/// # Errors
/// What the database says.
pub(super) fn made_of_rows(
    connection: &mut AnyConnection,
    ids: &[SiteId],
    (hour, day): (i64, i64),
) -> Result<HashMap<Whose, Recent>, StoreError> {
    let mut made: HashMap<Whose, Recent> = HashMap::new();
    for ids in numbers(ids).chunks(CHUNK) {
        for (whose, hour) in from_rows!(connection, ids, site_hours.hour, hour) {
            made.entry(whose).or_default().hours.push(hour);
        }
        for (whose, day) in from_rows!(connection, ids, site_days.day, day) {
            made.entry(whose).or_default().days.push(day);
        }
    }
    Ok(made)
}

/// Adds hours and days of `place` that have just been written; `present` and `today` are the hour and the day that go on. Sites
/// that have no row yet get one of what is written, and so do those of `anew`. What a clock that was wrong wrote is left out.
///
/// # Errors
/// What the database says.
pub(super) fn add(
    connection: &mut AnyConnection,
    place: LocationId,
    (present, today): (i64, i64),
    hours: &[HourRow],
    days: &[DayRow],
    anew: &BTreeSet<SiteId>,
) -> Result<(), StoreError> {
    if hours.is_empty() {
        return Ok(());
    }
    let mut ids: Vec<SiteId> = hours.iter().map(|row| SiteId(row.site_id)).collect();
    ids.dedup();
    let here = |whose: &Whose| whose.1 == place;
    let goes_on = |whose: &Whose| here(whose) && !anew.contains(&whose.0);
    let found = rows(connection, Some(&ids))?.into_iter().filter(|row| goes_on(&row.whose()));
    let mut all: HashMap<Whose, Recent> =
        found.filter_map(|row| Some((row.whose(), row.recent()?))).collect();
    let missing: Vec<SiteId> = ids.into_iter().filter(|id| !all.contains_key(&(*id, place))).collect();
    if !missing.is_empty() {
        let from = (present - reach(HOURS), today - reach(DAYS));
        let made = made_of_rows(connection, &missing, from)?.into_iter().filter(|(whose, _)| here(whose));
        all.extend(made.map(|(whose, mut recent)| {
            recent.hours.retain(|hour| hour.number <= present);
            recent.days.retain(|day| day.number <= today);
            (whose, recent)
        }));
    }
    for row in hours.iter().filter(|row| !is_jump(row.hour.into(), present)) {
        let recent = all.entry((SiteId(row.site_id), place)).or_default();
        push(&mut recent.hours, HOURS, brief((row.hour, row.up_ms, row.down_ms)));
    }
    for row in days {
        let recent = all.entry((SiteId(row.site_id), place)).or_default();
        push(&mut recent.days, DAYS, brief((row.day, row.up_ms, row.down_ms)));
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

/// Forgets what is packed of a site at a place: rows of hours and days have changed.
///
/// # Errors
/// What the database says.
pub(super) fn forget(
    connection: &mut AnyConnection,
    site: SiteId,
    place: LocationId,
) -> Result<(), StoreError> {
    let row = site_recent::site_id.eq(site.0).and(site_recent::location_id.eq(place.0));
    diesel::delete(site_recent::table.filter(row)).execute(connection)?;
    Ok(())
}

/// Whether a clock, or a site that nobody looked at, went from one hour to another of which what is packed tells nothing.
pub(super) fn is_jump(from: i64, to: i64) -> bool {
    !(0..reach(HOURS)).contains(&(to - from))
}

fn reach(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}

fn numbers(ids: &[SiteId]) -> Vec<i32> {
    ids.iter().map(|id| id.0).collect()
}

/// One that is there already stays as it is, as its row does.
fn push(to: &mut Vec<Brief>, most: usize, span: Brief) {
    if to.iter().all(|other| other.number != span.number) {
        to.push(span);
    }
    to.drain(..to.len().saturating_sub(most));
}

fn brief((number, up_ms, down_ms): (i32, i32, i32)) -> Brief {
    Brief { number: number.into(), up_ms: up_ms.into(), down_ms: down_ms.into() }
}

/// How a span is packed: how much higher its number is than the one before, and the rest.
type Packed = (i64, u32, u32);

impl Recent {
    fn packed(&self) -> Vec<u8> {
        postcard::to_allocvec(&(packed(&self.hours), packed(&self.days))).unwrap_or_default()
    }
}

fn packed(spans: &[Brief]) -> Vec<Packed> {
    let small = |ms: i64| u32::try_from(ms).unwrap_or(0);
    let before = std::iter::once(0).chain(spans.iter().map(|span| span.number));
    let packed = spans.iter().zip(before);
    packed.map(|(span, before)| (span.number - before, small(span.up_ms), small(span.down_ms))).collect()
}

fn unpacked(packed: Vec<Packed>) -> Vec<Brief> {
    let mut number: i64 = 0;
    let unpack = |(more, up_ms, down_ms): Packed| {
        number = number.saturating_add(more);
        Brief { number, up_ms: up_ms.into(), down_ms: down_ms.into() }
    };
    packed.into_iter().map(unpack).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn spans() -> impl Strategy<Value = Vec<Brief>> {
        let span = (-9_000_000i64..9_000_000, 0i64..90_000_000, 0i64..90_000_000);
        let known = |(number, up_ms, down_ms)| Brief { number, up_ms, down_ms };
        prop::collection::vec(span.prop_map(known), 0..HOURS)
    }

    proptest! {
        #[test]
        fn what_is_packed_is_unpacked(hours in spans(), days in spans()) {
            let recent = Recent { hours, days };
            let row = RecentRow { site_id: 1, location_id: 1, spans: recent.packed() };
            prop_assert_eq!(row.recent(), Some(recent));
        }
    }

    proptest! {
        #[test]
        fn what_cannot_be_read_tells_nothing_and_harms_nobody(spans: Vec<u8>) {
            let _ = RecentRow { site_id: 1, location_id: 1, spans }.recent();
        }
    }

    #[test]
    fn the_newest_are_kept_and_none_twice() {
        let mut kept = Vec::new();
        let known = |number, up_ms| Brief { number, up_ms, down_ms: 0 };
        for number in [1, 2, 900, 3] {
            push(&mut kept, 3, known(number, 1));
            push(&mut kept, 3, known(number, 2));
        }
        assert_eq!(kept, [known(2, 1), known(900, 1), known(3, 1)]);
    }
}
