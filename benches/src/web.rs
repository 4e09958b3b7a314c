//! What the pages cost: the release program serves a database with a month of history to somebody on the same machine,
//! whose own use of the processors is in the figures.

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use diesel::connection::SimpleConnection;
use djamon_core::clock::{Clock, Stopwatch, SystemClock};
use djamon_core::domain::LocationId;
use djamon_core::domain::run::Counts;
use djamon_core::store::backend::migrate::open_or_create;
use djamon_core::store::runs::{self, Ending};
use djamon_core::store::{AnyConnection, DatabaseUrl};
use djamon_tests::chromium;
use djamon_tests::scene::{Scene, failed, good};
use tempfile::TempDir;

use crate::client::{self, Question};
use crate::database;
use crate::laps::Laps;
use crate::sections::Extent;
use crate::table::Bar::{self, AtLeast, AtMost};
use crate::table::{Figure, Table};

const HOUR: Duration = Duration::from_hours(1);
const LONG: Duration = Duration::from_secs(4);
const CONNECTIONS: usize = 8;

/// `djamon-web` at work.
struct Served {
    child: Child,
    address: SocketAddr,
    /// Its database, for runs meanwhile.
    scene: Scene,
    _directory: TempDir,
}

impl Served {
    /// Serves so many sites of one group with a month of hours, an hour of minutes and `views` more SiteViews behind them.
    fn new(sites: usize, views: u64) -> Result<Served> {
        let directory = tempfile::tempdir()?;
        let url = format!("sqlite://{}", directory.path().join("djamon.db").display());
        let configuration = format!("[database]\nurl = {url:?}\n[web]\nlisten = \"127.0.0.1:0\"\n");
        std::fs::write(directory.path().join("djamon.toml"), configuration)?;
        let mut connection = open_or_create(&DatabaseUrl::parse(&url)?)?;
        let now = SystemClock::start().now();
        database::add_history(&mut connection, views, now.minus(HOUR * 24 * 31))?;
        let mut scene = Scene::new(connection, now);
        fill(&mut scene, sites);

        let program = std::env::current_exe()?.with_file_name("djamon-web");
        ensure!(program.exists(), "{} is missing; run make bench", program.display());
        let mut child = Command::new(program).current_dir(directory.path()).stderr(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stderr.take().context("stderr")?).read_line(&mut line)?;
        let port = line.split("port ").nth(1).and_then(|rest| rest.split(':').next());
        let port: u16 = port.with_context(|| format!("djamon-web said {line:?}"))?.parse()?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        Ok(Served { child, address, scene, _directory: directory })
    }

    /// How long each of `count` answers took, until its first byte and until its last: before each a run has looked at all
    /// sites and come to its end, which is not timed. So the state is another one each time, and the list is read anew.
    fn after_runs(&mut self, question: &Question, count: u64) -> Result<[Laps; 2]> {
        let mut client = client::Client::connect(self.address)?;
        let (mut first_bytes, mut wholes) = (Vec::new(), Vec::new());
        for number in 0..count {
            // A run of the scene takes two seconds by its own clock.
            self.scene.now = SystemClock::start().now().minus(Duration::from_secs(3));
            self.scene.minute(|_| good());
            let (watch, mut first_byte) = (Stopwatch::start(), Duration::default());
            client.ask(question, number, &mut first_byte)?;
            first_bytes.push(first_byte);
            wholes.push(watch.elapsed());
        }
        Ok([Laps::of(first_bytes), Laps::of(wholes)])
    }

    /// How many states a second are shown to so many connections, each of which ends a run that had nothing to look at
    /// before every question: by the states that the answers say they are of, so that none counts twice. What the runs
    /// cost is in it, but for the disk, which they do not wait for.
    fn while_states_change(&mut self, question: &Question) -> Result<u64> {
        let connection = &mut self.scene.connection;
        connection.batch_execute("PRAGMA synchronous = OFF")?;
        let location = runs::location(connection, "default")?;
        let (connection, states) = (Mutex::new(connection), Mutex::new(HashSet::new()));
        let (address, next, watch) = (self.address, AtomicU64::new(0), Stopwatch::start());
        let work = || -> Result<()> {
            let mut client = client::Client::connect(address)?;
            while watch.elapsed() < LONG {
                end_a_run(&mut connection.lock().unwrap_or_else(PoisonError::into_inner), location)?;
                let number = next.fetch_add(1, Ordering::Relaxed);
                let page = client.ask(question, number, &mut Duration::default())?;
                let state = state_of(&String::from_utf8(page)?).context("a page without its state")?;
                states.lock().unwrap_or_else(PoisonError::into_inner).insert(state);
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(work)).collect();
            threads.into_iter().try_for_each(|thread| match thread.join() {
                Ok(done) => done,
                Err(_) => anyhow::bail!("a client panicked"),
            })
        })?;
        let shown = u64::try_from(states.into_inner().unwrap_or_else(PoisonError::into_inner).len())?;
        let took = u64::try_from(watch.elapsed().as_millis())?.max(1);
        self.scene.connection.batch_execute("PRAGMA synchronous = FULL")?;
        Ok(shown * 1000 / took)
    }

    /// The most memory it held so far, in bytes.
    fn peak(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("VmHWM")?;
        let kib: u32 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(f64::from(kib) * 1024.0)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A run that had nothing to look at comes to its end.
fn end_a_run(connection: &mut AnyConnection, location: LocationId) -> Result<()> {
    let now = SystemClock::start().now();
    let run = runs::begin(connection, location, now, Duration::from_mins(1))?;
    let ending = Ending { at: now, blind: None, counts: Counts::default(), skipped_reason: None, idle: None };
    Ok(runs::finish(connection, run, &ending)?)
}

/// The number of the state that a page says it is of.
fn state_of(page: &str) -> Option<u64> {
    let token = page.split_once("data-token=\"")?.1.split_once('"')?.0;
    token.split('-').nth(1)?.parse().ok()
}

/// A month in hours and an hour in minutes, up to the time the scene begins with; one site in fifty is not always up.
fn fill(scene: &mut Scene, sites: usize) {
    let until = scene.now;
    scene.now = until.minus(HOUR * 24 * 31);
    let group = scene.group("All", true);
    for n in 0..sites {
        scene.site(&format!("System number {n} of many"), Some(&group));
    }
    let mut runs = 0;
    while scene.now < until {
        scene.pace = if scene.now < until.minus(HOUR) { HOUR } else { Duration::from_mins(1) };
        runs += 1;
        scene.minute(|slug| {
            let fails = slug.ends_with("7-of-many") && slug.len() % 5 == 0 && runs % 9 == 0;
            if fails { failed(djamon_core::domain::Outcome::Timeout) } else { good() }
        });
    }
}

/// Pages and JSON of 100 and of 1,000 sites.
pub fn pages(extent: Extent, table: &mut Table) -> Result<()> {
    let anew = |path, encoding| Question { path, is_new: true, encoding };
    let kept = |path| Question { path, is_new: false, encoding: "br" };
    let rate = |of: &Served, question: &Question| {
        client::load(of.address, question, CONNECTIONS, LONG).map(Figure::Count)
    };

    let mut hundred = Served::new(100, 0)?;
    let measured = rate(&hundred, &anew("/?n=", "identity"))?;
    table.row("home of 100 sites, rendered anew: a second", measured, None, AtLeast(Figure::Count(1000)))?;
    let measured = rate(&hundred, &kept("/"))?;
    table.row("home of 100 sites, kept: a second", measured, None, AtLeast(Figure::Count(20_000)))?;
    let changed = Figure::Count(hundred.while_states_change(&anew("/?n=", "identity"))?);
    let title = "home of 100 sites, state changed each time: a second";
    table.row(title, changed, None, AtLeast(Figure::Count(1000)))?;
    let [_, changed] = hundred.after_runs(&anew("/?n=", "identity"), 500)?;
    let title = "home of 100 sites, after a run, nobody else asking (median)";
    table.row(title, Figure::Time(changed.median()?), None, Bar::None)?;
    drop(hundred);

    let (views, name) = match extent {
        Extent::Usual => (1_000_000, "1 million"),
        Extent::Full => (10_000_000, "10 million"),
    };
    let first_byte = |of: &Served| client::first_byte(of.address, &anew("/?n=", "br"), 100).map(Figure::Time);
    let few = Served::new(1000, 100_000)?;
    let reference = first_byte(&few)?;
    drop(few);
    let mut thousand = Served::new(1000, views)?;
    let measured = first_byte(&thousand)?;
    let title = format!("home of 1,000 sites on {name}, first byte (p95)");
    table.row(&title, measured, Some(reference), AtMost(Figure::Time(Duration::from_millis(60))))?;
    let title = format!("the same beside 100,000 SiteViews ({name})");
    table.row(&title, measured, Some(reference), Bar::Ratio(1.25))?;
    let [changed, _] = thousand.after_runs(&anew("/?n=", "br"), 100)?;
    let title = format!("home of 1,000 sites on {name}, state changed each time, first byte (p95)");
    let bar = AtMost(Figure::Time(Duration::from_millis(60)));
    table.row(&title, Figure::Time(changed.percentile(95)?), None, bar)?;
    let complete = complete(&thousand)?;
    let half = AtMost(Figure::Time(Duration::from_millis(500)));
    table.row("home of 1,000 sites, complete in Chromium (median)", complete, None, half)?;
    let mut connection = client::Client::connect(thousand.address)?;
    let length = connection.ask(&kept("/"), 0, &mut Duration::default())?.len();
    let length = Figure::Bytes(f64::from(u32::try_from(length)?));
    table.row("home of 1,000 sites, compressed", length, None, AtMost(Figure::Bytes(100_000.0)))?;
    let measured = rate(&thousand, &kept("/api/v1/groups/all"))?;
    table.row("group_data of 1,000 sites: a second", measured, None, AtLeast(Figure::Count(4000)))?;
    let peak = Figure::Bytes(thousand.peak()?);
    table.row("djamon-web: peak memory", peak, None, AtMost(Figure::Bytes(64.0 * 1024.0 * 1024.0)))
}

/// How long the home page takes in a browser that is open already, until nothing is missing.
fn complete(of: &Served) -> Result<Figure> {
    let mut took = None;
    chromium::tell("the_home_page_is_complete", &format!("http://{}/", of.address), &[], |word| {
        took = word.strip_prefix("took ").and_then(|ms| ms.parse::<f64>().ok());
    });
    let ms = took.context("Chromium said nothing")?;
    Ok(Figure::Time(Duration::from_secs_f64(ms / 1000.0)))
}
