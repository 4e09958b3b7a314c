//! Many rows at once: one statement on PostgreSQL; on SQLite, where a round trip costs nothing and a statement made to measure
//! would have to be parsed anew, prepared statements over and over: of a fixed number of rows for what each run writes, of one
//! row for the others.

use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Binary, Bool, Integer, Nullable, SmallInt, Text};
use diesel::sqlite::Sqlite;
use diesel::upsert::excluded;

use super::connection::AnyConnection;
use super::guid::Guid;
use crate::store::StoreError;
use crate::store::recent::RecentRow;
use crate::store::rows::{NewStateRow, NewViewRow};
use crate::store::schema::{site_days, site_hours, site_recent, site_states, site_views};
use crate::store::spans::{DayRow, HourRow};

/// PostgreSQL takes 65,535 values in one statement.
const ROWS: usize = 4000;
/// So many rows are inserted at once in SQLite: of more of them each costs hardly less.
const MANY: usize = 50;

/// Inserts SiteViews.
pub(in crate::store) fn insert_views(
    connection: &mut AnyConnection,
    rows: &[NewViewRow],
) -> Result<(), StoreError> {
    match connection {
        AnyConnection::Sqlite(sqlite) => put(sqlite, rows)?,
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
        pub(in crate::store) fn $name(connection: &mut AnyConnection, rows: &[$row]) -> Result<usize, StoreError> {
            let mut inserted = 0;
            match connection {
                AnyConnection::Sqlite(sqlite) => {
                    for row in rows {
                        inserted += diesel::insert_into($table::table).values(row).on_conflict_do_nothing().execute(sqlite)?;
                    }
                }
                AnyConnection::Postgres(postgres) => {
                    for rows in rows.chunks(ROWS) {
                        inserted += diesel::insert_into($table::table).values(rows).on_conflict_do_nothing().execute(postgres)?;
                    }
                }
            }
            Ok(inserted)
        }
    };
}

insert_missing! {
    /// Inserts hours that are not there yet; gives how many.
    insert_hours, HourRow, site_hours
}
insert_missing! {
    /// Inserts days that are not there yet; gives how many.
    insert_days, DayRow, site_days
}

/// Inserts states or replaces those there are.
pub(in crate::store) fn put_states(
    connection: &mut AnyConnection,
    rows: &[NewStateRow],
) -> Result<(), StoreError> {
    match connection {
        AnyConnection::Sqlite(sqlite) => put(sqlite, rows)?,
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

/// Inserts the newest hours and days of sites or replaces those there are.
pub(in crate::store) fn put_recent(
    connection: &mut AnyConnection,
    rows: &[RecentRow],
) -> Result<(), StoreError> {
    match connection {
        AnyConnection::Sqlite(sqlite) => put(sqlite, rows)?,
        AnyConnection::Postgres(postgres) => {
            for rows in rows.chunks(ROWS) {
                diesel::insert_into(site_recent::table)
                    .values(rows)
                    .on_conflict((site_recent::site_id, site_recent::location_id))
                    .do_update()
                    .set(site_recent::spans.eq(excluded(site_recent::spans)))
                    .execute(postgres)?;
            }
        }
    }
    Ok(())
}

/// Many rows in one statement of SQLite's, which is prepared once for each number of rows. Diesel's own is built anew each
/// time, and does more for each value.
struct Put<'a, Row, const N: usize>(&'a [Row; N]);

impl<Row: 'static, const N: usize> QueryId for Put<'_, Row, N> {
    type QueryId = Put<'static, Row, N>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<Row, const N: usize> RunQueryDsl<SqliteConnection> for Put<'_, Row, N> {}

/// Puts `rows` there, most of them many at a time.
fn put<Row>(sqlite: &mut SqliteConnection, rows: &[Row]) -> QueryResult<()>
where
    Row: 'static,
    for<'a> Put<'a, Row, MANY>: QueryFragment<Sqlite>,
    for<'a> Put<'a, Row, 1>: QueryFragment<Sqlite>,
{
    let (many, few) = rows.as_chunks::<MANY>();
    for rows in many {
        Put(rows).execute(sqlite)?;
    }
    for row in few {
        Put(std::array::from_ref(row)).execute(sqlite)?;
    }
    Ok(())
}

/// How rows of a table are put there: its key's columns and the others, each with its type. A row that is there already is an
/// error, or replaced.
macro_rules! put_rows {
    ($row:ty, $table:literal, $key:tt, $columns:tt) => {
        put_rows!(@ $row, $table, $key, $columns, "");
    };
    (
        replacing $row:ty, $table:literal, ($key:ident: $kind:ty $(, $keys:ident: $kinds:ty)*),
        ($first:ident: $of_first:ty $(, $column:ident: $other:ty)* $(,)?)
    ) => {
        put_rows!(
            @ $row, $table, ($key: $kind $(, $keys: $kinds)*), ($first: $of_first $(, $column: $other)*),
            concat!(
                " ON CONFLICT (", stringify!($key), $(", ", stringify!($keys),)* ") DO UPDATE SET ",
                stringify!($first), " = excluded.", stringify!($first),
                $(", ", stringify!($column), " = excluded.", stringify!($column)),*
            )
        );
    };
    (
        @ $row:ty, $table:literal, ($key:ident: $kind:ty $(, $keys:ident: $kinds:ty)*),
        ($($column:ident: $other:ty),+ $(,)?), $end:expr
    ) => {
        impl<const N: usize> QueryFragment<Sqlite> for Put<'_, $row, N> {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
                out.push_sql(concat!("INSERT INTO ", $table, " (", stringify!($key)));
                out.push_sql(concat!($(", ", stringify!($keys),)* $(", ", stringify!($column),)+ ") VALUES "));
                for (n, row) in self.0.iter().enumerate() {
                    out.push_sql(if n == 0 { "(" } else { ", (" });
                    out.push_bind_param::<$kind, _>(&row.$key)?;
                    $(
                        out.push_sql(", ");
                        out.push_bind_param::<$kinds, _>(&row.$keys)?;
                    )*
                    $(
                        out.push_sql(", ");
                        out.push_bind_param::<$other, _>(&row.$column)?;
                    )+
                    out.push_sql(")");
                }
                out.push_sql($end);
                Ok(())
            }
        }
    };
}

put_rows! {
    NewViewRow, "site_views", (id: Guid),
    (
        site_id: Integer,
        location_id: Integer,
        run_id: Integer,
        at: BigInt,
        outcome: SmallInt,
        degraded: Bool,
        code: Nullable<SmallInt>,
        duration_ms: Integer,
        detail_id: Nullable<Integer>,
    )
}

put_rows! {
    replacing NewStateRow, "site_states", (site_id: Integer, location_id: Integer),
    (
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
    )
}

put_rows! {
    replacing RecentRow, "site_recent", (site_id: Integer, location_id: Integer), (spans: Binary)
}
