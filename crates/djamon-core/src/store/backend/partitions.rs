//! PostgreSQL keeps SiteViews in a partition per day (UTC), so that old days are dropped and not deleted.

use std::collections::BTreeSet;

use diesel::connection::SimpleConnection;

use super::connection::AnyConnection;
use crate::domain::{Instant, ViewId};
use crate::store::StoreError;

const DAY_MS: i64 = 86_400_000;

/// Makes sure that there is a partition for every one of `ids`. SQLite has none and needs none.
///
/// # Errors
/// What the database says.
pub fn ensure<'a>(
    connection: &mut AnyConnection,
    ids: impl Iterator<Item = &'a ViewId>,
) -> Result<(), StoreError> {
    let AnyConnection::Postgres(postgres) = connection else { return Ok(()) };
    let days: BTreeSet<i64> = ids.map(|id| id.instant().ms().div_euclid(DAY_MS)).collect();
    for day in days {
        let (from, to) = (ViewId::floor(start_of(day)), ViewId::floor(start_of(day + 1)));
        // Attached, not made in place: attaching does not wait for those who read.
        postgres.batch_execute(&format!(
            "DO $$ BEGIN IF to_regclass('site_views_d{day}') IS NULL THEN \
             CREATE TABLE site_views_d{day} (LIKE site_views INCLUDING ALL); \
             ALTER TABLE site_views ATTACH PARTITION site_views_d{day} FOR VALUES FROM ('{from}') TO ('{to}'); \
             END IF; END $$"
        ))?;
    }
    Ok(())
}

fn start_of(day: i64) -> Instant {
    Instant::from_ms(day.saturating_mul(DAY_MS))
}
