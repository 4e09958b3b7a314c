//! What is known of a site's past, as charts need it: hours for up to a month, days for a year.

use djamon_core::domain::series::Window;
use djamon_core::domain::{Instant, SiteId};
use djamon_core::store::{AnyConnection, StoreError, series};

use crate::view::days::DAYS;
use crate::view::site::Past;

/// The site's past over `window` up to `now`, and its days.
///
/// # Errors
/// What the database says.
pub fn of(
    connection: &mut AnyConnection,
    site: SiteId,
    window: Window,
    now: Instant,
) -> Result<Past, StoreError> {
    let stretches = match window {
        Window::Day | Window::Week | Window::Month => series::hours(connection, site, window.from(now), now)?,
        Window::Year => series::days(connection, site, 366, now)?,
    };
    Ok(Past { window, stretches, days: series::days(connection, site, DAYS, now)? })
}
