//! Many rows at once: one statement on PostgreSQL, one prepared statement over and over on SQLite, where a round trip
//! costs nothing and a statement made to measure would have to be parsed anew.

use diesel::prelude::*;
use diesel::upsert::excluded;

use super::connection::AnyConnection;
use crate::store::StoreError;
use crate::store::rows::{NewDayRow, NewHourRow, NewStateRow, NewViewRow};
use crate::store::schema::{site_days, site_hours, site_states, site_views};

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

macro_rules! insert_missing {
    ($(#[$doc:meta])* $name:ident, $row:ty, $table:ident) => {
        $(#[$doc])*
        pub(in crate::store) fn $name(connection: &mut AnyConnection, rows: &[$row]) -> Result<(), StoreError> {
            match connection {
                AnyConnection::Sqlite(sqlite) => {
                    for row in rows {
                        diesel::insert_into($table::table).values(row).on_conflict_do_nothing().execute(sqlite)?;
                    }
                }
                AnyConnection::Postgres(postgres) => {
                    for rows in rows.chunks(ROWS) {
                        diesel::insert_into($table::table).values(rows).on_conflict_do_nothing().execute(postgres)?;
                    }
                }
            }
            Ok(())
        }
    };
}

insert_missing! {
    /// Inserts hours that are not there yet.
    insert_hours, NewHourRow, site_hours
}
insert_missing! {
    /// Inserts days that are not there yet.
    insert_days, NewDayRow, site_days
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
