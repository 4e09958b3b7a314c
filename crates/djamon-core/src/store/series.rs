//! One site's hours and days, one by one, with what goes on as it stands now: what charts are drawn from and the API's
//! history is made of.

use std::collections::BTreeMap;

use super::calendars::{self, Calendars};
use super::{AnyConnection, StoreError, hours, spans};
use crate::domain::series::{self, Step, Window};
use crate::domain::uptime::Open;
use crate::domain::{Instant, LocationId, SiteId};

/// A stretch of a site's past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// When it began.
    pub from: Instant,
    /// When it ends; the one that goes on lies partly in the future.
    pub to: Instant,
    /// What is known of it, of all locations together.
    pub open: Open,
}

/// The hours of `site` from the one of `from` to the one of `now`, oldest first; those without looks are left out.
///
/// # Errors
/// What the database says.
pub fn hours(
    connection: &mut AnyConnection,
    site: SiteId,
    from: Instant,
    now: Instant,
) -> Result<Vec<Stretch>, StoreError> {
    let calendars = calendars::all(connection)?;
    let hours = calendars.zone.hours();
    let found = hours_since(connection, site, &calendars, hours.number_of(from), now)?;
    Ok(together(found, |number| hours.start_of(number)))
}

/// The last `count` days of `site` by the calendar of the history, today among them, as [`hours`].
///
/// # Errors
/// What the database says.
pub fn days(
    connection: &mut AnyConnection,
    site: SiteId,
    count: i64,
    now: Instant,
) -> Result<Vec<Stretch>, StoreError> {
    let calendars = calendars::all(connection)?;
    let zone = &calendars.zone;
    let found = hours::days(connection, site, &calendars, zone.day_of(now) - count + 1, now)?;
    Ok(together(found, |number| zone.start_of(number)))
}

/// The history of `site` over `window` up to `now` in its steps: the oldest first, none left out.
///
/// # Errors
/// What the database says.
pub fn steps(
    connection: &mut AnyConnection,
    site: SiteId,
    window: Window,
    now: Instant,
) -> Result<Vec<Step>, StoreError> {
    let calendars = calendars::all(connection)?;
    let zone = &calendars.zone;
    let hours = zone.hours();
    let (count, step) = (window.count(), window.step());
    if window == Window::Year {
        let first = zone.day_of(now) + 1 - count;
        let found = hours::days(connection, site, &calendars, first, now)?;
        return Ok(series::steps(found, (first, count, step), now, |number| zone.start_of(number)));
    }
    // Steps of several hours begin with the day or with a sixth hour of it, not with whatever hour it is.
    let last = hours.number_of(now);
    let begin = if step == 1 { last } else { zone.first_hour_of(zone.day_of(now)) };
    let first = begin + ((last - begin) / step + 1) * step - count;
    let found = hours_since(connection, site, &calendars, first, now)?;
    Ok(series::steps(found, (first, count, step), now, |number| hours.start_of(number)))
}

/// The hours from `first` on, of every location, in no order.
fn hours_since(
    connection: &mut AnyConnection,
    site: SiteId,
    calendars: &Calendars,
    first: i64,
    now: Instant,
) -> Result<Vec<(LocationId, Open)>, StoreError> {
    let last = calendars.zone.hours().number_of(now);
    let over = spans::hours(connection, &[site], (first, last + 1))?.into_iter();
    let open = hours::unwritten_hours(connection, site, calendars, now)?.into_iter();
    let over = over.map(|((_, place), hour)| (place, hour));
    Ok(over.chain(open.filter(|(_, hour)| hour.number >= first)).collect())
}

/// Those of one number as one, in order.
fn together(spans: Vec<(LocationId, Open)>, start_of: impl Fn(i64) -> Instant) -> Vec<Stretch> {
    let mut sums: BTreeMap<(i64, LocationId), Open> = BTreeMap::new();
    for (place, span) in spans {
        let number = span.number;
        sums.entry((number, place)).or_insert(Open { number, ..Open::default() }).add_span(&span);
    }
    let sums: Vec<Open> = sums.into_values().collect();
    let stretch = |places: &[Open]| {
        let open = Open::of_places(places);
        Stretch { from: start_of(open.number), to: start_of(open.number + 1), open }
    };
    sums.chunk_by(|one, other| one.number == other.number).map(stretch).collect()
}
