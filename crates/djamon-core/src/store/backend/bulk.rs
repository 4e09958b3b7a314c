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
                PutState(row).execute(sqlite)?;
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
                    ))
                    .execute(postgres)?;
            }
        }
    }
    Ok(())
}

/// Inserts a state or replaces it, in SQLite. Diesel's own `ON CONFLICT … DO UPDATE` is built and parsed anew for each
/// row, which costs five times what carrying it out does; this one is prepared once.
struct PutState<'a>(&'a NewStateRow);

impl QueryId for PutState<'_> {
    type QueryId = PutState<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl RunQueryDsl<SqliteConnection> for PutState<'_> {}

/// Each column but the key's: its name, its type.
macro_rules! put_state {
    ($row:expr, $out:ident, $first:ident: $kind:ty $(, $column:ident: $other:ty)+ $(,)?) => {
        $out.push_sql(concat!(
            "INSERT INTO site_states (site_id, location_id, ", stringify!($first), $(", ", stringify!($column),)+
            ") VALUES ("
        ));
        $out.push_bind_param::<Integer, _>(&$row.site_id)?;
        $out.push_sql(", ");
        $out.push_bind_param::<Integer, _>(&$row.location_id)?;
        $out.push_sql(", ");
        $out.push_bind_param::<$kind, _>(&$row.$first)?;
        $(
            $out.push_sql(", ");
            $out.push_bind_param::<$other, _>(&$row.$column)?;
        )+
        $out.push_sql(concat!(
            ") ON CONFLICT (site_id, location_id) DO UPDATE SET ",
            stringify!($first), " = excluded.", stringify!($first),
            $(", ", stringify!($column), " = excluded.", stringify!($column),)+
        ));
    };
}

impl QueryFragment<Sqlite> for PutState<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        put_state!(
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
        );
        Ok(())
    }
}
