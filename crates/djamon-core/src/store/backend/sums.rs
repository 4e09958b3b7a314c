//! Sums per state: how a database is brought to look up each state's few rows by their key. What is asked for is little of
//! the whole table, and left to themselves both would read all of it.

use super::connection::AnyConnection;

/// Asks for `site_id`, `location_id`, `up_ms` and `down_ms`: the sums of the rows of `table` whose `number` is at least $1
/// and below $2, for each state that there are any of and that `condition` holds for, if there is one.
pub(in crate::store) fn question(
    connection: &AnyConnection,
    table: &str,
    number: &str,
    condition: &str,
) -> String {
    let sums = "CAST(sum(span.up_ms) AS BIGINT) AS up_ms, CAST(sum(span.down_ms) AS BIGINT) AS down_ms";
    let rows = format!(
        "span.site_id = state.site_id AND span.location_id = state.location_id AND span.{number} >= $1 AND span.{number} < $2"
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
            "SELECT state.site_id, state.location_id, sums.up_ms, sums.down_ms FROM site_states state \
             CROSS JOIN LATERAL (SELECT {sums} FROM {table} span WHERE {rows}) sums \
             WHERE sums.up_ms IS NOT NULL{condition}"
        ),
    }
}
