//! What a message tells, read when its rows are claimed: it is true at that moment.

use diesel::prelude::*;

use super::outages::{self as outage_store, NamedPart, OutageSites};
use super::rows::{EventRow, OutageRow, SiteRow};
use super::schema::{certificate_warnings, events, groups, outages, outbox, sites};
use super::{AnyConnection, CHUNK, StoreError};
use crate::domain::outage::Outage;
use crate::domain::story::{Backlog, Chapter, Story, StorySite};
use crate::domain::{Event, EventKind, Instant, Outcome, Site};

/// The story of these events, each with its outage, to be told on `channel` under the name `key`; events of several
/// outages make a backlog.
pub(super) fn of(
    connection: &mut AnyConnection,
    channel: &str,
    key: String,
    told: &[(i32, Option<i32>)],
) -> Result<Story, StoreError> {
    let ids: Vec<i32> = told.iter().map(|(event, _)| *event).collect();
    let events = events(connection, &ids)?;
    let mut of: Vec<i32> = told.iter().filter_map(|(_, outage)| *outage).collect();
    of.sort_unstable();
    of.dedup();
    let mut chapters = chapters(connection, &of, &events)?;
    let nothing = Story { key, thread: None, events, outage: None, sites: Vec::new(), backlog: None };
    match of.as_slice() {
        [] => Ok(Story { sites: certificates(connection, &ids)?, ..nothing }),
        [outage] => {
            let thread = thread(connection, channel, *outage)?;
            let only = chapters.pop();
            let (outage, sites) = only.map(|only| (Some(only.outage), only.sites)).unwrap_or_default();
            Ok(Story { thread, outage, sites, ..nothing })
        }
        _ => {
            chapters.sort_by_key(|chapter| (chapter.outage.resolved_at.is_some(), chapter.outage.id));
            // Of one run they began together; what was left by an earlier one could not be told then.
            let was_away =
                nothing.events.first().map(|event| event.run) != nothing.events.last().map(|event| event.run);
            let backlog = Backlog { channel: channel.to_owned(), was_away, outages: chapters };
            Ok(Story { backlog: Some(backlog), ..nothing })
        }
    }
}

/// What would be told now of one event.
///
/// # Errors
/// What the database says.
pub fn of_event(connection: &mut AnyConnection, channel: &str, event: &Event) -> Result<Story, StoreError> {
    let told = [(event.id.0, event.outage.map(|outage| outage.0))];
    of(connection, channel, format!("djamon-preview-{}", event.id), &told)
}

fn events(connection: &mut AnyConnection, ids: &[i32]) -> Result<Vec<Event>, StoreError> {
    let mut found = Vec::new();
    for chunk in ids.chunks(CHUNK) {
        let rows = events::table.filter(events::id.eq_any(chunk)).order(events::id);
        let rows: Vec<EventRow> = rows.select(EventRow::as_select()).load(connection)?;
        found.extend(rows.into_iter().map(Event::try_from).collect::<Result<Vec<_>, _>>()?);
    }
    Ok(found)
}

/// The key of the first message that told `channel` of this outage.
fn thread(connection: &mut AnyConnection, channel: &str, outage: i32) -> Result<Option<String>, StoreError> {
    let thread: Option<Option<String>> = outbox::table
        .filter(outbox::outage_id.eq(outage).and(outbox::channel.eq(channel)))
        .filter(outbox::state.eq("sent"))
        .order(outbox::id)
        .select(outbox::message_key)
        .first(connection)
        .optional()?;
    Ok(thread.flatten())
}

/// These outages as far as the events `told` tell of them: a message that comes again says what it said before, whatever
/// has happened since. News is what they tell of for the first time.
fn chapters(
    connection: &mut AnyConnection,
    outages: &[i32],
    told: &[Event],
) -> Result<Vec<Chapter>, StoreError> {
    let mut rows: Vec<OutageRow> = Vec::new();
    for chunk in outages.chunks(CHUNK) {
        let of_chunk = outages::table.filter(outages::id.eq_any(chunk)).order(outages::id);
        rows.extend(of_chunk.select(OutageRow::as_select()).load::<OutageRow>(connection)?);
    }
    let found = outage_store::with_parts(connection, rows.into_iter().map(Outage::from).collect())?;
    Ok(found.into_iter().map(|of| chapter(of, told)).collect())
}

fn chapter(OutageSites { mut outage, parts }: OutageSites, told: &[Event]) -> Chapter {
    let of_it = || told.iter().filter(|event| event.outage == Some(outage.id));
    let is_over = of_it().any(|event| event.kind == EventKind::Resolved);
    let last = of_it().max_by_key(|event| event.id);
    let is_told = |named: &&NamedPart| match (last, named.part.event) {
        _ if is_over => true,
        (Some(last), Some(event)) => event <= last.id,
        (Some(last), None) => named.part.detected_at <= last.at,
        (None, _) => true,
    };
    let mut sites: Vec<StorySite> = parts.iter().filter(is_told).map(|named| site(named, told)).collect();
    if let Some(last) = last.filter(|_| !is_over) {
        outage.resolved_at = None;
        for site in sites.iter_mut().filter(|site| site.up_at.is_some_and(|up_at| up_at > last.at)) {
            (site.up_at, site.left) = (None, None);
        }
    }
    Chapter { outage, sites }
}

fn site(named: &NamedPart, told: &[Event]) -> StorySite {
    let part = &named.part;
    StorySite {
        slug: named.slug.clone(),
        name: named.name.clone(),
        url: named.shown_url.clone(),
        down_at: part.down_at,
        up_at: part.up_at,
        left: part.left,
        outcome: part.last.outcome,
        code: part.last.code,
        detail: part.last.detail.clone(),
        last_good_at: None,
        certificate_expires_at: None,
        is_public: named.is_public,
        is_news: part.event.is_some_and(|event| told.iter().any(|told| told.id == event)),
    }
}

/// The sites whose certificates these events tell of, the first to run out first.
fn certificates(connection: &mut AnyConnection, events: &[i32]) -> Result<Vec<StorySite>, StoreError> {
    let rows = certificate_warnings::table
        .inner_join(sites::table.left_join(groups::table))
        .filter(certificate_warnings::event_id.eq_any(events))
        .order((certificate_warnings::expires_at, certificate_warnings::site_id))
        .select((SiteRow::as_select(), certificate_warnings::expires_at, groups::public.nullable()))
        .load::<(SiteRow, i64, Option<bool>)>(connection)?;
    rows.into_iter()
        .map(|(row, expires_at, group_is_public)| {
            let site = Site::try_from(row)?;
            let expires_at = Instant::from_ms(expires_at);
            Ok(StorySite {
                url: site.shown_url(),
                is_public: site.public && group_is_public != Some(false),
                slug: site.slug,
                name: site.name,
                down_at: expires_at,
                up_at: None,
                left: None,
                outcome: Outcome::Up,
                code: None,
                detail: None,
                last_good_at: None,
                certificate_expires_at: Some(expires_at),
                is_news: true,
            })
        })
        .collect()
}
