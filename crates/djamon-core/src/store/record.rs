//! Carries a plan out: the one transaction of a batch, in fixed order. After a crash the database holds all of it or
//! nothing.

use std::collections::HashMap;

use diesel::prelude::*;

use super::backend::{bulk, partitions};
use super::owing::Owing;
use super::rows::{NewStateRow, NewViewRow, scope_number};
use super::schema::{certificate_warnings, outage_sites, outages};
use super::{AnyConnection, StoreError, details, snapshot, spans, write};
use crate::domain::plan::{self, Change, OutageRef, RunContext, RunPlan};
use crate::domain::reminder::Reminders;
use crate::domain::{
    EventId, EventKind, Instant, Listener, Look, Observation, OutageId, Policy, SiteId, ViewId,
};

/// What a batch became.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recorded {
    /// The plan that was carried out.
    pub plan: RunPlan,
    /// Outages that began, and which sites began them.
    pub opened: Vec<(OutageId, SiteId)>,
    /// Sites that joined outages of earlier runs.
    pub joined: Vec<(OutageId, SiteId)>,
    /// Outages that ended.
    pub resolved: Vec<OutageId>,
}

/// Mints the keys of SiteViews: time order is key order, even when the clock jumps back between runs.
#[derive(Debug)]
pub struct ViewIds {
    floor: Instant,
    random: u128,
}

impl ViewIds {
    /// Keys above everything stored so far.
    ///
    /// # Errors
    /// What the database says.
    pub fn after_stored(connection: &mut AnyConnection) -> Result<Self, StoreError> {
        let last = super::views::last_id(connection)?.map(ViewId::instant);
        let floor = last.map_or(Instant::from_ms(0), |last| Instant::from_ms(last.ms() + 1));
        Ok(ViewIds { floor, random: uuid::Uuid::new_v4().as_u128() })
    }

    /// The key of a look that began at `at`. Keys of one site differ in time alone, their random part is that of
    /// `before`, the site's look before: so its state remembers ten of them in the room of two.
    pub fn next(&mut self, at: Instant, before: Option<ViewId>) -> ViewId {
        self.random = self.random.wrapping_add(1);
        let random = before.map_or(self.random, |before| before.0.as_u128());
        let [.., a, b, c, d, e, f, g, h, i, j] = random.to_be_bytes();
        let ms = at.max(self.floor).ms().max(0).unsigned_abs();
        let random = [a, b, c, d, e, f, g, h, i, j];
        ViewId(uuid::Builder::from_unix_timestamp_millis(ms, &random).into_uuid())
    }
}

/// Plans and writes one batch of observations. `listeners` are told of what follows.
///
/// # Errors
/// What the database says; then nothing of the batch is written.
pub fn batch(
    connection: &mut AnyConnection,
    context: &RunContext,
    policy: &Policy,
    ids: &mut ViewIds,
    observations: Vec<Observation>,
    listeners: &[Listener],
    now: Instant,
) -> Result<Recorded, StoreError> {
    let sites: Vec<SiteId> = observations.iter().map(|observation| observation.site).collect();
    write(connection, |connection| {
        let snapshot = snapshot::of(connection, context.location, policy, &sites)?;
        let observations = observations.into_iter().map(|observation| {
            let state = snapshot.states.get(&observation.site);
            let before = state.and_then(|state| state.recent.looks.front()).map(|look| look.id);
            (ids.next(observation.at, before), observation)
        });
        let observations = observations.collect();
        carry_out(connection, context, plan::plan(context, snapshot, observations), listeners, now)
    })
}

/// Takes sites that were paused, removed or edited out of their open outages.
///
/// # Errors
/// What the database says; then nothing is written.
pub fn departures(
    connection: &mut AnyConnection,
    context: &RunContext,
    policy: &Policy,
    listeners: &[Listener],
    now: Instant,
) -> Result<Recorded, StoreError> {
    if snapshot::of_departed(connection, context.location, policy)?.sites.is_empty() {
        return Ok(Recorded::default());
    }
    write(connection, |connection| {
        let snapshot = snapshot::of_departed(connection, context.location, policy)?;
        carry_out(connection, context, plan::departures(context, snapshot, now), listeners, now)
    })
}

/// Reminds people of open outages, as the rule says. Gives of which.
///
/// # Errors
/// What the database says; then nothing is written.
pub fn reminders(
    connection: &mut AnyConnection,
    context: &RunContext,
    rule: &Reminders,
    listeners: &[Listener],
    now: Instant,
) -> Result<Vec<OutageId>, StoreError> {
    let owed = |connection: &mut AnyConnection| {
        let open = super::outages::reminded(connection)?;
        let owed = open.into_iter().filter(|(outage, last)| rule.owed(outage, *last, now));
        Ok::<_, StoreError>(owed.map(|(outage, _)| outage.id).collect::<Vec<_>>())
    };
    if !rule.are_on() || owed(connection)?.is_empty() {
        return Ok(Vec::new());
    }
    write(connection, |connection| {
        let owed = owed(connection)?;
        let mut owing = Owing::new(connection, context.run, listeners, &RunPlan::default(), now)?;
        for outage in &owed {
            owing.of_outage(connection, EventKind::Reminder, *outage)?;
        }
        Ok(owed)
    })
}

/// 1. SiteViews with their details. 2. States, and the hours and days they close. 3. Outages, their sites, the events and what the channels are owed.
fn carry_out(
    connection: &mut AnyConnection,
    context: &RunContext,
    plan: RunPlan,
    listeners: &[Listener],
    now: Instant,
) -> Result<Recorded, StoreError> {
    put_views(connection, context, &plan, now)?;
    let states: Vec<_> =
        plan.states.iter().map(|(site, state)| NewStateRow::new(*site, context.location, state)).collect();
    bulk::put_states(connection, &states)?;
    spans::put(connection, context, &plan)?;

    let mut story = Storyteller {
        owing: Owing::new(connection, context.run, listeners, &plan, now)?,
        connection,
        context,
        new: Vec::new(),
        began: HashMap::new(),
    };
    let mut recorded = Recorded::default();
    for change in &plan.changes {
        story.tell(change, &mut recorded)?;
    }
    story.warn(&plan.expiring)?;
    recorded.plan = plan;
    Ok(recorded)
}

fn put_views(
    connection: &mut AnyConnection,
    context: &RunContext,
    plan: &RunPlan,
    now: Instant,
) -> Result<(), StoreError> {
    partitions::ensure(connection, plan.views.iter().map(|(_, look)| &look.id))?;
    let texts = plan.views.iter().filter_map(|(_, look)| look.detail.as_deref());
    let details = details::numbers(connection, texts, now)?;
    let mut rows: Vec<_> = plan
        .views
        .iter()
        .map(|(site, look)| NewViewRow {
            id: look.id.into(),
            site_id: site.0,
            location_id: context.location.0,
            run_id: context.run.0,
            at: look.at.ms(),
            outcome: look.outcome.number(),
            degraded: look.degraded,
            code: look.code.and_then(|code| i16::try_from(code).ok()),
            duration_ms: i32::try_from(look.duration_ms).unwrap_or(i32::MAX),
            detail_id: look.detail.as_deref().and_then(|detail| details.get(detail).copied()),
        })
        .collect();
    rows.sort_by_key(|row| ViewId::from(row.id));
    bulk::insert_views(connection, &rows)
}

/// Writes the steps of outages, and what people are told of them.
struct Storyteller<'a> {
    connection: &'a mut AnyConnection,
    context: &'a RunContext,
    owing: Owing<'a>,
    new: Vec<OutageId>,
    /// Starts of outages as they were last written: most sites that enter one do not move it.
    began: HashMap<OutageId, Instant>,
}

impl Storyteller<'_> {
    fn tell(&mut self, change: &Change, recorded: &mut Recorded) -> Result<(), StoreError> {
        match change {
            Change::Open { scope, started_at, detected_at } => {
                let id: i32 = diesel::insert_into(outages::table)
                    .values((
                        outages::scope.eq(scope_number(*scope)),
                        outages::started_at.eq(started_at.ms()),
                        outages::detected_at.eq(detected_at.ms()),
                        outages::opened_run_id.eq(self.context.run.0),
                    ))
                    .returning(outages::id)
                    .get_result(self.connection)?;
                self.new.push(OutageId(id));
                self.began.insert(OutageId(id), *started_at);
            }
            Change::Enter { outage, site, first, last, event, started_at } => {
                let outage = self.number(*outage)?;
                let event_id = match event {
                    Some(kind) => Some(self.owing.of_site(self.connection, *kind, Some(outage), *site)?),
                    None => None,
                };
                self.enter(outage, *site, first, last, event_id)?;
                if self.began.insert(outage, *started_at) != Some(*started_at) {
                    diesel::update(outages::table.filter(outages::id.eq(outage.0)))
                        .set(outages::started_at.eq(started_at.ms()))
                        .execute(self.connection)?;
                }
                match event {
                    Some(EventKind::Opened) => recorded.opened.push((outage, *site)),
                    Some(_) => recorded.joined.push((outage, *site)),
                    None => {}
                }
            }
            Change::Leave { outage, site, left, up_at, good } => {
                let outage = self.number(*outage)?;
                let part = outage_sites::table
                    .filter(outage_sites::outage_id.eq(outage.0).and(outage_sites::site_id.eq(site.0)))
                    .filter(outage_sites::location_id.eq(self.context.location.0))
                    .filter(outage_sites::up_at.is_null());
                diesel::update(part)
                    .set((
                        outage_sites::up_at.eq(up_at.ms()),
                        outage_sites::left_reason.eq(left.name()),
                        outage_sites::good_look.eq(good.as_ref().map(json).transpose()?),
                    ))
                    .execute(self.connection)?;
            }
            Change::Resolve { outage, resolved_at } => {
                let outage = self.number(*outage)?;
                diesel::update(outages::table.filter(outages::id.eq(outage.0)))
                    .set(outages::resolved_at.eq(resolved_at.ms()))
                    .execute(self.connection)?;
                self.owing.of_outage(self.connection, EventKind::Resolved, outage)?;
                recorded.resolved.push(outage);
            }
        }
        Ok(())
    }

    /// Tells of certificates that run out soon: one event a run, however many they are.
    fn warn(&mut self, expiring: &[(SiteId, Instant)]) -> Result<(), StoreError> {
        for (site, expires_at) in expiring {
            let event = self.owing.of_site(self.connection, EventKind::Certificate, None, *site)?;
            diesel::insert_into(certificate_warnings::table)
                .values((
                    certificate_warnings::event_id.eq(event.0),
                    certificate_warnings::site_id.eq(site.0),
                    certificate_warnings::expires_at.eq(expires_at.ms()),
                ))
                .execute(self.connection)?;
        }
        Ok(())
    }

    fn enter(
        &mut self,
        outage: OutageId,
        site: SiteId,
        first: &Look,
        last: &Look,
        event: Option<EventId>,
    ) -> Result<(), StoreError> {
        diesel::insert_into(outage_sites::table)
            .values((
                outage_sites::outage_id.eq(outage.0),
                outage_sites::site_id.eq(site.0),
                outage_sites::location_id.eq(self.context.location.0),
                outage_sites::event_id.eq(event.map(|event| event.0)),
                outage_sites::down_at.eq(first.at.ms()),
                outage_sites::detected_at.eq(last.at.max(first.at).ms()),
                outage_sites::first_look.eq(json(first)?),
                outage_sites::last_look.eq(json(last)?),
            ))
            .execute(self.connection)?;
        Ok(())
    }

    fn number(&self, outage: OutageRef) -> Result<OutageId, StoreError> {
        match outage {
            OutageRef::Stored(id) => Ok(id),
            OutageRef::New(n) => self
                .new
                .get(n)
                .copied()
                .ok_or_else(|| StoreError::unreadable("a plan names an outage it never opened")),
        }
    }
}

fn json(look: &Look) -> Result<String, StoreError> {
    serde_json::to_string(look).map_err(StoreError::unreadable)
}
