//! Details: sentences for people, each stored once however often it is said.

use std::collections::HashMap;

use diesel::prelude::*;

use super::schema::details;
use super::{AnyConnection, CHUNK, StoreError};
use crate::domain::Instant;

const DAY_MS: i64 = 86_400_000;

/// The numbers of `texts`, making those that are new. A detail's last use is noted once a day, for the purge.
pub(super) fn numbers<'a>(
    connection: &mut AnyConnection,
    texts: impl Iterator<Item = &'a str>,
    now: Instant,
) -> Result<HashMap<&'a str, i32>, StoreError> {
    let mut missing: Vec<&str> = texts.collect();
    missing.sort_unstable();
    missing.dedup();
    let mut numbers = HashMap::new();
    for chunk in missing.chunks(CHUNK) {
        let known = details::table.filter(details::text.eq_any(chunk));
        let known: HashMap<String, (i32, i64)> = known
            .select((details::text, details::id, details::used_at))
            .load::<(String, i32, i64)>(connection)?
            .into_iter()
            .map(|(text, id, used_at)| (text, (id, used_at)))
            .collect();
        for text in chunk {
            let id = match known.get(*text) {
                Some((id, used_at)) => {
                    if now.ms() - used_at > DAY_MS {
                        let row = details::table.filter(details::id.eq(id));
                        diesel::update(row).set(details::used_at.eq(now.ms())).execute(connection)?;
                    }
                    *id
                }
                None => diesel::insert_into(details::table)
                    .values((details::text.eq(text), details::used_at.eq(now.ms())))
                    .returning(details::id)
                    .get_result(connection)?,
            };
            numbers.insert(*text, id);
        }
    }
    Ok(numbers)
}
