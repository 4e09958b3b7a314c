//! Times when a place could not see: begun by a blind run, ended by the next one that finds out that it can. While such a time
//! goes on, its last run vouches for it as a look does: for twice the time that was to pass until the next.

use std::collections::HashMap;
use std::time::Duration;

use diesel::prelude::*;

use super::schema::blind_times;
use super::{AnyConnection, StoreError, views, write};
use crate::domain::run::{Blind, BlindSpan, BlindTime, Blindness};
use crate::domain::{Instant, LocationId, SiteOptions};

/// Notes that `location` is blind, which the run vouches for until `until`. To be called within [`super::write`].
///
/// # Errors
/// What the database says.
pub(super) fn goes_on(
    connection: &mut AnyConnection,
    location: LocationId,
    blind: &Blind,
    until: Instant,
) -> Result<(), StoreError> {
    let (from, until) = (blind.from.ms(), until.max(blind.from).ms());
    let open = blind_times::location_id.eq(location.0).and(blind_times::over.eq(false));
    let goes_on = open.and(blind_times::from_at.le(from)).and(blind_times::until_at.ge(from));
    let known = diesel::update(blind_times::table.filter(goes_on))
        .set((blind_times::until_at.eq(until), blind_times::reason.eq(&blind.reason)))
        .execute(connection)?;
    if known == 0 {
        // Nobody knows of the time since the one before, or a clock was set.
        diesel::update(blind_times::table.filter(open))
            .set(blind_times::over.eq(true))
            .execute(connection)?;
        let after = views::last_id(connection)?.map_or(from, |last| last.instant().ms());
        diesel::insert_into(blind_times::table)
            .values((
                blind_times::location_id.eq(location.0),
                blind_times::after_at.eq(after),
                blind_times::from_at.eq(from),
                blind_times::until_at.eq(until),
                blind_times::over.eq(false),
                blind_times::reason.eq(&blind.reason),
            ))
            .execute(connection)?;
    }
    Ok(())
}

/// Notes that the run of `location` that began at `at` can see, and gives when those before it could not.
///
/// # Errors
/// What the database says.
pub fn is_over(
    connection: &mut AnyConnection,
    location: LocationId,
    at: Instant,
) -> Result<Blindness, StoreError> {
    let here = blind_times::location_id.eq(location.0);
    let open = here.and(blind_times::over.eq(false));
    let goes_on: Option<(i64, i64)> = blind_times::table
        .filter(open)
        .select((blind_times::from_at, blind_times::until_at))
        .first(connection)
        .optional()?;
    if let Some((from, until)) = goes_on {
        // A clock that was set back tells nothing of its end.
        let until = if at.ms() < from { until } else { until.min(at.ms()) };
        write(connection, |connection| {
            diesel::update(blind_times::table.filter(open))
                .set((blind_times::until_at.eq(until), blind_times::over.eq(true)))
                .execute(connection)?;
            Ok::<_, StoreError>(())
        })?;
    }
    let rows: Vec<Span> = vouched_for(at).filter(here).load(connection)?;
    Ok(Blindness(rows.into_iter().map(span).collect()))
}

/// When the places could not see, by place.
#[derive(Debug, Default)]
pub struct OfPlaces(HashMap<LocationId, Blindness>);

impl OfPlaces {
    /// When `place` could not.
    pub fn of(&self, place: LocationId) -> &Blindness {
        const NEVER: &Blindness = &Blindness::NEVER;
        self.0.get(&place).unwrap_or(NEVER)
    }
}

/// When the places could not see, as far back as a look that still vouches at `at` may be.
///
/// # Errors
/// What the database says.
pub fn of_places(connection: &mut AnyConnection, at: Instant) -> Result<OfPlaces, StoreError> {
    let mut places: HashMap<LocationId, Blindness> = HashMap::new();
    for row in vouched_for(at).load::<Span>(connection)? {
        places.entry(LocationId(row.0)).or_default().0.push(span(row));
    }
    Ok(OfPlaces(places))
}

/// Where, the time in the key of the last SiteView before, from when and until when.
type Span = (i32, i64, i64, i64);

#[diesel::dsl::auto_type(no_type_alias)]
fn vouched_for(at: Instant) -> _ {
    let longest: Duration = SiteOptions::LONGEST_INTERVAL.saturating_mul(2);
    let oldest: i64 = at.minus(longest).ms();
    blind_times::table.filter(blind_times::until_at.gt(oldest)).order(blind_times::id).select((
        blind_times::location_id,
        blind_times::after_at,
        blind_times::from_at,
        blind_times::until_at,
    ))
}

fn span((_, after, from, until): Span) -> BlindSpan {
    let [after, from, until] = [after, from, until].map(Instant::from_ms);
    BlindSpan { after, from, until }
}

/// The time that goes on at `location`.
///
/// # Errors
/// What the database says.
pub fn going_on(
    connection: &mut AnyConnection,
    location: LocationId,
) -> Result<Option<BlindTime>, StoreError> {
    let open = blind_times::location_id.eq(location.0).and(blind_times::over.eq(false));
    let row = blind_times::table.filter(open).select(Row::as_select()).first(connection).optional()?;
    Ok(row.map(|row| BlindTime { until: None, ..row.into() }))
}

/// The newest `limit` times, newest first, as they stand at `now`: one that no run vouches for any more is over.
///
/// # Errors
/// What the database says.
pub fn newest(
    connection: &mut AnyConnection,
    limit: i64,
    now: Instant,
) -> Result<Vec<BlindTime>, StoreError> {
    let rows = blind_times::table.order(blind_times::id.desc()).limit(limit).select(Row::as_select());
    let told = |row: Row| {
        let goes_on = !row.over && row.until_at > now.ms();
        let time = BlindTime::from(row);
        BlindTime { until: time.until.filter(|_| !goes_on), ..time }
    };
    Ok(rows.load(connection)?.into_iter().map(told).collect())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = blind_times)]
struct Row {
    location_id: i32,
    from_at: i64,
    until_at: i64,
    over: bool,
    reason: String,
}

impl From<Row> for BlindTime {
    fn from(row: Row) -> Self {
        BlindTime {
            location: LocationId(row.location_id),
            from: Instant::from_ms(row.from_at),
            until: Some(Instant::from_ms(row.until_at)),
            reason: row.reason,
        }
    }
}
