//! A monitor whose days are cut by another zone from some hour on.

use std::collections::HashMap;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::sql_types::{Integer, Text};
use diesel::{QueryableByName, RunQueryDsl};
use djamon_core::calendar::Zone;
use djamon_core::domain::uptime::Figures;
use djamon_core::domain::{Instant, Observation, Policy, Site};
use djamon_core::store::backend::migrate::migrate;
use djamon_core::store::record::{self, ViewIds};
use djamon_core::store::{AnyConnection, calendars, figures, hours, runs, series};
use djamon_tests::clock::NOON;
use djamon_tests::on_both;
use djamon_tests::scripted::{add_site, begin, seen};

use super::HOUR;

const HALF_HOUR: Duration = Duration::from_secs(1800);

#[derive(QueryableByName)]
struct Noted {
    #[diesel(sql_type = Integer)]
    location_id: i32,
    #[diesel(sql_type = Text)]
    zone: String,
}

/// A run at `place`, whose days are those of `zone`; the next was promised after half an hour.
fn look(connection: &mut AnyConnection, place: &str, zone: &Zone, seen: Observation) {
    let location = runs::location(connection, place).unwrap();
    let mut context = begin(connection, location, seen.at);
    context.zone = zone.clone();
    context.expected_interval = HALF_HOUR;
    let (mut ids, at) = (ViewIds::after_stored(connection).unwrap(), seen.at);
    record::batch(connection, &context, &Policy::default(), &mut ids, vec![seen], &[], at).unwrap();
}

/// How long `site` is known to have been up: by report, by its days, and by its figures, which are the same without what is packed.
fn known(connection: &mut AnyConnection, site: &Site, now: Instant) -> ([i64; 2], Figures) {
    let end = calendars::zone(connection).unwrap().unwrap().day_of(now) + 1;
    let totals = hours::totals(connection, &[site.id], (0, end), now, &HashMap::new()).unwrap();
    let days = series::days(connection, site.id, end, now).unwrap();
    assert!(days.iter().all(|day| day.from <= now), "{now:?}");
    let figures_now = figures::of(connection, None, now).unwrap()[&site.id];
    connection.batch_execute("BEGIN; DELETE FROM site_recent").unwrap();
    assert_eq!(figures::of(connection, None, now).unwrap()[&site.id], figures_now, "{now:?}");
    connection.batch_execute("ROLLBACK").unwrap();
    ([totals[&site.id].tally.up_ms, days.iter().map(|day| day.open.tally.up_ms).sum()], figures_now)
}

on_both! {
    fn an_hour_is_of_one_day_by_whatever_zone_days_are_cut(database: TestDatabase) {
        let connection = &mut database.connect();
        let site = add_site(connection, "shop", NOON);
        let zone = |name: &str| name.parse::<Zone>().unwrap();
        // Five in the morning in Tokyo, when days become those of New York; later those of Tokyo again, then those of UTC.
        let changes = [(0, zone("Asia/Tokyo")), (32, zone("America/New_York")), (90, zone("Asia/Tokyo")), (128, zone("UTC"))];
        for half in 0..2 * 170u64 {
            let now = NOON.plus(HALF_HOUR * u32::try_from(half).unwrap());
            let of = changes.iter().rev().find(|(hour, _)| hour * 2 <= half).unwrap();
            look(connection, "default", &of.1, seen(&site, now, true));
            let up = i64::try_from(half).unwrap() * HOUR / 2;
            let ([total, days], figures) = known(connection, &site, now);
            assert_eq!(total, up, "{half}");
            // All of it within a week and a month, so that nothing but the share of these tells whether hours count twice.
            let month = calendars::zone(connection).unwrap().unwrap();
            let begin = month.start_of(month.day_of(now) - 29);
            assert_eq!(figures.month.coverage_ppm, u32::try_from(up * 1_000_000 / (now.ms() - begin.ms()).max(1)).ok(), "{half}");
            assert_eq!(days, up, "{half}");
        }
        // The 23rd from nine in the evening on in Tokyo; the 24th there, and from four in the afternoon on in New York; …
        let days = series::days(connection, site.id, 30, NOON.plus(HALF_HOUR * 339)).unwrap();
        let hours: Vec<_> = days.iter().map(|day| day.open.tally.up_ms / HOUR).collect();
        assert_eq!(hours, [3, 24 + 8, 6 + 24, 24, 2 + 8, 24 + 3, 6 + 24, 13]);
    }

    fn a_clock_set_back_before_a_change_cuts_nothing_anew(database: TestDatabase) {
        let connection = &mut database.connect();
        let site = add_site(connection, "shop", NOON);
        let [tokyo, utc] = ["Asia/Tokyo", "UTC"].map(|name| name.parse::<Zone>().unwrap());
        let half = |n: u32| NOON.plus(HALF_HOUR * n);
        (0..20).for_each(|n| look(connection, "default", &tokyo, seen(&site, half(n), true)));
        (20..24).for_each(|n| look(connection, "default", &utc, seen(&site, half(n), true)));
        look(connection, "default", &utc, seen(&site, half(0).minus(HALF_HOUR * 1000), true));
        (24..120).for_each(|n| look(connection, "default", &utc, seen(&site, half(n), true)));
        let now = half(119);
        let days = series::days(connection, site.id, 5, now).unwrap();
        let hours: Vec<_> = days.iter().map(|day| day.open.tally.up_ms * 2 / HOUR).collect();
        // In half hours: Tokyo's 23rd, and of that of UTC the last hour but for what the clock took; Tokyo's 24th until that, …
        assert_eq!(hours, [6 + 1, 16 + 48, 47]);
    }

    fn each_place_has_days_of_its_own_zone(database: TestDatabase) {
        let connection = &mut database.connect();
        let site = add_site(connection, "shop", NOON);
        let places = [("default", "Europe/Berlin"), ("tokyo", "Asia/Tokyo")].map(|(place, zone)| (place, zone.parse::<Zone>().unwrap()));
        for half in 0..100u64 {
            let now = NOON.plus(HALF_HOUR * u32::try_from(half).unwrap());
            places.iter().for_each(|(place, zone)| look(connection, place, zone, seen(&site, now, true)));
            let up = i64::try_from(half).unwrap() * HOUR / 2;
            assert_eq!(known(connection, &site, now).0[0], up, "{half}");
        }
        assert_eq!(calendars::zone(connection).unwrap().as_ref(), Some(&places[0].1));
        let noted: Vec<Noted> = diesel::sql_query("SELECT location_id, zone FROM day_zones ORDER BY location_id").load(connection).unwrap();
        let said: Vec<_> = noted.iter().map(|noted| (noted.location_id, noted.zone.as_str())).collect();
        assert_eq!(said, [(1, "Europe/Berlin"), (2, "Asia/Tokyo")]);
    }

    fn days_of_the_version_before_go_on(database: TestDatabase) {
        let connection = &mut database.connect();
        let site = add_site(connection, "shop", NOON);
        let half = |n: u32| NOON.plus(HALF_HOUR * n);
        let tokyo: Zone = "Asia/Tokyo".parse().unwrap();
        (0..80).for_each(|n| look(connection, "default", &tokyo, seen(&site, half(n), true)));
        let before = known(connection, &site, half(80));
        connection.batch_execute(
            "DROP TABLE day_zones; CREATE TABLE day_zones (day INTEGER NOT NULL PRIMARY KEY, zone TEXT NOT NULL); \
             INSERT INTO day_zones VALUES (20000, 'UTC'), (20780, 'Asia/Tokyo'); \
             DELETE FROM __diesel_schema_migrations WHERE version = '20261126230000'"
        ).unwrap();
        assert_eq!(migrate(&database.url).unwrap(), ["2026-11-26-230000_zones_of_places"]);
        assert_eq!(calendars::zone(connection).unwrap(), Some(tokyo));
        assert_eq!(known(connection, &site, half(80)), before);
    }
}
