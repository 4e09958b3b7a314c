//! Hours and days against a second model: what was every ten seconds, found by reading the raw SiteViews and runs.

mod clocks;
mod histories;
mod model;
mod places;
mod zones;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use chrono_tz::Tz;
use diesel::connection::SimpleConnection;
use djamon_core::calendar::Zone;
use djamon_core::domain::plan::RunContext;
use djamon_core::domain::run::{Blind, Blindness, Counts};
use djamon_core::domain::series::Window;
use djamon_core::domain::uptime::Tally;
use djamon_core::domain::{Instant, Observation, Outcome, Policy, ScopeRule, Site, SiteId, SiteOptions};
use djamon_core::store::record::{self, ViewIds};
use djamon_core::store::runs::{self, Ending};
use djamon_core::store::statuses::Known;
use djamon_core::store::{AnyConnection, blindness, figures, hours, series, statuses};
use djamon_tests::clock::NOON;
use djamon_tests::database::{Backend, TestDatabase};
use djamon_tests::on_both;
use djamon_tests::scripted::{add_site, add_site_with, look, run, seen};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use model::{Span, Zones, model, numbers, rows};

use histories::{PLACES, Run, Sight, runs_of_a_history};

const STEP: i64 = 10_000;
const HOUR: i64 = 3_600_000;

fn perform(
    connection: &mut AnyConnection,
    sites: &[Site; 2],
    mut zone: Tz,
    start: i64,
    history: &[Run],
) -> (Instant, Zones) {
    let location = runs::location(connection, "default").unwrap();
    let mut at = start;
    let mut known = Known::default();
    let mut zones = Zones::new();
    for (n, run) in history.iter().enumerate() {
        at += run.pause * STEP;
        if n % 5 == 4 {
            // What is packed for figures may be missing or broken: then it is made anew.
            let lost = [
                "DELETE FROM site_recent WHERE site_id = 1",
                "UPDATE site_recent SET spans = substr(spans, 1, 1)",
            ];
            connection.batch_execute(lost[n / 5 % 2]).unwrap();
        }
        let now = Instant::from_ms(at);
        zone = run.moves.filter(|_| zone != Tz::Asia__Kathmandu).unwrap_or(zone);
        let expected_interval = Duration::from_secs(run.expected as u64);
        let number = runs::begin(connection, location, now, expected_interval).unwrap();
        let could_see = run.sight != Sight::Blind;
        let blind = match could_see {
            true => blindness::is_over(connection, location, now).unwrap(),
            false => Blindness::NEVER,
        };
        let context = RunContext {
            run: number,
            location,
            scope: ScopeRule::All,
            expected_interval,
            blind,
            zone: zone.name().parse().unwrap(),
        };
        if could_see && run.looks.iter().any(Option::is_some) {
            // A zone counts from the hour after the first look on, the first one always.
            let next = if zones.is_empty() { 0 } else { at.div_euclid(HOUR) + 1 };
            zones.retain(|(first, _)| *first < next);
            if zones.last().is_none_or(|(_, last)| *last != zone) {
                zones.push((next, zone));
            }
        }
        if could_see {
            let looks = sites.iter().zip(run.looks).filter_map(|(site, look)| {
                let (outcome, slow, duration_ms) = look?;
                let outcome = Outcome::ALL[usize::from(outcome)];
                Some(Observation {
                    outcome,
                    degraded: slow && outcome.is_good(),
                    duration_ms,
                    ..seen(site, now, true)
                })
            });
            let mut ids = ViewIds::after_stored(connection).unwrap();
            record::batch(connection, &context, &Policy::default(), &mut ids, looks.collect(), &[], now)
                .unwrap();
        }
        let end = now.plus(Duration::from_millis(STEP as u64));
        let blind = match run.sight {
            Sight::Clear => None,
            Sight::Blind => Some(now),
            Sight::Lost => Some(end),
        };
        let blind = blind.map(|from| Blind { reason: "line".into(), from });
        let ending = Ending { at: end, blind, counts: Counts::default(), skipped_reason: None, idle: None };
        runs::finish(connection, number, &ending).unwrap();
        // Whoever keeps what rows said shows what whoever reads them anew does: now, and later in the day.
        for later in [now, now.plus(Duration::from_secs(3 * 3600))] {
            let kept = statuses::all_again(connection, later, 0, &mut known).unwrap();
            let anew = figures::of(connection, None, later).unwrap();
            for one in kept {
                assert_eq!(one.figures, anew.get(&one.site.id).copied().unwrap_or_default(), "{later:?}");
            }
        }
    }
    (Instant::from_ms(at), zones)
}

fn hours_and_days_are_what_the_views_say(backend: Backend, cases: u32) {
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let histories = (runs_of_a_history(), 0..PLACES.len());
    let told = runner.run(&histories, |(history, place)| {
        let (zone, odd) = PLACES[place];
        let database = TestDatabase::migrated(backend);
        let connection = &mut database.connect();
        // Most of a history lies around the odd moment.
        let start = odd - history.iter().map(|run| run.pause * STEP).sum::<i64>() / 2 / STEP * STEP;
        let sites = [("shop", None), ("blog", Some("30m"))].map(|(name, interval)| {
            let interval = interval.map(|interval| interval.parse().unwrap());
            let options = SiteOptions { interval, ..SiteOptions::default() };
            add_site_with(connection, name, options, Instant::from_ms(start))
        });
        let (last, zones) = perform(connection, &sites, zone, start, &history);
        let Some((_, zone)) = zones.last() else { return Ok(()) };
        // Some time later, so that what goes on is told too: short of what the last look vouches for, and beyond it.
        for later in [0, 50, 3 * 3600] {
            let now = last.plus(Duration::from_secs(later));
            let [hours, days] = model(connection, &zones, &sites, now);
            // The hour and the day of a site's last look are open: no rows yet.
            let open: BTreeMap<i32, (i64, i64)> = hours
                .iter()
                .filter(|(_, span)| span.looks > 0)
                .map(|((site, hour), _)| (*site, numbers(&zones, hour * HOUR)))
                .collect();
            let closed = hours.iter().filter(|((site, hour), _)| *hour < open[site].0);
            let closed: BTreeMap<_, _> = closed.map(|(key, span)| (*key, span.clone())).collect();
            let mut closed_days = BTreeMap::<(i32, i64), Span>::new();
            for ((site, hour), span) in &closed {
                let (_, day) = numbers(&zones, hour * HOUR);
                if day < open[site].1 {
                    closed_days.entry((*site, day)).or_default().add(span);
                }
            }
            prop_assert_eq!(rows(connection, "site_hours", "hour"), closed);
            // A day that goes on once more keeps the row of the time when it was over, which does not count.
            let mut day_rows = rows(connection, "site_days", "day");
            day_rows.retain(|(site, day), _| *day < open[site].1);
            prop_assert_eq!(day_rows, closed_days);
            // What is shown now adds what is open to it.
            let figures = figures::of(connection, None, now).unwrap();
            // They are made of what is packed for them; without that, of the rows themselves.
            connection.batch_execute("DELETE FROM site_recent").unwrap();
            prop_assert_eq!(&figures::of(connection, None, now).unwrap(), &figures);
            let calendar: Zone = zone.name().parse().unwrap();
            let (hour, today) = (calendar.hours().number_of(now), calendar.day_of(now));
            for (site, _) in open {
                let told = |spans: &BTreeMap<(i32, i64), Span>, first: i64| {
                    let sum = |ms: usize| {
                        let spans = spans.range((site, first)..(site + 1, i64::MIN));
                        spans.map(|(_, span)| span.up_degraded_down_blind[ms]).sum::<i64>()
                    };
                    Tally { up_ms: sum(0), down_ms: sum(2), ..Tally::default() }.uptime_ppm()
                };
                let found = figures[&SiteId(site)];
                let found = [found.day, found.week, found.month].map(|figure| figure.uptime_ppm);
                prop_assert_eq!(
                    found,
                    [told(&hours, hour - 23), told(&days, today - 6), told(&days, today - 29)]
                );
                let ever = (0, today + 1);
                let total = hours::totals(connection, &[SiteId(site)], ever, now, &HashMap::new()).unwrap()
                    [&SiteId(site)]
                    .tally;
                let shown = series::days(connection, SiteId(site), ever.1, now).unwrap();
                for kind in 0..4 {
                    let ms =
                        |tally: &Tally| [tally.up_ms, tally.degraded_ms, tally.down_ms, tally.blind_ms][kind];
                    let said: i64 = days
                        .iter()
                        .filter(|(key, _)| key.0 == site)
                        .map(|(_, span)| span.up_degraded_down_blind[kind])
                        .sum();
                    prop_assert_eq!(ms(&total), said);
                    prop_assert_eq!(shown.iter().map(|day| ms(&day.open.tally)).sum::<i64>(), said);
                }
            }
        }
        Ok(())
    });
    told.unwrap();
}

#[test]
fn hours_and_days_are_what_the_views_say_on_sqlite() {
    hours_and_days_are_what_the_views_say(Backend::Sqlite, 32);
}

#[test]
fn hours_and_days_are_what_the_views_say_on_postgres() {
    hours_and_days_are_what_the_views_say(Backend::Postgres, 8);
}

/// A state as the version before left it (`store/memory.rs`, format 1): five looks in hour 498785, the last two failed.
const FIRST_FORMAT: &str = "01010201A213C3A5DB7744A1EF3B1B67D12B07000E0094030116616E73776572656420343034204E6F7420466F756E64220001002200\
    0501A213C3A65F7440AE3DFF40808ACAA5000E0094030116616E73776572656420343034204E6F7420466F756E6401000100010001A2\
    13C3A5DB7744A1EF3B1B67D12B07000E0094030116616E73776572656420343034204E6F7420466F756E6422000100220001A213C3A4\
    4373B8B4A6E65C4B49BA68000000C801000B0001000B0001A213C3A30F792F8D0B652EBEB1DFE5000000C8010018000100040001A213\
    C3A1157DBD9E4B2C3F3D5076F0000000C80100540001005400032200F00001BE999DBCC26802C0CF24C2F13C8C13008802000502DCC4\
    028C13008802000502";

on_both! {
    fn a_database_of_the_version_before_goes_on(database: TestDatabase) {
        let connection = &mut database.connect();
        let last = Instant::from_ms(1_795_627_918_943);
        let site = add_site(connection, "shop", last);
        run(connection, last, vec![seen(&site, last, true)], &[]);
        let memory = match connection {
            AnyConnection::Sqlite(_) => format!("X'{FIRST_FORMAT}'"),
            AnyConnection::Postgres(_) => format!("'\\x{FIRST_FORMAT}'"),
        };
        connection.batch_execute(&format!("UPDATE site_states SET memory = {memory}")).unwrap();
        let status = statuses::of_site(connection, "shop").unwrap().status;
        assert_eq!(status.failures, 2);
        let minute = |n: u64| last.plus(Duration::from_secs(60 * n));
        let third = run(connection, minute(1), vec![seen(&site, minute(1), false)], &[]);
        assert_eq!(third.opened.len(), 1, "the third failure raises the outage");
        run(connection, minute(60), vec![seen(&site, minute(60), true)], &[]);
        let rows = rows(connection, "site_hours", "hour");
        let hour = &rows[&(site.id.0, 498_785)];
        assert_eq!((hour.looks, hour.failures, hour.times.count()), (6, 3, 0), "{hour:?}");
        assert_eq!(hour.up_degraded_down_blind, [1222, 0, 132 + 60_000 + 120_000, 0]);
    }

    fn a_chart_has_every_step_and_all_that_is_known(database: TestDatabase) {
        let connection = &mut database.connect();
        // From 22:30 on, over midnight.
        let begin = NOON.plus(Duration::from_secs(10 * 3600 + 1800));
        let site = add_site(connection, "shop", begin);
        let minute = |n: u64| begin.plus(Duration::from_secs(60 * n));
        for n in 0..130 {
            run(connection, minute(n), vec![seen(&site, minute(n), n % 10 != 0)], &[]);
        }
        for (window, steps, of_looks) in [(Window::Day, 24, vec![30, 60, 40]), (Window::Week, 168, vec![30, 60, 40]), (Window::Month, 120, vec![90, 40]), (Window::Year, 365, vec![90, 40])] {
            let found = series::steps(connection, site.id, window, minute(130)).unwrap();
            assert_eq!(found.len(), steps, "{window:?}");
            let looks: Vec<u32> = found.iter().map(|step| step.tally.looks).filter(|looks| *looks > 0).collect();
            assert_eq!(looks, of_looks, "{window:?}");
            let sum = |ms: fn(&Tally) -> i64| found.iter().map(|step| ms(&step.tally)).sum::<i64>();
            assert_eq!((sum(|tally| tally.up_ms), sum(|tally| tally.down_ms)), (117 * 60_000, 13 * 60_000));
            let last = found.iter().rev().find(|step| step.tally.looks > 0).unwrap();
            assert_eq!((last.range.to, last.times.quantile(500)), (minute(130), Some(12)));
            assert!(found.windows(2).all(|two| two[0].range.to == two[1].range.from || two[0].range.to == minute(130)));
        }
    }

    fn a_month_is_thirty_days(database: TestDatabase) {
        let connection = &mut database.connect();
        let site = add_site(connection, "shop", NOON);
        let half_day = |n: u64| NOON.plus(Duration::from_secs(12 * 3600 * n));
        (0..80).for_each(|n| look(connection, "default", &site, half_day(n), Duration::from_secs(12 * 3600)));
        let figures = figures::of(connection, None, half_day(79)).unwrap()[&site.id];
        assert_eq!([figures.day, figures.week, figures.month].map(|figure| figure.coverage_ppm), [Some(1_000_000); 3]);
    }
}
