//! Which database an address means: by its scheme, never by trying.

use std::path::PathBuf;

use crate::store::StoreError;

/// The address of a database.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A file.
    Sqlite(PathBuf),
    /// A server; the address as libpq takes it.
    Postgres(String),
}

impl DatabaseUrl {
    /// Reads `sqlite://PATH` (relative or absolute) or `postgres://…`.
    ///
    /// # Errors
    /// [`StoreError::Url`] for anything else.
    pub fn parse(text: &str) -> Result<Self, StoreError> {
        let text = text.trim();
        if let Some(path) = text.strip_prefix("sqlite://") {
            return match path {
                "" => Err(StoreError::Url("sqlite:// names no file".into())),
                ":memory:" => {
                    Err(StoreError::Url("a database in memory would be gone after each run".into()))
                }
                path => Ok(DatabaseUrl::Sqlite(path.into())),
            };
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(DatabaseUrl::Postgres(text.to_owned()));
        }
        let scheme = text.split_once("://").map_or("no scheme", |(scheme, _)| scheme);
        Err(StoreError::Url(format!("{scheme} is not a database that Djamon knows")))
    }
}

/// The database's name in the address of a server that is asked by its local socket: one without a host.
pub(super) fn local_database(address: &str) -> Option<&str> {
    let (_, rest) = address.split_once("://")?;
    let (authority, name) = rest.split_once(['?', '/']).unwrap_or((rest, ""));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let is_local = host.is_empty() || host.starts_with(':');
    is_local.then(|| name.split_once('?').map_or(name, |(name, _)| name))
}

impl std::fmt::Display for DatabaseUrl {
    /// The address as people may see it: without a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            DatabaseUrl::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            DatabaseUrl::Postgres(text) => match (local_database(text), url::Url::parse(text)) {
                (Some(name), _) => write!(f, "postgres://(local)/{name}"),
                (None, Ok(url)) => {
                    let host = url.host_str().unwrap_or("…");
                    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
                    write!(f, "postgres://{host}{port}{}", url.path())
                }
                (None, Err(_)) => f.write_str("postgres://…"),
            },
        }
    }
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_decides_and_nothing_is_guessed() {
        assert_eq!(
            DatabaseUrl::parse("sqlite://djamon.db").unwrap(),
            DatabaseUrl::Sqlite("djamon.db".into())
        );
        assert_eq!(
            DatabaseUrl::parse("sqlite:///var/d.db").unwrap(),
            DatabaseUrl::Sqlite("/var/d.db".into())
        );
        assert!(matches!(DatabaseUrl::parse("postgresql://h/d").unwrap(), DatabaseUrl::Postgres(_)));
        for wrong in
            ["host=localhost dbname=djamon", "djamon.db", "mysql://h/d", "sqlite://", "sqlite://:memory:"]
        {
            let error = DatabaseUrl::parse(wrong).unwrap_err().to_string();
            assert!(error.contains("use sqlite://PATH or postgres://USER@HOST/NAME"), "{error}");
        }
    }

    #[test]
    fn passwords_are_not_shown() {
        let url = DatabaseUrl::parse("postgres://ann:secret@db.example:5433/djamon?password=x").unwrap();
        assert_eq!(
            format!("{url} {url:?}"),
            "postgres://db.example:5433/djamon postgres://db.example:5433/djamon"
        );
        for local in [
            "postgres://ann:secret@/djamon?password=x",
            "postgresql:///djamon",
            "postgres://ann@:5433/djamon",
        ] {
            assert_eq!(DatabaseUrl::parse(local).unwrap().to_string(), "postgres://(local)/djamon");
        }
    }
}
