//! Many rows at once: one statement on PostgreSQL, one prepared statement over and over on SQLite, where a round trip
//! costs nothing and a statement made to measure would have to be parsed anew.

use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Binary, Bool, Integer, Nullable, Text};
use diesel::sqlite::Sqlite;
use diesel::upsert::excluded;

use super::connection::AnyConnection;
use crate::store::StoreError;
use crate::store::rows::{NewStateRow, NewViewRow};
use crate::store::schema::{site_days, site_hours, site_states, site_views};
use crate::store::spans::{DayRow, HourRow};

/// PostgreSQL takes 65,535 values in one statement.
const ROWS: usize = 4000;

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
    insert_hours, HourRow, site_hours
}
insert_missing! {
    /// Inserts days that are not there yet.
    insert_days, DayRow, site_days
}

/// Inserts states or replaces those there are.
pub(in crate::store) fn put_states(
    connection: &mut AnyConnection,
    rows: &[NewStateRow],
) -> Result<(), StoreError> {
    match connection {
        AnyConnection::Sqlite(sqlite) => {
            for row in rows {
                if UpdateState(row).execute(sqlite)? == 0 {
                    diesel::insert_into(site_states::table).values(row).execute(sqlite)?;
                }
            }
        }
        AnyConnection::Postgres(postgres) => {
            for rows in rows.chunks(ROWS) {
                diesel::insert_into(site_states::table)
                    .values(rows)
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
                        site_states::took_ms.eq(excluded(site_states::took_ms)),
                    ))
                    .execute(postgres)?;
            }
        }
    }
    Ok(())
}

/// Updates a state, in SQLite. Nearly always there is one: an upsert would check the row twice, as a new one and as the one there
/// is. Diesel's own UPDATE is built anew for each row; this one is prepared once.
struct UpdateState<'a>(&'a NewStateRow);

impl QueryId for UpdateState<'_> {
    type QueryId = UpdateState<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl RunQueryDsl<SqliteConnection> for UpdateState<'_> {}

/// Each column but the key's: its name, its type.
macro_rules! update_state {
    ($row:expr, $out:ident, $first:ident: $kind:ty $(, $column:ident: $other:ty)+ $(,)?) => {
        $out.push_sql(concat!("UPDATE site_states SET ", stringify!($first), " = "));
        $out.push_bind_param::<$kind, _>(&$row.$first)?;
        $(
            $out.push_sql(concat!(", ", stringify!($column), " = "));
            $out.push_bind_param::<$other, _>(&$row.$column)?;
        )+
        $out.push_sql(" WHERE site_id = ");
        $out.push_bind_param::<Integer, _>(&$row.site_id)?;
        $out.push_sql(" AND location_id = ");
        $out.push_bind_param::<Integer, _>(&$row.location_id)?;
    };
}

impl QueryFragment<Sqlite> for UpdateState<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        update_state!(
            self.0, out,
            standing: Text,
            degraded: Bool,
            last_failed: Bool,
            failures: Integer,
            good: Integer,
            since_at: BigInt,
            last_at: BigInt,
            next_due_at: Nullable<BigInt>,
            edited_at: BigInt,
            memory: Binary,
            took_ms: Integer,
        );
        Ok(())
    }
}
