//! `djamon-check doctor`: looks after the monitor itself, a line for each thing: how it is, and what to do.

use std::io::Write;
use std::net::ToSocketAddrs;
use std::time::Duration;

use anstyle::AnsiColor;
use djamon_core::calendar::date_time;
use djamon_core::domain::{Instant, health, text};
use djamon_core::schedule::{Schedule, machine_time_zone};
use djamon_core::store::backend::migrate::open_current;
use djamon_core::store::backend::space;
use djamon_core::store::{AnyConnection, StoreError, checkup, outbox, runs};
use serde::Serialize;

use super::crontab::{self, CrontabAction};
use crate::app::{App, Exit, Failure};
use crate::deliver::Post;
use crate::output::{at_a_glance, json};

/// What `doctor` is told.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct DoctorArgs {
    /// Also look up the mail server's name
    #[arg(long)]
    online: bool,
    /// Print an array of objects
    #[arg(long)]
    json: bool,
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Ok,
    Warn,
    Bad,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Finding {
    level: Level,
    /// What it is, in a word that scripts can look for.
    what: &'static str,
    /// How it is.
    is: String,
    /// What to do.
    todo: Option<String>,
}

impl Finding {
    fn ok(what: &'static str, is: impl Into<String>) -> Self {
        Finding { level: Level::Ok, what, is: is.into(), todo: None }
    }

    fn warn(what: &'static str, is: impl Into<String>, todo: impl Into<String>) -> Self {
        Finding { level: Level::Warn, what, is: is.into(), todo: Some(todo.into()) }
    }

    fn bad(what: &'static str, is: impl Into<String>, todo: impl Into<String>) -> Self {
        Finding { level: Level::Bad, what, is: is.into(), todo: Some(todo.into()) }
    }
}

const DAY: Duration = Duration::from_secs(86_400);
/// By so much the clocks of several machines may differ.
const CLOCKS_DIFFER: Duration = Duration::from_secs(120);
const LARGE_LOG: u64 = 256 << 20;

/// Looks at everything; bad news (exit code 1) when something is bad.
///
/// # Errors
/// When the output cannot be written.
pub fn run(app: &App, args: &DoctorArgs, out: &mut dyn Write) -> Result<Exit, Failure> {
    let mut found = Vec::new();
    match open_current(&app.url) {
        Err(error) => found.push(Finding::bad("database", error.to_string(), "mend that first")),
        Ok(mut connection) => {
            let database = &mut connection;
            found.push(Finding::ok("database", format!("{} answers, with this program's schema", app.url)));
            type Look = fn(&App, &mut AnyConnection) -> Result<Vec<Finding>, StoreError>;
            let looks: [Look; 6] = [integrity, runs, clock, alerts, purge, disk];
            for look in looks {
                match look(app, database) {
                    Ok(some) => found.extend(some),
                    Err(error) => found.push(Finding::bad("database", error.to_string(), "mend that first")),
                }
            }
        }
    }
    found.push(cron(app, found.iter().any(|finding| finding.what == "runs" && finding.level == Level::Ok)));
    if args.online && app.config.email.is_on() {
        found.push(mail_server(app));
    }
    if args.json {
        json(out, &found)?;
    } else {
        for finding in &found {
            write(finding, out)?;
        }
    }
    let is_bad = found.iter().any(|finding| finding.level == Level::Bad);
    Ok(if is_bad { Exit::BadNews } else { Exit::Done })
}

fn write(finding: &Finding, out: &mut dyn Write) -> Result<(), Failure> {
    let (style, word) = match finding.level {
        Level::Ok => (AnsiColor::Green.on_default(), "ok"),
        Level::Warn => (AnsiColor::Yellow.on_default(), "warn"),
        Level::Bad => (AnsiColor::Red.on_default().bold(), "bad"),
    };
    let todo = finding.todo.as_ref().map(|todo| format!("; {todo}")).unwrap_or_default();
    Ok(writeln!(out, "{style}{word:<4}{style:#}  {:<9}  {}{todo}", finding.what, finding.is)?)
}

fn integrity(_: &App, database: &mut AnyConnection) -> Result<Vec<Finding>, StoreError> {
    Ok(vec![match space::damage(database)? {
        None => Finding::ok("integrity", "the database finds itself whole"),
        Some(damage) => {
            let todo = "stop cron, copy the file, restore the last backup (docs/operate.md)";
            Finding::bad("integrity", format!("the database is damaged: {damage}"), todo)
        }
    }])
}

fn runs(app: &App, database: &mut AnyConnection) -> Result<Vec<Finding>, StoreError> {
    let now = app.now();
    let last = runs::last_ended(database)?;
    let promised = Schedule::parse(&app.config.check.schedule)
        .map(|schedule| schedule.expected_interval(now, &machine_time_zone()))
        .unwrap_or(DAY);
    let mut found = Vec::new();
    found.push(match (&last, health::stale_for(last.as_ref(), promised, now)) {
        (None, _) => Finding::bad(
            "runs",
            "no run has ended yet",
            "run djamon-check, then djamon-check crontab install",
        ),
        (Some(_), Some(silent)) => {
            let todo = "is cron running, and are its lines there? djamon-check crontab check";
            Finding::bad("runs", format!("no run for {}", at_a_glance(silent)), todo)
        }
        (Some(run), None) => {
            let at = date_time(run.started_at, &app.config.history.time_zone);
            match run.started_at.since(now) > CLOCKS_DIFFER {
                false => Finding::ok("runs", format!("the last one began {at}, as promised")),
                true => Finding::bad(
                    "runs",
                    format!("the last one began {at}, in the future: whether they come cannot be told"),
                    "set the clock (timedatectl) if it is behind; if it is right now, run djamon-check once",
                ),
            }
        }
    });
    let since = Instant::from_ms(now.ms() - 86_400_000);
    let (blind, all) = checkup::blind_runs(database, since)?;
    if blind > 0 {
        let reason =
            last.and_then(|run| run.blind).map(|blind| format!(", the last one too: {}", blind.reason));
        let [blind, all] = [blind, all].map(text::count);
        let is = format!("{blind} of {all} runs of the last day were blind{}", reason.unwrap_or_default());
        found.push(Finding::warn("blind", is, "look at your own line, or choose other [check] sandbox_urls"));
    }
    Ok(found)
}

/// Whether what is stored lies ahead of this machine's clock.
fn clock(app: &App, database: &mut AnyConnection) -> Result<Vec<Finding>, StoreError> {
    let now = app.now();
    let last = runs::newest(database, 1)?.first().map(|run| run.started_at);
    let newest = last.max(checkup::newest_view(database)?);
    let ahead = newest.map(|at| at.since(now)).unwrap_or_default();
    Ok(vec![match ahead > CLOCKS_DIFFER {
        false => Finding::ok("clock", format!("it is {}", date_time(now, &app.config.history.time_zone))),
        true => {
            let is = format!("what was stored last is {} ahead of this machine's clock", at_a_glance(ahead));
            Finding::bad("clock", is, "set the clock (timedatectl), and let it be kept right")
        }
    }])
}

fn alerts(app: &App, database: &mut AnyConnection) -> Result<Vec<Finding>, StoreError> {
    let channels: Vec<String> =
        Post::new(app).listeners(database)?.into_iter().map(|listener| listener.channel).collect();
    if channels.is_empty() {
        let todo = "fill [email] in djamon.toml, or add a channel with djamon-check channel add";
        return Ok(vec![Finding::warn("alerts", "nobody is told of outages: there is no channel", todo)]);
    }
    let trouble = outbox::trouble(database, app.now())?;
    let alerts =
        |count: i64| if count == 1 { "1 alert".to_owned() } else { format!("{} alerts", text::count(count)) };
    let mut found = Vec::new();
    if trouble.parked > 0 {
        let todo = "djamon-check alerts list says why; mend it, then djamon-check alerts retry";
        found.push(Finding::bad("alerts", format!("{} given up in a week", alerts(trouble.parked)), todo));
    }
    if let Some(since) = trouble.late_since {
        let oldest = at_a_glance(app.now().since(since));
        let is = format!("{} late, owed for up to {oldest}", alerts(trouble.late));
        found.push(Finding::bad("alerts", is, "djamon-check alerts list says why"));
    }
    if found.is_empty() {
        found.push(Finding::ok("alerts", format!("{} are told, nothing is late", channels.join(", "))));
    }
    Ok(found)
}

fn purge(app: &App, database: &mut AnyConnection) -> Result<Vec<Finding>, StoreError> {
    let keep = app.config.history.keep_views;
    let age = checkup::oldest_view(database)?.map(|at| app.now().since(at)).unwrap_or_default();
    // PostgreSQL keeps them to the end of their day, and the purge comes at night.
    Ok(vec![match age > keep.saturating_add(3 * DAY) {
        false => Finding::ok(
            "purge",
            format!("no site view is older than {}", at_a_glance(keep.saturating_add(3 * DAY))),
        ),
        true => {
            let is =
                format!("the oldest site view is {} old, {} are kept", at_a_glance(age), at_a_glance(keep));
            Finding::warn("purge", is, "is its line in the crontab? djamon-check crontab install")
        }
    }])
}

fn disk(app: &App, database: &mut AnyConnection) -> Result<Vec<Finding>, StoreError> {
    let mib = |bytes: u64| format!("{} MiB", bytes >> 20);
    let mut found = Vec::new();
    if let Some(room) = checkup::room(database, &app.url, app.now())? {
        found.push(match room.is_short() {
            false => Finding::ok("disk", format!("{} are free", mib(room.free))),
            true => {
                let is = format!("only {} are free, {} should be", mib(room.free), mib(room.wanted));
                Finding::warn(
                    "disk",
                    is,
                    "free some space, or keep less ([history] keep_views, djamon-check purge)",
                )
            }
        });
    }
    if let Some(log) = space::log_bytes(&app.url).filter(|log| *log > LARGE_LOG) {
        let is = format!("SQLite's log has grown to {}", mib(log));
        found.push(Finding::warn("log", is, "something reads for very long; restart djamon-web"));
    }
    Ok(found)
}

/// Cron's lines. Where runs come as promised without them, somebody else calls.
fn cron(app: &App, runs_come: bool) -> Finding {
    let mut said = Vec::new();
    let problem = match crontab::run(CrontabAction::Check, &app.config, &mut said) {
        Ok(0) => return Finding::ok("cron", "your crontab has the lines of the configured schedule"),
        Ok(_) => String::from_utf8_lossy(&said).trim().to_owned(),
        Err(error) => error.to_string(),
    };
    match runs_come {
        true => Finding::warn("cron", problem, "unless something else calls djamon-check, as it seems to"),
        false => Finding::bad("cron", problem, "without a call there is no run"),
    }
}

fn mail_server(app: &App) -> Finding {
    let (host, port) = (app.config.email.host.as_str(), app.config.email.port);
    match (host, port).to_socket_addrs().map(|mut addresses| addresses.next()) {
        Ok(Some(address)) => Finding::ok("mail", format!("{host} is {}", address.ip())),
        Ok(None) => Finding::bad("mail", format!("{host} has no address"), "correct [email] host"),
        Err(error) => Finding::bad(
            "mail",
            format!("{host} cannot be looked up: {error}"),
            "correct [email] host, or the resolver",
        ),
    }
}
