//! What is known of a site's past, as charts need it.

use djamon_core::domain::uptime::{DAY_MS, HOUR_MS, Open, Tally};
use djamon_core::domain::{Instant, Look, SiteId};
use djamon_core::store::{AnyConnection, StoreError, series, views};

use crate::view::chart::Point;
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
    let first = range.from(now).ms().div_euclid(HOUR_MS);
    let hours = series::hours(connection, site, first, now)?;
    let looks =
        if range == Range::Day { views::before(connection, site, None, 1500)?.looks } else { Vec::new() };
    let days = series::days(connection, site, now.ms().div_euclid(DAY_MS) - DAYS + 1, now)?;
    Ok(Past { range, points: points(range, &hours, &looks, now), days })
}

fn points(range: Range, hours: &[Open], looks: &[Look], now: Instant) -> Vec<Point> {
    let step = i64::try_from(range.step().as_millis()).unwrap_or(HOUR_MS);
    let (first, last) = (range.from(now).ms().div_euclid(step), now.ms().div_euclid(step));
    let point = |number: i64| {
        let (from, to) = (number * step, (number + 1) * step);
        let mut tally = Tally::default();
        let inside = |ms: i64| (from..to).contains(&ms);
        hours.iter().filter(|hour| inside(hour.number * HOUR_MS)).for_each(|hour| tally.add(&hour.tally));
        let good = looks.iter().filter(|look| look.outcome.is_good() && inside(look.at.ms()));
        let mut times: Vec<u32> = good.map(|look| look.duration_ms).collect();
        times.sort_unstable();
        let quantile = |share: usize| times.get((times.len() * share).div_ceil(100).checked_sub(1)?).copied();
        Point {
            from: Instant::from_ms(from),
            to: Instant::from_ms(to),
            median_ms: quantile(50),
            p95_ms: quantile(95),
            tally,
        }
    };
    (first..=last).map(point).collect()
}
