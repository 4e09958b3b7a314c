//! Uptime and coverage of sites over the last day, week and month: of the newest hours and days that are over, which each site
//! has in one row, and of what goes on, which is in the sites' states.
//!
//! That row is written in the transaction in which the open hour of its site's state moves on. So while all states have the
//! hours they had, its sums are what they were: whoever asks again and again keeps them as [`Written`]. The purge takes no day
//! away, and no hour that is asked for here: hours are kept for a day at least.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::calendars::{self, Calendars};
use super::recent::Recent;
use super::spans::Whose;
use super::{AnyConnection, StoreError, blindness, hours, recent};
use crate::calendar::{Days, Piece, Zone};
use crate::domain::uptime::{Figure, Figures, Hours, Ledger, Open, Tally};
use crate::domain::{Instant, LocationId, SiteId};

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
    let calendars = calendars::all(connection)?;
    let windows = Windows::new(&calendars.zone, now);
    let mut days = DaysAtHand::new(&calendars);
    let mut sums: HashMap<Whose, Sum> = HashMap::with_capacity(ledgers.len());
    // 1. What is open, as it stands now.
    let blindness = blindness::of_places(connection, now)?;
    for ((site, place), ledger) in ledgers {
        let sum = sums.entry((*site, *place)).or_default();
        let hour = Open { number: ledger.hour.number, tally: ledger.hour.tally, ..Open::default() };
        let mut ledger = Ledger { vouch: ledger.vouch, hour };
        let over = ledger.settle(now, blindness.of(*place), days.hours_of(*place));
        for open in over.iter().chain([&ledger.hour]) {
            let (day, known) = (days.day_of(*place, open.number), Known::of(&open.tally));
            if open.number >= windows.first_hour {
                sum.day.add(known);
            }
            windows.add_day(sum, day, known);
        }
    }
    // 2. What has rows.
    let mut open: Vec<(Whose, i64)> =
        ledgers.iter().map(|(whose, ledger)| (*whose, ledger.hour.number)).collect();
    open.sort_unstable();
    let from = windows.begins(&calendars.zone);
    let asked =
        Asked { calendars, ids: ids.map(<[_]>::to_vec), hour: windows.hour, today: windows.today, open };
    if written.asked.as_ref() != Some(&asked) {
        written.sums = read(connection, &asked, &windows)?;
        written.asked = Some(asked);
    }
    for (whose, sum) in &written.sums {
        sums.entry(*whose).or_default().add(sum);
    }
    // 3. What the places know together.
    let mut sites: HashMap<SiteId, Together> = HashMap::with_capacity(sums.len());
    for ((site, _), sum) in &sums {
        sites.entry(*site).or_default().add(sum);
    }
    Ok(sites.into_iter().map(|(site, together)| (site, together.figures(now, from))).collect())
}

/// What rows said when they were asked last, for whoever asks again.
#[derive(Debug, Default)]
pub struct Written {
    asked: Option<Asked>,
    sums: Vec<(Whose, Sum)>,
}

/// All that the sums of rows depend on.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    calendars: Calendars,
    ids: Option<Vec<SiteId>>,
    hour: i64,
    today: i64,
    /// The open hour of each state, in order.
    open: Vec<(Whose, i64)>,
}

/// Adds up what is over: of each state the hours of the last day, and of the days that go on for it, which have no row yet;
/// and the days.
fn read(
    connection: &mut AnyConnection,
    asked: &Asked,
    windows: &Windows,
) -> Result<Vec<(Whose, Sum)>, StoreError> {
    let mut days = DaysAtHand::new(&asked.calendars);
    // The hour that goes on for each state; those that were last looked at before the month have nothing in it.
    let mut left: HashMap<Whose, i64> = HashMap::with_capacity(asked.open.len());
    for ((site, place), hour) in &asked.open {
        if days.day_of(*place, *hour) >= windows.first_day_of_month - Days::AT_ONCE {
            left.insert((*site, *place), *hour);
        }
    }
    let mut found: HashMap<Whose, Sum> = HashMap::with_capacity(left.len());
    for row in recent::rows(connection, asked.ids.as_deref())? {
        let whose = row.whose();
        if let Some(open) = left.get(&whose).copied()
            // Days that were cut anew may be longer than what is packed.
            && !asked.calendars.of(whose.1).change_after(open - HOURS_OF_ODD_DAYS)
            && let Some(recent) = row.recent()
        {
            left.remove(&whose);
            windows.add_recent(
                found.entry(whose).or_default(),
                &recent,
                days.going_on(whose.1, open, windows.hour),
            );
        }
    }
    // Sites of which no hour is over since they are watched, or since there are such rows.
    let mut by_hour: BTreeMap<i64, BTreeSet<SiteId>> = BTreeMap::new();
    let mut first_hours: HashMap<Whose, i64> = HashMap::with_capacity(left.len());
    for (whose, open) in &left {
        let going_on = days.going_on(whose.1, *open, windows.hour);
        let first = going_on.iter().map(|piece| piece.hours.start).chain([windows.first_hour]).min();
        let first = first.unwrap_or(windows.first_hour);
        by_hour.entry(first).or_default().insert(whose.0);
        first_hours.insert(*whose, first);
    }
    for (first, sites) in by_hour {
        let sites: Vec<SiteId> = sites.into_iter().collect();
        for (whose, recent) in recent::made_of_rows(connection, &sites, (first, windows.first_day_of_month))?
        {
            if let Some(open) = left.get(&whose)
                && first_hours.get(&whose) == Some(&first)
            {
                windows.add_recent(
                    found.entry(whose).or_default(),
                    &recent,
                    days.going_on(whose.1, *open, windows.hour),
                );
            }
        }
    }
    Ok(found.into_iter().collect())
}

/// Two days and the 26 hours by which zones may differ are less.
const HOURS_OF_ODD_DAYS: i64 = 80;

/// The days of places, with what was asked of them last: sites mostly are in the same hour.
struct DaysAtHand<'a> {
    calendars: &'a Calendars,
    hours: Option<(LocationId, Hours)>,
    day: Option<(LocationId, i64, i64)>,
    going_on: Option<(LocationId, i64, Vec<Piece>)>,
}

impl<'a> DaysAtHand<'a> {
    fn new(calendars: &'a Calendars) -> Self {
        DaysAtHand { calendars, hours: None, day: None, going_on: None }
    }

    fn hours_of(&mut self, place: LocationId) -> Hours {
        match self.hours {
            Some((known, hours)) if known == place => hours,
            _ => self.hours.insert((place, self.calendars.of(place).zone().hours())).1,
        }
    }

    fn day_of(&mut self, place: LocationId, hour: i64) -> i64 {
        match self.day {
            Some((at, known, day)) if (at, known) == (place, hour) => day,
            _ => self.day.insert((place, hour, self.calendars.of(place).day_of(hour))).2,
        }
    }

    /// See [`Days::going_on`].
    fn going_on(&mut self, place: LocationId, open: i64, present: i64) -> &[Piece] {
        if self.going_on.as_ref().is_none_or(|(at, known, _)| (*at, *known) != (place, open)) {
            self.going_on = None;
        }
        let made = || (place, open, self.calendars.of(place).going_on(open, present));
        &self.going_on.get_or_insert_with(made).2
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
    fn new(zone: &Zone, now: Instant) -> Self {
        let hours = zone.hours();
        let hour = hours.number_of(now);
        let today = zone.day_of(now);
        Windows {
            hour,
            today,
            first_hour: hour - 23,
            first_day_of_week: today - 6,
            first_day_of_month: today - 29,
            hours,
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

    /// Adds what is over of a state of which these hours are of days that are not.
    fn add_recent(&self, sum: &mut Sum, recent: &Recent, going_on: &[Piece]) {
        for hour in recent.hours.iter().filter(|hour| hour.number <= self.hour) {
            if hour.number >= self.first_hour {
                sum.day.add(hour.into());
            }
            if let Some(piece) = going_on.iter().find(|piece| piece.hours.contains(&hour.number)) {
                self.add_day(sum, piece.day, hour.into());
            }
        }
        let goes_on = |day: i64| going_on.iter().any(|piece| piece.day == day);
        for day in recent.days.iter().filter(|day| day.number <= self.today && !goes_on(day.number)) {
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

    fn ms(self) -> i64 {
        self.up_ms + self.down_ms
    }

    fn tally(self) -> Tally {
        Tally { up_ms: self.up_ms, down_ms: self.down_ms, ..Tally::default() }
    }
}

/// What is known of one site at one place.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    day: Known,
    week: Known,
    month: Known,
}

impl Sum {
    fn add(&mut self, other: &Sum) {
        self.day.add(other.day);
        self.week.add(other.week);
        self.month.add(other.month);
    }
}

/// What is known of one site over the day, the week and the month: at all places together, and at the one that knows most.
#[derive(Debug, Clone, Copy, Default)]
struct Together([(Known, i64); 3]);

impl Together {
    fn add(&mut self, place: &Sum) {
        for ((all, most_ms), known) in self.0.iter_mut().zip([place.day, place.week, place.month]) {
            all.add(known);
            *most_ms = known.ms().max(*most_ms);
        }
    }

    fn figures(self, now: Instant, [day, week, month]: [Instant; 3]) -> Figures {
        let figure = |(all, most_ms): (Known, i64), from: Instant| Figure {
            uptime_ppm: all.tally().uptime_ppm(),
            coverage_ppm: Tally { up_ms: most_ms, ..Tally::default() }
                .coverage_ppm((now.ms() - from.ms()).max(1)),
        };
        let [of_day, of_week, of_month] = self.0;
        Figures { day: figure(of_day, day), week: figure(of_week, week), month: figure(of_month, month) }
    }
}
