//! Rows and what they mean: the only place where a column becomes a domain value.

use diesel::prelude::*;

use super::backend::guid::GuidValue;
use super::error::StoreError;
use super::memory;
use super::schema::{events, groups, outage_sites, outages, runs, site_states, sites};
use crate::domain::outage::{Acknowledged, Outage, Part};
use crate::domain::plan::SiteState;
use crate::domain::run::{Blind, Counts, Run, RunState};
use crate::domain::{
    Credentials, Event, EventId, EventKind, Group, GroupId, Instant, Left, LocationId, Look, OutageId, RunId,
    Scope, Site, SiteId, SiteOptions, Standing, Target,
};

pub(super) fn instant(ms: Option<i64>) -> Option<Instant> {
    ms.map(Instant::from_ms)
}

pub(super) fn ms(instant: Option<Instant>) -> Option<i64> {
    instant.map(Instant::ms)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = groups)]
pub(super) struct GroupRow {
    pub id: i32,
    pub slug: String,
    pub name: String,
    pub public: bool,
    pub version: i32,
    pub created_at: i64,
}

impl From<GroupRow> for Group {
    fn from(row: GroupRow) -> Self {
        Group {
            id: GroupId(row.id),
            slug: row.slug,
            name: row.name,
            public: row.public,
            version: row.version,
            created_at: Instant::from_ms(row.created_at),
        }
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = sites)]
pub(super) struct SiteRow {
    pub id: i32,
    pub slug: String,
    pub name: String,
    pub url: String,
    pub auth_user: Option<String>,
    pub auth_password: Option<String>,
    pub group_id: Option<i32>,
    pub options: String,
    pub public: bool,
    pub version: i32,
    pub created_at: i64,
    pub edited_at: i64,
    pub paused_at: Option<i64>,
    pub removed_at: Option<i64>,
}

impl TryFrom<SiteRow> for Site {
    type Error = StoreError;

    fn try_from(row: SiteRow) -> Result<Self, StoreError> {
        Ok(Site {
            id: SiteId(row.id),
            target: target(&row.slug, &row.url, row.auth_user, row.auth_password)?,
            options: options(&row.slug, &row.options)?,
            slug: row.slug,
            name: row.name,
            group: row.group_id.map(GroupId),
            public: row.public,
            version: row.version,
            created_at: Instant::from_ms(row.created_at),
            edited_at: Instant::from_ms(row.edited_at),
            paused_at: instant(row.paused_at),
            removed_at: instant(row.removed_at),
        })
    }
}

/// What is asked of a site, from its columns.
pub(super) fn target(
    slug: &str,
    url: &str,
    auth_user: Option<String>,
    auth_password: Option<String>,
) -> Result<Target, StoreError> {
    let url = url.parse().map_err(|error| StoreError::unreadable(format!("site {slug}: url: {error}")))?;
    let credentials = auth_user.map(|user| Credentials { user, password: auth_password.unwrap_or_default() });
    Ok(Target { url, credentials })
}

/// A site's options from their column.
pub(super) fn options(site: impl std::fmt::Display, text: &str) -> Result<SiteOptions, StoreError> {
    serde_json::from_str(text)
        .map_err(|error| StoreError::unreadable(format!("site {site}: options: {error}")))
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = site_states)]
pub(super) struct StateRow {
    pub site_id: i32,
    pub last_at: i64,
    pub next_due_at: Option<i64>,
    pub edited_at: i64,
    pub memory: Vec<u8>,
}

impl TryFrom<StateRow> for (SiteId, SiteState) {
    type Error = StoreError;

    fn try_from(row: StateRow) -> Result<Self, StoreError> {
        let (streak, recent, certificate, ledger) =
            memory::unpack(&row.memory).map_err(StoreError::Unreadable)?;
        let state = SiteState {
            streak,
            last_at: Instant::from_ms(row.last_at),
            next_due_at: instant(row.next_due_at),
            edited_at: Instant::from_ms(row.edited_at),
            recent,
            certificate,
            ledger,
        };
        Ok((SiteId(row.site_id), state))
    }
}

/// A state to be written: what can be asked for in columns, the rest in `memory`.
///
/// None is written as NULL, not left out: so rows can stand in one statement.
#[derive(Insertable)]
#[diesel(table_name = site_states, treat_none_as_default_value = false)]
pub(super) struct NewStateRow {
    pub site_id: i32,
    pub location_id: i32,
    pub standing: &'static str,
    pub degraded: bool,
    pub last_failed: bool,
    pub failures: i32,
    pub good: i32,
    pub since_at: i64,
    pub last_at: i64,
    pub next_due_at: Option<i64>,
    pub edited_at: i64,
    pub memory: Vec<u8>,
    pub took_ms: i32,
}

impl NewStateRow {
    pub fn new(site: SiteId, location: LocationId, state: &SiteState) -> Self {
        let last = state.recent.looks.front();
        let count = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
        NewStateRow {
            site_id: site.0,
            location_id: location.0,
            standing: state.streak.standing().name(),
            degraded: last.is_some_and(|look| look.degraded),
            last_failed: last.is_some_and(|look| !look.outcome.is_good()),
            failures: count(state.streak.failures()),
            good: count(state.streak.good()),
            since_at: state.streak.since().ms(),
            last_at: state.last_at.ms(),
            next_due_at: ms(state.next_due_at),
            edited_at: state.edited_at.ms(),
            memory: memory::pack(state),
            took_ms: last.map_or(0, |look| i32::try_from(look.duration_ms).unwrap_or(i32::MAX)),
        }
    }
}

/// The standing of this name.
pub(super) fn standing(name: &str) -> Result<Standing, StoreError> {
    [Standing::Up, Standing::Failing, Standing::Down]
        .into_iter()
        .find(|standing| standing.name() == name)
        .ok_or_else(|| StoreError::unreadable(format!("standing {name:?}")))
}

/// A SiteView to be written; None is NULL, as in [`NewStateRow`].
#[derive(Insertable)]
#[diesel(table_name = super::schema::site_views, treat_none_as_default_value = false)]
pub(super) struct NewViewRow {
    pub id: GuidValue,
    pub site_id: i32,
    pub location_id: i32,
    pub run_id: i32,
    pub at: i64,
    pub outcome: i16,
    pub degraded: bool,
    pub code: Option<i16>,
    pub duration_ms: i32,
    pub detail_id: Option<i32>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = runs)]
pub(super) struct RunRow {
    pub id: i32,
    pub location_id: i32,
    pub state: String,
    pub started_at: i64,
    pub finished_at: Option<i64>,
    pub expected_interval_ms: i64,
    pub blind_reason: Option<String>,
    pub blind_from: Option<i64>,
    pub sites: i32,
    pub up: i32,
    pub failing: i32,
    pub down: i32,
    pub skipped: i32,
    pub skipped_reason: Option<String>,
}

impl TryFrom<RunRow> for Run {
    type Error = StoreError;

    fn try_from(row: RunRow) -> Result<Self, StoreError> {
        let count = |n: i32| u32::try_from(n).unwrap_or(0);
        Ok(Run {
            id: RunId(row.id),
            location: LocationId(row.location_id),
            state: RunState::from_name(&row.state).ok_or_else(|| StoreError::unreadable(&row.state))?,
            started_at: Instant::from_ms(row.started_at),
            finished_at: instant(row.finished_at),
            expected_interval_ms: row.expected_interval_ms,
            blind: row.blind_reason.map(|reason| Blind {
                reason,
                from: Instant::from_ms(row.blind_from.unwrap_or(row.started_at)),
            }),
            counts: Counts {
                sites: count(row.sites),
                up: count(row.up),
                failing: count(row.failing),
                down: count(row.down),
                skipped: count(row.skipped),
            },
            skipped_reason: row.skipped_reason,
        })
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = outages)]
pub(super) struct OutageRow {
    pub id: i32,
    pub scope: i32,
    pub started_at: i64,
    pub detected_at: i64,
    pub resolved_at: Option<i64>,
    pub opened_run_id: i32,
    pub acknowledged_at: Option<i64>,
    pub acknowledged_by: Option<String>,
    pub acknowledged_why: Option<String>,
}

impl From<OutageRow> for Outage {
    fn from(row: OutageRow) -> Self {
        Outage {
            id: OutageId(row.id),
            scope: scope(row.scope),
            started_at: Instant::from_ms(row.started_at),
            detected_at: Instant::from_ms(row.detected_at),
            resolved_at: instant(row.resolved_at),
            opened_by: RunId(row.opened_run_id),
            acknowledged: row.acknowledged_at.map(|at| Acknowledged {
                at: Instant::from_ms(at),
                by: row.acknowledged_by.unwrap_or_default(),
                why: row.acknowledged_why,
            }),
        }
    }
}

/// `outages.scope`: nought is everything, other numbers are groups.
pub(super) fn scope(number: i32) -> Scope {
    if number == 0 { Scope::All } else { Scope::Group(GroupId(number)) }
}

pub(super) fn scope_number(scope: Scope) -> i32 {
    match scope {
        Scope::All => 0,
        Scope::Group(group) => group.0,
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = outage_sites)]
pub(super) struct PartRow {
    pub outage_id: i32,
    pub site_id: i32,
    pub location_id: i32,
    pub event_id: Option<i32>,
    pub down_at: i64,
    pub detected_at: i64,
    pub up_at: Option<i64>,
    pub left_reason: Option<String>,
    pub first_look: String,
    pub last_look: String,
    pub good_look: Option<String>,
}

impl TryFrom<PartRow> for Part {
    type Error = StoreError;

    fn try_from(row: PartRow) -> Result<Self, StoreError> {
        Ok(Part {
            outage: OutageId(row.outage_id),
            site: SiteId(row.site_id),
            location: LocationId(row.location_id),
            event: row.event_id.map(EventId),
            down_at: Instant::from_ms(row.down_at),
            detected_at: Instant::from_ms(row.detected_at),
            up_at: instant(row.up_at),
            left: row.left_reason.as_deref().and_then(Left::from_name),
            first: look(&row.first_look)?,
            last: look(&row.last_look)?,
            good: row.good_look.as_deref().map(look).transpose()?,
        })
    }
}

fn look(text: &str) -> Result<Look, StoreError> {
    serde_json::from_str(text).map_err(StoreError::unreadable)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = events)]
pub(super) struct EventRow {
    pub id: i32,
    pub kind: String,
    pub outage_id: Option<i32>,
    pub site_id: Option<i32>,
    pub run_id: Option<i32>,
    pub at: i64,
}

impl TryFrom<EventRow> for Event {
    type Error = StoreError;

    fn try_from(row: EventRow) -> Result<Self, StoreError> {
        Ok(Event {
            id: EventId(row.id),
            kind: EventKind::from_name(&row.kind).ok_or_else(|| StoreError::unreadable(&row.kind))?,
            outage: row.outage_id.map(OutageId),
            site: row.site_id.map(SiteId),
            run: row.run_id.map(RunId),
            at: Instant::from_ms(row.at),
        })
    }
}
