//! A monitor that is killed over and over, and what it leaves behind.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Text};
use diesel::{QueryableByName, RunQueryDsl};
use djamon_core::store::AnyConnection;
use djamon_tests::database::TestDatabase;
use djamon_tests::place::Place;
use djamon_tests::reaper::{Reaper, Unit};
use djamon_tests::running::Running;
use djamon_tests::site_server::SiteServer;

use super::peer::Peer;

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

fn local(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// Where it dies.
#[derive(Clone, Copy)]
pub enum Death {
    /// At the n-th byte to the other side.
    Byte,
    /// At the n-th statement to PostgreSQL.
    Statement,
    /// At the n-th of this system call in one of its threads.
    Call(&'static str),
}

/// One bad look raises an outage and one good one ends it, so that every run has something to tell.
pub struct Victim {
    pub place: Place,
    pub peer: Peer,
    /// How often it was killed.
    pub crashes: usize,
    /// How often each message was under way when it was.
    pub under_way: BTreeMap<String, usize>,
    site: SiteServer,
    bytes: Reaper,
    /// Between it and its database, when that is a server.
    statements: Option<Reaper>,
    connection: AnyConnection,
}

impl Victim {
    /// One with so many outages at a time, which it tells `peer`.
    pub fn new(database: &TestDatabase, peer: Peer, outages: usize) -> Self {
        let site = SiteServer::start();
        let bytes = Reaper::before(local(peer.port()), Unit::Bytes);
        let mut url = url::Url::parse(&database.url_text).unwrap();
        let statements = url.port().map(|port| Reaper::before(local(port), Unit::Statements));
        if let Some(statements) = &statements {
            url.set_port(Some(statements.port())).unwrap();
        }
        let place = Place::with(&format!(
            "[database]\nurl = \"{url}\"\n[check]\nsandbox_urls = []\nattempts = 1\nrecover_after = 1\n\
             outage_scope = \"group\"\n{}",
            peer.configuration(bytes.port())
        ));
        peer.is_added(&place, bytes.port());
        for n in 0..outages {
            let (group, url) = (format!("group {n}"), format!("{}{n}", site.url()));
            place.done(&["group", "add", &group]);
            place.done(&["site", "add", &url, "--group", &format!("group-{n}")]);
        }
        let connection = database.connect();
        Victim { place, peer, crashes: 0, under_way: BTreeMap::new(), site, bytes, statements, connection }
    }

    /// How many rows there are of this.
    pub fn count(&mut self, of: &str) -> i64 {
        let query = format!("SELECT CAST(count(*) AS BIGINT) AS count FROM {of}");
        diesel::sql_query(query).get_result::<Found>(&mut self.connection).unwrap().count
    }

    /// The names of messages in the outbox, where this is so.
    pub fn messages(&mut self, so: &str) -> Vec<String> {
        let query = format!("SELECT DISTINCT message_key AS key FROM outbox WHERE {so} ORDER BY message_key");
        let keys: Vec<Key> = diesel::sql_query(query).load(&mut self.connection).unwrap();
        keys.into_iter().map(|found| found.key).collect()
    }

    /// Runs are killed at every step, and deliveries at those that no statement shows.
    pub fn dies_at_every_step(&mut self) {
        self.runs_die(Death::Byte);
        if self.statements.is_some() {
            return self.runs_die(Death::Statement);
        }
        for call in ["fcntl", "pwrite64", "fsync"] {
            self.runs_die(Death::Call(call));
            self.deliveries_die(Death::Call(call), 8);
        }
    }

    /// Deliveries alone are killed, at bytes and at steps of the database from the first to the last.
    pub fn dies_delivering(&mut self) {
        self.deliveries_die(Death::Byte, 2);
        let of_database = if self.statements.is_some() { Death::Statement } else { Death::Call("fsync") };
        self.deliveries_die(of_database, 2);
    }

    /// What takes minutes passes: claims run out, and PostgreSQL notices who is dead.
    pub fn time_passes(&mut self) {
        let owed = "UPDATE outbox SET next_try_at = 0 WHERE state IN ('claimed', 'retry')";
        self.connection.batch_execute(owed).unwrap();
        if let AnyConnection::Postgres(_) = self.connection {
            let held = "pg_locks WHERE locktype = 'advisory' AND classid IN (68, 69)
                        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
            while self.count(held) > 0 {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }

    /// Runs are killed at the n-th of `death`, each followed by one that is not, until one gets through: at every
    /// statement, at the first and last bytes, for a message is taken with its last, and between them at some.
    fn runs_die(&mut self, death: Death) {
        // Of two runs one tells of a beginning and one of an end: those that are killed are all of one kind.
        let total = self.says(death);
        self.turn();
        self.place.done(&["run"]);
        let (stride, last) = match death {
            Death::Statement => (u64::MAX, 0),
            Death::Call(_) => (8, 0),
            Death::Byte => (4, total.saturating_sub(10)),
        };
        steps(stride, last, |n| {
            self.turn();
            let died = self.dies(&["run"], death, n);
            self.turn();
            self.place.done(&["run"]);
            died
        });
    }

    /// The same for deliveries, each of what the other side has not taken in its run.
    fn deliveries_die(&mut self, death: Death, stride: u64) {
        steps(stride, 0, |n| {
            self.turn();
            self.peer.refuses_for_now();
            self.place.done(&["run"]);
            self.peer.takes_all();
            self.time_passes();
            self.dies(&["alerts", "deliver"], death, n)
        });
    }

    /// A program that dies at the `n`-th, and minutes that pass; whether it died, or got through before.
    fn dies(&mut self, words: &[&str], death: Death, n: u64) -> bool {
        let mut command = match death {
            Death::Byte | Death::Statement => self.place.check(words),
            Death::Call(call) => self.traced(words, call, n),
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
        self.time_passes();
        self.crashes += usize::from(died);
        for key in self.messages("state = 'claimed'") {
            *self.under_way.entry(key).or_default() += 1;
        }
        died
    }

    fn traced(&self, words: &[&str], call: &str, n: u64) -> Command {
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

    /// The sites are the other way round than they were seen last.
    fn turn(&mut self) {
        let is_down = self.count("outages WHERE resolved_at IS NULL") > 0;
        self.site.answer(if is_down { 200 } else { 503 });
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
            Death::Byte => Some(&self.bytes),
            Death::Statement => self.statements.as_ref(),
            Death::Call(_) => None,
        }
    }
}

/// Tries n = 1, 2, 3 … until nobody dies: each of the first `stride`, then steps that grow with n, and from `last` on each
/// again, when that is not 0.
fn steps(stride: u64, last: u64, mut dies: impl FnMut(u64) -> bool) {
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
    // What was left out by the step that went too far.
    (before + 1..n).take_while(|n| dies(*n)).for_each(drop);
}
