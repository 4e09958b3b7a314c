//! How sites stand, as the checker last wrote it.

use std::collections::HashMap;

use diesel::prelude::*;

use super::figures::{self, Written};
use super::rows::{SiteRow, standing};
use super::schema::{groups, outages, site_states, sites};
use super::spans::Whose;
use super::{AnyConnection, StoreError, hours};
use crate::domain::health::StateCounts;
use crate::domain::plan::SiteState;
use crate::domain::status::{State, Status};
use crate::domain::uptime::Figures;
use crate::domain::{GroupId, Instant, OutageId, Site, SiteId, Standing};

/// Figures of more sites than this are asked for all at once.
const MOST_BY_NAME: usize = 50;

/// Which sites are asked for. Removed ones never are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// Every site.
    All,
    /// The sites of one group.
    Group(GroupId),
    /// One site.
    Slug(String),
}

/// A site and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteStatus {
    /// The site.
    pub site: Site,
    /// Its group's slug.
    pub group: Option<String>,
    /// Whether visitors may see it: it and its group are public.
    pub is_public: bool,
    /// How it stands.
    pub status: Status,
    /// Its uptime; nothing until [`add_figures`] has filled it in.
    pub figures: Figures,
}

/// The sites that are asked for with their status, the worst first, then by name.
///
/// # Errors
/// What the database says.
pub fn of(connection: &mut AnyConnection, which: &Which) -> Result<Vec<SiteStatus>, StoreError> {
    let sites = sites(connection, which)?;
    let states = states(connection, which, &sites)?;
    Ok(standing_so(sites, states, HashMap::new()))
}

/// The same with their uptime and coverage as they are at `now`.
///
/// # Errors
/// What the database says.
pub fn with_figures(
    connection: &mut AnyConnection,
    which: &Which,
    now: Instant,
) -> Result<Vec<SiteStatus>, StoreError> {
    let sites = sites(connection, which)?;
    let ids: Vec<SiteId> = sites.iter().map(|(site, ..)| site.id).collect();
    let ids = (*which != Which::All).then_some(ids.as_slice());
    figured(connection, which, sites, ids, now, &mut Written::default())
}

/// What was read of all sites before, and need not be read again.
#[derive(Debug, Default)]
pub struct Known {
    written: Written,
    sites: Option<(u64, Vec<Found>)>,
}

/// All sites with uptime and coverage as they are at `now`; what is `known` of them is not read again. `plan` is another
/// number after every edit of a site or group.
///
/// # Errors
/// What the database says.
pub fn all_again(
    connection: &mut AnyConnection,
    now: Instant,
    plan: u64,
    known: &mut Known,
) -> Result<Vec<SiteStatus>, StoreError> {
    let sites = match known.sites.take().filter(|(of, _)| *of == plan) {
        Some((_, sites)) => sites,
        None => sites(connection, &Which::All)?,
    };
    known.sites = Some((plan, sites.clone()));
    figured(connection, &Which::All, sites, None, now, &mut known.written)
}

fn figured(
    connection: &mut AnyConnection,
    which: &Which,
    sites: Vec<Found>,
    ids: Option<&[SiteId]>,
    now: Instant,
    written: &mut Written,
) -> Result<Vec<SiteStatus>, StoreError> {
    let states = states(connection, which, &sites)?;
    let ledgers: Vec<_> = states.iter().map(|(whose, state)| (*whose, &state.ledger)).collect();
    let figures = figures::of_ledgers(connection, ids, &ledgers, now, written)?;
    Ok(standing_so(sites, states, figures))
}

/// Each site with its group's slug, and whether visitors may see it.
type Found = (Site, Option<String>, bool);

fn sites(connection: &mut AnyConnection, which: &Which) -> Result<Vec<Found>, StoreError> {
    let mut query = sites::table
        .left_join(groups::table)
        .filter(sites::removed_at.is_null())
        .select((SiteRow::as_select(), groups::slug.nullable(), groups::public.nullable()))
        .into_boxed();
    match which {
        Which::All => {}
        Which::Group(group) => query = query.filter(sites::group_id.eq(group.0)),
        Which::Slug(slug) => query = query.filter(sites::slug.eq(slug)),
    }
    let rows = query.load::<(SiteRow, Option<String>, Option<bool>)>(connection)?;
    let read = |(row, group, group_is_public): (SiteRow, _, _)| {
        let site = Site::try_from(row)?;
        let is_public = site.public && group_is_public != Some(false);
        Ok((site, group, is_public))
    };
    rows.into_iter().map(read).collect()
}

fn standing_so(
    sites: Vec<Found>,
    states: Vec<(Whose, SiteState)>,
    figures: HashMap<SiteId, Figures>,
) -> Vec<SiteStatus> {
    let mut of_sites: HashMap<SiteId, Vec<SiteState>> = HashMap::with_capacity(sites.len());
    for ((site, _), state) in states {
        of_sites.entry(site).or_default().push(state);
    }
    let status = |(site, group, is_public): Found| SiteStatus {
        status: Status::of(&site, of_sites.remove(&site.id).unwrap_or_default()),
        figures: figures.get(&site.id).copied().unwrap_or_default(),
        is_public,
        group,
        site,
    };
    let mut found: Vec<SiteStatus> = sites.into_iter().map(status).collect();
    let rank = |state| State::ALL.iter().position(|other| *other == state);
    found.sort_by_cached_key(|one| (rank(one.status.state), one.site.name.to_lowercase(), one.site.id));
    found
}

/// Fills in uptime and coverage as they are at `now`.
///
/// # Errors
/// What the database says.
pub fn add_figures(
    connection: &mut AnyConnection,
    sites: &mut [SiteStatus],
    now: Instant,
) -> Result<(), StoreError> {
    let ids: Vec<SiteId> = sites.iter().map(|one| one.site.id).collect();
    let named = (ids.len() <= MOST_BY_NAME).then_some(ids.as_slice());
    let figures = figures::of(connection, named, now)?;
    for one in sites {
        one.figures = figures.get(&one.site.id).copied().unwrap_or_default();
    }
    Ok(())
}

/// One site with its status.
///
/// # Errors
/// [`StoreError::Missing`].
pub fn of_site(connection: &mut AnyConnection, slug: &str) -> Result<SiteStatus, StoreError> {
    of(connection, &Which::Slug(slug.to_owned()))?.pop().ok_or_else(|| StoreError::missing("site", slug))
}

fn states(
    connection: &mut AnyConnection,
    which: &Which,
    sites: &[Found],
) -> Result<Vec<(Whose, SiteState)>, StoreError> {
    match which {
        Which::All => hours::states(connection, None),
        Which::Group(_) | Which::Slug(_) => {
            let ids: Vec<SiteId> = sites.iter().map(|(site, ..)| site.id).collect();
            hours::states(connection, Some(&ids))
        }
    }
}

/// How many sites are in each state, and the open outage; `public_only` counts what visitors may see.
///
/// # Errors
/// What the database says.
pub fn counts(connection: &mut AnyConnection, public_only: bool) -> Result<StateCounts, StoreError> {
    type Row = (i32, i64, Option<i64>, bool, Option<bool>, Option<i64>, Option<String>);
    let rows = sites::table
        .left_join(site_states::table)
        .left_join(groups::table)
        .filter(sites::removed_at.is_null())
        .order(sites::id)
        .select((
            sites::id,
            sites::edited_at,
            sites::paused_at,
            sites::public,
            groups::public.nullable(),
            site_states::edited_at.nullable(),
            site_states::standing.nullable(),
        ))
        .load::<Row>(connection)?;
    let mut counts = StateCounts::default();
    for rows in rows.chunk_by(|one, other| one.0 == other.0) {
        let Some((_, edited_at, paused_at, public, group_public, ..)) = rows.first() else { continue };
        if public_only && !(*public && *group_public != Some(false)) {
            continue;
        }
        let known: Vec<(Instant, Standing)> = rows
            .iter()
            .filter_map(|(.., edited_at, name)| Some((Instant::from_ms((*edited_at)?), name.as_deref()?)))
            .map(|(edited_at, name)| Ok((edited_at, standing(name)?)))
            .collect::<Result<_, StoreError>>()?;
        counts.add(State::of(Instant::from_ms(*edited_at), paused_at.is_some(), known.into_iter()));
    }
    Ok(counts)
}

/// The open outage; of several (one per group) the oldest.
///
/// # Errors
/// What the database says.
pub fn open_outage(connection: &mut AnyConnection) -> Result<Option<OutageId>, StoreError> {
    let open = outages::table.filter(outages::resolved_at.is_null()).order(outages::id).select(outages::id);
    Ok(open.first::<i32>(connection).optional()?.map(OutageId))
}
