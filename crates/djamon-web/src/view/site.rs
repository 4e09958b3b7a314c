//! Sites on pages: a line in a list, and a page of its own.

use djamon_core::domain::certificate::{WARNED_AT_DAYS, days_left};
use djamon_core::domain::series::Window;
use djamon_core::domain::status::{State, Status};
use djamon_core::domain::uptime::{Figure, Figures, percent};
use djamon_core::domain::{Instant, Look, Phases};
use djamon_core::store::outages::NamedPart;
use djamon_core::store::series::Stretch;
use djamon_core::store::statuses::SiteStatus;
use serde::Serialize;

use super::bar::{Bar, bar};
use super::chart::{Chart, points};
use super::days::{Days, days};
use super::outage::OutageLine;
use super::range::{RangeChoice, choices, in_words};
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
    /// Whether it still stands so, so that a clock may go on counting.
    ticking: bool,
    reason: Option<String>,
    took: Option<String>,
    figures: Vec<Cell>,
    bar: Bar,
}

/// The uptime over a window, short enough for a list.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Cell {
    over: &'static str,
    uptime: Option<String>,
    /// How much is known, when that is not as good as everything.
    known: Option<String>,
    /// `good`, `fair` (below 99.9 %) or `poor` (below 99 %).
    grade: &'static str,
}

fn cell(over: &'static str, figure: Figure) -> Cell {
    let known = figure.coverage_ppm.filter(|ppm| *ppm < 990_000).map(|ppm| match ppm {
        0..10_000 => "<1".to_owned(),
        ppm => (ppm / 10_000).to_string(),
    });
    Cell {
        over,
        uptime: figure.uptime_ppm.map(percent),
        known: known.filter(|_| figure.uptime_ppm.is_some()),
        grade: match figure.uptime_ppm {
            Some(0..990_000) => "poor",
            Some(990_000..999_000) => "fair",
            _ => "good",
        },
    }
}

fn cells(figures: &Figures) -> Vec<Cell> {
    vec![cell("24 h", figures.day), cell("7 d", figures.week), cell("30 d", figures.month)]
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
            ticking: known_until == now,
            figures: cells(&of.figures),
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
    since: Option<When>,
    url: Option<String>,
    group: Option<Group>,
    failures: u32,
    good: u32,
    certificate: Option<CertificateLine>,
    figures: Vec<FigureLine>,
    range: &'static str,
    ranges: Vec<RangeChoice>,
    chart: Chart,
    days: Days,
    looks: Vec<LookLine>,
    outages: Vec<OutageLine>,
}

/// What is drawn of a site's past.
pub struct Past {
    /// How far back the chart looks.
    pub window: Window,
    /// What is known of it, oldest first.
    pub stretches: Vec<Stretch>,
    /// The days that are known, oldest first.
    pub days: Vec<Stretch>,
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
    /// The page as `reader` may see it; `group` is the group's name, `outages` are newest first. What goes on is known
    /// until `known_until`.
    pub fn new(
        reader: Reader,
        of: &SiteStatus,
        group: Option<String>,
        outages: &[Seen],
        past: &Past,
        known_until: Instant,
        now: Instant,
    ) -> Self {
        let parts = outages.iter().flat_map(|seen| &seen.of.parts).map(|named| &named.part);
        let down: Vec<(Instant, Instant)> = parts
            .filter(|part| part.site == of.site.id)
            .map(|part| (part.down_at, part.up_at.unwrap_or(known_until)))
            .collect();
        let group = of.group.clone().zip(group).map(|(slug, name)| Group { slug, name });
        SitePage {
            site: SiteLine::new(of, now, known_until),
            since: of.status.since.map(|since| when(since, now)),
            url: reader.sees_private().then(|| of.site.shown_url()),
            group,
            failures: of.status.failures,
            good: of.status.good,
            figures: figures(&of.figures),
            certificate: of.status.certificate_expires_at.map(|at| certificate(at, now)),
            range: in_words(past.window),
            ranges: choices(past.window),
            chart: Chart::new(past.window, &points(past.window, &past.stretches), &down, now),
            days: days(&past.days, now),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_in_a_list_says_when_little_is_known() {
        let cell = |uptime, coverage| cell("24 h", Figure { uptime_ppm: uptime, coverage_ppm: coverage });
        let said = |uptime, coverage| {
            let Cell { uptime, known, grade, .. } = cell(uptime, coverage);
            (uptime.unwrap_or_default(), known.unwrap_or_default(), grade)
        };
        assert_eq!(said(Some(1_000_000), Some(995_000)), ("100".into(), String::new(), "good"));
        assert_eq!(said(Some(998_900), Some(500_000)), ("99.89".into(), "50".into(), "fair"));
        assert_eq!(said(Some(729_500), Some(9_999)), ("72.95".into(), "<1".into(), "poor"));
        assert_eq!(said(None, Some(0)), (String::new(), String::new(), "good"));
    }
}
