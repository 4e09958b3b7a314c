//! A monitor that is killed over and over, and what it leaves behind.

use std::collections::{BTreeMap, BTreeSet};
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

/// Where a process dies.
#[derive(Clone, Copy)]
pub enum Death {
    /// At the n-th byte to the other side.
    Byte,
    /// At the n-th statement to PostgreSQL.
    Statement,
    /// When the n-th answer of the other side has left, and has not come.
    Answer,
    /// At the n-th of this system call in one of its threads.
    Call(&'static str),
}

/// One bad look raises an outage and one good one ends it, so that every run has something to tell.
pub struct Victim {
    pub place: Place,
    pub peer: Peer,
    /// How many processes of it were killed.
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
        let bytes = Reaper::before(local(peer.port()));
        let mut url = url::Url::parse(&database.url_text).unwrap();
        let statements = url.port().map(|port| Reaper::before(local(port)));
        if let Some(statements) = &statements {
            url.set_port(Some(statements.port())).unwrap();
        }
        let place = Place::with(&format!(
            "[database]\nurl = \"{url}\"\n[check]\nsandbox_urls = []\nattempts = 1\nrecover_after = 1\n\
             outage_scope = \"group\"\n[web]\ntemplates = \".\"\n{}",
            peer.configuration(bytes.port())
        ));
        // Short messages have fewer bytes to die at: a text without HTML beside it is sent alone. Starts are shorter, too,
        // when there are no authorities to be read.
        std::fs::create_dir(place.path().join("mail")).unwrap();
        ["mail/opened.txt", "mail/resolved.txt"].iter().for_each(|name| place.write(name, "{{ subject }}\n"));
        place.write("authorities", "");
        let place = place.with_variable("SSL_CERT_FILE", "authorities");
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

    /// Runs and deliveries are killed at every step.
    pub fn dies_at_every_step(&mut self) {
        self.a_message_dies_at_every_byte();
        let of_database = if self.statements.is_some() {
            vec![Death::Statement]
        } else {
            ["pwrite64", "fsync"].map(Death::Call).to_vec()
        };
        for death in of_database {
            self.runs_die(death);
            self.deliveries_die(death, every);
        }
    }

    /// Deliveries by several processes are killed at steps from the first to the last; which of them takes which is chance.
    pub fn dies_delivering(&mut self) {
        self.deliveries_die(Death::Answer, every);
        let some = |n| n + n / 4 + 1;
        self.deliveries_die(Death::Byte, some);
        let of_database = if self.statements.is_some() { Death::Statement } else { Death::Call("fsync") };
        self.deliveries_die(of_database, some);
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

    /// Runs are killed at the n-th of `death`, each followed by one that is not, until one gets through.
    fn runs_die(&mut self, death: Death) {
        // Of two runs one tells of a beginning and one of an end: those that are killed are all of one kind.
        self.turn();
        self.place.done(&["run"]);
        steps(every, |n| {
            self.turn();
            let died = self.dies(&["run"], death, n);
            self.turn();
            self.place.done(&["run"]);
            died
        });
    }

    /// The same for deliveries, each of what the other side has not taken in its run.
    fn deliveries_die(&mut self, death: Death, next: fn(u64) -> u64) {
        steps(next, |n| {
            self.owes();
            let died = self.dies(&["alerts", "deliver"], death, n);
            self.place.done(&["alerts", "deliver"]);
            died
        });
    }

    /// One message that is begun again and again, each time a byte further.
    fn a_message_dies_at_every_byte(&mut self) {
        self.owes();
        steps(every, |n| self.dies(&["alerts", "deliver"], Death::Byte, n));
    }

    /// Something has happened that the other side has not taken yet.
    fn owes(&mut self) {
        self.turn();
        self.peer.refuses_for_now();
        self.place.done(&["run"]);
        self.peer.takes_all();
        self.time_passes();
    }

    /// A program of which a process dies at the `n`-th, and minutes that pass; whether one died, or all got through before.
    fn dies(&mut self, words: &[&str], death: Death, n: u64) -> bool {
        let mut command = match death {
            Death::Byte | Death::Statement | Death::Answer => self.place.check(words),
            Death::Call(call) => self.traced(words, call, n),
        };
        let reaper = match death {
            Death::Byte => Some((&self.bytes, Unit::Bytes)),
            Death::Answer => Some((&self.bytes, Unit::Answers)),
            Death::Statement => self.statements.as_ref().map(|statements| (statements, Unit::Statements)),
            Death::Call(_) => None,
        };
        if let Some((reaper, unit)) = reaper {
            reaper.kill_after(n, unit);
        }
        // Those that serve beside it hold its stderr: what is waited for is the end of them all.
        let said = Running::start(&mut command).wait();
        let killed = reaper.map_or_else(|| self.killed_by_strace(), |(reaper, _)| reaper.spare());
        assert!(said.code == 0 || killed > 0, "{words:?} {n}: {said:?}");
        let under_way = self.messages("state = 'claimed'");
        assert!(under_way.len() <= killed, "{killed} killed processes left {under_way:?} under way");
        for key in under_way {
            *self.under_way.entry(key).or_default() += 1;
        }
        self.crashes += killed;
        self.time_passes();
        killed > 0
    }

    fn traced(&self, words: &[&str], call: &str, n: u64) -> Command {
        let program = self.place.check(words);
        let mut command = Command::new("strace");
        command
            .args(["-f", "-qq", "-o", STRACE])
            .args(["-e", &format!("trace={call},execve")])
            .args(["-e", &format!("inject={call}:signal=KILL:when={n}")])
            .arg(program.get_program())
            .args(words)
            .current_dir(self.place.path())
            .env_clear()
            .envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command
    }

    /// How many processes ended so: each begins with a program, and all its threads end together.
    fn killed_by_strace(&self) -> usize {
        let log = std::fs::read_to_string(self.place.path().join(STRACE)).unwrap();
        let lines = || log.lines().filter_map(|line| line.split_once(' '));
        let processes: BTreeSet<&str> =
            lines().filter(|(_, said)| said.trim_start().starts_with("execve(")).map(|(id, _)| id).collect();
        lines().filter(|(id, said)| processes.contains(id) && said.contains("+++ killed by SIGKILL")).count()
    }

    /// The sites are the other way round than they were seen last.
    fn turn(&mut self) {
        let is_down = self.count("outages WHERE resolved_at IS NULL") > 0;
        self.site.answer(if is_down { 200 } else { 503 });
    }
}

/// What strace says of a program's processes.
const STRACE: &str = "strace.log";

/// The step after `n` when none is left out.
fn every(n: u64) -> u64 {
    n + 1
}

/// Tries n = 1 and what is `next` after it, until nobody dies.
fn steps(next: fn(u64) -> u64, mut dies: impl FnMut(u64) -> bool) {
    let mut n = 1;
    while dies(n) {
        n = next(n);
    }
}
