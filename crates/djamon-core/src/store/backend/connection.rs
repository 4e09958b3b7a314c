//! One connection to either database, opened by the address's scheme, with everything set before its first use.

use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, SqliteConnection};

use super::access;
pub use super::multi::{AnyConnection, MultiBackend};
use super::url::{DatabaseUrl, local_database};
use crate::store::StoreError;

/// What to do when there is no SQLite file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// Make it.
    Create,
    /// Refuse.
    Existing,
}

/// Opens a connection; the schema may be anything yet.
///
/// # Errors
/// [`StoreError::Open`], in the database's own words and with a hint.
pub fn open(url: &DatabaseUrl, opening: Opening) -> Result<AnyConnection, StoreError> {
    let failed = |problem: String| StoreError::Open { database: url.to_string(), problem };
    match url {
        DatabaseUrl::Sqlite(path) => {
            if opening == Opening::Existing && !path.exists() {
                return Err(failed("there is no such file; run djamon-check once to make it".into()));
            }
            if !path.exists() {
                // It will hold passwords of sites. What is wrong here, opening says better.
                let mut new = std::fs::OpenOptions::new();
                let _ = std::os::unix::fs::OpenOptionsExt::mode(new.write(true).create_new(true), 0o600)
                    .open(path);
            }
            let failed = |problem: String| failed(access_or_hint(path, problem));
            let mut connection =
                SqliteConnection::establish(&path.to_string_lossy()).map_err(|e| failed(e.to_string()))?;
            connection.batch_execute(SQLITE_SETTINGS).map_err(|e| failed(e.to_string()))?;
            Ok(AnyConnection::Sqlite(connection))
        }
        DatabaseUrl::Postgres(address) => {
            let address = completed(address, &|name| std::env::var_os(name).is_some());
            let mut connection = PgConnection::establish(&address)
                .map_err(|e| failed(hint(e.to_string().trim().to_owned())))?;
            connection.batch_execute(POSTGRES_SETTINGS).map_err(|e| failed(e.to_string()))?;
            Ok(AnyConnection::Postgres(connection))
        }
    }
}

/// The busy timeout comes first: every later statement may have to wait. Reading the schema's version proves that the
/// file is a database.
const SQLITE_SETTINGS: &str = "PRAGMA busy_timeout = 10000; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
                               PRAGMA schema_version;";

/// Questions of ours are answered in less time than compiling them takes, which the server would begin to do at some two
/// thousand sites.
pub(super) const POSTGRES_SETTINGS: &str = "SET TIME ZONE 'UTC'; SET client_min_messages = warning; \
    SET lock_timeout = '10s'; SET statement_timeout = '60s'; SET jit = off;";

/// Where Debian's server has its socket. A client library that was not made by Debian looks in `/tmp`.
const SOCKETS: &str = "/var/run/postgresql";

/// The address with what Djamon adds: a server that does not answer must not hold up a run for minutes, and the local one is
/// to be found where it is. What the address or PostgreSQL's own variables say stands.
fn completed(address: &str, is_set: &dyn Fn(&str) -> bool) -> String {
    let says = |key: &str| {
        let (_, query) = address.split_once('?').unwrap_or_default();
        query.split('&').any(|pair| pair.split('=').next() == Some(key))
    };
    let mut more = Vec::new();
    if !says("connect_timeout") {
        more.push("connect_timeout=5".to_owned());
    }
    let has_host = ["host", "hostaddr", "service"].into_iter().any(says)
        || ["PGHOST", "PGHOSTADDR", "PGSERVICE"].into_iter().any(is_set);
    if local_database(address).is_some() && !has_host && std::path::Path::new(SOCKETS).is_dir() {
        more.push(format!("host={SOCKETS}"));
    }
    match more.join("&") {
        none if none.is_empty() => address.to_owned(),
        more if address.contains('?') => format!("{address}&{more}"),
        more => format!("{address}?{more}"),
    }
}

/// The `problem` with what keeps us out, where SQLite was kept out; else with a hint.
fn access_or_hint(path: &Path, problem: String) -> String {
    let words = ["unable to open database file", "Unable to open", "readonly database"];
    let was_kept_out = words.iter().any(|words| problem.contains(words));
    match was_kept_out.then(|| access::in_the_way(path)).flatten() {
        Some(why) => why,
        None => hint(problem),
    }
}

fn hint(problem: String) -> String {
    let problem = problem.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let hint = match problem.as_str() {
        p if p.contains("unable to open database file") || p.contains("Unable to open") => {
            "; check that its directory exists and may be written"
        }
        p if p.contains("file is not a database") => {
            "; [database] url names something else, or the file is damaged"
        }
        p if p.contains("password authentication failed") || p.contains("no password supplied") => {
            "; check user and password in [database] url"
        }
        p if p.contains("disk I/O error") || p.contains("disk is full") => "; is its disk full or broken?",
        p if p.contains("does not exist") => "; make it with createdb, or correct [database] url",
        p if p.contains("Connection refused") || p.contains("No such file") => "; is PostgreSQL running?",
        _ => "",
    };
    format!("{problem}{hint}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_local_server_is_looked_for_at_its_socket_unless_told_otherwise() {
        let socket = if std::path::Path::new(SOCKETS).is_dir() { "&host=/var/run/postgresql" } else { "" };
        for (address, expected) in [
            ("postgres://ann@/d", format!("postgres://ann@/d?connect_timeout=5{socket}")),
            (
                "postgres:///d?sslmode=disable",
                format!("postgres:///d?sslmode=disable&connect_timeout=5{socket}"),
            ),
            ("postgres://ann@h/d", "postgres://ann@h/d?connect_timeout=5".to_owned()),
            (
                "postgres:///d?host=/tmp&connect_timeout=9",
                "postgres:///d?host=/tmp&connect_timeout=9".to_owned(),
            ),
        ] {
            assert_eq!(completed(address, &|_| false), expected);
        }
        assert_eq!(completed("postgres:///d", &|name| name == "PGHOST"), "postgres:///d?connect_timeout=5");
    }
}
