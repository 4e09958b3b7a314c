//! `djamon-check purge` beside runs and pages, killed fifty times: what is within its time stays, and nobody else notices.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Text};
use diesel::{QueryableByName, RunQueryDsl};
use djamon_core::calendar::Zone;
use djamon_core::clock::{Clock, Stopwatch, SystemClock};
use djamon_core::domain::{Instant, Site, text};
use djamon_core::store::backend::lock::try_purge_lock;
use djamon_core::store::purge::{self, Course, Kind, Limits};
use djamon_core::store::{AnyConnection, figures, outages, statuses, views, write};
use djamon_tests::database::TestDatabase;
use djamon_tests::scripted::{add_site, look, run, seen};
use djamon_tests::{binary, on_both};

const DAY: Duration = Duration::from_secs(86_400);
const DAYS: u64 = 80;
const SITES: usize = 60;
const KILLS: u64 = 50;

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

fn count(connection: &mut AnyConnection, of: &str) -> i64 {
    let query = format!("SELECT CAST(count(*) AS BIGINT) AS count FROM {of}");
    diesel::sql_query(query).get_result::<Count>(connection).unwrap().count
}

/// Everything that must be the same before and after: evidence, days, states, and what lies within its time.
fn kept(connection: &mut AnyConnection, cutoff: Instant) -> Vec<(String, i64)> {
    let within = format!("site_views WHERE at >= {}", cutoff.ms());
    let tables =
        ["outages", "outage_sites", "events", "site_days", "site_hours", "site_states", "sites", "outbox"];
    tables
        .map(str::to_owned)
        .into_iter()
        .chain([within])
        .map(|of| (of.clone(), count(connection, &of)))
        .collect()
}

fn configured(database: &TestDatabase) {
    let text = format!(
        "[database]\nurl = {:?}\n[check]\nsandbox_urls = []\n[history]\ntime_zone = \"UTC\"\n",
        database.url_text
    );
    std::fs::write(database.dir.path().join("djamon.toml"), text).unwrap();
}

fn purging(database: &TestDatabase, words: &[&str]) -> Command {
    let mut command = Command::new(binary::path("djamon-check"));
    command.arg("purge").args(words).current_dir(database.dir.path()).stdin(Stdio::null());
    command
}

fn said(command: &mut Command) -> (i32, String, String) {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

/// A look at every site a day, for eighty days until yesterday. Two months ago a site was down for a while.
fn history(connection: &mut AnyConnection, now: Instant) -> Vec<Site> {
    let back = |days: u64, minutes: u64| {
        Instant::from_ms(now.ms() - i64::try_from(days * 86_400_000).unwrap())
            .plus(Duration::from_secs(60 * minutes))
    };
    let sites: Vec<Site> =
        (0..SITES).map(|n| add_site(connection, &format!("site{n}"), back(DAYS + 1, 0))).collect();
    for day in (1..=DAYS).rev() {
        let looks = sites.iter().map(|site| seen(site, back(day, 0), true)).collect();
        run(connection, back(day, 0), looks, &[]);
        if day == 60 {
            for (minute, good) in [(1, false), (2, false), (3, false), (4, true), (5, true)] {
                run(
                    connection,
                    back(day, minute),
                    vec![seen(&sites[0], back(day, minute), good)],
                    &["email"],
                );
            }
        }
    }
    sites
}

/// Runs and page reads until they are told to stop: how many, and the longest that one of them waited.
fn others(
    database: &TestDatabase,
    sites: &[Site],
    now: Instant,
    stop: &AtomicBool,
    done: &AtomicU64,
) -> Duration {
    let mut connection = database.connect();
    let mut longest = Duration::ZERO;
    let mut minute = 0;
    while !stop.load(Ordering::Relaxed) {
        minute += 1;
        let at = now.plus(Duration::from_secs(60 * minute));
        let watch = Stopwatch::start();
        run(&mut connection, at, vec![seen(&sites[1], at, true)], &[]);
        let mut all = statuses::of(&mut connection, &statuses::Which::All).unwrap();
        statuses::add_figures(&mut connection, &mut all, at).unwrap();
        views::before(&mut connection, sites[1].id, None, 10).unwrap();
        figures::of(&mut connection, None, at).unwrap();
        longest = longest.max(watch.elapsed());
        done.fetch_add(1, Ordering::Relaxed);
    }
    longest
}

on_both! {
    fn purge_beside_runs_and_pages_killed_fifty_times_loses_nothing_within_its_time(database: TestDatabase) {
        configured(&database);
        let mut connection = database.connect();
        let now = SystemClock::start().now();
        let sites = history(&mut connection, now);
        // Half a day within: the programs have a clock of their own, and go by it.
        let before_30 = Instant::from_ms(now.ms() - 30 * 86_400_000 + 43_200_000);
        let before = kept(&mut connection, before_30);
        let all = count(&mut connection, "site_views");
        let (stop, done) = (AtomicBool::new(false), AtomicU64::new(0));
        let longest = std::thread::scope(|scope| {
            let working = scope.spawn(|| others(&database, &sites, now, &stop, &done));
            // Each has a day or so to take away, and dies at another moment of doing so.
            for kill in 0..KILLS {
                let older_than = format!("{}h", (DAYS - 1 - kill).max(31) * 24);
                let mut child = purging(&database, &["--older-than", &older_than]).stderr(Stdio::null()).spawn().unwrap();
                let watch = Stopwatch::start();
                let moment = Duration::from_micros(kill * 7919 % 97 * 1500);
                while watch.elapsed() < moment && child.try_wait().unwrap().is_none() {
                    std::thread::sleep(Duration::from_micros(200));
                }
                let _ = child.kill();
                child.wait().unwrap();
            }
            assert!(done.load(Ordering::Relaxed) > 0);
            // A purge that was killed on PostgreSQL may hold its session for a moment longer.
            while try_purge_lock(&database.url).unwrap().is_none() {
                std::thread::yield_now();
            }
            assert_eq!(said(&mut purging(&database, &[])), (0, String::new(), String::new()), "silent without a terminal");
            stop.store(true, Ordering::Relaxed);
            working.join().unwrap()
        });
        println!("purge: {} runs and page reads beside it, the longest took {longest:?}", done.load(Ordering::Relaxed));
        // The other's own views are newer than all that is counted here but for those within the time.
        let runs_beside = i64::try_from(done.load(Ordering::Relaxed)).unwrap();
        for ((of, was), (_, is)) in before.iter().zip(kept(&mut connection, before_30)) {
            let more = if of.starts_with("site_views") { runs_beside } else { 0 };
            let grew = ["site_days", "site_hours"].contains(&of.as_str());
            assert!(is == was + more || (grew && is >= *was), "{of}: {was} were there, {is} are");
        }
        let old = count(&mut connection, &format!("site_views WHERE at < {}", before_30.ms()));
        let allowed = match connection { AnyConnection::Sqlite(_) => 0, AnyConnection::Postgres(_) => 2 * i64::try_from(SITES).unwrap() };
        assert!(old <= allowed && all > 4000, "{old} of {all} old ones are left");
        assert!(count(&mut connection, "runs") < i64::try_from(DAYS).unwrap() + runs_beside, "old runs are gone");
        let stories = outages::page(&mut connection, outages::Which::All, None, 0, 10).unwrap();
        assert_eq!(stories[0].parts[0].part.first.outcome.name(), "status", "the evidence is there");
        if let AnyConnection::Sqlite(_) = connection {
            let check: Vec<Line> = diesel::sql_query("SELECT integrity_check AS line FROM pragma_integrity_check").load(&mut connection).unwrap();
            assert_eq!(check[0].line, "ok");
            let unused: Vec<Count> = diesel::sql_query("SELECT freelist_count AS count FROM pragma_freelist_count").load(&mut connection).unwrap();
            assert_eq!(unused[0].count, 0, "the room is given back");
        }
    }

    fn purge_says_what_would_go_and_takes_all_that_is_past_its_time(database: TestDatabase) {
        configured(&database);
        let mut connection = database.connect();
        let now = SystemClock::start().now();
        let sites = history(&mut connection, now);
        look(&mut connection, "attic", &sites[3], now, Duration::from_secs(60));
        // Three years later: hours go, but not those of days that nobody has written yet; sent alerts go, owed ones stay.
        connection.batch_execute("UPDATE outbox SET state = 'sent', sent_at = 1000 WHERE id = (SELECT min(id) FROM outbox); INSERT INTO details (text, used_at) VALUES ('old', 1000)").unwrap();
        connection.batch_execute(&format!("UPDATE site_hours SET hour = hour - 40000 WHERE site_id > 2 AND hour < {}", now.ms() / 3_600_000 - 30 * 24)).unwrap();
        // Nobody looks at one site any more, and one place has been given up.
        connection.batch_execute(
            "UPDATE site_states SET last_at = 1000 WHERE location_id = 2; UPDATE site_states SET last_at = \
             (SELECT CAST(max(hour) AS BIGINT) FROM site_hours WHERE hour < 470000 AND site_id = 3) * 3600000 WHERE site_id = 3"
        ).unwrap();
        let old_hours = count(&mut connection, "site_hours WHERE hour < 470000 AND site_id >= 3") - 4;
        let (owed, days) = (count(&mut connection, "outbox WHERE state <> 'sent'"), count(&mut connection, "site_days"));
        let (code, would, _) = said(&mut purging(&database, &["--dry-run"]));
        assert_eq!(code, 0);
        for line in [format!("{} hours would go", text::count(old_hours)), "1 sent alerts would go".into(), "2 details would go".into()] {
            assert!(would.contains(&line), "{line}: {would}");
        }
        assert!(count(&mut connection, "details") > 0 && count(&mut connection, "outbox WHERE state = 'sent'") == 1, "nothing went");
        {
            let _lock = try_purge_lock(&database.url).unwrap().unwrap();
            assert_eq!(said(&mut purging(&database, &[])).0, 75);
        }
        while try_purge_lock(&database.url).unwrap().is_none() {
            std::thread::yield_now();
        }
        assert_eq!(said(&mut purging(&database, &[])), (0, String::new(), String::new()));
        assert_eq!(count(&mut connection, "site_hours WHERE hour < 470000 AND site_id > 3"), 0);
        assert_eq!(count(&mut connection, "site_hours WHERE hour < 470000 AND site_id = 3"), 4);
        assert_eq!((count(&mut connection, "outbox"), count(&mut connection, "site_days"), count(&mut connection, "details WHERE text = 'old'")), (owed, days, 0));
        let (code, _, refused) = said(&mut purging(&database, &["--older-than", "5h"]));
        assert_eq!((code, refused.as_str()), (2, "djamon-check: --older-than 5h is too short; keep at least 1d\n"));
    }

    fn a_step_takes_no_more_than_it_may_and_lets_others_write_before_the_next(database: TestDatabase) {
        let mut connection = database.connect();
        let now = SystemClock::start().now();
        history(&mut connection, now);
        // What is unlike the rest of its kind: sentences and alerts there are only a few of.
        for n in 0..250 {
            connection.batch_execute(&format!("INSERT INTO details (text, used_at) VALUES ('old {n}', 1000)")).unwrap();
        }
        let limits = Limits::new(now, 31 * DAY, 31 * DAY, &Zone::default());
        let mut other = database.connect();
        // Whoever would have to wait for a step's end is refused at once.
        other.batch_execute(match &other {
            AnyConnection::Sqlite(_) => "PRAGMA busy_timeout = 0",
            AnyConnection::Postgres(_) => "SET lock_timeout = '1ms'",
        }).unwrap();
        let most = 100;
        for kind in Kind::ALL {
            let (would, _) = purge::count(&mut connection, kind, &limits).unwrap();
            let (mut course, mut steps) = (Course::default(), Vec::new());
            while let Some(gone) = purge::step(&mut connection, kind, &limits, &mut course, most).unwrap() {
                write(&mut other, |c| Ok(c.batch_execute("UPDATE sites SET version = version")?)).unwrap();
                steps.push(gone.count);
            }
            assert_eq!(steps.iter().sum::<u64>(), would, "{}", kind.name());
            let is_by_days = kind == Kind::Views && matches!(connection, AnyConnection::Postgres(_));
            // Of hours: those of four sites, which have had a look a day for fifty days.
            let bound = if is_by_days { SITES as u64 + 5 } else if kind == Kind::Hours { 4 * 60 } else { most.into() };
            assert!(steps.iter().all(|gone| *gone <= bound), "{}: {steps:?}", kind.name());
            let least = match kind { Kind::Views | Kind::Hours => 15, Kind::Details => 3, Kind::Runs => 1, Kind::Alerts => 0 };
            assert!(steps.len() >= least, "{}: {steps:?}", kind.name());
        }
    }

    fn every_day_of_site_views_is_dropped_whole_once_it_is_past_its_time(database: TestDatabase) {
        configured(&database);
        let mut connection = database.connect();
        let now = SystemClock::start().now();
        history(&mut connection, now);
        let days = |connection: &mut AnyConnection| match connection {
            // Days that are attached, and tables of days that are not.
            AnyConnection::Postgres(_) => [
                count(connection, "pg_inherits WHERE inhparent = 'site_views'::regclass"),
                count(connection, "pg_class WHERE relkind = 'r' AND relname LIKE 'site!_views!_d%' ESCAPE '!'"),
            ],
            AnyConnection::Sqlite(_) => {
                let days = "(SELECT DISTINCT at / 86400000 FROM site_views)";
                [count(connection, days), count(connection, days)]
            }
        };
        let made = i64::try_from(DAYS).unwrap();
        let all = days(&mut connection);
        // Looks of a few minutes may reach over midnight.
        assert!(all == [made; 2] || all == [made + 1; 2], "a run makes the day it needs, and no other: {all:?}");
        assert_eq!(said(&mut purging(&database, &["--older-than", "10d"])).0, 0);
        let [attached, tables] = days(&mut connection);
        assert!(attached == tables && (9..=10).contains(&attached), "{attached} days are attached of {tables}");
        let oldest = now.ms() / 86_400_000 - 10;
        assert_eq!(count(&mut connection, &format!("site_views WHERE at < {}", oldest * 86_400_000)), 0);
    }
}
