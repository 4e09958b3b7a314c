//! Hours and days of sites as rows: written by a run when they are over, days as the sum of their hours.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use diesel::prelude::*;

use super::backend::bulk;
use super::schema::{site_days, site_hours};
use super::{AnyConnection, CHUNK, StoreError, calendars, recent};
use crate::calendar::{Days, Piece};
use crate::domain::plan::{RunContext, RunPlan};
use crate::domain::times::Times;
use crate::domain::uptime::{Failed, Open, Tally};
use crate::domain::{LocationId, Outcome, SiteId};

/// A site as it is seen from one place.
pub type Whose = (SiteId, LocationId);

/// A number as a column of four bytes holds it.
fn small(n: impl TryInto<i32>) -> i32 {
    n.try_into().unwrap_or(i32::MAX)
}

macro_rules! span_rows {
    ($($(#[$doc:meta])* $name:ident: $table:ident.$number:ident),+) => {$(
        $(#[$doc])*
        #[derive(Insertable, Queryable, Selectable, Debug, Clone, PartialEq, Eq)]
        #[diesel(table_name = super::schema::$table)]
        pub(super) struct $name {
            pub site_id: i32,
            pub location_id: i32,
            pub $number: i32,
            pub up_ms: i32,
            pub degraded_ms: i32,
            pub down_ms: i32,
            pub blind_ms: i32,
            pub looks: i32,
            pub failures: i32,
            pub failed: Vec<u8>,
            pub times: Vec<u8>,
        }

        impl $name {
            pub fn new(site: SiteId, location: LocationId, open: &Open) -> Self {
                let Tally { up_ms, degraded_ms, down_ms, blind_ms, looks, failures, failed } = open.tally;
                $name {
                    site_id: site.0,
                    location_id: location.0,
                    $number: small(open.number),
                    up_ms: small(up_ms),
                    degraded_ms: small(degraded_ms),
                    down_ms: small(down_ms),
                    blind_ms: small(blind_ms),
                    looks: small(looks),
                    failures: small(failures),
                    failed: pack_failed(&failed),
                    times: open.times.to_bytes(),
                }
            }
        }

        impl TryFrom<$name> for Open {
            type Error = StoreError;

            fn try_from(row: $name) -> Result<Self, StoreError> {
                Ok(Open {
                    number: row.$number.into(),
                    tally: Tally {
                        up_ms: row.up_ms.into(),
                        degraded_ms: row.degraded_ms.into(),
                        down_ms: row.down_ms.into(),
                        blind_ms: row.blind_ms.into(),
                        looks: u32::try_from(row.looks).unwrap_or(0),
                        failures: u32::try_from(row.failures).unwrap_or(0),
                        failed: unpack_failed(&row.failed)?,
                    },
                    times: Times::from_bytes(&row.times).map_err(StoreError::unreadable)?,
                })
            }
        }
    )+};
}

span_rows! {
    /// An hour that is over.
    HourRow: site_hours.hour,
    /// A day that is over.
    DayRow: site_days.day
}

/// Pairs of an outcome's number and how many looks ended so; nothing for nothing.
pub(super) fn pack_failed(failed: &Failed) -> Vec<u8> {
    let pairs = failed.iter().map(|(outcome, count)| (outcome.number(), count));
    pairs.flat_map(|pair| postcard::to_allocvec(&pair).unwrap_or_default()).collect()
}

/// What [`pack_failed`] made. An outcome that this program does not know is left out.
pub(super) fn unpack_failed(mut bytes: &[u8]) -> Result<Failed, StoreError> {
    let mut failed = Failed::default();
    while !bytes.is_empty() {
        let ((number, count), rest) =
            postcard::take_from_bytes::<(i16, u32)>(bytes).map_err(StoreError::unreadable)?;
        Outcome::from_number(number).into_iter().for_each(|outcome| failed.add(outcome, count));
        bytes = rest;
    }
    Ok(failed)
}

/// Writes the hours that a plan closes, and the days that are over with them.
pub(super) fn put(
    connection: &mut AnyConnection,
    context: &RunContext,
    plan: &RunPlan,
) -> Result<(), StoreError> {
    let mut hours: Vec<_> =
        plan.hours.iter().map(|(site, hour)| HourRow::new(*site, context.location, hour)).collect();
    if bulk::insert_hours(connection, &hours)? < hours.len() {
        hours = add_to_hours(connection, context, hours)?;
    }

    let calendar = calendars::of_run(connection, context, plan)?;
    // Sites by the days they leave behind: almost always the same one for all.
    let mut known = BTreeMap::new();
    let mut day_of = |hour| *known.entry(hour).or_insert_with(|| calendar.day_of(hour));
    let mut over: BTreeMap<(i64, i64), BTreeSet<i32>> = BTreeMap::new();
    let mut jumped: BTreeSet<SiteId> = BTreeSet::new();
    let mut present = i64::MAX;
    for (site, hour) in &plan.hours {
        let Some(open) = plan.states.get(site).map(|state| state.ledger.hour.number) else { continue };
        present = present.min(open);
        if recent::is_jump(hour.number, open) {
            jumped.insert(*site);
        }
        let (day, today) = (day_of(hour.number), day_of(open));
        if day != today {
            // Hours of some later days may have gone before, where days are cut by another zone. A day that comes back is written
            // anew.
            let end = if day < today { today.min(day + 1 + Days::AT_ONCE) } else { day + 1 };
            over.entry((day, end)).or_default().insert(site.0);
        }
    }
    let mut days = Vec::new();
    for ((first, end), sites) in over {
        let sites: Vec<i32> = sites.into_iter().collect();
        for sites in sites.chunks(CHUNK) {
            days.extend(put_days(connection, context, &calendar, sites, first..end)?);
        }
    }
    recent::add(connection, context.location, (present, calendar.day_of(present)), &hours, &days, &jumped)
}

/// Adds hours to what is there of them: a clock that was ahead closed them before they were over. Gives them as they are now.
fn add_to_hours(
    connection: &mut AnyConnection,
    context: &RunContext,
    hours: Vec<HourRow>,
) -> Result<Vec<HourRow>, StoreError> {
    let mut whole = Vec::with_capacity(hours.len());
    for hour in hours {
        let key = site_hours::site_id
            .eq(hour.site_id)
            .and(site_hours::location_id.eq(context.location.0))
            .and(site_hours::hour.eq(hour.hour));
        let before: HourRow = site_hours::table.filter(key).select(HourRow::as_select()).first(connection)?;
        if before == hour {
            // This one was not there and is now.
            whole.push(hour);
            continue;
        }
        let site = SiteId(hour.site_id);
        let mut sum = Open::try_from(before)?;
        sum.add_span(&Open::try_from(hour)?);
        let sum = HourRow::new(site, context.location, &sum);
        diesel::delete(site_hours::table.filter(key)).execute(connection)?;
        bulk::insert_hours(connection, std::slice::from_ref(&sum))?;
        recent::forget(connection, site, context.location)?;
        whole.push(sum);
    }
    Ok(whole)
}

/// Writes these days as the sums of their hours. Gives them.
fn put_days(
    connection: &mut AnyConnection,
    context: &RunContext,
    calendar: &Days,
    sites: &[i32],
    over: Range<i64>,
) -> Result<Vec<DayRow>, StoreError> {
    let (from, to) = bounds(&calendar.pieces(over.clone()));
    let rows: Vec<HourRow> = site_hours::table
        .filter(site_hours::site_id.eq_any(sites).and(site_hours::location_id.eq(context.location.0)))
        .filter(site_hours::hour.ge(small(from)).and(site_hours::hour.lt(small(to))))
        .select(HourRow::as_select())
        .load(connection)?;
    let mut days: BTreeMap<(i32, i64), Open> = BTreeMap::new();
    for row in rows {
        let site = row.site_id;
        let hour = Open::try_from(row)?;
        let number = calendar.day_of(hour.number);
        if over.contains(&number) {
            let day = days.entry((site, number)).or_insert(Open { number, ..Open::default() });
            day.add_span(&hour);
        }
    }
    let rows: Vec<_> =
        days.iter().map(|((site, _), day)| DayRow::new(SiteId(*site), context.location, day)).collect();
    if bulk::insert_days(connection, &rows)? < rows.len() {
        return put_anew(connection, context, rows);
    }
    Ok(rows)
}

/// Writes days anew that were written before they were over: a clock was ahead, or days are cut by another zone. Gives them as they
/// are now. One whose hours are gone stays: a clock was set far back.
fn put_anew(
    connection: &mut AnyConnection,
    context: &RunContext,
    days: Vec<DayRow>,
) -> Result<Vec<DayRow>, StoreError> {
    let mut kept = Vec::with_capacity(days.len());
    for day in days {
        let key = site_days::site_id
            .eq(day.site_id)
            .and(site_days::location_id.eq(context.location.0))
            .and(site_days::day.eq(day.day));
        let before: DayRow = site_days::table.filter(key).select(DayRow::as_select()).first(connection)?;
        let known = |day: &DayRow| i64::from(day.up_ms) + i64::from(day.down_ms) + i64::from(day.blind_ms);
        if before == day || before.looks > day.looks || known(&before) > known(&day) {
            kept.push(before);
            continue;
        }
        diesel::delete(site_days::table.filter(key)).execute(connection)?;
        bulk::insert_days(connection, std::slice::from_ref(&day))?;
        recent::forget(connection, SiteId(day.site_id), context.location)?;
        kept.push(day);
    }
    Ok(kept)
}

/// The hours between which these lie: from the first to before the second.
pub(super) fn bounds(pieces: &[Piece]) -> (i64, i64) {
    let first = pieces.iter().map(|piece| piece.hours.start).min();
    let end = pieces.iter().map(|piece| piece.hours.end).max();
    (first.unwrap_or(0), end.unwrap_or(0))
}

macro_rules! read_spans {
    ($(#[$doc:meta])* $name:ident: $row:ident in $table:ident.$number:ident) => {
        $(#[$doc])*
        ///
        /// # Errors
        /// What the database says.
        pub fn $name(
            connection: &mut AnyConnection,
            sites: &[SiteId],
            (from, to): (i64, i64),
        ) -> Result<Vec<(Whose, Open)>, StoreError> {
            let sites: Vec<i32> = sites.iter().map(|site| site.0).collect();
            let mut found = Vec::new();
            for sites in sites.chunks(CHUNK) {
                let rows: Vec<$row> = $table::table
                    .filter($table::site_id.eq_any(sites))
                    .filter($table::$number.ge(small(from)).and($table::$number.lt(small(to))))
                    .order(($table::site_id, $table::location_id, $table::$number))
                    .select($row::as_select())
                    .load(connection)?;
                for row in rows {
                    let whose = (SiteId(row.site_id), LocationId(row.location_id));
                    found.push((whose, Open::try_from(row)?));
                }
            }
            Ok(found)
        }
    };
}

read_spans! {
    /// The hours of these sites with numbers from the first to before the second, by site, place and number.
    hours: HourRow in site_hours.hour
}
read_spans! {
    /// The days of these sites with numbers from the first to before the second, by site, place and number.
    days: DayRow in site_days.day
}
