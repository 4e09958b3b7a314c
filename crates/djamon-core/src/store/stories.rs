//! What a message tells, read when its rows are claimed: it is true at that moment.

use diesel::prelude::*;

use super::rows::{EventRow, OutageRow, SiteRow};
use super::schema::{certificate_warnings, events, groups, outages, outbox, sites};
use super::{AnyConnection, StoreError, channels, last_good, outages as outage_store};
use crate::domain::outage::Outage;
use crate::domain::story::{Story, StorySite};
use crate::domain::{Event, EventKind, Instant, Listener, Outcome, Site};

/// The story of these `events`, to be told on `channel` under the name `key`: what concerns its groups, when it is told of
/// some only.
pub(super) fn of(
    connection: &mut AnyConnection,
    channel: &str,
    key: String,
    ids: &[i32],
    outage: Option<i32>,
) -> Result<Story, StoreError> {
    let found = events::table.filter(events::id.eq_any(ids)).order(events::id).select(EventRow::as_select());
    let mut told = found.load(connection)?.into_iter().map(Event::try_from).collect::<Result<Vec<_>, _>>()?;
    let listener = listener(connection, channel)?;
    let Some(outage) = outage else {
        let sites = certificates(connection, ids, &listener)?;
        return Ok(Story { key, thread: None, events: told, outage: None, sites });
    };
    let thread: Option<Option<String>> = outbox::table
        .filter(outbox::outage_id.eq(outage).and(outbox::channel.eq(channel)))
        .filter(outbox::state.eq("sent"))
        .order(outbox::id)
        .select(outbox::message_key)
        .first(connection)
        .optional()?;
    let first_row = outbox::table
        .filter(outbox::outage_id.eq(outage).and(outbox::channel.eq(channel)))
        .order(outbox::id)
        .select(outbox::event_id);
    let first: Option<i32> = first_row.first(connection).optional()?;
    if let Some(event) = told.first_mut().filter(|event| Some(event.id.0) == first)
        && event.kind == EventKind::Joined
    {
        // Sites that joined an outage of others are the beginning of it for whoever hears of it for the first time.
        event.kind = EventKind::Opened;
    }
    let row: OutageRow = outages::table.find(outage).select(OutageRow::as_select()).first(connection)?;
    let mut of = outage_store::with_parts(connection, vec![Outage::from(row)])?.pop();
    if let Some(of) = &mut of {
        keep_heard(of, &listener);
    }
    let sites = of.iter().flat_map(|of| &of.parts).map(|named| {
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
    });
    let mut sites: Vec<StorySite> = sites.collect();
    last_good::add(connection, of.as_ref().map_or(&[], |of| &of.parts), &mut sites)?;
    Ok(Story { key, thread: thread.flatten(), events: told, outage: of.map(|of| of.outage), sites })
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
