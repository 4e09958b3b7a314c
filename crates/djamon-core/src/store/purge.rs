//! What is past its time is taken away, in steps so small that nobody waits for one. Never what an outage rests on (its rows
//! have copies of their own), nothing owed or parked, no day, and no hour whose day is not written yet.
//!
//! A step is one transaction and says how much it took; when it took less than it might have, that kind is done.

use std::time::Duration;

use diesel::sql_types::{BigInt, Integer};
use diesel::{QueryableByName, RunQueryDsl};

use super::backend::guid::{Guid, GuidValue};
use super::backend::space;
use super::{AnyConnection, StoreError, write};
use crate::calendar::Zone;
use crate::clock::Stopwatch;
use crate::domain::instant::millis;
use crate::domain::{Instant, ViewId};

/// A detail's last use is noted once a day; and PostgreSQL keeps SiteViews to the end of their day.
const DETAILS_MARGIN: Duration = Duration::from_secs(3 * 86_400);

/// What is taken away, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// SiteViews.
    Views,
    /// Hours of sites.
    Hours,
    /// Records of runs that no outage or event names.
    Runs,
    /// Sentences that no SiteView says any more.
    Details,
    /// Alerts that were sent.
    Alerts,
}

impl Kind {
    /// All of them, in order.
    pub const ALL: [Kind; 5] = [Kind::Views, Kind::Hours, Kind::Runs, Kind::Details, Kind::Alerts];

    /// What people call them.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Views => "site views",
            Kind::Hours => "hours",
            Kind::Runs => "run records",
            Kind::Details => "details",
            Kind::Alerts => "sent alerts",
        }
    }

    /// What one takes on the disk, about.
    const fn bytes(self) -> u64 {
        match self {
            Kind::Views => 52,
            Kind::Hours => 80,
            Kind::Runs => 80,
            Kind::Details => 120,
            Kind::Alerts => 150,
        }
    }
}

/// What is past its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    views: Instant,
    hours: Instant,
    first_hour: i64,
}

impl Limits {
    /// At `now`, when SiteViews and runs are kept for `keep_views`, hours and sent alerts for `keep_hours`.
    pub fn new(now: Instant, keep_views: Duration, keep_hours: Duration, zone: &Zone) -> Self {
        let before = |keep: Duration| Instant::from_ms(now.ms().saturating_sub(millis(keep)).max(0));
        let hours = before(keep_hours.max(keep_views));
        // A day whose hours go goes whole, and none that may go on.
        let going_on = zone.hours().number_of(now) - GOING_ON_HOURS;
        let first_hour = zone.first_hour_of(zone.day_of(hours)).min(going_on);
        Limits { views: before(keep_views), hours, first_hour }
    }

    fn day(&self) -> i64 {
        self.views.ms().div_euclid(86_400_000)
    }
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

#[derive(QueryableByName)]
struct Key {
    #[diesel(sql_type = Guid)]
    id: GuidValue,
}

/// How many there are of a kind that are past their time, and about how many bytes they take.
///
/// # Errors
/// What the database says.
pub fn count(connection: &mut AnyConnection, kind: Kind, limits: &Limits) -> Result<(u64, u64), StoreError> {
    if kind == Kind::Views
        && let Some(days) = space::partitions_before(connection, limits.day())?
    {
        let mut sum = (0, 0);
        for day in days {
            let (rows, bytes) = space::partition_size(connection, day)?;
            sum = (sum.0 + rows, sum.1 + bytes);
        }
        return Ok(sum);
    }
    let count: Number = match kind {
        Kind::Views => {
            diesel::sql_query("SELECT CAST(count(*) AS BIGINT) AS number FROM site_views WHERE id < $1")
                .bind::<Guid, _>(GuidValue::from(ViewId::floor(limits.views)))
                .get_result(connection)?
        }
        Kind::Hours => diesel::sql_query(format!(
            "SELECT CAST(count(*) AS BIGINT) AS number FROM site_hours WHERE {OLD_HOUR}"
        ))
        .bind::<BigInt, _>(limits.first_hour)
        .bind::<BigInt, _>(limits.hours.ms())
        .get_result(connection)?,
        Kind::Runs | Kind::Details | Kind::Alerts => {
            let (table, condition, at) = simple(kind, limits);
            diesel::sql_query(format!(
                "SELECT CAST(count(*) AS BIGINT) AS number FROM {table} WHERE {condition}"
            ))
            .bind::<BigInt, _>(at)
            .get_result(connection)?
        }
    };
    let count = count.number.unsigned_abs();
    Ok((count, count * kind.bytes()))
}

/// How many hours the days that go on reach back at most: a day, and twice the 26 hours by which zones differ.
const GOING_ON_HOURS: i64 = 80;

/// The last hours of a site that a place has not looked at since are left: the days that go on for it are not written yet.
const OLD_HOUR: &str = "hour < $1 AND NOT EXISTS (SELECT 1 FROM site_states s WHERE s.site_id = site_hours.site_id \
    AND s.location_id = site_hours.location_id AND s.last_at < $2 AND site_hours.hour > s.last_at / 3600000 - 80)";

/// Table, condition and the instant in it of the kinds that are found by their rows' time.
fn simple(kind: Kind, limits: &Limits) -> (&'static str, &'static str, i64) {
    match kind {
        Kind::Details => {
            ("details", "used_at < $1", limits.views.ms().saturating_sub(millis(DETAILS_MARGIN)))
        }
        Kind::Alerts => ("outbox", "state = 'sent' AND sent_at < $1", limits.hours.ms()),
        Kind::Views | Kind::Hours | Kind::Runs => (
            "runs",
            "started_at < $1 AND finished_at IS NOT NULL AND id NOT IN (SELECT opened_run_id FROM outages) \
             AND NOT EXISTS (SELECT 1 FROM events e WHERE e.run_id = runs.id) \
             AND id NOT IN (SELECT max(id) FROM runs WHERE state IN ('done', 'blind') GROUP BY location_id, state)",
            limits.views.ms(),
        ),
    }
}

/// What remains to be done of a kind.
#[derive(Debug, Default)]
pub struct Course {
    /// Sites whose hours are still to be looked through.
    sites: Option<Vec<i32>>,
}

/// What a step took away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gone {
    /// How many.
    pub count: u64,
    /// For how long nobody else could write; how long it waited for the others is not in it. While PostgreSQL drops a day
    /// others can write: how long that took, waiting for readers of that day included.
    pub held: Duration,
}

/// Takes away at most `most` (of PostgreSQL's SiteViews: one day; of hours: those of as many sites as have that many
/// a day). Gives what went; `None` when nothing is left.
///
/// # Errors
/// What the database says; then nothing went.
pub fn step(
    connection: &mut AnyConnection,
    kind: Kind,
    limits: &Limits,
    course: &mut Course,
    most: u32,
) -> Result<Option<Gone>, StoreError> {
    let gone = match kind {
        Kind::Views => match space::partitions_before(connection, limits.day())? {
            Some(days) => {
                let Some(day) = days.first() else { return Ok(None) };
                let watch = Stopwatch::start();
                let (count, _) = space::partition_size(connection, *day)?;
                space::drop_partition(connection, *day)?;
                return Ok(Some(Gone { count, held: watch.elapsed() }));
            }
            None => alone(connection, |connection| views(connection, limits, most))?,
        },
        Kind::Hours => return hours(connection, limits, course, most),
        Kind::Runs | Kind::Details | Kind::Alerts => {
            let (table, condition, at) = simple(kind, limits);
            let delete = format!(
                "DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE {condition} ORDER BY id LIMIT $2)"
            );
            alone(connection, |connection| {
                let query =
                    diesel::sql_query(&delete).bind::<BigInt, _>(at).bind::<BigInt, _>(i64::from(most));
                Ok(query.execute(connection)?)
            })?
        }
    };
    Ok((gone.count > 0).then_some(gone))
}

/// Does `work`, which says how many rows it took, while nobody else writes.
fn alone(
    connection: &mut AnyConnection,
    work: impl FnOnce(&mut AnyConnection) -> Result<usize, StoreError>,
) -> Result<Gone, StoreError> {
    let (count, watch) = write(connection, |connection| {
        let watch = Stopwatch::start();
        Ok((work(connection)?, watch))
    })?;
    Ok(Gone { count: u64::try_from(count).unwrap_or(u64::MAX), held: watch.elapsed() })
}

/// The oldest SiteViews, by their keys alone.
fn views(connection: &mut AnyConnection, limits: &Limits, most: u32) -> Result<usize, StoreError> {
    let border = GuidValue::from(ViewId::floor(limits.views));
    let last = diesel::sql_query("SELECT id FROM site_views WHERE id < $1 ORDER BY id LIMIT 1 OFFSET $2")
        .bind::<Guid, _>(border)
        .bind::<BigInt, _>(i64::from(most.max(1)) - 1)
        .load::<Key>(connection)?;
    let (condition, key) = match last.first() {
        Some(last) => ("id <= $1", last.id),
        None => ("id < $1", border),
    };
    let delete = diesel::sql_query(format!("DELETE FROM site_views WHERE {condition}"));
    Ok(delete.bind::<Guid, _>(key).execute(connection)?)
}

fn hours(
    connection: &mut AnyConnection,
    limits: &Limits,
    course: &mut Course,
    most: u32,
) -> Result<Option<Gone>, StoreError> {
    #[derive(QueryableByName)]
    struct Site {
        #[diesel(sql_type = Integer)]
        id: i32,
    }
    if course.sites.is_none() {
        let all: Vec<Site> = diesel::sql_query("SELECT id FROM sites ORDER BY id DESC").load(connection)?;
        course.sites = Some(all.into_iter().map(|site| site.id).collect());
    }
    let sites = course.sites.get_or_insert_default();
    let keep = sites.len().saturating_sub(usize::try_from(most / 24).unwrap_or(1).max(1));
    let now = sites.split_off(keep);
    if now.is_empty() {
        return Ok(None);
    }
    // The key begins with the site: one look into the tree for each.
    let delete = format!("DELETE FROM site_hours WHERE {OLD_HOUR} AND site_id = $3");
    let gone = alone(connection, |connection| {
        let mut gone = 0;
        for site in &now {
            gone += diesel::sql_query(&delete)
                .bind::<BigInt, _>(limits.first_hour)
                .bind::<BigInt, _>(limits.hours.ms())
                .bind::<Integer, _>(site)
                .execute(connection)?;
        }
        Ok(gone)
    })?;
    Ok(Some(gone))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_of_days_that_may_go_on_stay_however_short_they_are_to_be_kept() {
        let (now, day) = (Instant::from_ms(1_795_435_200_000), Duration::from_hours(24));
        let kept =
            |keep: Duration| now.ms() / 3_600_000 - Limits::new(now, day, keep, &Zone::default()).first_hour;
        assert_eq!(kept(day), 80);
        // By whole days: it is noon.
        assert_eq!(kept(10 * day), 10 * 24 + 12);
    }
}
