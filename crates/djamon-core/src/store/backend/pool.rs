//! A few connections kept open, for the web application.

use std::time::Duration;

use diesel::Connection;
use diesel::connection::SimpleConnection;
use diesel::r2d2::{ManageConnection, Pool as R2d2Pool};

use super::connection::{AnyConnection, Opening, open};
use super::url::DatabaseUrl;
use crate::store::StoreError;

/// Connections to one database.
pub type Pool = R2d2Pool<Opener>;

/// Opens connections for the pool by the address's scheme.
#[derive(Debug)]
pub struct Opener(DatabaseUrl);

impl ManageConnection for Opener {
    type Connection = AnyConnection;
    type Error = StoreError;

    fn connect(&self) -> Result<AnyConnection, StoreError> {
        open(&self.0, Opening::Existing)
    }

    fn is_valid(&self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        match connection {
            AnyConnection::Sqlite(_) => Ok(()),
            AnyConnection::Postgres(postgres) => Ok(postgres.batch_execute("SELECT 1")?),
        }
    }

    fn has_broken(&self, connection: &mut AnyConnection) -> bool {
        use diesel::connection::TransactionManager;
        <AnyConnection as Connection>::TransactionManager::is_broken_transaction_manager(connection)
    }
}

/// A pool of at most `size` connections; none is opened before it is needed.
pub fn pool(url: &DatabaseUrl, size: u32) -> Pool {
    R2d2Pool::builder()
        .max_size(size)
        .min_idle(Some(0))
        .test_on_check_out(matches!(url, DatabaseUrl::Postgres(_)))
        .connection_timeout(Duration::from_secs(5))
        .build_unchecked(Opener(url.clone()))
}
