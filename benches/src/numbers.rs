//! How many rows are made of numbers, in the words of either database.

use djamon_core::store::AnyConnection;

/// One of the two databases' ways of saying things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite's.
    Sqlite,
    /// PostgreSQL's.
    Postgres,
}

impl Dialect {
    /// What `connection` speaks.
    pub fn of(connection: &AnyConnection) -> Dialect {
        match connection {
            AnyConnection::Sqlite(_) => Dialect::Sqlite,
            AnyConnection::Postgres(_) => Dialect::Postgres,
        }
    }

    /// The database's name.
    pub const fn name(self) -> &'static str {
        match self {
            Dialect::Sqlite => "SQLite",
            Dialect::Postgres => "PostgreSQL",
        }
    }

    /// Inserts what `select` makes of each `n` from `first` to `last`.
    pub fn insert(self, table: &str, select: &str, first: i64, last: i64) -> String {
        match self {
            Dialect::Sqlite => format!(
                "WITH RECURSIVE numbers(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM numbers WHERE n < {last}) \
                 INSERT INTO {table} {select} FROM numbers"
            ),
            Dialect::Postgres => format!(
                "INSERT INTO {table} {select} FROM generate_series({first}::bigint, {last}::bigint) AS numbers(n)"
            ),
        }
    }

    /// The key of a SiteView at `at`, which is the `n`th.
    pub fn key(self, at: &str) -> String {
        match self {
            Dialect::Sqlite => format!("unhex(printf('%012x70008%015x', {at}, n))"),
            Dialect::Postgres => {
                format!("CAST(lpad(to_hex({at}), 12, '0') || '70008' || lpad(to_hex(n), 15, '0') AS uuid)")
            }
        }
    }

    /// No.
    pub const fn no(self) -> &'static str {
        match self {
            Dialect::Sqlite => "0",
            Dialect::Postgres => "false",
        }
    }

    /// Bytes.
    pub fn bytes(self, bytes: &[u8]) -> String {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        match self {
            Dialect::Sqlite => format!("X'{hex}'"),
            Dialect::Postgres => format!("'\\x{hex}'::bytea"),
        }
    }

    /// Lets the numbers of `table` go on after `last`.
    pub fn count_on(self, table: &str, last: i64) -> String {
        match self {
            Dialect::Sqlite => String::new(),
            Dialect::Postgres => format!("SELECT setval(pg_get_serial_sequence('{table}', 'id'), {last})"),
        }
    }

    /// Nothing has to survive a power cut while rows are made.
    pub const fn hurry(self) -> &'static str {
        match self {
            Dialect::Sqlite => "PRAGMA synchronous = OFF; PRAGMA cache_size = -65536",
            Dialect::Postgres => "SET synchronous_commit = off; SET statement_timeout = 0",
        }
    }

    /// As the programs have it again, with everything where it stays.
    pub const fn settle(self) -> &'static [&'static str] {
        match self {
            Dialect::Sqlite => {
                &["PRAGMA synchronous = FULL; PRAGMA cache_size = -2000; PRAGMA wal_checkpoint(TRUNCATE)"]
            }
            Dialect::Postgres => &[
                "SET synchronous_commit = on; SET statement_timeout = '60s'",
                "VACUUM ANALYZE",
                "CHECKPOINT",
            ],
        }
    }
}
