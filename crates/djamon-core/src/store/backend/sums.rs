//! Sums per state: how a database is brought to look up each state's few rows by their key. What is asked for is little of
//! the whole table, and left to themselves both would read all of it.

use super::connection::AnyConnection;

/// Which rows are added up.
pub(in crate::store) struct Range<'a> {
    /// The table.
    pub table: &'a str,
    /// The column that numbers its rows.
    pub number: &'a str,
    /// The first number.
    pub from: i64,
    /// The number from which on rows are added up apart, too.
    pub late_from: i64,
    /// The number after the last.
    pub to: i64,
}

/// Asks for `site_id`, `location_id` and the sums `up_ms`, `down_ms`, `late_up_ms` and `late_down_ms` of the rows of
/// `range`, for each state that there are any of and that `condition` holds for, if there is one.
pub(in crate::store) fn question(connection: &AnyConnection, range: &Range, condition: &str) -> String {
    let Range { table, number, from, late_from, to } = range;
    let sum = |name: &str, what: &str| format!("CAST(sum({what}) AS BIGINT) AS {name}");
    let late = |column: &str| format!("CASE WHEN span.{number} >= {late_from} THEN span.{column} ELSE 0 END");
    let sums = [
        sum("up_ms", "span.up_ms"),
        sum("down_ms", "span.down_ms"),
        sum("late_up_ms", &late("up_ms")),
        sum("late_down_ms", &late("down_ms")),
    ]
    .join(", ");
    let rows = format!(
        "span.site_id = state.site_id AND span.location_id = state.location_id AND span.{number} >= {from} \
         AND span.{number} < {to}"
    );
    let condition = if condition.is_empty() { String::new() } else { format!(" AND {condition}") };
    match connection {
        // CROSS tells it to go from the states on.
        AnyConnection::Sqlite(_) => format!(
            "SELECT state.site_id, state.location_id, {sums} FROM site_states state CROSS JOIN {table} span \
             WHERE {rows}{condition} GROUP BY state.site_id, state.location_id"
        ),
        // What is summed up state by state cannot be joined the other way round.
        AnyConnection::Postgres(_) => format!(
            "SELECT state.site_id, state.location_id, sums.up_ms, sums.down_ms, sums.late_up_ms, sums.late_down_ms \
             FROM site_states state CROSS JOIN LATERAL (SELECT {sums} FROM {table} span WHERE {rows}) sums \
             WHERE sums.up_ms IS NOT NULL{condition}"
        ),
    }
}
