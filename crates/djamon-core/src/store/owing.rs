//! What happened, and to which channels that is owed: events and outbox rows, made in the transaction of what they tell.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;

use super::schema::{events, outbox, sites};
use super::{AnyConnection, CHUNK, StoreError};
use crate::domain::plan::{Change, RunPlan};
use crate::domain::{EventId, EventKind, GroupId, Instant, Listener, OutageId, RunId, SiteId};

/// Makes the events of one batch; the batches of a run share one event per outage and kind.
pub(super) struct Owing<'a> {
    run: RunId,
    listeners: &'a [Listener],
    now: Instant,
    /// The groups of the sites that something happens to, where a listener asks for them.
    groups: HashMap<SiteId, GroupId>,
    events: HashMap<(Option<OutageId>, EventKind), EventId>,
    owed: HashSet<(EventId, &'a str)>,
}

impl<'a> Owing<'a> {
    /// What `plan` gives to tell.
    ///
    /// # Errors
    /// What the database says.
    pub fn new(
        connection: &mut AnyConnection,
        run: RunId,
        listeners: &'a [Listener],
        plan: &RunPlan,
        now: Instant,
    ) -> Result<Self, StoreError> {
        let groups = match listeners.iter().all(Listener::hears_everything) {
            true => HashMap::new(),
            false => groups_of(connection, plan)?,
        };
        Ok(Owing { run, listeners, now, groups, events: HashMap::new(), owed: HashSet::new() })
    }

    /// The event of this kind and outage, owed to every channel that is told of `site`.
    ///
    /// # Errors
    /// What the database says.
    pub fn of_site(
        &mut self,
        connection: &mut AnyConnection,
        kind: EventKind,
        outage: Option<OutageId>,
        site: SiteId,
    ) -> Result<EventId, StoreError> {
        let event = self.event(connection, kind, outage)?;
        let group = self.groups.get(&site).copied();
        for listener in self.listeners.iter().filter(|listener| listener.hears_of(group)) {
            self.owe(connection, event, outage, &listener.channel)?;
        }
        Ok(event)
    }

    /// The event of this kind, owed to every channel that was told of `outage`.
    ///
    /// # Errors
    /// What the database says.
    pub fn of_outage(
        &mut self,
        connection: &mut AnyConnection,
        kind: EventKind,
        outage: OutageId,
    ) -> Result<EventId, StoreError> {
        let event = self.event(connection, kind, Some(outage))?;
        let told = outbox::table.filter(outbox::outage_id.eq(outage.0)).select(outbox::channel).distinct();
        let told: Vec<String> = told.load(connection)?;
        for listener in self.listeners {
            if listener.hears_everything() || told.contains(&listener.channel) {
                self.owe(connection, event, Some(outage), &listener.channel)?;
            }
        }
        Ok(event)
    }

    /// The event of this kind, which is of the monitor itself: owed to every channel that hears of everything, or to all when
    /// none does. Whoever hears of some groups only need not know the machine that watches them.
    ///
    /// # Errors
    /// What the database says.
    pub fn of_monitor(
        &mut self,
        connection: &mut AnyConnection,
        kind: EventKind,
    ) -> Result<EventId, StoreError> {
        let event = self.event(connection, kind, None)?;
        let somebody_hears_everything = self.listeners.iter().any(Listener::hears_everything);
        let told = |listener: &&Listener| listener.hears_everything() || !somebody_hears_everything;
        for listener in self.listeners.iter().filter(told) {
            self.owe(connection, event, None, &listener.channel)?;
        }
        Ok(event)
    }

    /// The run's event of this kind; the first batch that needs it makes it.
    fn event(
        &mut self,
        connection: &mut AnyConnection,
        kind: EventKind,
        outage: Option<OutageId>,
    ) -> Result<EventId, StoreError> {
        if let Some(event) = self.events.get(&(outage, kind)) {
            return Ok(*event);
        }
        let of_run = events::table
            .filter(events::run_id.eq(self.run.0).and(events::kind.eq(kind.name())))
            .select(events::id);
        let stored: Option<i32> = match outage {
            Some(outage) => of_run.filter(events::outage_id.eq(outage.0)).first(connection),
            None => of_run.filter(events::outage_id.is_null()).first(connection),
        }
        .optional()?;
        let event = match stored {
            Some(event) => event,
            None => diesel::insert_into(events::table)
                .values((
                    events::kind.eq(kind.name()),
                    events::outage_id.eq(outage.map(|outage| outage.0)),
                    events::run_id.eq(self.run.0),
                    events::at.eq(self.now.ms()),
                ))
                .returning(events::id)
                .get_result(connection)?,
        };
        if stored.is_some() {
            let owed = outbox::table.filter(outbox::event_id.eq(event)).select(outbox::channel);
            let owed: Vec<String> = owed.load(connection)?;
            let known = self.listeners.iter().filter(|listener| owed.contains(&listener.channel));
            self.owed.extend(known.map(|listener| (EventId(event), listener.channel.as_str())));
        }
        self.events.insert((outage, kind), EventId(event));
        Ok(EventId(event))
    }

    fn owe(
        &mut self,
        connection: &mut AnyConnection,
        event: EventId,
        outage: Option<OutageId>,
        channel: &'a str,
    ) -> Result<(), StoreError> {
        if !self.owed.insert((event, channel)) {
            return Ok(());
        }
        diesel::insert_into(outbox::table)
            .values((
                outbox::event_id.eq(event.0),
                outbox::outage_id.eq(outage.map(|outage| outage.0)),
                outbox::channel.eq(channel),
                outbox::state.eq("pending"),
                outbox::tries.eq(0),
                outbox::next_try_at.eq(self.now.ms()),
                outbox::created_at.eq(self.now.ms()),
            ))
            .execute(connection)?;
        diesel::update(events::table.filter(events::id.eq(event.0)))
            .set(events::owed.eq(events::owed + 1))
            .execute(connection)?;
        Ok(())
    }
}

/// The groups of the sites that `plan` has something to tell of.
fn groups_of(connection: &mut AnyConnection, plan: &RunPlan) -> Result<HashMap<SiteId, GroupId>, StoreError> {
    let entering = plan.changes.iter().filter_map(|change| match change {
        Change::Enter { site, .. } => Some(site.0),
        Change::Open { .. } | Change::Leave { .. } | Change::Resolve { .. } => None,
    });
    let told: Vec<i32> = entering.chain(plan.expiring.iter().map(|(site, _)| site.0)).collect();
    let mut groups = HashMap::new();
    for chunk in told.chunks(CHUNK) {
        let of = sites::table.filter(sites::id.eq_any(chunk)).select((sites::id, sites::group_id));
        for (site, group) in of.load::<(i32, Option<i32>)>(connection)? {
            groups.extend(group.map(|group| (SiteId(site), GroupId(group))));
        }
    }
    Ok(groups)
}
