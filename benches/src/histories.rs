//! Histories that are made once and stay for the next benchmark, outside of the repository: SQLite's beside the programs,
//! PostgreSQL's in a cluster of their own.

use std::path::PathBuf;
use std::sync::OnceLock;

use anyhow::{Context, Result};
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use djamon_core::domain::Instant;
use djamon_core::store::backend::migrate::{open_current, open_or_create};
use djamon_core::store::{AnyConnection, DatabaseUrl, views};
use djamon_tests::cluster;

use crate::history;
use crate::numbers::Dialect;

/// Another number when what is made changes.
const EDITION: u32 = 2;

/// A connection to a history of `rows` SiteViews, which is made if there is none.
pub fn kept(dialect: Dialect, rows: u64) -> Result<AnyConnection> {
    Ok(open_current(&url(dialect, rows)?)?)
}

/// The address of a history of `rows` SiteViews, which is made if there is none.
pub fn url(dialect: Dialect, rows: u64) -> Result<DatabaseUrl> {
    match dialect {
        Dialect::Sqlite => sqlite(rows),
        Dialect::Postgres => postgres(rows),
    }
}

/// The time just after the last look.
pub fn now(connection: &mut AnyConnection) -> Result<Instant> {
    let last = views::last_id(connection)?.context("a history")?;
    Ok(last.instant().plus(std::time::Duration::from_secs(1)))
}

/// How a number of SiteViews is called.
pub fn name(rows: u64) -> String {
    match rows / 1_000_000 {
        0 => format!("{},000", rows / 1000),
        millions => format!("{millions} million"),
    }
}

fn sqlite(rows: u64) -> Result<DatabaseUrl> {
    let directory = directory()?;
    std::fs::create_dir_all(&directory)?;
    let file = directory.join(format!("{rows}.{EDITION}.db"));
    let url = DatabaseUrl::Sqlite(file.clone());
    if file.exists() && open_current(&url).is_ok() {
        return Ok(url);
    }
    // Under another name until it is whole.
    let part = directory.join(format!("{rows}.part"));
    for suffix in ["", "-wal", "-shm"] {
        for old in [&file, &part] {
            let mut name = old.clone().into_os_string();
            name.push(suffix);
            let _ = std::fs::remove_file(name);
        }
    }
    history::fill(&mut open_or_create(&DatabaseUrl::Sqlite(part.clone()))?, rows, history::end())?;
    std::fs::rename(part, file)?;
    Ok(url)
}

/// `djamon-histories` beside the directory that the programs are in.
fn directory() -> Result<PathBuf> {
    let program = std::env::current_exe()?;
    let target = program.parent().and_then(|profile| profile.parent()).context("a directory of targets")?;
    Ok(target.join("djamon-histories"))
}

fn postgres(rows: u64) -> Result<DatabaseUrl> {
    let name = format!("history_{rows}_{EDITION}");
    let url = DatabaseUrl::parse(&address(&name)?)?;
    if open_current(&url).is_ok() {
        return Ok(url);
    }
    administer(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))?;
    let part = DatabaseUrl::parse(&fresh("part")?)?;
    history::fill(&mut open_or_create(&part)?, rows, history::end())?;
    administer(&format!("ALTER DATABASE part RENAME TO {name}"))?;
    Ok(url)
}

/// The address of a new, empty database on the PostgreSQL cluster that keeps what it is told.
pub fn fresh(name: &str) -> Result<String> {
    administer(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))?;
    administer(&format!("CREATE DATABASE {name}"))?;
    address(name)
}

fn address(database: &str) -> Result<String> {
    static PORT: OnceLock<u16> = OnceLock::new();
    // The server's own account cannot look into everybody's directories.
    let home = match rustix::process::geteuid().is_root() {
        true => PathBuf::from("/var/tmp/djamon-histories"),
        false => directory()?.join("postgres"),
    };
    let port = PORT.get_or_init(|| cluster::durable(&home));
    Ok(format!("postgres://djamon@127.0.0.1:{port}/{database}"))
}

fn administer(sql: &str) -> Result<()> {
    Ok(PgConnection::establish(&address("postgres")?)?.batch_execute(sql)?)
}
