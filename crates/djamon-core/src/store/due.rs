//! Which sites a run looks at.

use std::sync::Arc;

use diesel::prelude::*;

use super::backend::connection::MultiBackend;
use super::policies::Policies;
use super::rows::{standing, target};
use super::schema::{groups, site_states, sites};
use super::{AnyConnection, StoreError};
use crate::domain::plan::EARLY;
use crate::domain::run::Counts;
use crate::domain::{Instant, LocationId, Policy, SiteId, Standing, Target};

/// What a run was asked to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// Every site that is due.
    Due,
    /// These sites and the sites of these groups by slug, due or not, but never what is paused.
    Named {
        /// Slugs of sites.
        sites: Vec<String>,
        /// Slugs of groups.
        groups: Vec<String>,
    },
}

/// One site to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueSite {
    /// The site.
    pub id: SiteId,
    /// What people call it.
    pub slug: String,
    /// The edit of it that is looked at.
    pub edited_at: Instant,
    /// What is asked for.
    pub target: Target,
    /// What counts for it.
    pub policy: Arc<Policy>,
    /// How it stands at this location; `None` when nobody has looked yet.
    pub standing: Option<Standing>,
    /// Whether its last look failed.
    pub failed_last: bool,
}

/// What is read of it.
#[derive(Queryable, Selectable)]
#[diesel(table_name = sites)]
struct DueRow {
    id: i32,
    slug: String,
    url: String,
    auth_user: Option<String>,
    auth_password: Option<String>,
    options: String,
    edited_at: i64,
}

/// Which half of the due sites: those that failed last time start first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Half {
    /// The last look failed.
    FailedLast,
    /// The others.
    Others,
}

/// At most `limit` sites of one half, in order of number, after the site `after`; `policy` is the configuration's.
///
/// # Errors
/// What the database says.
pub fn page(
    connection: &mut AnyConnection,
    selection: &Selection,
    location: LocationId,
    policy: &Policy,
    now: Instant,
    (half, after): (Half, SiteId),
    limit: i64,
) -> Result<Vec<DueSite>, StoreError> {
    let failed = site_states::last_failed.nullable();
    let query = due(selection, location, now).filter(sites::id.gt(after.0)).order(sites::id).limit(limit);
    let query = match half {
        Half::FailedLast => query.filter(failed.eq(true)),
        Half::Others => query.filter(failed.is_null().or(failed.eq(false))),
    };
    let columns = (DueRow::as_select(), site_states::standing.nullable(), failed);
    let rows = query.select(columns).load::<(DueRow, Option<String>, Option<bool>)>(connection)?;
    let mut policies = Policies::new(policy);
    rows.into_iter()
        .map(|(row, name, failed)| {
            Ok(DueSite {
                id: SiteId(row.id),
                edited_at: Instant::from_ms(row.edited_at),
                target: target(&row.slug, &row.url, row.auth_user, row.auth_password)?,
                policy: policies.of(&row.slug, row.options)?,
                slug: row.slug,
                standing: name.as_deref().map(standing).transpose()?,
                failed_last: failed == Some(true),
            })
        })
        .collect()
}

/// What a run has before it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outlook {
    /// How many sites are due and how they stand.
    pub counts: Counts,
    /// How long the last look at each took, in no order; nothing of those nobody has looked at yet.
    pub took_ms: Vec<u32>,
}

/// What a run has before it.
///
/// # Errors
/// What the database says.
pub fn outlook(
    connection: &mut AnyConnection,
    selection: &Selection,
    location: LocationId,
    now: Instant,
) -> Result<Outlook, StoreError> {
    let mut outlook = Outlook::default();
    // In order of number, though nobody asks for it: else SQLite goes from an index to each site.
    let rows = due(selection, location, now)
        .order(sites::id)
        .select((site_states::standing.nullable(), site_states::took_ms.nullable()));
    for (name, took_ms) in rows.load::<(Option<String>, Option<i32>)>(connection)? {
        outlook.counts.sites += 1;
        if let Some(name) = name {
            outlook.counts.add(standing(&name)?);
        }
        outlook.took_ms.extend(took_ms.map(|ms| ms.max(0).unsigned_abs()));
    }
    Ok(outlook)
}

#[diesel::dsl::auto_type(type_case = "PascalCase")]
fn with_states(location: i32) -> _ {
    sites::table
        .left_join(
            site_states::table
                .on(site_states::site_id.eq(sites::id).and(site_states::location_id.eq(location))),
        )
        .left_join(groups::table.on(sites::group_id.eq(groups::id.nullable())))
}

type Due<'a> = diesel::helper_types::IntoBoxed<'a, WithStates, MultiBackend>;

/// Sites that are not paused or removed, and either named or due: in every run without an interval of their own, from
/// their slot on with one. A slot further away than the interval is none: the clock was set back, or the interval was
/// made shorter.
fn due<'a>(selection: &Selection, location: LocationId, now: Instant) -> Due<'a> {
    let query = with_states(location.0).into_boxed();
    let query = query.filter(sites::paused_at.is_null().and(sites::removed_at.is_null()));
    match selection {
        Selection::Due => {
            let next_due_at = site_states::next_due_at.nullable();
            let slot_came = next_due_at.is_null().or(next_due_at.le(now.plus(EARLY).ms()));
            let out_of_reach = next_due_at.gt(sites::interval_ms + now.plus(EARLY).ms());
            let is_due = slot_came.or(out_of_reach).assume_not_null();
            query.filter(sites::interval_ms.is_null().or(is_due))
        }
        Selection::Named { sites: names, groups: of } => {
            let named = sites::slug.eq_any(names.clone());
            let grouped = groups::slug.nullable().eq_any(of.clone());
            query.filter(named.or(grouped.assume_not_null()))
        }
    }
}
