//! A past to stand on: 1,000 sites that were looked at every minute, so many SiteViews of them, the hours and days that
//! follow from these, and older hours and days behind them. Every site fails one look in fifty hours.
//!
//! The large part is written by the database itself, in the order of its keys; the last minutes are recorded as a run
//! records them, so that states, streaks and open hours are the program's own. What [`verify`] reads back must be what
//! was meant. Time ends at a fixed instant: whoever reads is handed the time.

use std::collections::HashMap;
use std::io::Write;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use diesel::connection::SimpleConnection;
use djamon_core::domain::site::NewSite;
use djamon_core::domain::times::Times;
use djamon_core::domain::uptime::HOUR_MS;
use djamon_core::domain::{Instant, SiteId, SiteOptions, Target, ViewId};
use djamon_core::store::backend::partitions;
use djamon_core::store::{AnyConnection, hours, runs, sites, views, write};
use indicatif::ProgressBar;

use crate::minute::{Minutes, PROBLEM};
use crate::numbers::Dialect;

/// How many sites there are; in the SQL below, too.
pub const SITES: u64 = 1000;
/// Days with rows of their own before the last, which goes on.
const DAYS: i64 = 400;
/// Hours go back so many times as far as SiteViews do: by default they are kept so much longer.
const HOURS_TO_VIEWS: i64 = 10;
const MOST_HOURS: i64 = 2 * 365 * 24;
const DAY_MS: i64 = 24 * HOUR_MS;
const MINUTE_MS: i64 = 60_000;
/// So many minutes are recorded as a run does, after the last one before the end: then a site's state is as large as it gets, but
/// for its marks, and a run has closed an hour.
const LIVE: u64 = 15;
const STEP: i64 = 500_000;
/// A site fails the look of this minute, in one hour of fifty.
const BAD_MINUTE: i64 = 7;
/// One look that failed with a wrong status, as hours and days pack it: the outcome's number doubled, and how many.
const ONE_FAILED: &[u8] = &[14, 1];

/// When the past ends that is kept from one benchmark to the next: late in a day, of which many hours are to be added up.
pub fn end() -> Instant {
    // 2026-11-20T22:00:00Z
    Instant::from_ms(1_795_212_000_000)
}

/// Fills a new database with `rows` SiteViews, the last hour of them over at `end`, and records some minutes after it.
pub fn fill(connection: &mut AnyConnection, rows: u64, end: Instant) -> Result<()> {
    let mut writer = Writer::new(connection, rows, end)?;
    writer.sites()?;
    writer.runs()?;
    writer.views()?;
    writer.spans()?;
    writer.settle()?;
    let mut minutes = Minutes::new(connection)?;
    let last = end.minus(Duration::from_mins(1));
    for n in 0..=LIVE {
        minutes.record(connection, last.plus(Duration::from_mins(n)))?;
    }
    verify(connection, end)
}

/// What the pages would show of the past must be what was meant.
fn verify(connection: &mut AnyConnection, end: Instant) -> Result<()> {
    let day = end.ms().div_euclid(DAY_MS);
    let totals = hours::totals(connection, &[SiteId(1)], (day - 30, day), end, &HashMap::new())?;
    let tally = totals.get(&SiteId(1)).context("the first site")?.tally;
    let failed = (day * 24 - 720..day * 24).filter(|hour| (hour + 1) % 50 == 0).count();
    let failed = u32::try_from(failed)?;
    let wanted = (30 * 1440, failed, i64::from(failed) * MINUTE_MS, 30 * DAY_MS);
    let found = (tally.looks, tally.failures, tally.down_ms, tally.up_ms + tally.down_ms);
    ensure!(found == wanted, "the history made does not add up: {found:?} is not {wanted:?}");
    let page = views::before(connection, SiteId(1), None, 100)?;
    let at: Vec<i64> = page.looks.iter().map(|look| look.at.ms()).collect();
    ensure!(at.is_sorted_by(|later, earlier| later - MINUTE_MS == *earlier), "looks are not a minute apart");
    Ok(())
}

struct Writer<'a> {
    connection: &'a mut AnyConnection,
    say: Dialect,
    rows: i64,
    end: Instant,
    bar: ProgressBar,
}

impl<'a> Writer<'a> {
    fn new(connection: &'a mut AnyConnection, rows: u64, end: Instant) -> Result<Writer<'a>> {
        ensure!(rows.is_multiple_of(SITES), "{rows} SiteViews are no whole minutes");
        ensure!(end.ms() % HOUR_MS == 0, "the end is within an hour");
        let say = Dialect::of(connection);
        let bar = ProgressBar::new(rows);
        writeln!(anstream::stderr(), "making a history of {rows} SiteViews ({}) …", say.name())?;
        let mut writer = Writer { connection, say, rows: i64::try_from(rows)?, end, bar };
        writer.execute(say.hurry())?;
        Ok(writer)
    }

    fn execute(&mut self, sql: &str) -> Result<()> {
        Ok(self.connection.batch_execute(sql)?)
    }

    fn minutes(&self) -> i64 {
        self.rows / 1000
    }

    /// When the first SiteView was.
    fn begin_ms(&self) -> i64 {
        self.end.ms() - self.minutes() * MINUTE_MS
    }

    /// The last hour of days that are over, and how many hours there are before the end.
    fn hours(&self) -> (i64, i64) {
        let wanted = self.minutes() * HOURS_TO_VIEWS / 60;
        (self.end.ms() / HOUR_MS, wanted.clamp(31 * 24, MOST_HOURS))
    }

    fn sites(&mut self) -> Result<()> {
        let made_at = Instant::from_ms(self.end.ms() - (DAYS + 1) * DAY_MS);
        write(self.connection, |connection| {
            for n in 1..=SITES {
                let new = NewSite {
                    slug: Some(format!("site-{n}")),
                    name: Some(format!("Site {n}")),
                    target: Target::parse(&format!("http://127.0.0.1:1/{n}"))?,
                    group: None,
                    options: SiteOptions::default(),
                    public: true,
                    paused: false,
                };
                sites::add(connection, &new, made_at)?;
            }
            Ok(())
        })?;
        runs::location(self.connection, "default")?;
        let used_at = self.end.ms();
        self.execute(&format!("INSERT INTO details (text, used_at) VALUES ('{}', {used_at})", PROBLEM))
    }

    fn runs(&mut self) -> Result<()> {
        let (say, begin, minutes) = (self.say, self.begin_ms(), self.minutes() - 1);
        let select = format!(
            "SELECT n + 1, 1, 'done', {begin} + n * 60000, {begin} + n * 60000 + 900, 60000, NULL, NULL, 1000, 1000, 0, \
             0, 0, NULL"
        );
        self.execute(&say.insert("runs", &select, 0, minutes - 1))?;
        // Numbers that were given by hand are not known to the sequence.
        self.execute(&say.count_on("runs", minutes))
    }

    fn views(&mut self) -> Result<()> {
        let (say, begin) = (self.say, self.begin_ms());
        let days = (begin / DAY_MS..=self.end.ms() / DAY_MS).map(|day| Instant::from_ms(day * DAY_MS));
        let keys: Vec<ViewId> = days.map(ViewId::floor).collect();
        partitions::ensure(self.connection, keys.iter())?;
        // One site after the other, 60 ms apart, minute after minute.
        let at = format!("({begin} + n * 60)");
        let bad = format!("({at} / 60000 % 60 = {BAD_MINUTE} AND (n % 1000 + 1 + {at} / 3600000) % 50 = 0)");
        let select = format!(
            "SELECT {key}, n % 1000 + 1, 1, n / 1000 + 1, {at}, CASE WHEN {bad} THEN 7 ELSE 0 END, {no}, \
             CASE WHEN {bad} THEN 503 ELSE 200 END, 20 + {at} / 60000 % 60, CASE WHEN {bad} THEN 1 END",
            key = say.key(&at),
            no = say.no(),
        );
        // Without the last minute: it is recorded.
        let rows = self.rows - 1000;
        let mut first = 0;
        while first < rows {
            let last = (first + STEP).min(rows) - 1;
            self.execute(&say.insert("site_views", &select, first, last))?;
            self.bar.set_position(last.unsigned_abs());
            first = last + 1;
        }
        Ok(())
    }

    /// Hours and days, each site's together, as their keys are.
    fn spans(&mut self) -> Result<()> {
        let (end, hours) = self.hours();
        let bad = format!("(n / {hours} + 1 + {} + n % {hours}) % 50 = 0", end - hours);
        let hour = |is_bad| packed(1, is_bad);
        self.span("site_hours", end - hours, hours, &bad, HOUR_MS, hour)?;
        let day = self.end.ms() / DAY_MS;
        // One hour of the day's 24 is, or none.
        let first = format!("((n / {DAYS} + 1 + ({} + n % {DAYS}) * 24) % 50)", day - DAYS);
        let bad = format!("({first} = 0 OR {first} >= 27)");
        self.span("site_days", day - DAYS, DAYS, &bad, DAY_MS, |is_bad| packed(24, is_bad))
    }

    fn span(
        &mut self,
        table: &str,
        first_number: i64,
        count: i64,
        bad: &str,
        length_ms: i64,
        times: impl Fn(bool) -> Vec<u8>,
    ) -> Result<()> {
        let say = self.say;
        let (good, spoilt, failed) = (times(false), times(true), ONE_FAILED);
        let select = format!(
            "SELECT n / {count} + 1, 1, {first_number} + n % {count}, CASE WHEN {bad} THEN {less} ELSE {length_ms} END, 0, \
             CASE WHEN {bad} THEN 60000 ELSE 0 END, 0, {looks}, CASE WHEN {bad} THEN 1 ELSE 0 END, \
             CASE WHEN {bad} THEN {failed} ELSE {none} END, CASE WHEN {bad} THEN {spoilt} ELSE {good} END",
            less = length_ms - MINUTE_MS,
            looks = length_ms / MINUTE_MS,
            failed = say.bytes(failed),
            none = say.bytes(&[]),
            spoilt = say.bytes(&spoilt),
            good = say.bytes(&good),
        );
        let total = count * 1000;
        let mut first = 0;
        while first < total {
            let last = (first + STEP).min(total) - 1;
            self.execute(&say.insert(table, &select, first, last))?;
            first = last + 1;
        }
        Ok(())
    }

    fn settle(&mut self) -> Result<()> {
        let say = self.say;
        say.settle().iter().try_for_each(|sql| self.execute(sql))?;
        self.bar.finish_and_clear();
        Ok(())
    }
}

/// The response times of so many hours, of which one may have a failed look.
fn packed(hours: usize, is_bad: bool) -> Vec<u8> {
    let mut times = Times::default();
    for hour in 0..hours {
        let good = (0..60_u32).filter(|minute| !(is_bad && hour == 0 && i64::from(*minute) == BAD_MINUTE));
        good.for_each(|minute| times.add(20 + minute));
    }
    times.to_bytes()
}
