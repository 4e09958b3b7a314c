//! A story becomes a message: subject, text and the short form. Pure; the texts themselves are in `templates/mail`.
//!
//! Subjects begin with `DOWN`, `MORE DOWN` or `RESOLVED` for whatever concerns an outage: people filter by that.

use std::collections::HashSet;

use crate::domain::certificate::days_left;
use crate::domain::text::readable_time;
use crate::domain::{EventKind, Instant, Left};

use super::digest::{Digest, OutageDigest, Section, SiteDigest};
use super::storage::StorageDigest;
use super::words::{brief_time, clipped, full_time, listed, one_line, roughly, seen, zone_name};
use super::{Details, Message, Story, StorySite, Style, TemplateError, Templates, backlog, short};

/// Sites told with what was seen; the rest is only named.
const MOST_SITES: usize = 10;
/// Characters of one name in a subject and in a text.
const MOST_OF_A_NAME: usize = 40;
const MOST_OF_A_NAME_IN_TEXT: usize = 200;

/// Why a story cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// It has no events.
    #[error("the message {0:?} has no event to tell")]
    NothingToTell(String),
    /// A built-in template failed.
    #[error(transparent)]
    Template(#[from] TemplateError),
}

/// Writes the message that tells `story`.
///
/// # Errors
/// [`ComposeError`] when it has no events, or a built-in template failed.
pub fn compose(story: &Story, style: &Style, templates: &Templates) -> Result<Message, ComposeError> {
    let Some(last) = story.events.last() else {
        return Err(ComposeError::NothingToTell(story.key.clone()));
    };
    if let Some(several) = &story.backlog {
        return backlog::compose(story, several, last.at, style, templates);
    }
    let telling = Telling { story, style, kind: headline(story).unwrap_or(last.kind), at: last.at };
    let subject = telling.subject();
    let public = public(story);
    let digest = telling.digest(&subject);
    let short = match &digest.storage {
        Some(storage) => storage.short(),
        None => Telling { story: &public, ..telling }.subject(),
    };
    let name = telling.kind.name();
    Ok(Message {
        key: story.key.clone(),
        thread: story.thread.clone(),
        kind: telling.kind,
        short: short::fitted(&short, &telling.stamp()),
        subject,
        text: templates.render(&format!("mail/{name}.txt"), &digest)?,
        html: templates.render_html(name, &digest)?,
        link: digest.link.clone(),
        at: last.at,
        details: Some(Box::new(Details { story: story.clone(), digest })),
    })
}

/// The story as everybody may hear it: sites that are not public go without their names.
fn public(story: &Story) -> Story {
    let mut public = story.clone();
    for site in public.sites.iter_mut().filter(|site| !site.is_public) {
        site.name = "an internal system".to_owned();
    }
    public
}

/// What the subject speaks of: the end if it is told; else the beginning, for whoever hears of it for the first time.
fn headline(story: &Story) -> Option<EventKind> {
    let tells = |kind| story.events.iter().any(|event| event.kind == kind);
    [EventKind::Resolved, EventKind::Opened].into_iter().find(|kind| tells(*kind))
}

#[derive(Clone, Copy)]
struct Telling<'a> {
    story: &'a Story,
    style: &'a Style,
    kind: EventKind,
    at: Instant,
}

impl Telling<'_> {
    fn subject(&self) -> String {
        let since = |from| format!("since {}", brief_time(from, self.at, &self.style.time_zone));
        let all = listed(&names(self.story.sites.iter()));
        match self.kind {
            EventKind::Opened => {
                format!("DOWN: {} ({})", listed(&names(self.news())), since(self.started_at()))
            }
            EventKind::Joined => {
                let from = self.news().map(|site| site.down_at).min().unwrap_or(self.at);
                let down = names(self.still_down()).len();
                format!("MORE DOWN: {} ({}, {down} down now)", listed(&names(self.news())), since(from))
            }
            EventKind::Resolved => format!("RESOLVED: {all} (after {})", roughly(self.lasted())),
            EventKind::Reminder => {
                let down = listed(&names(self.still_down()));
                format!("DOWN for {}: {down} ({})", roughly(self.lasted()), since(self.started_at()))
            }
            EventKind::Certificate => {
                let ends = self.story.sites.iter().filter_map(|site| site.certificate_expires_at).min();
                let when = ends.map(|at| format!(" ({})", expiry(at, self.at))).unwrap_or_default();
                format!("CERTIFICATE: {all}{when}")
            }
            EventKind::Storage => match self.storage() {
                Some(storage) => storage.subject(),
                None => "DISK LOW: Djamon's database has little room left".to_owned(),
            },
            EventKind::Test => "TEST: Djamon can reach you here".to_owned(),
        }
    }

    /// Makes the short form unique, so that X does not take two of them for one: outage number and time.
    fn stamp(&self) -> String {
        let at = full_time(self.at, &self.style.time_zone);
        match &self.story.outage {
            Some(outage) => format!(". Outage {}, {at}", outage.id),
            None => format!(". {at}"),
        }
    }

    fn digest(&self, subject: &str) -> Digest {
        let section = |parts: Vec<&StorySite>| self.section(&parts);
        let everything = !matches!(self.kind, EventKind::Opened | EventKind::Joined | EventKind::Reminder);
        let news: Vec<_> = match self.kind {
            EventKind::Opened | EventKind::Joined => self.news().collect(),
            EventKind::Reminder => self.still_down().collect(),
            EventKind::Resolved | EventKind::Certificate | EventKind::Storage | EventKind::Test => {
                self.story.sites.iter().collect()
            }
        };
        let told: HashSet<*const StorySite> = news.iter().map(|site| std::ptr::from_ref(*site)).collect();
        let rest = |is_down: bool| -> Vec<&StorySite> {
            let is_told = |site: &StorySite| everything || told.contains(&std::ptr::from_ref(site));
            self.story.sites.iter().filter(|site| site.up_at.is_none() == is_down && !is_told(site)).collect()
        };
        let outage = self.story.outage.as_ref().map(|outage| OutageDigest {
            id: outage.id.0,
            url: format!("{}/outages/{}", self.style.base_url, outage.id),
        });
        Digest {
            subject: subject.to_owned(),
            base_url: self.style.base_url.clone(),
            link: outage.as_ref().map_or_else(|| self.style.base_url.clone(), |outage| outage.url.clone()),
            time: self.time(self.at),
            zone: zone_name(self.at, &self.style.time_zone),
            outage,
            from: self.time(self.started_at()),
            to: self.time(self.ended_at()),
            lasted: readable_time(self.lasted()),
            is_first: self.is_first(),
            kind: self.kind.name(),
            lead: self.lead(),
            storage: self.storage(),
            still: section(rest(true)),
            back: section(rest(false)),
            news: section(news),
        }
    }

    fn storage(&self) -> Option<StorageDigest> {
        self.story.storage.as_ref().map(StorageDigest::new)
    }

    /// Whether nothing was told of the outage before.
    fn is_first(&self) -> bool {
        self.story.events.iter().any(|event| event.kind == EventKind::Opened)
    }

    /// What stands before the sites, where the subject does not say it all.
    fn lead(&self) -> Option<String> {
        let (from, to, lasted) =
            (self.time(self.started_at()), self.time(self.ended_at()), readable_time(self.lasted()));
        match self.kind {
            EventKind::Opened | EventKind::Joined => None,
            EventKind::Resolved => {
                let first = if self.is_first() { "It was over before a message could leave. " } else { "" };
                Some(format!("{first}It lasted {lasted}, from {from} to {to}."))
            }
            EventKind::Reminder => Some(format!("It began {from}, {lasted} ago.")),
            EventKind::Certificate => Some("Renew it before browsers refuse it.".to_owned()),
            EventKind::Storage => self.storage().map(|storage| storage.lead()),
            EventKind::Test => Some(format!(
                "This is a test, sent {}. Nothing is down because of it: messages about outages will reach you here.",
                self.time(self.at)
            )),
        }
    }

    /// The parts the events are about; all of them when none is marked.
    fn news(&self) -> impl Iterator<Item = &StorySite> {
        let marked = self.story.sites.iter().any(|site| site.is_news);
        self.story.sites.iter().filter(move |site| site.is_news || !marked)
    }

    fn still_down(&self) -> impl Iterator<Item = &StorySite> {
        self.story.sites.iter().filter(|site| site.up_at.is_none())
    }

    fn started_at(&self) -> Instant {
        let first_down = || self.story.sites.iter().map(|site| site.down_at).min();
        self.story.outage.as_ref().map(|outage| outage.started_at).or_else(first_down).unwrap_or(self.at)
    }

    fn ended_at(&self) -> Instant {
        self.story.outage.as_ref().and_then(|outage| outage.resolved_at).unwrap_or(self.at)
    }

    /// Seconds from the outage's beginning to its end, or to what is told while it goes on.
    fn lasted(&self) -> u64 {
        self.ended_at().since(self.started_at()).as_secs()
    }

    fn time(&self, at: Instant) -> String {
        full_time(at, &self.style.time_zone)
    }

    fn section(&self, parts: &[&StorySite]) -> Section {
        Section {
            count: names(parts.iter().copied()).len(),
            sites: parts.iter().take(MOST_SITES).map(|site| self.site(site)).collect(),
            more: parts.len().saturating_sub(MOST_SITES),
            others: parts
                .iter()
                .skip(MOST_SITES)
                .map(|site| clipped(&name(site), MOST_OF_A_NAME_IN_TEXT))
                .collect(),
        }
    }

    fn site(&self, site: &StorySite) -> SiteDigest {
        SiteDigest {
            name: clipped(&name(site), MOST_OF_A_NAME_IN_TEXT),
            slug: site.slug.clone(),
            url: one_line(&site.url),
            seen: seen(site),
            detail: site.detail.as_deref().map(one_line),
            certificate: site
                .certificate_expires_at
                .map(|at| format!("{}, {}", expiry(at, self.at), self.time(at))),
            down_at: self.time(site.down_at),
            up_at: site.up_at.map(|up_at| self.time(up_at)),
            lasted: site.up_at.map(|up_at| readable_time(up_at.since(site.down_at).as_secs())),
            left: site.left.map(Left::name),
            last_good_at: site.last_good_at.map(|at| self.time(at)),
        }
    }
}

/// When a certificate that ends at `at` ends, seen from `now`.
fn expiry(at: Instant, now: Instant) -> String {
    match days_left(at, now) {
        (0, false) => "expires within a day".to_owned(),
        (1, false) => "expires in 1 day".to_owned(),
        (days, false) => format!("expires in {days} days"),
        (_, true) => "has expired".to_owned(),
    }
}

/// How a site is called, on one line.
pub(super) fn name(site: &StorySite) -> String {
    let name = one_line(&site.name);
    if name.is_empty() { one_line(&site.slug) } else { name }
}

/// The names of sites, each once, in order, short enough for a subject.
pub(super) fn names<'a>(sites: impl Iterator<Item = &'a StorySite>) -> Vec<String> {
    let mut told = HashSet::new();
    let once = sites.filter(|site| told.insert(site.slug.as_str()));
    once.map(|site| clipped(&name(site), MOST_OF_A_NAME)).collect()
}

#[cfg(test)]
#[path = "compose_tests.rs"]
mod tests;
