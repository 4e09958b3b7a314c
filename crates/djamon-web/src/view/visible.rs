//! What a reader may see of sites and outages. To a visitor, what is not public does not exist: not in lists, not in
//! numbers, not in the times of an outage that public sites share with others.

use djamon_core::domain::health::StateCounts;
use djamon_core::domain::{Event, EventKind, Instant};
use djamon_core::store::outages::OutageSites;
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
    /// Whether it really ends when it ends for the reader.
    ends_as_seen: bool,
}

impl Seen {
    /// What `reader` may see of an outage; `None` when there is nothing.
    pub fn new(reader: Reader, mut of: OutageSites) -> Option<Self> {
        if reader.sees_private() {
            return Some(Seen { of, ends_as_seen: true });
        }
        of.parts.retain(|part| part.is_public);
        let OutageSites { outage, parts } = &mut of;
        let parts = || parts.iter().map(|named| &named.part);
        outage.started_at = parts().map(|part| part.down_at).min()?;
        outage.detected_at = parts().map(|part| part.detected_at).min()?;
        let ends: Option<Vec<Instant>> = parts().map(|part| part.up_at).collect();
        let over_at = ends.and_then(|ends| ends.into_iter().max());
        let ends_as_seen = outage.resolved_at == over_at;
        outage.resolved_at = over_at;
        // Before it begins for the reader there is nothing to take in hand.
        outage.acknowledged.take_if(|acknowledged| acknowledged.at < outage.started_at);
        Some(Seen { of, ends_as_seen })
    }

    /// Of what happened, that which concerns the parts that are seen.
    pub fn events(&self, mut events: Vec<Event>) -> Vec<Event> {
        let is_told_of = |event: &Event| self.of.parts.iter().any(|named| named.part.event == Some(event.id));
        events.retain(|event| match event.kind {
            EventKind::Opened | EventKind::Joined => is_told_of(event),
            EventKind::Resolved | EventKind::Reminder => self.ends_as_seen,
            EventKind::Certificate | EventKind::Test => false,
        });
        events
    }
}
