//! A site that several places look at.

use std::collections::HashMap;
use std::time::Duration;

use djamon_core::calendar::Zone;
use djamon_core::domain::series::Window;
use djamon_core::domain::uptime::Tally;
use djamon_core::store::{figures, hours, series};
use djamon_tests::clock::NOON;
use djamon_tests::on_both;
use djamon_tests::scripted::{add_site, look, run, seen};

use super::HOUR;

on_both! {
    fn no_hour_counts_twice_when_places_are_at_different_days(database: TestDatabase) {
        let connection = &mut database.connect();
        // One place stops at eleven in the evening; the other goes on until it is two.
        let day = NOON.plus(Duration::from_secs(12 * 3600));
        let site = add_site(connection, "shop", day);
        let hour = |n: u64| day.plus(Duration::from_secs(3600 * n));
        for (place, hours) in [("default", 24), ("elsewhere", 27)] {
            (0..hours).for_each(|n| look(connection, place, &site, hour(n), Duration::from_secs(3600)));
        }
        let now = hour(26);
        // Each look vouches for two hours at most: known are 25 hours of one place, and 26 of the other.
        let known = 26 * HOUR;
        let days = series::days(connection, site.id, 2, now).unwrap();
        assert_eq!(days.iter().map(|day| day.open.tally.looks).collect::<Vec<_>>(), [48, 3]);
        assert_eq!(days.iter().map(|day| day.open.tally.up_ms).sum::<i64>(), known);
        let year = series::steps(connection, site.id, Window::Year, now).unwrap();
        assert_eq!((year[363].tally.looks, year[364].tally.looks), (48, 3));
        let number = Zone::default().day_of(now);
        let total = hours::totals(connection, &[site.id], (number - 1, number + 1), now, &HashMap::new()).unwrap()[&site.id].tally;
        assert_eq!((total.looks, total.up_ms), (51, known));
        let figures = figures::of(connection, None, now).unwrap()[&site.id];
        let whole = (6 * 24 + 2) * HOUR;
        assert_eq!(figures.week.coverage_ppm, Some(u32::try_from(known * 1_000_000 / whole).unwrap()));
        assert_eq!(figures::of(connection, Some(&[site.id]), now).unwrap()[&site.id], figures);
    }

    fn a_place_that_looked_once_takes_nothing_away(database: TestDatabase) {
        let connection = &mut database.connect();
        let site = add_site(connection, "shop", NOON);
        let half = |n: u32| NOON.plus(Duration::from_secs(1800) * n);
        let expected = Duration::from_secs(1800);
        for n in 0..=3 * 48 {
            look(connection, "default", &site, half(n), expected);
            if n == 100 {
                look(connection, "laptop", &site, half(n), expected);
            }
        }
        let now = half(3 * 48);
        let figures = figures::of(connection, None, now).unwrap()[&site.id];
        assert_eq!((figures.day.uptime_ppm, figures.day.coverage_ppm), (Some(1_000_000), Some(1_000_000)));
        let number = Zone::default().day_of(now);
        let total = &hours::totals(connection, &[site.id], (number - 3, number + 1), now, &HashMap::new()).unwrap()[&site.id];
        assert_eq!((total.tally.up_ms, total.tally.looks), (3 * 24 * HOUR, 3 * 48 + 2));
        for window in [Window::Week, Window::Year] {
            let steps = series::steps(connection, site.id, window, now).unwrap();
            assert!(steps.iter().all(|step| step.tally.up_ms <= step.range.ms()), "{window:?}");
            assert_eq!(steps.iter().map(|step| step.tally.up_ms).sum::<i64>(), 3 * 24 * HOUR);
        }
    }

    fn what_one_place_sees_down_is_its_share_of_the_time(database: TestDatabase) {
        let connection = &mut database.connect();
        let site = add_site(connection, "shop", NOON);
        let minute = |n: u64| NOON.plus(Duration::from_secs(60 * n));
        for n in 0..=60 {
            // Here it is down for a quarter of an hour, elsewhere it is not.
            run(connection, minute(n), vec![seen(&site, minute(n), !(10..25).contains(&n))], &[]);
            look(connection, "elsewhere", &site, minute(n), Duration::from_secs(60));
        }
        let number = Zone::default().day_of(NOON);
        let total = &hours::totals(connection, &[site.id], (number, number + 1), minute(60), &HashMap::new()).unwrap()[&site.id];
        let Tally { up_ms, down_ms, .. } = total.tally;
        assert_eq!((up_ms, down_ms), (HOUR - 450_000, 450_000));
        let figures = figures::of(connection, None, minute(60)).unwrap()[&site.id];
        assert_eq!(figures.day.uptime_ppm, Some(875_000));
    }
}
