//! When the sites of an outage were last seen up: what people ask first. It is read when a message is about to leave, for
//! the sites that it tells in full.

use std::time::Duration;

use diesel::prelude::*;

use super::backend::guid::GuidValue;
use super::outages::NamedPart;
use super::schema::site_views;
use super::{AnyConnection, StoreError};
use crate::domain::story::StorySite;
use crate::domain::{Instant, Outcome, ViewId};

/// How far before its first failed look a site's last good one is looked for: a streak begins anew after ten minutes
/// without a look, and what lies further back is read by key through the looks of all sites.
const LOOKED_BACK: Duration = Duration::from_secs(15 * 60);

/// For how many sites of one message.
const MOST_SITES: usize = 10;

/// Adds to the first of `sites`, which are those of `parts` in the same order, when they were last seen up: to the news
/// before all others.
pub(super) fn add(
    connection: &mut AnyConnection,
    parts: &[NamedPart],
    sites: &mut [StorySite],
) -> Result<(), StoreError> {
    let mut wanted: Vec<(i32, &mut StorySite)> =
        parts.iter().map(|named| named.part.site.0).zip(sites).collect();
    wanted.sort_by_key(|(_, site)| !site.is_news);
    wanted.truncate(MOST_SITES);
    let Some(first) = wanted.iter().map(|(_, site)| site.down_at).min() else { return Ok(()) };
    let border = |at: Instant| GuidValue::from(ViewId::floor(at));
    let looks = site_views::table
        .filter(site_views::id.ge(border(first.minus(LOOKED_BACK))))
        .filter(site_views::id.lt(border(first.plus(LOOKED_BACK))))
        .filter(site_views::site_id.eq_any(wanted.iter().map(|(id, _)| *id)))
        .filter(site_views::outcome.eq(Outcome::Up.number()))
        .order(site_views::id.desc())
        .select((site_views::site_id, site_views::at))
        .load::<(i32, i64)>(connection)?;
    for (id, site) in wanted {
        let before = looks.iter().find(|(of, at)| *of == id && *at < site.down_at.ms());
        site.last_good_at = before.map(|(_, at)| Instant::from_ms(*at));
    }
    Ok(())
}
