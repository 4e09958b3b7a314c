//! `djamon-check run` killed without warning, two hundred times, at moments spread over all of a run: while it opens the
//! database, probes, writes, talks to the mail server. What was committed stays, and nothing is told that was not seen.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use diesel::sql_types::{BigInt, Text};
use diesel::{QueryableByName, RunQueryDsl};
use djamon_core::store::AnyConnection;
use djamon_tests::monitor::header;
use djamon_tests::on_both;
use djamon_tests::place::Place;
use djamon_tests::running::Running;
use djamon_tests::site_server::SiteServer;
use djamon_tests::smtp_sink::{Script, SmtpSink};

const KILLS: usize = 200;

/// What must never be found, whenever a run was killed.
const NEVER: [(&str, &str); 12] = [
    (
        "a part of an outage without its three failed views",
        "outage_sites p WHERE 3 > (SELECT count(*) FROM site_views v WHERE v.site_id = p.site_id
         AND v.location_id = p.location_id AND v.outcome <> 0 AND v.at BETWEEN p.down_at AND p.detected_at)",
    ),
    (
        "a good view among those that a part of an outage rests on",
        "outage_sites p WHERE EXISTS (SELECT 1 FROM site_views v WHERE v.site_id = p.site_id
         AND v.location_id = p.location_id AND v.outcome = 0 AND v.at BETWEEN p.down_at AND p.detected_at)",
    ),
    (
        "a recovery without its good views",
        "outage_sites p WHERE p.up_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM site_views v
         WHERE v.site_id = p.site_id AND v.outcome = 0 AND v.at = p.up_at)",
    ),
    (
        "an event that the channel is not owed",
        "events e WHERE NOT EXISTS (SELECT 1 FROM outbox o WHERE o.event_id = e.id AND o.channel = 'email')",
    ),
    (
        "an outage that was not told to begin exactly once",
        "outages o WHERE 1 <> (SELECT count(*) FROM events e WHERE e.outage_id = o.id AND e.kind = 'opened')",
    ),
    (
        "an ended outage that was not told to end exactly once",
        "outages o WHERE o.resolved_at IS NOT NULL
         AND 1 <> (SELECT count(*) FROM events e WHERE e.outage_id = o.id AND e.kind = 'resolved')",
    ),
    (
        "an open part of an ended outage",
        "outage_sites p JOIN outages o ON o.id = p.outage_id WHERE p.up_at IS NULL AND o.resolved_at IS NOT NULL",
    ),
    (
        "an open outage without an open part",
        "outages o WHERE o.resolved_at IS NULL
         AND NOT EXISTS (SELECT 1 FROM outage_sites p WHERE p.outage_id = o.id AND p.up_at IS NULL)",
    ),
    (
        "a site that is down outside of an outage, or in one without being down",
        "site_states s WHERE (s.standing = 'down')
         <> EXISTS (SELECT 1 FROM outage_sites p WHERE p.site_id = s.site_id AND p.up_at IS NULL)",
    ),
    (
        "two open parts of one site",
        "(SELECT site_id FROM outage_sites WHERE up_at IS NULL GROUP BY site_id HAVING count(*) > 1) AS twice",
    ),
    (
        "a second open outage",
        "(SELECT count(*) AS count FROM outages WHERE resolved_at IS NULL) AS open WHERE open.count > 1",
    ),
    (
        "two views of one site in one run",
        "(SELECT 1 FROM site_views GROUP BY run_id, site_id HAVING count(*) > 1) AS twice",
    ),
];

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

#[derive(QueryableByName)]
struct Told {
    #[diesel(sql_type = Text)]
    text: String,
}

fn count(connection: &mut AnyConnection, of: &str) -> i64 {
    let query = format!("SELECT CAST(count(*) AS BIGINT) AS count FROM {of}");
    diesel::sql_query(query).get_result::<Count>(connection).unwrap().count
}

fn texts(connection: &mut AnyConnection, query: &str) -> Vec<String> {
    let found = diesel::sql_query(query).load::<Told>(connection).unwrap();
    found.into_iter().map(|told| told.text).collect()
}

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    /// From 0 to 1.
    fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / f64::from(u32::MAX >> 1)
    }
}

/// Waits until `is_time`, or until there is nothing left to kill.
fn wait_until(running: &mut Running, is_time: impl Fn() -> bool) {
    while !is_time() && !running.has_ended() {
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// The kernel gives a dead process's file lock back before it is waited for; PostgreSQL when it reads from the connection.
fn wait_for_lock(connection: &mut AnyConnection) {
    if let AnyConnection::Postgres(_) = connection {
        let held = "pg_locks WHERE locktype = 'advisory' AND classid = 69
                    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        while count(connection, held) > 0 {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "real programs take real time")]
fn stopwatch() -> Instant {
    Instant::now()
}

on_both! {
    fn a_run_killed_at_any_moment_loses_nothing_and_invents_nothing(database: TestDatabase) {
        let (site, mail) = (SiteServer::start(), SmtpSink::start(Script::default()));
        let place = Place::with(&format!(
            "[database]\nurl = {:?}\n[check]\nsandbox_urls = []\n[email]\nfrom = \"djamon@example.org\"\n\
             to = [\"ops@example.org\"]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n",
            database.url_text, mail.port()
        ));
        place.done(&["site", "add", &site.url()]);
        let mut connection = database.connect();

        // 1. How long a run takes here and now.
        let begun = stopwatch();
        (0..5).for_each(|_| { place.done(&["run"]); });
        let usual = begun.elapsed() / 5;

        // 2. Kills, most of them at any time, some while the site or the mail server has just been spoken to. The site
        // dies and recovers as soon as its outage has ended or begun, so that there is always something to lose.
        let mut dice = Dice(69);
        let (mut kills, mut runs) = (0, 5);
        while kills < KILLS {
            let is_down = count(&mut connection, "outages WHERE resolved_at IS NULL") > 0;
            site.answer(if is_down { 200 } else { 503 });
            let (asked, mailed) = (site.asked(), mail.mails().len());
            let mut running = Running::start(&mut place.check(&["run"]));
            match kills % 10 {
                8 => wait_until(&mut running, || site.asked() > asked),
                9 => wait_until(&mut running, || mail.mails().len() > mailed),
                _ => std::thread::sleep(usual.mul_f64(dice.roll() * 1.3)),
            }
            match running.kill() {
                None => kills += 1,
                // PostgreSQL may not have noticed yet that the run before is dead.
                Some(code) => assert!(code == 0 || code == 75, "{code}"),
            }
            runs += 1;
            assert!(runs < 10 * KILLS, "runs end before they are killed");
            // A claim that died with its run comes free after two minutes; they pass here.
            diesel::sql_query("UPDATE outbox SET next_try_at = 0 WHERE state = 'claimed'").execute(&mut connection).unwrap();
        }

        // 3. An undisturbed run works at once, and a second one tells what may be left.
        site.answer(503);
        wait_for_lock(&mut connection);
        assert_eq!(place.done(&["run"]), "");
        let last = place.json(&["run", "--json"]);
        assert_eq!((&last["sites"], &last["alerts"]["pending"]), (&1.into(), &0.into()), "{last}");

        // 4. What the database holds.
        for (what, of) in NEVER {
            assert_eq!(count(&mut connection, of), 0, "{what}");
        }
        if let AnyConnection::Sqlite(_) = connection {
            assert_eq!(texts(&mut connection, "SELECT integrity_check AS text FROM pragma_integrity_check"), ["ok"]);
            assert_eq!(count(&mut connection, "pragma_foreign_key_check"), 0);
        }
        assert_eq!(count(&mut connection, "runs WHERE finished_at IS NULL OR state NOT IN ('done', 'died', 'overlap')"), 0);
        let died = count(&mut connection, "runs WHERE state = 'died'");
        let outages = count(&mut connection, "outages");
        assert!(died > 0 && died <= i64::try_from(KILLS).unwrap(), "{died}");
        assert!(outages > 1, "{outages}");

        // 5. What the people were told: every message, in order, and again only after a kill.
        let mails = mail.mails();
        let owed = texts(&mut connection, "SELECT DISTINCT message_key AS text FROM outbox WHERE state = 'sent'");
        assert_eq!(count(&mut connection, "outbox WHERE state <> 'sent'"), 0);
        let mut told: HashMap<String, HashSet<String>> = HashMap::new();
        for mail in &mails {
            told.entry(header(&mail.text, "Message-ID")).or_default().insert(header(&mail.text, "Subject"));
        }
        for key in &owed {
            assert!(told.contains_key(&format!("<{key}@example.org>")), "{key} was never told: {:?}", told.keys());
        }
        assert!(mails.len() - told.len() <= KILLS);
        assert!(told.values().all(|subjects| subjects.len() == 1), "{told:?}");
        println!(
            "a run takes {usual:?}; {KILLS} of {runs} were killed, {died} of them on record; {outages} outages; \
             {} mails, {} of them again",
            mails.len(), mails.len() - told.len()
        );
    }
}
