//! From what was seen to everything a run will write, and nothing else. Pure and total: the store only carries it out.
//!
//! Observations are taken one by one in their order, so that it makes no difference how a run is cut into batches.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::alert::EventKind;
use super::certificate::{self, Certificate};
use super::recent::{Mark, Recent};
use super::run::Blindness;
use super::streak::Turn;
use super::uptime::{Ledger, Open};
use super::{
    GroupId, Instant, Left, LocationId, Look, Observation, OutageId, Policy, RunId, Scope, ScopeRule, SiteId,
    Streak, ViewId,
};
use crate::calendar::Zone;

/// How long before its slot a site is due: cron is never exact.
pub const EARLY: Duration = Duration::from_secs(10);

/// The run that plans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunContext {
    /// Its number.
    pub run: RunId,
    /// Where it looks from.
    pub location: LocationId,
    /// Which outage a site joins.
    pub scope: ScopeRule,
    /// How long until the next run was promised.
    pub expected_interval: Duration,
    /// When the runs before it were blind.
    pub blind: Blindness,
    /// Whose days its days are.
    pub zone: Zone,
}

/// What a plan needs to know of a site as it is configured now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    /// Its group.
    pub group: Option<GroupId>,
    /// See [`super::Site::edited_at`].
    pub edited_at: Instant,
    /// Since when it is paused.
    pub paused_at: Option<Instant>,
    /// Since when it is removed.
    pub removed_at: Option<Instant>,
    /// What counts for it; most sites share one.
    pub policy: Arc<Policy>,
}

/// What is remembered of a site from one run to the next, per location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteState {
    /// How it stands.
    pub streak: Streak,
    /// When it was last looked at.
    pub last_at: Instant,
    /// Its next slot, when it has an interval of its own.
    pub next_due_at: Option<Instant>,
    /// The edit of the site that the streak is of.
    pub edited_at: Instant,
    /// Its last looks.
    pub recent: Recent,
    /// Its certificate, when one was ever seen.
    pub certificate: Option<Certificate>,
    /// Its time, up to the last look.
    pub ledger: Ledger,
}

/// A site's open or last part in an open outage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartState {
    /// When it began.
    pub down_at: Instant,
    /// Whether the site is still in the outage.
    pub is_open: bool,
}

/// An open outage, as far as the sites at hand are concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenOutage {
    /// Its number; `None` for one that this plan opens.
    pub id: Option<OutageId>,
    /// How far it reaches.
    pub scope: Scope,
    /// Its start so far.
    pub started_at: Instant,
    /// The run that raised it.
    pub opened_by: RunId,
    /// How many sites are in it.
    pub open_parts: usize,
    /// When the last site left it so far.
    pub latest_up_at: Option<Instant>,
    /// The latest parts of the sites at hand, seen from this location.
    pub parts: HashMap<SiteId, PartState>,
}

/// Everything a plan starts from, read in the transaction that will carry it out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The sites at hand.
    pub sites: HashMap<SiteId, Watched>,
    /// Their states at this location.
    pub states: HashMap<SiteId, SiteState>,
    /// The open outages.
    pub open: Vec<OpenOutage>,
}

/// Which outage a change is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OutageRef {
    /// One that is stored.
    Stored(OutageId),
    /// The n-th that this plan opens, from 0.
    New(usize),
}

/// One step in the life of an outage, to be carried out in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// An outage is raised. Its number is the count of those before it in the plan.
    Open {
        /// How far it reaches.
        scope: Scope,
        /// The first failed look.
        started_at: Instant,
        /// The look that raised it.
        detected_at: Instant,
    },
    /// A site enters it.
    Enter {
        /// The outage.
        outage: OutageRef,
        /// The site.
        site: SiteId,
        /// Its first failed look.
        first: Look,
        /// The look that confirmed it.
        last: Look,
        /// The event people are told of; none for a site that comes back.
        event: Option<EventKind>,
        /// The outage's start from now on.
        started_at: Instant,
    },
    /// A site leaves it.
    Leave {
        /// The outage.
        outage: OutageRef,
        /// The site.
        site: SiteId,
        /// Why.
        left: Left,
        /// When.
        up_at: Instant,
        /// The first good look, when it recovered.
        good: Option<Look>,
    },
    /// Its last site has left.
    Resolve {
        /// The outage.
        outage: OutageRef,
        /// When that was.
        resolved_at: Instant,
    },
}

/// Everything one batch of a run writes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunPlan {
    /// SiteViews, in order of arrival.
    pub views: Vec<(SiteId, Look)>,
    /// The states after them.
    pub states: BTreeMap<SiteId, SiteState>,
    /// What becomes of outages, in order.
    pub changes: Vec<Change>,
    /// Hours that are over, and what they were.
    pub hours: Vec<(SiteId, Open)>,
    /// Certificates that people are to be told of: the site, and when its certificate ends.
    pub expiring: Vec<(SiteId, Instant)>,
    /// Observations of sites that were edited, paused or removed meanwhile: no view.
    pub skipped: u32,
}

/// Plans one batch: `observations` under their keys, in order of arrival.
pub fn plan(context: &RunContext, snapshot: Snapshot, observations: Vec<(ViewId, Observation)>) -> RunPlan {
    let mut planner = Planner::new(context, snapshot);
    for (id, observation) in observations {
        planner.observe(id, &observation);
    }
    planner.plan
}

/// Plans the departure of sites that were paused, removed or changed while in an open outage. `now` is when nobody
/// wrote down a better time.
pub fn departures(context: &RunContext, snapshot: Snapshot, now: Instant) -> RunPlan {
    let mut planner = Planner::new(context, snapshot);
    let mut sites: Vec<SiteId> = planner.sites.keys().copied().collect();
    sites.sort();
    for site in sites {
        planner.depart(site, now);
    }
    planner.plan
}

struct Planner<'a> {
    context: &'a RunContext,
    sites: HashMap<SiteId, Watched>,
    /// As they were before; those that were looked at are in the plan.
    states: HashMap<SiteId, SiteState>,
    open: Vec<(OutageRef, OpenOutage)>,
    opened: usize,
    plan: RunPlan,
}

impl<'a> Planner<'a> {
    fn new(context: &'a RunContext, snapshot: Snapshot) -> Self {
        let stored = |outage: OpenOutage| outage.id.map(|id| (OutageRef::Stored(id), outage));
        Planner {
            context,
            sites: snapshot.sites,
            states: snapshot.states,
            open: snapshot.open.into_iter().filter_map(stored).collect(),
            opened: 0,
            plan: RunPlan::default(),
        }
    }

    /// 1. An observation of what the site no longer is, is dropped.
    /// 2. A streak of an earlier edit ends.
    /// 3. The time since the look before is entered, and the look moves the streak.
    /// 4. A certificate that runs out is told of.
    /// 5. The streak moves the outage.
    fn observe(&mut self, id: ViewId, observation: &Observation) {
        let site = observation.site;
        let watched = match self.sites.get(&site) {
            Some(w)
                if w.paused_at.is_none()
                    && w.removed_at.is_none()
                    && w.edited_at == observation.edited_at =>
            {
                w.clone()
            }
            _ => {
                self.plan.skipped += 1;
                return;
            }
        };
        self.depart(site, observation.at);

        let look = Look::new(id, observation);
        let state = self.plan.states.remove(&site).or_else(|| self.states.remove(&site));
        let pause = state.as_ref().and_then(|state| self.pause(state, &look, &watched.policy));
        let next_due_at = next_slot(state.as_ref(), look.at, watched.policy.interval);
        let known = state.as_ref().and_then(|state| state.certificate);
        let (mut recent, mut ledger, before) = match state {
            None => (Recent::default(), Ledger::default(), None),
            Some(state) => {
                let same_edit = state.edited_at == watched.edited_at;
                (state.recent, state.ledger, same_edit.then_some((state.streak, state.last_at)))
            }
        };
        let hours = self.context.zone.hours();
        let over = ledger.enter(&look, self.expected(&watched.policy), &self.context.blind, hours);
        self.plan.hours.extend(over.into_iter().map(|hour| (site, hour)));
        let (streak, turn) = Streak::step(before, &look, &watched.policy);
        recent.push(look.clone(), streak.standing(), pause);
        let certificate = self.certificate(site, known, observation, &watched.policy);
        let edited_at = watched.edited_at;
        let state =
            SiteState { streak, last_at: look.at, next_due_at, edited_at, recent, certificate, ledger };
        self.plan.states.insert(site, state);
        self.plan.views.push((site, look.clone()));

        match turn {
            Turn::None => {}
            Turn::Confirmed(first) => self.enter(site, watched.group, first, look),
            Turn::Recovered(good) => self.leave(site, Left::Recovered, good.at, Some(good)),
        }
    }

    fn expected(&self, policy: &Policy) -> Duration {
        self.context.expected_interval.max(policy.interval.unwrap_or_default())
    }

    /// What is known of the site's certificate now; nobody is told of one that is not checked.
    fn certificate(
        &mut self,
        site: SiteId,
        before: Option<Certificate>,
        observation: &Observation,
        policy: &Policy,
    ) -> Option<Certificate> {
        let Some(expires_at) = observation.certificate_expires_at else { return before };
        if policy.check.insecure {
            return Some(Certificate { expires_at, warned: None });
        }
        let (after, warn) = certificate::seen(before, expires_at, observation.at);
        self.plan.expiring.extend(warn.then_some((site, expires_at)));
        Some(after)
    }

    /// What lay between the look before and this one.
    fn pause(&self, state: &SiteState, look: &Look, policy: &Policy) -> Option<Mark> {
        let expected = self.expected(policy);
        let before = state.recent.looks.front().map_or(ViewId::floor(state.last_at), |before| before.id);
        if !self.context.blind.between(before, state.last_at, look.at).is_empty() {
            Some(Mark::Blind)
        } else {
            (look.at.since(state.last_at) > expected.saturating_mul(2)).then_some(Mark::Unknown)
        }
    }

    fn enter(&mut self, site: SiteId, group: Option<GroupId>, first: Look, last: Look) {
        let scope = self.context.scope.scope(group);
        if !self.open.iter().any(|(_, outage)| outage.scope == scope) {
            let detected_at = last.at.max(first.at);
            self.plan.changes.push(Change::Open { scope, started_at: first.at, detected_at });
            let outage = OpenOutage {
                id: None,
                scope,
                started_at: first.at,
                opened_by: self.context.run,
                open_parts: 0,
                latest_up_at: None,
                parts: HashMap::new(),
            };
            self.open.push((OutageRef::New(self.opened), outage));
            self.opened += 1;
        }
        let Some((reference, outage)) = self.open.iter_mut().find(|(_, outage)| outage.scope == scope) else {
            return;
        };
        outage.started_at = outage.started_at.min(first.at);
        outage.open_parts += 1;
        let before = outage.parts.insert(site, PartState { down_at: first.at, is_open: true });
        let event = match before {
            Some(_) => None,
            None if outage.opened_by == self.context.run => Some(EventKind::Opened),
            None => Some(EventKind::Joined),
        };
        let started_at = outage.started_at;
        self.plan.changes.push(Change::Enter { outage: *reference, site, first, last, event, started_at });
    }

    /// Takes a site out of its outage when it is no longer what failed.
    fn depart(&mut self, site: SiteId, now: Instant) {
        let Some(watched) = self.sites.get(&site) else { return };
        let state = self.plan.states.get(&site).or_else(|| self.states.get(&site));
        let of_another_edit = state.is_some_and(|state| state.edited_at != watched.edited_at);
        let (left, at) = match (watched.removed_at, watched.paused_at) {
            (Some(removed_at), _) => (Left::Removed, removed_at),
            (None, Some(paused_at)) => (Left::Paused, paused_at),
            (None, None) if of_another_edit => (Left::Changed, watched.edited_at.min(now)),
            (None, None) => return,
        };
        self.leave(site, left, at, None);
    }

    fn leave(&mut self, site: SiteId, left: Left, at: Instant, good: Option<Look>) {
        let is_in =
            |(_, outage): &(OutageRef, OpenOutage)| outage.parts.get(&site).is_some_and(|part| part.is_open);
        let Some(index) = self.open.iter().position(is_in) else { return };
        let Some((reference, outage)) = self.open.get_mut(index) else { return };
        let Some(part) = outage.parts.get_mut(&site) else { return };
        let (outage_ref, up_at) = (*reference, at.max(part.down_at));
        part.is_open = false;
        outage.open_parts = outage.open_parts.saturating_sub(1);
        outage.latest_up_at = outage.latest_up_at.max(Some(up_at));
        self.plan.changes.push(Change::Leave { outage: outage_ref, site, left, up_at, good });
        if outage.open_parts == 0 {
            let resolved_at = outage.latest_up_at.unwrap_or(up_at).max(outage.started_at);
            self.plan.changes.push(Change::Resolve { outage: outage_ref, resolved_at });
            self.open.remove(index);
        }
    }
}

/// The next slot after a look at `at`: slots advance from slot to slot, never from the probe's time, and a look before
/// its time (by hand) uses none up. A slot further away than the interval is none (see the store's `due`): they begin
/// again with this look.
fn next_slot(state: Option<&SiteState>, at: Instant, interval: Option<Duration>) -> Option<Instant> {
    let interval = interval.filter(|interval| !interval.is_zero())?;
    let within_reach = |slot: &Instant| *slot <= at.plus(interval).plus(EARLY);
    let slot = state.and_then(|state| state.next_due_at).filter(within_reach).unwrap_or(at);
    if slot > at.plus(EARLY) {
        return Some(slot);
    }
    let missed = u32::try_from(at.since(slot).as_millis() / interval.as_millis()).unwrap_or(u32::MAX);
    Some(slot.plus(interval.saturating_mul(missed.saturating_add(1))))
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
