//! The crash matrix: `djamon-check` killed at the n-th statement to the database and at the n-th byte to the mail server,
//! for n = 1, 2, 3 … until it gets through. Every event arrives, again at most once for each crash, under the same name.
//!
//! What SQLite is told are system calls: strace kills at the n-th lock, the n-th write and the n-th flush to the disk, which
//! are finer steps than statements. It counts for each thread, so that a delivery by itself is killed too: the thread that
//! claims and marks does more than the one that waits for it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Text};
use diesel::{QueryableByName, RunQueryDsl};
use djamon_core::store::AnyConnection;
use djamon_tests::on_both;
use djamon_tests::place::Place;
use djamon_tests::reaper::{Reaper, Unit};
use djamon_tests::running::Running;
use djamon_tests::site_server::SiteServer;
use djamon_tests::smtp_sink::{Arrived, Script, SmtpSink};
use djamon_tests::tell;

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

#[derive(QueryableByName)]
struct Key {
    #[diesel(sql_type = Text)]
    key: String,
}

fn count(connection: &mut AnyConnection, of: &str) -> i64 {
    let query = format!("SELECT CAST(count(*) AS BIGINT) AS count FROM {of}");
    diesel::sql_query(query).get_result::<Found>(connection).unwrap().count
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// A monitor that is killed over and over. One bad look raises an outage and one good one ends it, so that every run has
/// something to tell.
struct Victim {
    place: Place,
    site: SiteServer,
    sink: SmtpSink,
    mail: Reaper,
    /// Between it and its database, when that is a server.
    statements: Option<Reaper>,
    connection: AnyConnection,
    crashes: usize,
}

/// Where it dies.
#[derive(Clone, Copy)]
enum Death {
    /// At the n-th byte to the mail server.
    Byte,
    /// At the n-th statement to PostgreSQL.
    Statement,
    /// At the n-th of this system call in one of its threads.
    Call(&'static str),
}

impl Victim {
    fn new(database: &djamon_tests::database::TestDatabase) -> Self {
        let (site, sink) = (SiteServer::start(), SmtpSink::start(Script::default()));
        let mail = Reaper::before(local(sink.port()), Unit::Bytes);
        let mut url = url::Url::parse(&database.url_text).unwrap();
        let statements = url.port().map(|port| Reaper::before(local(port), Unit::Statements));
        if let Some(statements) = &statements {
            url.set_port(Some(statements.port())).unwrap();
        }
        let place = Place::with(&format!(
            "[database]\nurl = \"{url}\"\n[check]\nsandbox_urls = []\nattempts = 1\nrecover_after = 1\n[email]\n\
             from = \"djamon@example.org\"\nto = [\"ops@example.org\"]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n",
            mail.port()
        ));
        place.done(&["site", "add", &site.url()]);
        let connection = database.connect();
        Victim { place, site, sink, mail, statements, connection, crashes: 0 }
    }

    /// A program that dies at the `n`-th; whether it did, or got through before.
    fn dies(&mut self, words: &[&str], death: Death, n: u64) -> bool {
        let mut command = match death {
            Death::Byte | Death::Statement => self.place.check(words),
            Death::Call(call) => {
                let program = self.place.check(words);
                let mut command = Command::new("strace");
                command
                    .args(["-f", "-qqq", "-o", "/dev/null"])
                    .args(["-e", &format!("trace={call}")])
                    .args(["-e", &format!("inject={call}:signal=KILL:when={n}")])
                    .arg(program.get_program())
                    .args(words)
                    .current_dir(self.place.path())
                    .env_clear();
                command
            }
        };
        let reaper = self.reaper(death);
        if let Some(reaper) = reaper {
            reaper.kill_after(n);
        }
        let running = Running::start(&mut command);
        if let Some(reaper) = reaper {
            reaper.meet(running.id());
        }
        let said = running.wait();
        if let Some(reaper) = reaper {
            reaper.spare();
        }
        let died = said.code == -1;
        assert!(died || said.code == 0, "{words:?} {n}: {said:?}");
        self.crashes += usize::from(died);
        died
    }

    /// The site is the other way round than it was seen last.
    fn turn(&mut self) {
        let is_down = count(&mut self.connection, "outages WHERE resolved_at IS NULL") > 0;
        self.site.answer(if is_down { 200 } else { 503 });
    }

    /// What takes minutes passes: claims run out, and PostgreSQL notices who is dead.
    fn time_passes(&mut self) {
        let owed = "UPDATE outbox SET next_try_at = 0 WHERE state IN ('claimed', 'retry')";
        self.connection.batch_execute(owed).unwrap();
        if let AnyConnection::Postgres(_) = self.connection {
            let held = "pg_locks WHERE locktype = 'advisory' AND classid IN (68, 69)
                        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
            while count(&mut self.connection, held) > 0 {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }

    /// How much a run says that nobody kills.
    fn says(&mut self, death: Death) -> u64 {
        let Some(reaper) = self.reaper(death) else { return 0 };
        reaper.kill_after(u64::MAX);
        self.turn();
        self.place.done(&["run"]);
        self.reaper(death).map_or(0, Reaper::spare)
    }

    fn reaper(&self, death: Death) -> Option<&Reaper> {
        match death {
            Death::Byte => Some(&self.mail),
            Death::Statement => self.statements.as_ref(),
            Death::Call(_) => None,
        }
    }

    /// Runs are killed at the n-th of `death`, each followed by one that is not, until one gets through.
    fn runs_die(&mut self, death: Death) {
        // Of two runs one tells of a beginning and one of an end: those that are killed are all of one kind.
        let total = self.says(death);
        self.turn();
        self.place.done(&["run"]);
        steps(death, total, |n| {
            self.turn();
            let died = self.dies(&["run"], death, n);
            self.time_passes();
            self.turn();
            self.place.done(&["run"]);
            died
        });
    }

    /// The same for deliveries, each of a message that the mail server has not taken in its run.
    fn deliveries_die(&mut self, death: Death) {
        steps(death, 0, |n| {
            self.turn();
            self.sink.follow(Script::default().answering("MAIL", "451 later"));
            self.place.done(&["run"]);
            self.sink.follow(Script::default());
            self.time_passes();
            let died = self.dies(&["alerts", "deliver"], death, n);
            self.time_passes();
            died
        });
    }
}

/// Tries n = 1, 2, 3 … until nobody dies. Every statement, the first and last system calls and bytes; between them strides
/// that grow with n. `total` is how many there are, where that is known: a mail is taken with its last bytes.
fn steps(death: Death, total: u64, mut dies: impl FnMut(u64) -> bool) {
    let (stride, last) = match death {
        Death::Statement => (u64::MAX, 0),
        Death::Call(_) => (8, 0),
        Death::Byte => (4, total.saturating_sub(10)),
    };
    let (mut n, mut before) = (1, 0);
    while dies(n) {
        before = n;
        let next = n + 1 + n / stride;
        n = if n < last {
            next.min(last)
        } else if last > 0 {
            n + 1
        } else {
            next
        };
    }
    // What was left out by the stride that went too far.
    (before + 1..n).take_while(|n| dies(*n)).for_each(drop);
}

fn name(mail: &Arrived) -> String {
    mail.header("Message-ID").unwrap()
}

on_both! {
    fn whatever_moment_it_is_killed_at_every_event_arrives(database: TestDatabase) {
        let mut victim = Victim::new(&database);

        // 1. Killed at every step.
        victim.runs_die(Death::Byte);
        match victim.statements {
            Some(_) => victim.runs_die(Death::Statement),
            None => {
                for call in ["fcntl", "pwrite64", "fsync"] {
                    victim.runs_die(Death::Call(call));
                    victim.deliveries_die(Death::Call(call));
                }
            }
        }
        assert!(victim.crashes > 80, "{} crashes are few: is anybody killed?", victim.crashes);

        // 2. Two runs more bring what may be left.
        for _ in 0..2 {
            victim.time_passes();
            victim.place.done(&["run"]);
        }

        // 3. Every event has left for the channel, in a message that arrived.
        let Victim { place, sink, mut connection, crashes, .. } = victim;
        assert_eq!(count(&mut connection, "outbox WHERE state <> 'sent'"), 0);
        assert_eq!(count(&mut connection, "events e WHERE NOT EXISTS (SELECT 1 FROM outbox o WHERE o.event_id = e.id)"), 0);
        let told = "SELECT DISTINCT message_key AS key FROM outbox";
        let told: Vec<Key> = diesel::sql_query(told).load(&mut connection).unwrap();
        let mails = sink.mails();
        let mut arrived: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for mail in &mails {
            arrived.entry(name(mail)).or_default().insert(mail.header("Subject").unwrap());
        }
        let missing: Vec<&String> =
            told.iter().map(|told| &told.key).filter(|key| !arrived.contains_key(&format!("<{key}@example.org>"))).collect();
        assert_eq!(missing, [] as [&String; 0], "messages that never arrived");

        // 4. What came again came under the name it had, and not oftener than somebody was killed.
        let duplicates = mails.len() - arrived.len();
        assert_eq!(arrived.len(), told.len(), "no message has two names");
        assert!(duplicates <= crashes, "{duplicates} duplicates of {crashes} crashes");
        assert!(arrived.values().all(|subjects| subjects.len() == 1), "{arrived:#?}");
        let stats = place.json(&["alerts", "stats", "--json"]);
        assert_eq!((&stats["lost"], &stats["pending"], &stats["parked"]), (&0.into(), &0.into(), &0.into()), "{stats}");
        tell!("crashes {crashes}, delivered {}, duplicates {duplicates}, lost {}", stats["sent"], stats["lost"]);
    }
}
