//! Sites on pages: a line in a list, and a page of its own.

use djamon_core::domain::certificate::{WARNED_AT_DAYS, days_left};
use djamon_core::domain::status::{State, Status};
use djamon_core::domain::uptime::{Figure, Figures, percent};
use djamon_core::domain::{Instant, Look, Phases};
use djamon_core::store::outages::NamedPart;
use djamon_core::store::statuses::SiteStatus;
use serde::Serialize;

use super::bar::{Bar, bar};
use super::outage::OutageLine;
use super::time::{When, exactly, span, took, when};
use super::visible::Seen;
use super::words;
use djamon_core::json::Reader;

/// A site in a list: the state said in a word, why, and for how long.
#[derive(Debug, Serialize)]
pub struct SiteLine {
    slug: String,
    name: String,
    state: &'static str,
    word: &'static str,
    slow: bool,
    lasting: Option<String>,
    since: Option<When>,
    reason: Option<String>,
    took: Option<String>,
    uptime: Option<String>,
    bar: Bar,
}

impl SiteLine {
    /// The line of a site, written at `now`; how long it has stood so is known until `known_until`.
    pub fn new(of: &SiteStatus, now: Instant, known_until: Instant) -> Self {
        let status = &of.status;
        let is_up = status.state == State::Up;
        SiteLine {
            slug: of.site.slug.clone(),
            name: of.site.name.clone(),
            state: status.state.name(),
            word: words::state(status.state),
            slow: status.degraded,
            lasting: status.since.map(|since| span(known_until.since(since))),
            since: status.since.filter(|_| !is_up).map(|since| when(since, now)),
            reason: reason(status),
            took: status
                .looks
                .first()
                .filter(|look| is_up && look.outcome.is_good())
                .map(|look| took(look.duration_ms)),
            uptime: of.figures.day.uptime_ppm.map(percent),
            bar: bar(&status.marks),
        }
    }
}

/// Why a site that is not fine is not, or what is being waited for.
fn reason(status: &Status) -> Option<String> {
    let failed = || status.looks.iter().find(|look| !look.outcome.is_good());
    match status.state {
        State::Down if status.good > 0 => Some("answers again, not yet for sure".into()),
        State::Down | State::Failing => failed().map(|look| words::outcome(look.outcome, look.code)),
        State::Unknown => Some("not looked at yet".into()),
        State::Up | State::Paused => None,
    }
}

/// A site's own page.
#[derive(Debug, Serialize)]
pub struct SitePage {
    site: SiteLine,
    url: Option<String>,
    group: Option<Group>,
    failures: u32,
    good: u32,
    certificate: Option<CertificateLine>,
    figures: Vec<FigureLine>,
    looks: Vec<LookLine>,
    outages: Vec<OutageLine>,
}

#[derive(Debug, Serialize)]
struct FigureLine {
    over: &'static str,
    uptime: String,
    known: String,
}

/// Uptime over each window, with how much of the time is known; nothing for a site nobody has looked at.
fn figures(figures: &Figures) -> Vec<FigureLine> {
    let windows = [("24 hours", figures.day), ("7 days", figures.week), ("30 days", figures.month)];
    let line = |(over, figure): (&'static str, Figure)| {
        let (uptime, known) = figure.uptime_ppm.zip(figure.coverage_ppm)?;
        Some(FigureLine { over, uptime: percent(uptime), known: percent(known) })
    };
    windows.into_iter().filter_map(line).collect()
}

#[derive(Debug, Serialize)]
struct CertificateLine {
    until: When,
    days: u64,
    over: bool,
    soon: bool,
}

fn certificate(expires_at: Instant, now: Instant) -> CertificateLine {
    let (days, over) = days_left(expires_at, now);
    let until = when(expires_at, now);
    CertificateLine { until, days, over, soon: !over && days <= u64::from(WARNED_AT_DAYS[0]) }
}

#[derive(Debug, Serialize)]
struct Group {
    slug: String,
    name: String,
}

#[derive(Debug, Serialize)]
struct LookLine {
    at: When,
    good: bool,
    slow: bool,
    code: Option<u16>,
    outcome: &'static str,
    detail: Option<String>,
    took: String,
    phases: Vec<(&'static str, String)>,
}

impl SitePage {
    /// The page as `reader` may see it; `group` is the group's name, `outages` are newest first.
    pub fn new(
        reader: Reader,
        of: &SiteStatus,
        group: Option<String>,
        outages: &[Seen],
        now: Instant,
    ) -> Self {
        let group = of.group.clone().zip(group).map(|(slug, name)| Group { slug, name });
        SitePage {
            site: SiteLine::new(of, now, now),
            url: reader.sees_private().then(|| of.site.shown_url()),
            group,
            failures: of.status.failures,
            good: of.status.good,
            figures: figures(&of.figures),
            certificate: of.status.certificate_expires_at.map(|at| certificate(at, now)),
            looks: of.status.looks.iter().map(|look| look_line(reader, look, now)).collect(),
            outages: outages.iter().map(|seen| OutageLine::new(seen, now)).collect(),
        }
    }
}

fn look_line(reader: Reader, look: &Look, now: Instant) -> LookLine {
    LookLine {
        at: exactly(look.at, now),
        good: look.outcome.is_good(),
        slow: look.degraded,
        code: look.code,
        outcome: words::result(look.outcome),
        detail: look.detail.clone().filter(|_| reader.sees_private()),
        took: took(look.duration_ms),
        phases: phases(&look.phases),
    }
}

/// The phases that were reached, in their order.
pub fn phases(phases: &Phases) -> Vec<(&'static str, String)> {
    let Phases { dns_ms, connect_ms, tls_ms, first_byte_ms, body_ms } = *phases;
    let named = [
        ("name", dns_ms),
        ("connect", connect_ms),
        ("TLS", tls_ms),
        ("first byte", first_byte_ms),
        ("body", body_ms),
    ];
    named.into_iter().filter_map(|(name, ms)| ms.map(|ms| (name, took(ms)))).collect()
}

/// A link to a site, or only its name when it has been removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SiteLink {
    name: String,
    slug: Option<String>,
}

impl From<&NamedPart> for SiteLink {
    fn from(named: &NamedPart) -> Self {
        SiteLink { name: named.name.clone(), slug: (!named.is_removed).then(|| named.slug.clone()) }
    }
}
