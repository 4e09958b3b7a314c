//! The schema: made, brought up to date, or refused.

use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource};
use diesel::sql_types::{BigInt, Text};
use diesel::{QueryableByName, RunQueryDsl};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::connection::{AnyConnection, Opening, open};
use super::lock::{wait_for_migration_lock, wait_out_migration};
use super::url::DatabaseUrl;
use crate::store::StoreError;

const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// How a database's schema compares with this program's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaState {
    /// There is none, and nothing else either.
    Empty,
    /// There is none, but there are tables of something else.
    Foreign,
    /// It is this program's.
    Current,
    /// These steps are missing.
    Older(Vec<String>),
    /// It knows steps that this program does not.
    Newer(String),
}

/// Opens the database for a program that may make the schema in an empty one (`djamon-check`).
///
/// # Errors
/// [`StoreError::Schema`] for an older or newer schema, [`StoreError::Open`] when it cannot be opened.
pub fn open_or_create(url: &DatabaseUrl) -> Result<AnyConnection, StoreError> {
    let mut connection = open(url, Opening::Create)?;
    let mut state = schema_state(&mut connection)?;
    if state == SchemaState::Empty {
        migrate(url)?;
        state = schema_state(&mut connection)?;
    }
    settled(url, connection, state)
}

/// Opens the database for a program that leaves the schema alone (`djamon-web`).
///
/// # Errors
/// As [`open_or_create`], and [`StoreError::Schema`] for an empty database.
pub fn open_current(url: &DatabaseUrl) -> Result<AnyConnection, StoreError> {
    let mut connection = open(url, Opening::Existing)?;
    let state = schema_state(&mut connection)?;
    settled(url, connection, state)
}

/// The connection, if its schema is this program's: in this `state`, or once nobody is changing it any more.
fn settled(
    url: &DatabaseUrl,
    mut connection: AnyConnection,
    state: SchemaState,
) -> Result<AnyConnection, StoreError> {
    match state {
        SchemaState::Current | SchemaState::Newer(_) => current(url, connection, state),
        SchemaState::Empty | SchemaState::Foreign | SchemaState::Older(_) => {
            wait_out_migration(url, &mut connection)?;
            let state = schema_state(&mut connection)?;
            current(url, connection, state)
        }
    }
}

fn current(
    url: &DatabaseUrl,
    connection: AnyConnection,
    state: SchemaState,
) -> Result<AnyConnection, StoreError> {
    let problem = match state {
        SchemaState::Current => return Ok(connection),
        SchemaState::Empty => "is empty; run djamon-check migrate".to_owned(),
        SchemaState::Foreign => {
            "holds tables, but none of Djamon's; name an empty one, or add Djamon's with djamon-check migrate"
                .to_owned()
        }
        SchemaState::Older(_) => "has an older schema than this program; run djamon-check migrate".to_owned(),
        SchemaState::Newer(step) => {
            format!(
                "has a newer schema ({step}) than this program; install the newer Djamon, then run djamon-check migrate"
            )
        }
    };
    Err(StoreError::Schema { database: url.to_string(), problem })
}

/// Compares the schema, writing nothing.
///
/// # Errors
/// What the database says.
pub fn schema_state(connection: &mut AnyConnection) -> Result<SchemaState, StoreError> {
    let known = known_steps(connection)?;
    let applied = applied_steps(connection)?;
    if let Some(newer) = applied.iter().find(|step| !known.iter().any(|(version, _)| version == *step)) {
        return Ok(SchemaState::Newer(newer.clone()));
    }
    let missing: Vec<_> =
        known.into_iter().filter(|(version, _)| !applied.contains(version)).map(|(_, name)| name).collect();
    Ok(match (applied.is_empty(), missing.is_empty()) {
        (true, _) if has_tables(connection)? => SchemaState::Foreign,
        (true, _) => SchemaState::Empty,
        (false, true) => SchemaState::Current,
        (false, false) => SchemaState::Older(missing),
    })
}

/// Brings the schema up to date under a lock, so that both programs may start at once. Gives the names of the steps taken.
///
/// # Errors
/// [`StoreError::Schema`] when the schema is newer; what the database says otherwise.
pub fn migrate(url: &DatabaseUrl) -> Result<Vec<String>, StoreError> {
    let _file = match url {
        DatabaseUrl::Sqlite(path) => Some(wait_for_migration_lock(url, path)?),
        DatabaseUrl::Postgres(_) => None,
    };
    let mut connection = open(url, Opening::Create)?;
    match &mut connection {
        // A new file gives space back step by step (only before its first table), and readers do not stop writers.
        AnyConnection::Sqlite(c) => {
            c.batch_execute("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;")?
        }
        // Released when the connection closes.
        AnyConnection::Postgres(c) => c.batch_execute(
            "SET lock_timeout = 0; SET statement_timeout = 0; SELECT pg_advisory_lock(68, 2);",
        )?,
    }
    if let newer @ SchemaState::Newer(_) = schema_state(&mut connection)? {
        return current(url, connection, newer).map(|_| Vec::new());
    }
    let names = known_steps(&connection)?;
    let steps = match &mut connection {
        AnyConnection::Sqlite(c) => c.run_pending_migrations(SQLITE),
        AnyConnection::Postgres(c) => c.run_pending_migrations(POSTGRES),
    };
    let steps = steps.map_err(|error| StoreError::Query(format!("a schema change failed: {error}")))?;
    let names = steps.into_iter().map(|step| {
        let version = step.to_string();
        names.iter().find(|(known, _)| *known == version).map_or(version.clone(), |(_, name)| name.clone())
    });
    Ok(names.collect())
}

/// Version and name of every step this program knows, oldest first.
fn known_steps(connection: &AnyConnection) -> Result<Vec<(String, String)>, StoreError> {
    fn steps<DB: diesel::backend::Backend>(list: Vec<Box<dyn Migration<DB>>>) -> Vec<(String, String)> {
        list.iter().map(|step| (step.name().version().to_string(), step.name().to_string())).collect()
    }
    match connection {
        AnyConnection::Sqlite(_) => MigrationSource::<diesel::sqlite::Sqlite>::migrations(&SQLITE).map(steps),
        AnyConnection::Postgres(_) => MigrationSource::<diesel::pg::Pg>::migrations(&POSTGRES).map(steps),
    }
    .map_err(StoreError::unreadable)
}

/// Whether there are any tables but the one of the steps themselves.
fn has_tables(connection: &mut AnyConnection) -> Result<bool, StoreError> {
    let tables = match connection {
        AnyConnection::Sqlite(_) => {
            "sqlite_master WHERE type = 'table' AND name <> '__diesel_schema_migrations'"
        }
        AnyConnection::Postgres(_) => {
            "pg_tables WHERE schemaname = current_schema() AND tablename <> '__diesel_schema_migrations'"
        }
    };
    let sql = format!("SELECT CAST(count(*) AS BIGINT) AS count FROM {tables}");
    Ok(diesel::sql_query(sql).get_result::<Count>(connection)?.count > 0)
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

fn applied_steps(connection: &mut AnyConnection) -> Result<Vec<String>, StoreError> {
    #[derive(QueryableByName)]
    struct Step {
        #[diesel(sql_type = Text)]
        version: String,
    }
    let exists = match connection {
        AnyConnection::Sqlite(_) => {
            "SELECT CAST(count(*) AS BIGINT) AS count FROM sqlite_master WHERE name = '__diesel_schema_migrations'"
        }
        AnyConnection::Postgres(_) => {
            "SELECT CAST(count(to_regclass('__diesel_schema_migrations')) AS BIGINT) AS count"
        }
    };
    if diesel::sql_query(exists).get_result::<Count>(connection)?.count == 0 {
        return Ok(Vec::new());
    }
    let steps = diesel::sql_query("SELECT version FROM __diesel_schema_migrations ORDER BY version");
    Ok(steps.load::<Step>(connection)?.into_iter().map(|step| step.version).collect())
}
