//! What the benchmark asks of the database past the monitor's own words: sizes, and a history to stand on.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Double};
use diesel::{QueryableByName, RunQueryDsl};
use djamon_core::domain::Instant;
use djamon_core::store::{AnyConnection, StoreError};

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

#[derive(QueryableByName)]
struct Size {
    #[diesel(sql_type = Double)]
    size: f64,
}

/// How many SiteViews there are.
pub fn views(connection: &mut AnyConnection) -> Result<u64, StoreError> {
    let count = "SELECT CAST(count(*) AS BIGINT) AS number FROM site_views";
    Ok(diesel::sql_query(count).get_result::<Number>(connection)?.number.unsigned_abs())
}

/// What one SiteView takes on the disk, with its index and half-filled pages.
pub fn bytes_per_view(connection: &mut AnyConnection) -> Result<f64, StoreError> {
    let bytes = match connection {
        AnyConnection::Sqlite(_) => "SELECT sum(pgsize) FROM dbstat WHERE name = 'site_views'",
        AnyConnection::Postgres(_) => {
            "SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits WHERE inhparent = 'site_views'::regclass"
        }
    };
    let size =
        format!("SELECT CAST(({bytes}) AS DOUBLE PRECISION) / (SELECT count(*) FROM site_views) AS size");
    Ok(diesel::sql_query(size).get_result::<Size>(connection)?.size)
}

/// The response times that were recorded of the newest `count` looks.
pub fn durations(connection: &mut AnyConnection, count: usize) -> Result<Vec<Duration>, StoreError> {
    let newest = format!(
        "SELECT CAST(duration_ms AS BIGINT) AS number FROM site_views ORDER BY id DESC LIMIT {count}"
    );
    let found: Vec<Number> = diesel::sql_query(newest).load(connection)?;
    Ok(found.iter().map(|found| Duration::from_millis(found.number.unsigned_abs())).collect())
}

/// How far PostgreSQL's log has come, in bytes.
pub fn server_log(connection: &mut AnyConnection) -> Result<f64, StoreError> {
    let at = "SELECT CAST(pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') AS DOUBLE PRECISION) AS size";
    Ok(diesel::sql_query(at).get_result::<Size>(connection)?.size)
}

/// Keeps SQLite from reusing its write-ahead log until this connection is closed: then its size is what was written.
pub fn hold_log(connection: &mut AnyConnection) -> Result<(), StoreError> {
    run(connection, "PRAGMA wal_checkpoint(TRUNCATE); BEGIN; SELECT count(*) FROM locations;")
}

/// Adds `rows` SiteViews of 1,000 sites to an SQLite file, the last of them at `until`: one a minute and site.
pub fn add_history(connection: &mut AnyConnection, rows: u64, until: Instant) -> Result<(), StoreError> {
    let from = until.ms() - i64::try_from(rows).unwrap_or(i64::MAX / 60) * 60;
    run(connection, "PRAGMA synchronous = OFF; PRAGMA cache_size = -65536;")?;
    // A step at a time, so that the log stays small.
    let step = 500_000;
    for begin in (0..rows).step_by(step) {
        let last = (begin + 499_999).min(rows - 1);
        run(
            connection,
            &format!(
                "WITH RECURSIVE n(n) AS (SELECT {begin} UNION ALL SELECT n + 1 FROM n WHERE n < {last}) \
                 INSERT INTO site_views SELECT unhex(printf('%012x70008%015x', {from} + n * 60, n)), n % 1000 + 1, 1, \
                 n / 1000 + 1, {from} + n * 60, 0, 0, 200, n % 500, NULL FROM n"
            ),
        )?;
    }
    run(connection, "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA synchronous = FULL; PRAGMA cache_size = -2000;")
}

fn run(connection: &mut AnyConnection, sql: &str) -> Result<(), StoreError> {
    Ok(connection.batch_execute(sql)?)
}
