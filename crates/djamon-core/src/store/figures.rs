//! Uptime and coverage of sites over the last day, week and month: of the newest hours and days that are over, which each site
//! has in one row, and of what goes on, which is in the sites' states.
//!
//! That row is written in the transaction in which the open hour of its site's state moves on. So while all states have the
//! hours they had, its sums are what they were: whoever asks again and again keeps them as [`Written`]. The purge takes no day
//! away, and no hour that is asked for here: hours are kept for a day at least.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use super::recent::Recent;
use super::spans::Whose;
use super::{AnyConnection, StoreError, blindness, hours, recent, spans};
use crate::calendar::Zone;
use crate::domain::uptime::{Figure, Figures, Hours, Ledger, Open, Tally};
use crate::domain::{Instant, SiteId};

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
    let blindness = blindness::of_places(connection, now)?;
    for ((site, place), ledger) in ledgers {
        let of_site = sums.entry(*site).or_default();
        of_site.locations += 1;
        let hour = Open { number: ledger.hour.number, tally: ledger.hour.tally, ..Open::default() };
        let mut ledger = Ledger { vouch: ledger.vouch, hour };
        let over = ledger.settle(now, blindness.of(*place), calendar.hours);
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
    for (site, sum) in &written.sums {
        sums.entry(*site).or_default().add(sum);
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

/// Adds up what is over: of each state the hours of the last day, and of the day that goes on for it, which has no row yet;
/// and the days.
fn read(
    connection: &mut AnyConnection,
    asked: &Asked,
    windows: &Windows,
    calendar: &mut Calendar,
) -> Result<Vec<(SiteId, Sum)>, StoreError> {
    // The day that goes on for each state; those that were last looked at before the month have nothing in it.
    let days = asked.open.iter().map(|(whose, hour)| (*whose, calendar.day_of(*hour)));
    let mut left: HashMap<Whose, i64> =
        days.filter(|(_, day)| *day >= windows.first_day_of_month - 1).collect();
    let mut found: HashMap<SiteId, Sum> = HashMap::with_capacity(left.len());
    for row in recent::rows(connection, asked.ids.as_deref())? {
        if let Some(recent) = row.recent()
            && let Some(day) = left.remove(&row.whose())
        {
            windows.add_recent(found.entry(SiteId(row.site_id)).or_default(), &recent, day, calendar);
        }
    }
    // Sites of which no hour is over since they are watched, or since there are such rows.
    let mut by_day: BTreeMap<i64, BTreeSet<SiteId>> = BTreeMap::new();
    for ((site, _), day) in &left {
        by_day.entry(*day).or_default().insert(*site);
    }
    for (day, sites) in by_day {
        let sites: Vec<SiteId> = sites.into_iter().collect();
        let from = (calendar.hours_of(day).start.min(windows.first_hour), windows.first_day_of_month);
        for (whose, recent) in recent::made_of_rows(connection, &sites, from)? {
            if left.get(&whose) == Some(&day) {
                windows.add_recent(found.entry(whose.0).or_default(), &recent, day, calendar);
            }
        }
    }
    Ok(found.into_iter().collect())
}

/// The calendar of a place, which remembers the day that it was asked for last: sites mostly are in the same hour.
struct Calendar {
    zone: Zone,
    hours: Hours,
    last: Option<(i64, i64)>,
    last_hours: Option<(i64, Range<i64>)>,
}

impl Calendar {
    fn new(zone: Zone) -> Self {
        Calendar { hours: zone.hours(), zone, last: None, last_hours: None }
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

    /// The numbers of the hours of `day`.
    fn hours_of(&mut self, day: i64) -> Range<i64> {
        match &self.last_hours {
            Some((known, hours)) if *known == day => hours.clone(),
            _ => {
                let hours = self.zone.first_hour_of(day)..self.zone.first_hour_of(day + 1);
                self.last_hours = Some((day, hours.clone()));
                hours
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

    /// Adds what is over of a state for which `day` goes on.
    fn add_recent(&self, sum: &mut Sum, recent: &Recent, day: i64, calendar: &mut Calendar) {
        let of_day = calendar.hours_of(day);
        for hour in recent.hours.iter().filter(|hour| hour.number <= self.hour) {
            if hour.number >= self.first_hour {
                sum.day.add(hour.into());
            }
            if of_day.contains(&hour.number) {
                self.add_day(sum, day, hour.into());
            }
        }
        for day in recent.days.iter().filter(|day| day.number <= self.today) {
            self.add_day(sum, day.number, day.into());
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

impl From<&recent::Brief> for Known {
    fn from(span: &recent::Brief) -> Self {
        Known { up_ms: span.up_ms, down_ms: span.down_ms }
    }
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
