//! What is known of a site's past, as charts need it: hours for up to a month, days for a year.

use djamon_core::domain::{Instant, SiteId};
use djamon_core::store::{AnyConnection, StoreError, series};

use crate::view::days::DAYS;
use crate::view::range::Range;
use crate::view::site::Past;

/// The site's past over `range` up to `now`, and its days.
///
/// # Errors
/// What the database says.
pub fn of(
    connection: &mut AnyConnection,
    site: SiteId,
    range: Range,
    now: Instant,
) -> Result<Past, StoreError> {
    let stretches = match range {
        Range::Day | Range::Week | Range::Month => series::hours(connection, site, range.from(now), now)?,
        Range::Year => series::days(connection, site, 366, now)?,
    };
    Ok(Past { range, stretches, days: series::days(connection, site, DAYS, now)? })
}
