//! What a reader may see of sites and outages. To a visitor, what is not public does not exist: not in lists, not in
//! numbers, not in the times of an outage that public sites share with others.

use djamon_core::domain::health::StateCounts;
use djamon_core::domain::{Event, EventKind, Instant};
use djamon_core::store::outages::OutageSites;
use djamon_core::store::outbox::Alert;
use djamon_core::store::statuses::SiteStatus;

use djamon_core::json::Reader;

/// The sites that the reader may see.
pub fn sites(reader: Reader, mut sites: Vec<SiteStatus>) -> Vec<SiteStatus> {
    sites.retain(|one| is_visible(reader, one));
    sites
}

/// Whether the reader may see this site.
pub fn is_visible(reader: Reader, site: &SiteStatus) -> bool {
    reader.sees_private() || site.is_public
}

/// How many of these sites are in each state.
pub fn counts<'a>(sites: impl IntoIterator<Item = &'a SiteStatus>) -> StateCounts {
    let mut counts = StateCounts::default();
    sites.into_iter().for_each(|one| counts.add(one.status.state));
    counts
}

/// An outage as a reader may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The outage with the parts that are seen; a visitor's begins and ends with them.
    pub of: OutageSites,
    /// Whether that is all of it.
    is_whole: bool,
}

impl Seen {
    /// What `reader` may see of an outage; `None` when there is nothing.
    pub fn new(reader: Reader, mut of: OutageSites) -> Option<Self> {
        if reader.sees_private() {
            return Some(Seen { of, is_whole: true });
        }
        of.parts.retain(|part| part.is_public);
        let OutageSites { outage, parts } = &mut of;
        let parts = || parts.iter().map(|named| &named.part);
        outage.started_at = parts().map(|part| part.down_at).min()?;
        outage.detected_at = parts().map(|part| part.detected_at).min()?;
        let ends: Option<Vec<Instant>> = parts().map(|part| part.up_at).collect();
        outage.resolved_at = ends.and_then(|ends| ends.into_iter().max());
        // Before it begins for the reader there is nothing to take in hand.
        outage.acknowledged.take_if(|acknowledged| acknowledged.at < outage.started_at);
        Some(Seen { of, is_whole: false })
    }

    /// Of what happened, that which concerns the parts that are seen. For a visitor the first of it is what opened the
    /// outage, and its end is not among it: when that was told depends on the parts that are not seen.
    pub fn events(&self, mut events: Vec<Event>) -> Vec<Event> {
        let is_told_of = |event: &Event| self.of.parts.iter().any(|named| named.part.event == Some(event.id));
        events.retain(|event| match event.kind {
            EventKind::Opened | EventKind::Joined => is_told_of(event),
            EventKind::Resolved | EventKind::Reminder => self.is_whole,
            EventKind::Certificate | EventKind::Storage | EventKind::Test => false,
        });
        if let (false, Some(first)) = (self.is_whole, events.first_mut()) {
            first.kind = EventKind::Opened;
        }
        events
    }

    /// Of what the channels were told, that which belongs to `events`, which were given by [`Seen::events`].
    pub fn alerts(&self, mut alerts: Vec<Alert>, events: &[Event]) -> Vec<Alert> {
        let of = |alert: &Alert| events.iter().find(|event| event.id == alert.event);
        alerts.retain(|alert| of(alert).is_some());
        if !self.is_whole {
            for alert in &mut alerts {
                alert.kind = of(alert).map_or(alert.kind, |event| event.kind);
            }
        }
        alerts
    }
}
