//! `djamon-check report`: a month worked out by hand, months that stay as they were told, and what is refused.

use std::time::Duration;

use djamon_check::commands::report::{ReportArgs, run as report};
use djamon_core::calendar::parse_rfc3339;
use djamon_core::domain::group::NewGroup;
use djamon_core::domain::plan::RunContext;
use djamon_core::domain::run::{Blind, Blindness, Counts};
use djamon_core::domain::site::SiteChange;
use djamon_core::domain::{Instant, Observation, Policy, ScopeRule, Site};
use djamon_core::store::record::{self, ViewIds};
use djamon_core::store::runs::{self, Ending};
use djamon_core::store::{AnyConnection, blindness, groups, sites, write};
use djamon_tests::monitor::Monitor;
use djamon_tests::on_both;
use djamon_tests::scripted::{add_site, seen};
use serde_json::{Value, json};

const HOUR: u64 = 3600;
const MINUTE: u64 = 60;

/// Midnight of 1 October 2026 in Berlin, whose October has 745 hours.
fn october(seconds: u64) -> Instant {
    parse_rfc3339("2026-09-30T22:00:00Z").unwrap().plus(Duration::from_secs(seconds))
}

/// One run, where the next was promised twelve hours later. Without a look it is blind.
fn look(connection: &mut AnyConnection, site: &Site, at: Instant, good: Option<bool>) {
    let location = runs::location(connection, "default").unwrap();
    let expected_interval = Duration::from_secs(12 * HOUR);
    let run = runs::begin(connection, location, at, expected_interval).unwrap();
    let blind =
        if good.is_some() { blindness::is_over(connection, location, at).unwrap() } else { Blindness::NEVER };
    let zone = "Europe/Berlin".parse().unwrap();
    let context = RunContext { run, location, scope: ScopeRule::All, expected_interval, blind, zone };
    if let Some(good) = good {
        let mut ids = ViewIds::after_stored(connection).unwrap();
        let seen = Observation { duration_ms: 40, ..seen(site, at, good) };
        record::batch(connection, &context, &Policy::default(), &mut ids, vec![seen], &[], at).unwrap();
    }
    let blind = good.is_none().then(|| Blind { reason: "line".into(), from: at });
    runs::finish(
        connection,
        run,
        &Ending { at, blind, counts: Counts::default(), skipped_reason: None, idle: None },
    )
    .unwrap();
}

/// The month of the table below. A look every twelve hours, each vouching until the next, at most for a day; and
///
/// | hours since the month's beginning | what | of it |
/// |---|---|---|
/// | 119:30, 119:40, 119:50 | failed: an outage over midnight of 5 to 6 October, detected after 20 min | |
/// | 120:10, 120:20 | good again | 0:40 down |
/// | 240:00, 244:00 | blind until the look at 246:00 | 6:00 blind |
/// | 300:00 to 348:00 | nobody looks; the look before vouches for 24:00 | 24:00 unknown |
/// | 745:00 | the end (clocks went back on the 25th), before the look at 756:00 | |
///
/// Up: 745:00 − 0:40 − 6:00 − 24:00 = 714:20. Uptime: 714:20 / 715:00 = 0.99906759…, known: 715:00 / 745:00 = 0.95973154….
fn live_through(connection: &mut AnyConnection) -> Site {
    let site = add_site(connection, "shop", october(0));
    let hours = (0..=63).map(|n| n * 12).filter(|hour| ![120, 240, 312, 324, 336].contains(hour));
    let mut looks: Vec<(u64, Option<bool>)> = hours.map(|hour| (hour * HOUR, Some(true))).collect();
    let at = |hour: u64, minute: u64| hour * HOUR + minute * MINUTE;
    looks.extend([(at(119, 30), Some(false)), (at(119, 40), Some(false)), (at(119, 50), Some(false))]);
    looks.extend([(at(120, 10), Some(true)), (at(120, 20), Some(true))]);
    looks.extend([(at(240, 0), None), (at(244, 0), None), (at(246, 0), Some(true))]);
    looks.sort();
    for (seconds, good) in looks {
        look(connection, &site, october(seconds), good);
    }
    site
}

const BY_HAND: [(&str, i64); 9] = [
    ("watched_ms", 745 * 3_600_000),
    ("up_ms", (714 * 60 + 20) * 60_000),
    ("down_ms", 40 * 60_000),
    ("blind_ms", 6 * 3_600_000),
    ("unknown_ms", 24 * 3_600_000),
    ("outages", 1),
    ("time_to_detect_ms", 20 * 60_000),
    ("time_to_recover_ms", 40 * 60_000),
    ("longest_outage_ms", 40 * 60_000),
];

#[derive(clap::Parser)]
struct Line {
    #[command(flatten)]
    args: ReportArgs,
}

fn said(monitor: &Monitor, line: &str) -> Result<String, String> {
    let line =
        <Line as clap::Parser>::try_parse_from(std::iter::once("report").chain(line.split_whitespace()));
    let mut out = Vec::new();
    report(&monitor.app, &line.unwrap().args, &mut out).map_err(|failure| failure.to_string())?;
    Ok(String::from_utf8(out).unwrap())
}

fn told(monitor: &Monitor, line: &str) -> Value {
    serde_json::from_str(&said(monitor, &format!("{line} --format json")).unwrap()).unwrap()
}

fn berlin(database: djamon_tests::database::TestDatabase) -> Monitor {
    let monitor = Monitor::configured(database, &[], "[history]\ntime_zone = \"Europe/Berlin\"");
    monitor.clock.set(october(760 * HOUR));
    monitor
}

on_both! {
    fn a_month_equals_what_was_worked_out_by_hand_and_stays_so_when_frozen(database: TestDatabase) {
        let monitor = berlin(database);
        let connection = &mut monitor.connect();
        live_through(connection);
        let open = told(&monitor, "--month 2026-10");
        for (field, by_hand) in BY_HAND {
            assert_eq!(open["items"][0][field], by_hand, "{field} {open:#}");
            assert_eq!(open["total"][field], by_hand, "{field}");
        }
        let item = &open["items"][0];
        assert_eq!((&item["uptime"], &item["coverage"]), (&json!(0.999067), &json!(0.959731)));
        assert_eq!((&item["median_ms"], &item["p99_ms"], &item["looks"]), (&json!(40), &json!(40), &json!(64)));
        assert_eq!((&open["from"], &open["to"], &open["time_zone"]), (&json!("2026-10-01"), &json!("2026-10-31"), &json!("Europe/Berlin")));
        // Cut at midnight, the outage counts on both days.
        let day = told(&monitor, "--from 2026-10-06 --to 2026-10-06");
        assert_eq!((&day["items"][0]["outages"], &day["items"][0]["longest_outage_ms"], &day["items"][0]["down_ms"]), (&json!(1), &json!(600_000), &json!(600_000)));

        // Frozen, it stays whatever becomes of the site and of the history.
        assert_eq!(said(&monitor, "--freeze 2026-10").unwrap(), "2026-10 is frozen: 1 site\n");
        let change = SiteChange { name: Some("Renamed".into()), ..SiteChange::default() };
        write(connection, |connection| {
            sites::edit(connection, "shop", change, october(761 * HOUR))?;
            diesel::RunQueryDsl::execute(diesel::sql_query("DELETE FROM site_days"), connection)?;
            Ok(())
        }).unwrap();
        let mut frozen = told(&monitor, "--from 2026-10-01 --to 2026-10-31 --site shop");
        assert_eq!(frozen["frozen_at"], "2026-11-01T14:00:00.000Z");
        frozen["frozen_at"] = Value::Null;
        assert_eq!(frozen, open);
        assert!(said(&monitor, "--freeze 2026-10").unwrap_err().contains("2026-10 is frozen already"));
        assert!(said(&monitor, "--month 2026-10").unwrap().starts_with("2026-10-01 to 2026-10-31, Europe/Berlin, frozen 2026-11-01 15:00\n"));
    }

    fn a_site_is_not_told_of_after_it_was_removed(database: TestDatabase) {
        let monitor = berlin(database);
        let connection = &mut monitor.connect();
        let [gone, stays] = ["gone", "stays"].map(|name| add_site(connection, name, october(0)));
        // Each look would vouch for a day.
        look(connection, &gone, october(0), Some(false));
        look(connection, &stays, october(0), Some(true));
        write(connection, |connection| sites::remove(connection, "gone", october(HOUR))).unwrap();
        let told = told(&monitor, "--from 2026-10-01 --to 2026-10-01");
        let known = |line: &Value| ["watched_ms", "up_ms", "down_ms", "unknown_ms"].map(|field| line[field].as_i64().unwrap() / 3_600_000);
        assert_eq!(known(&told["items"][0]), [1, 0, 1, 0]);
        assert_eq!(known(&told["items"][1]), [24, 24, 0, 0]);
        assert_eq!(known(&told["total"]), [25, 24, 1, 0]);
    }

    fn a_site_and_a_group_that_were_removed_are_told_of_in_the_days_they_were_there(database: TestDatabase) {
        let monitor = berlin(database);
        let connection = &mut monitor.connect();
        let site = add_site(connection, "gone", october(0));
        write(connection, |connection| {
            let new = NewGroup { slug: None, name: "Shops".into(), public: true };
            let group = groups::add(connection, &new, october(0))?.id;
            let change = SiteChange { group: Some(Some(group)), ..SiteChange::default() };
            sites::edit(connection, "gone", change, october(0)).map(drop)
        }).unwrap();
        look(connection, &site, october(0), Some(true));
        let told_of = |options: &str| {
            let items = told(&monitor, options)["items"].clone();
            items.as_array().unwrap().iter().map(|item| item["site"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        said(&monitor, "--freeze 2026-10").unwrap();
        write(connection, |connection| {
            sites::remove(connection, "gone", october(750 * HOUR))?;
            groups::remove(connection, "shops", october(750 * HOUR)).map(drop)
        }).unwrap();
        for days in ["--month 2026-10", "--from 2026-10-30 --to 2026-11-01"] {
            assert_eq!(told_of(&format!("{days} --site gone")), ["gone"], "{days}");
            assert_eq!(told_of(&format!("{days} --group shops")), ["gone"], "{days}");
        }
        monitor.clock.set(october(1500 * HOUR));
        assert_eq!(
            said(&monitor, "--month 2026-12 --site gone").unwrap_err(),
            "--site: there is no site \"gone\"; djamon-check site list shows all"
        );
        assert!(said(&monitor, "--month 2026-12 --group shops").unwrap_err().starts_with("--group: there is no group"));
    }

    fn sites_that_had_one_slug_after_the_other_are_told_apart_by_their_removal(database: TestDatabase) {
        let monitor = berlin(database);
        let connection = &mut monitor.connect();
        for day in [0, 2] {
            let site = add_site(connection, "shop", october(day * 24 * HOUR));
            look(connection, &site, october(day * 24 * HOUR), Some(true));
            write(connection, |connection| sites::remove(connection, "shop", october((day * 24 + 5) * HOUR))).unwrap();
        }
        add_site(connection, "shop", october(100 * HOUR));
        let removals = [json!("2026-10-01T03:00:00.000Z"), json!("2026-10-03T03:00:00.000Z"), json!(null)];
        for frozen in [false, true] {
            if frozen {
                said(&monitor, "--freeze 2026-10").unwrap();
            }
            let told = told(&monitor, "--month 2026-10 --site shop");
            for (item, removed_at) in told["items"].as_array().unwrap().iter().zip(&removals) {
                assert_eq!((&item["site"], &item["removed_at"]), (&json!("shop"), removed_at), "frozen: {frozen}, {told:#}");
            }
            let csv = said(&monitor, "--month 2026-10 --format csv").unwrap();
            let lasts: Vec<_> = csv.split_terminator("\r\n").map(|line| line.rsplit(',').next().unwrap()).collect();
            assert_eq!(lasts, ["removed_at", "2026-10-01T03:00:00.000Z", "2026-10-03T03:00:00.000Z", ""], "frozen: {frozen}");
            let table = said(&monitor, "--month 2026-10").unwrap();
            assert!(table.contains("\nshop (removed 2026-10-01)  ") && table.contains("\nshop                       "), "{table}");
            let page = said(&monitor, "--month 2026-10 --format html").unwrap();
            assert!(page.contains("shop (removed 2026-10-03)<"), "{page}");
        }
    }

    fn a_site_that_comes_back_into_an_outage_has_had_one(database: TestDatabase) {
        let monitor = berlin(database);
        let connection = &mut monitor.connect();
        let [site, other] = ["back", "other"].map(|name| add_site(connection, name, october(0)));
        let minute = |n: u64| october(n * MINUTE);
        // It leaves the outage that goes on for the other one, and joins it again.
        for n in 0..12 {
            look(connection, &other, minute(n), Some(false));
            look(connection, &site, minute(n).plus(Duration::from_secs(1)), Some((4..8).contains(&n)));
        }
        let told = told(&monitor, "--from 2026-10-01 --to 2026-10-01");
        assert_eq!((&told["items"][0]["site"], &told["items"][0]["outages"]), (&json!("back"), &json!(1)));
        assert_eq!(told["items"][0]["time_to_recover_ms"].as_i64(), Some(4 * 60_000));
    }

    fn a_range_that_is_none_is_refused_by_name(database: TestDatabase) {
        let monitor = berlin(database);
        for (line, problem) in [
            ("--month 2026-13", "--month: \"2026-13\" is not a month"),
            ("--month 2026-12", "--month: \"2026-12\" has not begun yet"),
            ("--from 2026-02-30", "--from: \"2026-02-30\" is not a day"),
            ("--to 2026-11-02", "--to: \"2026-11-02\" has not begun yet"),
            ("--from 2026-10-05 --to 2026-10-04", "--to: 2026-10-04 lies before --from 2026-10-05"),
            ("--site shop", "--site: there is no site \"shop\"; djamon-check site list shows all"),
            ("--group shops", "--group: there is no group \"shops\"; djamon-check group list shows all"),
            ("--freeze 2026-11", "--freeze: 2026-11 is not over yet"),
            ("--freeze soon", "--freeze: \"soon\" is not a month"),
        ] {
            let refused = said(&monitor, line).unwrap_err();
            assert!(refused.starts_with(problem), "{line}: {refused}");
        }
    }
}

#[test]
fn csv_and_html_hold_names_that_would_be_formulas_or_tags() {
    let monitor =
        berlin(djamon_tests::database::TestDatabase::migrated(djamon_tests::database::Backend::Sqlite));
    let connection = &mut monitor.connect();
    live_through(connection);
    let name = "=HYPERLINK(\"http://evil/\"), <b>shop</b>";
    let change = SiteChange { name: Some(name.into()), ..SiteChange::default() };
    write(connection, |connection| sites::edit(connection, "shop", change, october(757 * HOUR))).unwrap();
    let csv = said(&monitor, "--month 2026-10 --format csv").unwrap();
    let lines: Vec<&str> = csv.split("\r\n").collect();
    assert_eq!((lines.len(), lines[2]), (3, ""), "{csv}");
    let wanted = "shop,\"'=HYPERLINK(\"\"http://evil/\"\"), <b>shop</b>\",,2026-10-01,2026-10-31,99.90,95.97,2682000000,2571600000,0,\
                  2400000,21600000,86400000,64,3,1,1200000,2400000,2400000,40,40,40,";
    assert_eq!(lines[1], wanted);
    let html = said(&monitor, "--month 2026-10 --format html").unwrap();
    assert!(html.contains("&lt;b&gt;shop&lt;") && !html.contains("<b>shop"), "{html}");
    assert!(html.contains("99.90 %") && !html.contains("<script") && !html.contains("src="), "{html}");
}
