//! What a plan starts from, read within the transaction that will carry it out.

use std::collections::HashMap;

use diesel::prelude::*;

use super::policies::Policies;
use super::rows::{OutageRow, StateRow, instant};
use super::schema::{outage_sites, outages, site_states, sites};
use super::{AnyConnection, CHUNK, StoreError};
use crate::domain::outage::Outage;
use crate::domain::plan::{OpenOutage, PartState, Snapshot, Watched};
use crate::domain::{GroupId, Instant, LocationId, Policy, SiteId};

/// The sites of `ids` with their states at `location`, and the open outages as far as these sites are concerned.
///
/// # Errors
/// What the database says.
pub fn of(
    connection: &mut AnyConnection,
    location: LocationId,
    policy: &Policy,
    ids: &[SiteId],
) -> Result<Snapshot, StoreError> {
    let mut snapshot = Snapshot { open: open_outages(connection)?, ..Snapshot::default() };
    let ids: Vec<i32> = ids.iter().map(|id| id.0).collect();
    let mut policies = Policies::new(policy);
    for chunk in ids.chunks(CHUNK) {
        let here = site_states::site_id.eq(sites::id).and(site_states::location_id.eq(location.0));
        let rows = sites::table
            .left_join(site_states::table.on(here))
            .filter(sites::id.eq_any(chunk))
            .select((WatchedRow::as_select(), Option::<StateRow>::as_select()))
            .load(connection)?;
        for (row, state) in rows {
            snapshot.sites.insert(SiteId(row.id), row.watched(&mut policies)?);
            snapshot.states.extend(state.map(TryInto::try_into).transpose()?);
        }
        if !snapshot.open.is_empty() {
            add_parts(connection, location, chunk, &mut snapshot.open)?;
        }
    }
    Ok(snapshot)
}

/// The sites in open outages that were paused, removed or edited since, as a snapshot of their own.
///
/// # Errors
/// What the database says.
pub fn of_departed(
    connection: &mut AnyConnection,
    location: LocationId,
    policy: &Policy,
) -> Result<Snapshot, StoreError> {
    let ids: Vec<i32> = outage_sites::table
        .inner_join(sites::table)
        .left_join(
            site_states::table.on(site_states::site_id
                .eq(outage_sites::site_id)
                .and(site_states::location_id.eq(outage_sites::location_id))),
        )
        .filter(outage_sites::up_at.is_null().and(outage_sites::location_id.eq(location.0)))
        .filter(
            sites::paused_at
                .is_not_null()
                .or(sites::removed_at.is_not_null())
                .or(site_states::edited_at.nullable().assume_not_null().ne(sites::edited_at)),
        )
        .select(outage_sites::site_id)
        .load(connection)?;
    if ids.is_empty() {
        return Ok(Snapshot::default());
    }
    of(connection, location, policy, &ids.into_iter().map(SiteId).collect::<Vec<_>>())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = sites)]
struct WatchedRow {
    id: i32,
    group_id: Option<i32>,
    options: String,
    edited_at: i64,
    paused_at: Option<i64>,
    removed_at: Option<i64>,
}

impl WatchedRow {
    fn watched(self, policies: &mut Policies<'_>) -> Result<Watched, StoreError> {
        Ok(Watched {
            group: self.group_id.map(GroupId),
            edited_at: Instant::from_ms(self.edited_at),
            paused_at: instant(self.paused_at),
            removed_at: instant(self.removed_at),
            policy: policies.of(self.id, self.options)?,
        })
    }
}

fn open_outages(connection: &mut AnyConnection) -> Result<Vec<OpenOutage>, StoreError> {
    let rows = outages::table.filter(outages::resolved_at.is_null()).order(outages::id);
    let rows: Vec<OutageRow> = rows.select(OutageRow::as_select()).load(connection)?;
    let mut open = Vec::new();
    for outage in rows.into_iter().map(Outage::from) {
        let parts = outage_sites::table.filter(outage_sites::outage_id.eq(outage.id.0));
        let open_parts: i64 = parts.filter(outage_sites::up_at.is_null()).count().get_result(connection)?;
        let latest_up_at: Option<i64> =
            parts.select(diesel::dsl::max(outage_sites::up_at)).get_result(connection)?;
        open.push(OpenOutage {
            id: Some(outage.id),
            scope: outage.scope,
            started_at: outage.started_at,
            opened_by: outage.opened_by,
            open_parts: usize::try_from(open_parts).unwrap_or_default(),
            latest_up_at: instant(latest_up_at),
            parts: HashMap::new(),
        });
    }
    Ok(open)
}

/// Adds the parts of the sites at hand; of a site's several parts the latest counts.
fn add_parts(
    connection: &mut AnyConnection,
    location: LocationId,
    ids: &[i32],
    open: &mut [OpenOutage],
) -> Result<(), StoreError> {
    let outages: Vec<i32> = open.iter().filter_map(|outage| outage.id).map(|id| id.0).collect();
    let rows = outage_sites::table
        .filter(outage_sites::outage_id.eq_any(&outages).and(outage_sites::site_id.eq_any(ids)))
        .filter(outage_sites::location_id.eq(location.0))
        .order(outage_sites::id)
        .select((outage_sites::outage_id, outage_sites::site_id, outage_sites::down_at, outage_sites::up_at))
        .load::<(i32, i32, i64, Option<i64>)>(connection)?;
    for (outage, site, down_at, up_at) in rows {
        let part = PartState { down_at: Instant::from_ms(down_at), is_open: up_at.is_none() };
        if let Some(outage) = open.iter_mut().find(|other| other.id.is_some_and(|id| id.0 == outage)) {
            outage.parts.insert(SiteId(site), part);
        }
    }
    Ok(())
}
