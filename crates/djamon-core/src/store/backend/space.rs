//! Room on the disk, and how it is given back: SQLite page by page and by cutting its log, PostgreSQL by dropping days.

use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Bool};
use diesel::{QueryableByName, RunQueryDsl};

use super::connection::AnyConnection;
use super::url::DatabaseUrl;
use crate::store::StoreError;

/// The disk that a file is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    /// Bytes that are free for us.
    pub free: u64,
    /// All of its bytes.
    pub size: u64,
}

/// The disk of an SQLite file; `None` for a server, whose disk is its own affair, and where it cannot be asked.
pub fn disk(url: &DatabaseUrl) -> Option<Disk> {
    let DatabaseUrl::Sqlite(path) = url else { return None };
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let found = rustix::fs::statvfs(directory).ok()?;
    Some(Disk {
        free: found.f_bavail.saturating_mul(found.f_frsize),
        size: found.f_blocks.saturating_mul(found.f_frsize),
    })
}

/// Where the database is, as a person looks for it, and the name of the machine that says so.
pub fn place(url: &DatabaseUrl) -> (String, String) {
    let place = match url {
        DatabaseUrl::Sqlite(path) => {
            std::path::absolute(path).unwrap_or_else(|_| path.clone()).display().to_string()
        }
        DatabaseUrl::Postgres(_) => url.to_string(),
    };
    (place, rustix::system::uname().nodename().to_string_lossy().into_owned())
}

/// How large SQLite's log is; `None` for a server.
pub fn log_bytes(url: &DatabaseUrl) -> Option<u64> {
    let DatabaseUrl::Sqlite(path) = url else { return None };
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    Some(std::fs::metadata(log).map_or(0, |log| log.len()))
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

fn number(connection: &mut AnyConnection, sql: &str) -> Result<i64, StoreError> {
    Ok(diesel::sql_query(sql).get_result::<Number>(connection)?.number)
}

/// Gives up to `pages` unused pages at the end of the file back to the disk, and tells how many are left. PostgreSQL gives
/// back by dropping days.
///
/// # Errors
/// What the database says.
pub fn give_back(connection: &mut AnyConnection, pages: u32) -> Result<u64, StoreError> {
    if let AnyConnection::Postgres(_) = connection {
        return Ok(0);
    }
    if number(connection, "SELECT auto_vacuum AS number FROM pragma_auto_vacuum")? != 2 {
        return Ok(0);
    }
    connection.batch_execute(&format!("PRAGMA incremental_vacuum({pages})"))?;
    let left = number(connection, "SELECT freelist_count AS number FROM pragma_freelist_count")?;
    Ok(left.unsigned_abs())
}

/// Cuts SQLite's log to nothing, if nobody reads from it just now: it waits for no one.
///
/// # Errors
/// What the database says.
pub fn cut_log(connection: &mut AnyConnection) -> Result<(), StoreError> {
    let AnyConnection::Sqlite(sqlite) = connection else { return Ok(()) };
    sqlite.batch_execute("PRAGMA busy_timeout = 20")?;
    let cut = sqlite.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)");
    sqlite.batch_execute("PRAGMA busy_timeout = 10000")?;
    match cut.map_err(StoreError::from) {
        Ok(()) | Err(StoreError::Locked) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Whether the database finds itself whole; what is wrong, if not. SQLite's quick check reads all of the file.
///
/// # Errors
/// What the database says.
pub fn damage(connection: &mut AnyConnection) -> Result<Option<String>, StoreError> {
    #[derive(QueryableByName)]
    struct Said {
        #[diesel(sql_type = diesel::sql_types::Text)]
        quick_check: String,
    }
    match connection {
        AnyConnection::Postgres(_) => Ok(None),
        AnyConnection::Sqlite(sqlite) => {
            let said: Vec<Said> = diesel::sql_query("PRAGMA quick_check(1)").load(sqlite)?;
            Ok(said.into_iter().map(|line| line.quick_check).find(|said| said != "ok"))
        }
    }
}

/// The days (UTC, since 1970) before `day` for which PostgreSQL still has a partition of SiteViews, attached or not. `None`
/// where there are no partitions.
///
/// # Errors
/// What the database says.
pub fn partitions_before(connection: &mut AnyConnection, day: i64) -> Result<Option<Vec<i64>>, StoreError> {
    let AnyConnection::Postgres(postgres) = connection else { return Ok(None) };
    let query = diesel::sql_query(
        "SELECT number FROM (SELECT CAST(substring(relname FROM '^site_views_d([0-9]+)$') AS BIGINT) AS number FROM pg_class \
         WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace) AS days WHERE number < $1 ORDER BY number",
    );
    let days: Vec<Number> = query.bind::<BigInt, _>(day).load(postgres)?;
    Ok(Some(days.into_iter().map(|day| day.number).collect()))
}

/// How many SiteViews a day's partition has, and how many bytes it takes.
///
/// # Errors
/// What the database says.
pub fn partition_size(connection: &mut AnyConnection, day: i64) -> Result<(u64, u64), StoreError> {
    let rows = number(connection, &format!("SELECT count(*) AS number FROM site_views_d{day}"))?;
    let bytes = format!("SELECT pg_total_relation_size('site_views_d{day}') AS number");
    Ok((rows.unsigned_abs(), number(connection, &bytes)?.unsigned_abs()))
}

/// Takes a day out of SiteViews and drops it. Nobody who reads or writes other days waits; one that was killed half-way is
/// gone on with.
///
/// # Errors
/// What the database says; a reader that holds the day for too long is a lock.
pub fn drop_partition(connection: &mut AnyConnection, day: i64) -> Result<(), StoreError> {
    #[derive(QueryableByName)]
    struct Pending {
        #[diesel(sql_type = Bool)]
        pending: bool,
    }
    let AnyConnection::Postgres(postgres) = connection else { return Ok(()) };
    let attached = format!(
        "SELECT inhdetachpending AS pending FROM pg_inherits WHERE inhrelid = to_regclass('site_views_d{day}')"
    );
    // Detached outside of a transaction, in two steps of its own: a plain detach would stop all who read.
    match diesel::sql_query(attached).load::<Pending>(postgres)?.first() {
        Some(Pending { pending: false }) => postgres.batch_execute(&format!(
            "ALTER TABLE site_views DETACH PARTITION site_views_d{day} CONCURRENTLY"
        ))?,
        Some(Pending { pending: true }) => postgres
            .batch_execute(&format!("ALTER TABLE site_views DETACH PARTITION site_views_d{day} FINALIZE"))?,
        None => {}
    }
    Ok(postgres.batch_execute(&format!("DROP TABLE IF EXISTS site_views_d{day}"))?)
}
