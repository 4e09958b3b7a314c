//! What a message tells, read when its rows are claimed.

use diesel::prelude::*;

use super::outages::{self as outage_store, NamedPart, OutageSites};
use super::rows::{EventRow, OutageRow, SiteRow};
use super::schema::{certificate_warnings, events, groups, outages, outbox, sites};
use super::{AnyConnection, CHUNK, StoreError, channels, last_good, storage};
use crate::domain::outage::Outage;
use crate::domain::story::{Backlog, Chapter, Story, StorySite};
use crate::domain::{Event, EventKind, Instant, Listener, OutageId, Outcome, Site};

/// The story of these events, each with its outage, to be told on `channel` under the name `key`; events of several
/// outages make a backlog. It is what concerns the channel's groups, when it is told of some only.
pub(super) fn of(
    connection: &mut AnyConnection,
    channel: &str,
    key: String,
    told: &[(i32, Option<i32>)],
) -> Result<Story, StoreError> {
    let ids: Vec<i32> = told.iter().map(|(event, _)| *event).collect();
    let mut events = events(connection, &ids)?;
    let listener = listener(connection, channel)?;
    let mut of: Vec<i32> = told.iter().filter_map(|(_, outage)| *outage).collect();
    of.sort_unstable();
    of.dedup();
    for outage in &of {
        hear_the_beginning(connection, channel, *outage, &mut events)?;
    }
    let mut chapters = chapters(connection, &of, &events, &listener)?;
    let nothing =
        Story { key, thread: None, events, outage: None, sites: Vec::new(), backlog: None, storage: None };
    match of.as_slice() {
        [] if nothing.events.iter().any(|event| event.kind == EventKind::Storage) => {
            Ok(Story { storage: storage::told(connection, &ids)?, ..nothing })
        }
        [] => Ok(Story { sites: certificates(connection, &ids, &listener)?, ..nothing }),
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
    listener: &Listener,
) -> Result<Vec<Chapter>, StoreError> {
    let mut rows: Vec<OutageRow> = Vec::new();
    for chunk in outages.chunks(CHUNK) {
        let of_chunk = outages::table.filter(outages::id.eq_any(chunk)).order(outages::id);
        rows.extend(of_chunk.select(OutageRow::as_select()).load::<OutageRow>(connection)?);
    }
    let found = outage_store::with_parts(connection, rows.into_iter().map(Outage::from).collect())?;
    found.into_iter().map(|of| chapter(connection, of, told, listener)).collect()
}

fn chapter(
    connection: &mut AnyConnection,
    mut of: OutageSites,
    told: &[Event],
    listener: &Listener,
) -> Result<Chapter, StoreError> {
    keep_heard(&mut of, listener);
    let OutageSites { mut outage, mut parts } = of;
    let of_it = || told.iter().filter(|event| event.outage == Some(outage.id));
    let is_over = of_it().any(|event| event.kind == EventKind::Resolved);
    let last = of_it().max_by_key(|event| event.id).filter(|_| !is_over);
    if let Some(last) = last {
        parts.retain(|named| match named.part.event {
            Some(event) => event <= last.id,
            None => named.part.detected_at <= last.at,
        });
    }
    let mut sites: Vec<StorySite> = parts.iter().map(|named| site(named, told)).collect();
    last_good::add(connection, &parts, &mut sites)?;
    if let Some(last) = last {
        outage.resolved_at = None;
        for site in sites.iter_mut().filter(|site| site.up_at.is_some_and(|up_at| up_at > last.at)) {
            (site.up_at, site.left) = (None, None);
        }
    }
    Ok(Chapter { outage, sites })
}

/// Sites that joined an outage of others are the beginning of it for whoever hears of it for the first time.
fn hear_the_beginning(
    connection: &mut AnyConnection,
    channel: &str,
    outage: i32,
    told: &mut [Event],
) -> Result<(), StoreError> {
    let first: Option<i32> = outbox::table
        .filter(outbox::outage_id.eq(outage).and(outbox::channel.eq(channel)))
        .order(outbox::id)
        .select(outbox::event_id)
        .first(connection)
        .optional()?;
    let of_it = told.iter_mut().filter(|event| event.outage == Some(OutageId(outage)));
    for event in of_it.filter(|event| Some(event.id.0) == first && event.kind == EventKind::Joined) {
        event.kind = EventKind::Opened;
    }
    Ok(())
}

fn site(named: &NamedPart, told: &[Event]) -> StorySite {
    let part = &named.part;
    StorySite {
        slug: named.slug.clone(),
        name: named.name.clone(),
        url: named.shown_url.clone(),
        group: named.group.clone(),
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

/// The channel as it listens now; one of the configuration, or one that is gone, hears everything.
fn listener(connection: &mut AnyConnection, channel: &str) -> Result<Listener, StoreError> {
    match channels::by_name(connection, channel) {
        Ok(found) => Ok(Listener { channel: found.name, groups: found.groups }),
        Err(StoreError::Missing { .. }) => Ok(channel.into()),
        Err(error) => Err(error),
    }
}

/// Leaves of the outage what `listener` is told of, and lets it begin with that. When that is nothing, because sites
/// changed their groups meanwhile, it hears all.
fn keep_heard(of: &mut outage_store::OutageSites, listener: &Listener) {
    let heard = |part: &outage_store::NamedPart| listener.hears_of(part.group_id);
    if listener.hears_everything() || !of.parts.iter().any(heard) {
        return;
    }
    of.parts.retain(heard);
    let began = of.parts.iter().map(|named| named.part.down_at).min();
    of.outage.started_at = began.unwrap_or(of.outage.started_at);
}

/// The sites whose certificates these events tell of, the first to run out first.
fn certificates(
    connection: &mut AnyConnection,
    events: &[i32],
    listener: &Listener,
) -> Result<Vec<StorySite>, StoreError> {
    let rows = certificate_warnings::table
        .inner_join(sites::table.left_join(groups::table))
        .filter(certificate_warnings::event_id.eq_any(events))
        .order((certificate_warnings::expires_at, certificate_warnings::site_id))
        .select((
            SiteRow::as_select(),
            certificate_warnings::expires_at,
            (groups::slug, groups::public).nullable(),
        ))
        .load::<(SiteRow, i64, Option<(String, bool)>)>(connection)?;
    let sites =
        rows.into_iter().map(|(row, expires_at, group)| Ok((Site::try_from(row)?, expires_at, group)));
    let mut sites = sites.collect::<Result<Vec<_>, StoreError>>()?;
    if sites.iter().any(|(site, ..)| listener.hears_of(site.group)) {
        sites.retain(|(site, ..)| listener.hears_of(site.group));
    }
    sites
        .into_iter()
        .map(|(site, expires_at, group)| {
            let expires_at = Instant::from_ms(expires_at);
            Ok(StorySite {
                url: site.shown_url(),
                is_public: site.public && group.as_ref().is_none_or(|(_, is_public)| *is_public),
                group: group.map(|(slug, _)| slug),
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
