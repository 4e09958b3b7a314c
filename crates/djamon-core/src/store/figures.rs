//! Uptime and coverage of sites over the last day, week and month. What is over has rows, which the database adds up; what
//! goes on is in the sites' states, and is added here.
//!
//! A row is written in the transaction in which the open hour of its site's state moves on. So while all states have the
//! hours they had, the sums of the rows are what they were: whoever asks again and again keeps them as [`Written`]. The
//! purge takes no day away, and no hour that is asked for here: hours are kept for a day at least.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer};

use super::backend::sums::{Range, question};
use super::spans::Whose;
use super::{AnyConnection, StoreError, hours, spans};
use crate::calendar::Zone;
use crate::domain::uptime::{Figure, Figures, Hours, Ledger, Open, Tally};
use crate::domain::{Instant, LocationId, SiteId};

/// Sites of which more than this are asked for all at once.
const MOST_BY_NAME: usize = 50;

/// The figures at `now` of the sites of `ids`; of all sites when there are none named. Sites that were never looked at
/// are not among them.
///
/// # Errors
/// What the database says.
pub fn of(
    connection: &mut AnyConnection,
    ids: Option<&[SiteId]>,
    now: Instant,
) -> Result<HashMap<SiteId, Figures>, StoreError> {
    let states = hours::states(connection, ids)?;
    let ledgers: Vec<_> = states.iter().map(|(whose, state)| (*whose, &state.ledger)).collect();
    of_ledgers(connection, ids, &ledgers, now, &mut Written::default())
}

/// The same from ledgers that have been read already: all there are of these sites.
pub(super) fn of_ledgers(
    connection: &mut AnyConnection,
    ids: Option<&[SiteId]>,
    ledgers: &[(Whose, &Ledger)],
    now: Instant,
    written: &mut Written,
) -> Result<HashMap<SiteId, Figures>, StoreError> {
    let zone = spans::zone(connection)?.unwrap_or_default();
    let mut calendar = Calendar::new(zone.clone());
    let windows = Windows::new(&mut calendar, now);
    let mut sums: HashMap<SiteId, Sum> = HashMap::with_capacity(ledgers.len());
    // 1. What is open, as it stands now.
    for ((site, _), ledger) in ledgers {
        let of_site = sums.entry(*site).or_default();
        of_site.locations += 1;
        let hour = Open { number: ledger.hour.number, tally: ledger.hour.tally, ..Open::default() };
        let mut ledger = Ledger { vouch: ledger.vouch, hour };
        let over = ledger.settle(now, None, calendar.hours);
        for open in over.iter().chain([&ledger.hour]) {
            let (day, known) = (calendar.day_of(open.number), Known::of(&open.tally));
            if open.number >= windows.first_hour {
                of_site.day.add(known);
            }
            windows.add_day(of_site, day, known);
        }
    }
    // 2. What has rows.
    let mut open: Vec<(Whose, i64)> =
        ledgers.iter().map(|(whose, ledger)| (*whose, ledger.hour.number)).collect();
    open.sort_unstable();
    let asked = Asked { zone, ids: ids.map(<[_]>::to_vec), hour: windows.hour, today: windows.today, open };
    if written.asked.as_ref() != Some(&asked) {
        written.sums = read(connection, &asked, &windows, &mut calendar)?;
        written.asked = Some(asked);
    }
    // Of many sites all are asked for: those that nobody named are not among the answers.
    for (site, sum) in &written.sums {
        match sums.entry(*site) {
            Entry::Vacant(_) if ids.is_some() => {}
            entry => entry.or_default().add(sum),
        }
    }
    let from = windows.begins(&calendar.zone);
    Ok(sums.into_iter().map(|(site, sum)| (site, sum.figures(now, from))).collect())
}

/// What rows said when they were asked last, for whoever asks again.
#[derive(Debug, Default)]
pub struct Written {
    asked: Option<Asked>,
    sums: Vec<(SiteId, Sum)>,
}

/// All that the sums of rows depend on.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    zone: Zone,
    ids: Option<Vec<SiteId>>,
    hour: i64,
    today: i64,
    /// The open hour of each state, in order.
    open: Vec<(Whose, i64)>,
}

/// Adds up rows. 1. Hours that are over, those of the last day; of these, for the states that are still in it, those of
/// today, which has no row yet. 2. Those of other days that go on: at another place the same day may be over, and
/// written. 3. Days that are over.
fn read(
    connection: &mut AnyConnection,
    asked: &Asked,
    windows: &Windows,
    calendar: &mut Calendar,
) -> Result<Vec<(SiteId, Sum)>, StoreError> {
    let ids = asked.ids.as_deref();
    let mut open_days: BTreeMap<i64, BTreeSet<Whose>> = BTreeMap::new();
    for (whose, hour) in &asked.open {
        open_days.entry(calendar.day_of(*hour)).or_default().insert(*whose);
    }
    let mut found: HashMap<SiteId, Sum> = HashMap::new();
    // 1.
    let of_today = open_days.remove(&windows.today).unwrap_or_default();
    let [hour, today] = [windows.first_hour, asked.zone.first_hour_of(windows.today)];
    for (whose, early, late) in sums(connection, ids, HOURS, [hour, today], windows.hour + 1)? {
        let (of_day, of_open) = if hour <= today { (early, late) } else { (late, early) };
        let sum = found.entry(whose.0).or_default();
        sum.day.add(of_day);
        if of_today.contains(&whose) {
            windows.add_day(sum, windows.today, of_open);
        }
    }
    // 2.
    for (day, open) in open_days.iter().filter(|(day, _)| **day >= windows.first_day_of_month) {
        let mut sites: Vec<SiteId> = open.iter().map(|(site, _)| *site).collect();
        sites.dedup();
        let named = if sites.len() <= MOST_BY_NAME { Some(sites.as_slice()) } else { ids };
        let from = asked.zone.first_hour_of(*day);
        let to = asked.zone.first_hour_of(day + 1).min(windows.hour + 1);
        for (whose, known, _) in sums(connection, named, HOURS, [from, from], to)? {
            if open.contains(&whose) {
                windows.add_day(found.entry(whose.0).or_default(), *day, known);
            }
        }
    }
    // 3.
    let from = [windows.first_day_of_month, windows.first_day_of_week];
    for ((site, _), of_month, of_week) in sums(connection, ids, DAYS, from, windows.today + 1)? {
        let sum = found.entry(site).or_default();
        sum.month.add(of_month);
        sum.week.add(of_week);
    }
    Ok(found.into_iter().collect())
}

const HOURS: (&str, &str) = ("site_hours", "hour");
const DAYS: (&str, &str) = ("site_days", "day");

#[derive(QueryableByName)]
struct SumRow {
    #[diesel(sql_type = Integer)]
    site_id: i32,
    #[diesel(sql_type = Integer)]
    location_id: i32,
    #[diesel(sql_type = BigInt)]
    up_ms: i64,
    #[diesel(sql_type = BigInt)]
    down_ms: i64,
    #[diesel(sql_type = BigInt)]
    late_up_ms: i64,
    #[diesel(sql_type = BigInt)]
    late_down_ms: i64,
}

/// The sums per site and place of the rows with numbers from the lower of `from` to before `to`, and of those among them
/// from the higher on. The database adds: it is many rows.
fn sums(
    connection: &mut AnyConnection,
    ids: Option<&[SiteId]>,
    (table, number): (&str, &str),
    [one, other]: [i64; 2],
    to: i64,
) -> Result<Vec<(Whose, Known, Known)>, StoreError> {
    let range = Range { table, number, from: one.min(other), late_from: one.max(other), to };
    let mut found: Vec<SumRow> = Vec::new();
    match ids.filter(|ids| ids.len() <= MOST_BY_NAME) {
        None => found = diesel::sql_query(question(connection, &range, "")).load(connection)?,
        Some(ids) => {
            let of_site = question(connection, &range, "state.site_id = $1");
            for id in ids {
                found
                    .extend(diesel::sql_query(&of_site).bind::<Integer, _>(id.0).load::<SumRow>(connection)?);
            }
        }
    }
    let read = |row: SumRow| {
        let whole = Known { up_ms: row.up_ms, down_ms: row.down_ms };
        let late = Known { up_ms: row.late_up_ms, down_ms: row.late_down_ms };
        ((SiteId(row.site_id), LocationId(row.location_id)), whole, late)
    };
    Ok(found.into_iter().map(read).collect())
}

/// The calendar of a place, which remembers the day that it was asked for last: sites mostly are in the same hour.
struct Calendar {
    zone: Zone,
    hours: Hours,
    last: Option<(i64, i64)>,
}

impl Calendar {
    fn new(zone: Zone) -> Self {
        Calendar { hours: zone.hours(), zone, last: None }
    }

    fn day_of(&mut self, hour: i64) -> i64 {
        match self.last {
            Some((known, day)) if known == hour => day,
            _ => {
                let day = self.zone.day_of(self.hours.start_of(hour));
                self.last = Some((hour, day));
                day
            }
        }
    }
}

/// Which hours and days count.
struct Windows {
    hour: i64,
    today: i64,
    first_hour: i64,
    first_day_of_week: i64,
    first_day_of_month: i64,
    hours: Hours,
}

impl Windows {
    fn new(calendar: &mut Calendar, now: Instant) -> Self {
        let hour = calendar.hours.number_of(now);
        let today = calendar.zone.day_of(now);
        Windows {
            hour,
            today,
            first_hour: hour - 23,
            first_day_of_week: today - 6,
            first_day_of_month: today - 29,
            hours: calendar.hours,
        }
    }

    fn add_day(&self, to: &mut Sum, day: i64, known: Known) {
        if day >= self.first_day_of_week {
            to.week.add(known);
        }
        if day >= self.first_day_of_month {
            to.month.add(known);
        }
    }

    /// When the last day, week and month begin.
    fn begins(&self, zone: &Zone) -> [Instant; 3] {
        [
            self.hours.start_of(self.first_hour),
            zone.start_of(self.first_day_of_week),
            zone.start_of(self.first_day_of_month),
        ]
    }
}

/// How long a site is known to have been up and down.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    up_ms: i64,
    down_ms: i64,
}

impl Known {
    fn of(tally: &Tally) -> Self {
        Known { up_ms: tally.up_ms, down_ms: tally.down_ms }
    }

    fn add(&mut self, other: Known) {
        self.up_ms += other.up_ms;
        self.down_ms += other.down_ms;
    }

    fn tally(self) -> Tally {
        Tally { up_ms: self.up_ms, down_ms: self.down_ms, ..Tally::default() }
    }
}

/// What is known of one site.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    day: Known,
    week: Known,
    month: Known,
    locations: i64,
}

impl Sum {
    fn add(&mut self, other: &Sum) {
        self.day.add(other.day);
        self.week.add(other.week);
        self.month.add(other.month);
        self.locations += other.locations;
    }

    fn figures(&self, now: Instant, [day, week, month]: [Instant; 3]) -> Figures {
        let figure = |known: Known, from: Instant| {
            let whole_ms = (now.ms() - from.ms()).max(1) * self.locations.max(1);
            let tally = known.tally();
            Figure { uptime_ppm: tally.uptime_ppm(), coverage_ppm: tally.coverage_ppm(whole_ms) }
        };
        Figures {
            day: figure(self.day, day),
            week: figure(self.week, week),
            month: figure(self.month, month),
        }
    }
}
