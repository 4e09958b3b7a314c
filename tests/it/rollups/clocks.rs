//! A monitor whose clock was wrong for a while.

use std::collections::HashMap;
use std::time::Duration;

use djamon_core::calendar::Zone;
use djamon_core::domain::series::Window;
use djamon_core::domain::{Instant, Site, SiteOptions};
use djamon_core::store::{blindness, figures, hours, series};
use djamon_tests::clock::NOON;
use djamon_tests::on_both;
use djamon_tests::scripted::{add_site, add_site_with, blind_run, look, run, seen};

use super::model::rows;

fn every(interval: &str) -> SiteOptions {
    SiteOptions { interval: Some(interval.parse().unwrap()), ..SiteOptions::default() }
}

on_both! {
    fn what_a_clock_that_was_ahead_closed_goes_on_once_it_is_set_right(database: TestDatabase) {
        let connection = &mut database.connect();
        let begin = NOON.plus(Duration::from_secs(9 * 3600 + 1800));
        let (right, ahead) = (add_site(connection, "right", begin), add_site(connection, "ahead", begin));
        let minute = |n: u64| begin.plus(Duration::from_secs(60 * n));
        // From 21:30 until 5:10, twice with a clock that is wrong for one look: over midnight, and by a year.
        for n in (0..460).filter(|n| ![46, 101].contains(n)) {
            let good = n % 7 != 0;
            run(connection, minute(n), vec![seen(&right, minute(n), good), seen(&ahead, minute(n), good)], &[]);
            let wrong = match n {
                45 => minute(n + 181),
                100 => minute(n + 365 * 24 * 60),
                _ => continue,
            };
            run(connection, wrong, vec![seen(&ahead, wrong, true)], &[]);
        }
        let now = minute(460);
        let today = Zone::default().day_of(now);
        for (table, number) in [("site_hours", "hour"), ("site_days", "day")] {
            let rows = rows(connection, table, number);
            let of = |site: &Site| -> Vec<(i64, [i64; 4])> {
                // Those that are over; the day that goes on has a row of the time when it seemed to be.
                let end = if number == "hour" { (today + 1) * 24 } else { today };
                let rows = rows.iter().filter(|((id, at), _)| *id == site.id.0 && *at < end);
                rows.map(|((_, at), span)| (*at, span.up_degraded_down_blind)).collect()
            };
            assert_eq!(of(&ahead), of(&right), "{table}");
            let looks = |site: &Site| rows.iter().filter(|((id, at), _)| *id == site.id.0 && (number == "hour" || *at < today)).map(|(_, span)| span.looks).sum::<i32>();
            let more = if number == "hour" { 2 } else { 0 };
            assert_eq!(looks(&ahead), looks(&right) + more, "{table}: none is lost");
        }
        let number = Zone::default().day_of(now);
        let ids = [right.id, ahead.id];
        let totals = hours::totals(connection, &ids, (number - 1, number + 1), now, &HashMap::new()).unwrap();
        let [right_ms, ahead_ms] = ids.map(|id| totals[&id].tally).map(|tally| (tally.up_ms, tally.down_ms));
        assert_eq!(ahead_ms, right_ms);
        let packed = figures::of(connection, None, now).unwrap();
        assert_eq!(packed[&ahead.id], packed[&right.id]);
        diesel::RunQueryDsl::execute(diesel::sql_query("DELETE FROM site_recent"), connection).unwrap();
        assert_eq!(figures::of(connection, None, now).unwrap(), packed);
    }

    fn hours_to_come_that_a_clock_that_was_ahead_wrote_count_when_they_have_come(database: TestDatabase) {
        let connection = &mut database.connect();
        let site = add_site(connection, "shop", NOON);
        let minute = |n: u64| NOON.plus(Duration::from_secs(60 * n));
        let sure = |connection: &mut _, n| run(connection, minute(n), vec![seen(&site, minute(n), true)], &[]);
        (0..10).for_each(|n| drop(sure(connection, n)));
        (190..250).for_each(|n| drop(sure(connection, n)));
        for n in 10..=40 {
            sure(connection, n);
            let now = minute(n);
            let today = Zone::default().day_of(now);
            let total = hours::totals(connection, &[site.id], (today, today + 1), now, &HashMap::new()).unwrap()[&site.id].tally.up_ms;
            let days = series::days(connection, site.id, 1, now).unwrap();
            let steps = series::steps(connection, site.id, Window::Day, now).unwrap();
            let of_steps: i64 = steps.iter().map(|step| step.tally.up_ms).sum();
            assert_eq!((total, days[0].open.tally.up_ms, of_steps), (of_steps, of_steps, total), "{n}");
            let week = figures::of(connection, None, now).unwrap()[&site.id].week;
            let begin = Zone::default().start_of(today - 6);
            assert_eq!(week.coverage_ppm, u32::try_from(total * 1_000_000 / (now.ms() - begin.ms())).ok(), "{n}");
        }
    }

    fn a_machine_that_starts_without_a_clock_on_the_next_day_keeps_the_day_before(database: TestDatabase) {
        let connection = &mut database.connect();
        let site = add_site(connection, "shop", NOON);
        let minute = |n: u64| NOON.plus(Duration::from_secs(60 * n));
        let sure = |connection: &mut _, at| drop(run(connection, at, vec![seen(&site, at, true)], &[]));
        (0..=120).for_each(|n| sure(connection, minute(n)));
        (0..3).for_each(|n| sure(connection, Instant::from_ms(n * 60_000)));
        let morning = 20 * 60;
        (morning..=morning + 60).for_each(|n| sure(connection, minute(n)));
        let now = minute(morning + 60);
        let days = series::days(connection, site.id, 2, now).unwrap();
        let up: Vec<_> = days.iter().map(|day| day.open.tally.up_ms / 60_000).collect();
        assert_eq!(up, [120, 60]);
    }

    fn a_clock_set_far_back_takes_no_day_away(database: TestDatabase) {
        let connection = &mut database.connect();
        let site = add_site(connection, "shop", NOON);
        let half_day = |n: u64| NOON.plus(Duration::from_secs(12 * 3600 * n));
        let expected = Duration::from_secs(12 * 3600);
        (0..=20).for_each(|n| look(connection, "default", &site, half_day(n), expected));
        let now = half_day(20).plus(Duration::from_secs(1800));
        look(connection, "default", &site, now, expected);
        // Hours are purged. The machine starts without a clock, and again in the middle of what is past.
        let purged = "DELETE FROM site_hours WHERE hour < (SELECT max(hour) FROM site_hours) - 24";
        diesel::RunQueryDsl::execute(diesel::sql_query(purged), connection).unwrap();
        let known = |connection: &mut _, now| {
            let number = Zone::default().day_of(now);
            let totals = hours::totals(connection, &[site.id], (20_000, number + 1), now, &HashMap::new()).unwrap();
            let figures = figures::of(connection, None, now).unwrap()[&site.id];
            (totals[&site.id].tally, figures, rows(connection, "site_days", "day").into_iter().filter(|((_, day), _)| (20_001..number).contains(day)).collect::<Vec<_>>())
        };
        let before = known(connection, now);
        for wrong in [Instant::from_ms(0), half_day(5).plus(Duration::from_secs(60))] {
            look(connection, "default", &site, wrong, expected);
            look(connection, "default", &site, wrong.plus(Duration::from_secs(60)), expected);
        }
        look(connection, "default", &site, now, expected);
        let (tally, figures, days) = known(connection, now);
        assert_eq!(days, before.2);
        assert_eq!(figures, before.1);
        assert_eq!(tally.up_ms, before.0.up_ms);
    }

    fn blind_time_of_a_clock_that_was_wrong_takes_nothing_away_later(database: TestDatabase) {
        let connection = &mut database.connect();
        let (shop, slow) = (add_site(connection, "shop", NOON), add_site_with(connection, "slow", every("6h"), NOON));
        let minute = |n: i64| Instant::from_ms(NOON.ms() + n * 60_000);
        let seen_at = |connection: &mut _, at, of: &[&Site]| {
            let seen = of.iter().map(|site| seen(site, at, true)).collect();
            run(connection, at, seen, &[]);
        };
        let blind_at = |connection: &mut _, n| blind_run(connection, "default", minute(n), Duration::from_secs(60), "line");
        let day = 24 * 60;
        seen_at(connection, minute(0), &[&shop, &slow]);
        // Blind while the clock is a day ahead, then it is set right; blind again, with a moment a day back.
        (1..20).for_each(|n| blind_at(connection, day + n));
        (20..30).for_each(|n| blind_at(connection, n));
        blind_at(connection, 30 - day);
        (31..40).for_each(|n| blind_at(connection, n));
        for n in 40..=60 {
            seen_at(connection, minute(n), &[&shop]);
        }
        let of = |connection: &mut _, from: i64, now, site: &Site| {
            let number = Zone::default().day_of(NOON);
            let totals = hours::totals(connection, &[site.id], (number + from, number + from + 1), now, &HashMap::new()).unwrap();
            let tally = totals[&site.id].tally;
            (tally.up_ms / 60_000, tally.blind_ms / 60_000)
        };
        assert_eq!(of(connection, 0, minute(60), &shop), (2 + 20, 20));
        assert_eq!(of(connection, 0, minute(60), &slow), (20 + 20, 20));
        // A day later it sees.
        for n in 0..=60 {
            seen_at(connection, minute(day + n), &[&shop]);
        }
        assert_eq!(of(connection, 1, minute(day + 60), &shop), (60, 0));
        for time in blindness::newest(connection, 9, minute(day + 60)).unwrap() {
            assert!(time.until.is_some_and(|until| until >= time.from), "{time:?}");
        }
    }
}
