//! Many rows at once: one statement on PostgreSQL, one prepared statement over and over on SQLite, where a round trip
//! costs nothing and a statement made to measure would have to be parsed anew.

use diesel::prelude::*;
use diesel::upsert::excluded;

use super::connection::AnyConnection;
use crate::store::StoreError;
use crate::store::rows::{NewStateRow, NewViewRow};
use crate::store::schema::{site_states, site_views};

/// PostgreSQL takes 65,535 values in one statement.
const ROWS: usize = 4000;

macro_rules! put {
    ($rows:expr, $connection:expr) => {
        diesel::insert_into(site_states::table)
            .values($rows)
            .on_conflict((site_states::site_id, site_states::location_id))
            .do_update()
            .set((
                site_states::standing.eq(excluded(site_states::standing)),
                site_states::degraded.eq(excluded(site_states::degraded)),
                site_states::last_failed.eq(excluded(site_states::last_failed)),
                site_states::failures.eq(excluded(site_states::failures)),
                site_states::good.eq(excluded(site_states::good)),
                site_states::since_at.eq(excluded(site_states::since_at)),
                site_states::last_at.eq(excluded(site_states::last_at)),
                site_states::next_due_at.eq(excluded(site_states::next_due_at)),
                site_states::edited_at.eq(excluded(site_states::edited_at)),
                site_states::memory.eq(excluded(site_states::memory)),
            ))
            .execute($connection)
    };
}

/// Inserts SiteViews.
pub(in crate::store) fn insert_views(
    connection: &mut AnyConnection,
    rows: &[NewViewRow],
) -> Result<(), StoreError> {
    match connection {
        AnyConnection::Sqlite(sqlite) => {
            for row in rows {
                diesel::insert_into(site_views::table).values(row).execute(sqlite)?;
            }
        }
        AnyConnection::Postgres(postgres) => {
            for rows in rows.chunks(ROWS) {
                diesel::insert_into(site_views::table).values(rows).execute(postgres)?;
            }
        }
    }
    Ok(())
}

/// Inserts states or replaces those there are.
pub(in crate::store) fn put_states(
    connection: &mut AnyConnection,
    rows: &[NewStateRow],
) -> Result<(), StoreError> {
    match connection {
        AnyConnection::Sqlite(sqlite) => {
            for row in rows {
                put!(row, sqlite)?;
            }
        }
        AnyConnection::Postgres(postgres) => {
            for rows in rows.chunks(ROWS) {
                put!(rows, postgres)?;
            }
        }
    }
    Ok(())
}
