//! SiteViews, read by key range: key order is time order, and there is no other index.

use diesel::prelude::*;

use super::backend::guid::GuidValue;
use super::rows::StateRow;
use super::schema::{details, site_states, site_views};
use super::{AnyConnection, StoreError};
use crate::domain::plan::SiteState;
use crate::domain::recent::FULL;
use crate::domain::{Instant, Look, Outcome, Phases, SiteId, ViewId};

/// How many SiteViews (of all sites) one question reads at most; the answer then says where to go on.
const READ_AT_MOST: i64 = 50_000;

/// Some looks of one site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookPage {
    /// Newest first.
    pub looks: Vec<Look>,
    /// Looks before this key are still to be asked for; `None` at the end.
    pub next: Option<ViewId>,
}

/// The key of the newest SiteView of all.
///
/// # Errors
/// What the database says.
pub fn last_id(connection: &mut AnyConnection) -> Result<Option<ViewId>, StoreError> {
    let newest = site_views::table.order(site_views::id.desc()).select(site_views::id);
    Ok(newest.first::<GuidValue>(connection).optional()?.map(ViewId::from))
}

/// The key of the oldest SiteView of all.
///
/// # Errors
/// What the database says.
pub fn first_id(connection: &mut AnyConnection) -> Result<Option<ViewId>, StoreError> {
    let oldest = site_views::table.order(site_views::id).select(site_views::id);
    Ok(oldest.first::<GuidValue>(connection).optional()?.map(ViewId::from))
}

type ViewRow = (GuidValue, i64, i16, bool, Option<i16>, i32, Option<String>);

/// At most `limit` looks of a site before the key `before`, newest first. May be short of `limit` although there are
/// more: then `next` says where to go on. The newest ones are in the site's states, whatever the number of SiteViews.
///
/// # Errors
/// What the database says.
pub fn before(
    connection: &mut AnyConnection,
    site: SiteId,
    before: Option<ViewId>,
    limit: usize,
) -> Result<LookPage, StoreError> {
    if before.is_none() && limit <= FULL {
        return newest(connection, site, limit);
    }
    let before = before.unwrap_or(ViewId(uuid::Uuid::max()));
    let border = site_views::table
        .filter(site_views::id.lt(GuidValue::from(before)))
        .order(site_views::id.desc())
        .offset(READ_AT_MOST)
        .select(site_views::id)
        .first::<GuidValue>(connection)
        .optional()?;
    let wanted = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let mut query = site_views::table
        .left_join(details::table.on(site_views::detail_id.eq(details::id.nullable())))
        .filter(site_views::site_id.eq(site.0).and(site_views::id.lt(GuidValue::from(before))))
        .order(site_views::id.desc())
        .limit(wanted)
        .select((
            site_views::id,
            site_views::at,
            site_views::outcome,
            site_views::degraded,
            site_views::code,
            site_views::duration_ms,
            details::text.nullable(),
        ))
        .into_boxed();
    if let Some(border) = border {
        query = query.filter(site_views::id.gt(border));
    }
    let rows: Vec<ViewRow> = query.load(connection)?;
    let mut looks = rows.into_iter().map(look).collect::<Result<Vec<_>, _>>()?;
    let is_more = looks.len() > limit;
    looks.truncate(limit);
    let next = if is_more { looks.last().map(|look| look.id) } else { border.map(|b| after(b.into())) };
    Ok(LookPage { looks, next })
}

/// The newest looks of all locations, as their states remember them.
fn newest(connection: &mut AnyConnection, site: SiteId, limit: usize) -> Result<LookPage, StoreError> {
    let states = site_states::table.filter(site_states::site_id.eq(site.0)).select(StateRow::as_select());
    let mut looks: Vec<Look> = Vec::new();
    for row in states.load(connection)? {
        let (_, state): (SiteId, SiteState) = row.try_into()?;
        looks.extend(state.recent.looks);
    }
    looks.sort_by_key(|look| std::cmp::Reverse(look.id));
    looks.truncate(limit);
    let next = if looks.len() == limit { looks.last().map(|look| look.id) } else { None };
    Ok(LookPage { looks, next })
}

/// The key just above `id`, so that "before it" includes `id`.
fn after(id: ViewId) -> ViewId {
    ViewId(uuid::Uuid::from_u128(id.0.as_u128().saturating_add(1)))
}

fn look((id, at, outcome, degraded, code, duration_ms, detail): ViewRow) -> Result<Look, StoreError> {
    Ok(Look {
        id: id.into(),
        at: Instant::from_ms(at),
        outcome: Outcome::from_number(outcome)
            .ok_or_else(|| StoreError::unreadable(format!("site_views.outcome {outcome}")))?,
        degraded,
        code: code.and_then(|code| u16::try_from(code).ok()),
        detail,
        duration_ms: u32::try_from(duration_ms).unwrap_or(0),
        phases: Phases::default(),
    })
}
