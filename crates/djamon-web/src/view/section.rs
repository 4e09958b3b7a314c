//! Sites shown together: a group, or those without one. The broken come first, groups and sites alike.

use djamon_core::domain::health::StateCounts;
use djamon_core::domain::{Group, GroupId, Instant};
use djamon_core::store::statuses::SiteStatus;
use serde::Serialize;

use super::paginator::Paginator;
use super::site::SiteLine;
use super::visible;

/// Sites shown together.
#[derive(Debug, Serialize)]
pub struct Section {
    /// The group's slug; none for sites without a group.
    slug: Option<String>,
    name: String,
    counts: StateCounts,
    sites: Vec<SiteLine>,
}

impl Section {
    /// A section of these sites, which come the worst first, as they stood at `known_until`.
    pub fn new<'a>(
        slug: Option<String>,
        name: &str,
        sites: impl Iterator<Item = &'a SiteStatus> + Clone,
        now: Instant,
        known_until: Instant,
    ) -> Self {
        Section {
            slug,
            name: name.to_owned(),
            counts: visible::counts(sites.clone()),
            sites: sites.map(|one| SiteLine::new(one, now, known_until)).collect(),
        }
    }
}

impl Section {
    /// The worst of its states in one word, as pages, their titles and icons have it.
    pub fn face(&self) -> &'static str {
        match self.counts {
            StateCounts { down: 1.., .. } => "outage",
            StateCounts { up: 0, failing: 0, .. } => "unknown",
            _ => "up",
        }
    }
}

/// Those of the sites, which come the worst first, that stand on this page: groups with something down first, then with
/// something failing, then by name; sites without a group come last. A section counts its sites of all pages.
pub fn sections(
    groups: &[Group],
    sites: Vec<&SiteStatus>,
    page: &Paginator,
    now: Instant,
    known_until: Instant,
) -> Vec<Section> {
    // 1. Every site in its place.
    let places = groups.iter().map(|group| Some(group.id)).chain([None]);
    let of = |group: Option<GroupId>| -> Vec<&SiteStatus> {
        sites.iter().copied().filter(|one| one.site.group == group).collect()
    };
    let mut members: Vec<(Option<GroupId>, StateCounts, Vec<&SiteStatus>)> = places
        .map(|place| {
            let sites = of(place);
            (place, visible::counts(sites.iter().copied()), sites)
        })
        .filter(|(.., sites)| !sites.is_empty())
        .collect();
    members.sort_by_key(|(_, counts, _)| match counts {
        StateCounts { down: 1.., .. } => 0,
        StateCounts { failing: 1.., .. } => 1,
        _ => 2,
    });
    // 2. Those of this page.
    let in_order = members.iter().flat_map(|(place, _, sites)| sites.iter().map(|one| (*place, *one)));
    let shown = page.cut(in_order.collect());
    // 3. Each section with its own.
    let others = if members.iter().any(|(place, ..)| place.is_some()) { "Other systems" } else { "Systems" };
    let section = |rows: &[(Option<GroupId>, &SiteStatus)]| {
        let place = rows.first()?.0;
        let group = groups.iter().find(|group| Some(group.id) == place);
        let slug = group.map(|group| group.slug.clone());
        let name = group.map_or(others, |group| group.name.as_str());
        let sites = rows.iter().map(|(_, one)| *one);
        let counts = members.iter().find(|(other, ..)| *other == place).map(|(_, counts, _)| *counts);
        let section = Section::new(slug, name, sites, now, known_until);
        Some(Section { counts: counts.unwrap_or_default(), ..section })
    };
    shown.chunk_by(|one, other| one.0 == other.0).filter_map(section).collect()
}
