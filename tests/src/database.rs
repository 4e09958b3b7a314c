//! A migrated database of its own for each test, on SQLite or PostgreSQL.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use djamon_core::store::backend::connection::{Opening, open};
use djamon_core::store::backend::migrate::{migrate, open_or_create};
use djamon_core::store::{AnyConnection, DatabaseUrl};
use tempfile::TempDir;

use crate::cluster;

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// A file.
    Sqlite,
    /// The temporary cluster.
    Postgres,
}

/// A database of its own, gone with this value.
#[derive(Debug)]
pub struct TestDatabase {
    /// Its address as `[database] url` has it.
    pub url_text: String,
    /// Its address.
    pub url: DatabaseUrl,
    /// A directory of its own: where the SQLite file is, and where a test may put what it likes.
    pub dir: TempDir,
}

impl TestDatabase {
    /// A database with the schema.
    pub fn migrated(backend: Backend) -> Self {
        let database = match backend {
            Backend::Sqlite => Self::empty(backend),
            Backend::Postgres => Self::postgres(template()),
        };
        if backend == Backend::Sqlite {
            migrate(&database.url).unwrap();
        }
        database
    }

    /// A database without a schema; with SQLite, not even a file.
    pub fn empty(backend: Backend) -> Self {
        match backend {
            Backend::Sqlite => {
                let dir = tempfile::tempdir().unwrap();
                let url = format!("sqlite://{}", dir.path().join("djamon.db").display());
                Self::at(url, dir)
            }
            Backend::Postgres => Self::postgres("template1"),
        }
    }

    fn postgres(template: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        administer(&format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy"));
        Self::at(address(&name), tempfile::tempdir().unwrap())
    }

    fn at(url_text: String, dir: TempDir) -> Self {
        TestDatabase { url: DatabaseUrl::parse(&url_text).unwrap(), url_text, dir }
    }

    /// Opens it as the programs do.
    pub fn connect(&self) -> AnyConnection {
        open_or_create(&self.url).unwrap()
    }

    /// Opens it whatever its schema is.
    pub fn open(&self) -> AnyConnection {
        open(&self.url, Opening::Create).unwrap()
    }
}

/// The migrated database that the others are copied from.
fn template() -> &'static str {
    static MADE: OnceLock<&str> = OnceLock::new();
    MADE.get_or_init(|| {
        administer("CREATE DATABASE migrated");
        migrate(&DatabaseUrl::parse(&address("migrated")).unwrap()).unwrap();
        "migrated"
    })
}

fn address(database: &str) -> String {
    format!("postgres://djamon@127.0.0.1:{}/{database}", cluster::port())
}

fn administer(sql: &str) {
    PgConnection::establish(&address("postgres")).unwrap().batch_execute(sql).unwrap();
}

/// Makes two tests of one function: one on SQLite, one on PostgreSQL.
///
/// ```ignore
/// on_both!(fn a_fact_about_the_store(database: TestDatabase) { … });
/// ```
#[macro_export]
macro_rules! on_both {
    ($(fn $name:ident($database:ident: TestDatabase) $body:block)+) => {$(
        mod $name {
            use super::*;
            use $crate::database::{Backend, TestDatabase};

            fn story($database: TestDatabase) $body

            #[test]
            fn sqlite() {
                story(TestDatabase::migrated(Backend::Sqlite));
            }

            #[test]
            fn postgres() {
                story(TestDatabase::migrated(Backend::Postgres));
            }
        }
    )+};
}
