//! Outages on pages: a line in a list, a card while one is open, and the whole story as a time line.

use djamon_core::domain::outage::Note;
use djamon_core::domain::{EventKind, Instant, Left};
use djamon_core::store::outages::NamedPart;
use djamon_core::store::outbox::Alert;
use serde::Serialize;

use super::chart::{Frame, WIDTH};
use super::site::SiteLink;
use super::time::{When, exactly, span, when};
use super::visible::Seen;
use super::words;
use crate::outages::Story;
use djamon_core::json::Reader;

/// How many sites a line names.
const NAMED: usize = 5;
/// Steps of one kind that are no further apart are told as one.
const TOGETHER_MS: i64 = 60_000;

/// An outage in a list, or as a card.
#[derive(Debug, Serialize)]
pub struct OutageLine {
    id: i32,
    open: bool,
    started: When,
    resolved: Option<When>,
    lasting: String,
    sites: Vec<SiteLink>,
    more: usize,
    down_now: usize,
}

impl OutageLine {
    /// The line of an outage at `now`; sites that are still down are named first.
    pub fn new(seen: &Seen, now: Instant) -> Self {
        let outage = &seen.of.outage;
        let (down, back): (Vec<_>, Vec<_>) =
            seen.of.parts.iter().partition(|named| named.part.up_at.is_none());
        let mut sites: Vec<SiteLink> = Vec::new();
        for link in down.iter().chain(&back).map(|named| SiteLink::from(*named)) {
            if !sites.contains(&link) {
                sites.push(link);
            }
        }
        let more = sites.len().saturating_sub(NAMED);
        sites.truncate(NAMED);
        OutageLine {
            id: outage.id.0,
            open: outage.resolved_at.is_none(),
            started: when(outage.started_at, now),
            resolved: outage.resolved_at.map(|at| when(at, now)),
            lasting: span(outage.resolved_at.unwrap_or(now).since(outage.started_at)),
            sites,
            more,
            down_now: down.len(),
        }
    }
}

/// An outage's own page.
#[derive(Debug, Serialize)]
pub struct OutagePage {
    outage: OutageLine,
    seconds: u64,
    detected: When,
    /// The two ends of the axis on which the parts are drawn, and where on it the outage was detected.
    axis: (When, When),
    detected_x: i64,
    parts: Vec<PartLine>,
    steps: Vec<Step>,
    alerts: Vec<AlertLine>,
}

#[derive(Debug, Serialize)]
struct PartLine {
    site: SiteLink,
    /// Where its bar begins on the outage's axis of [`WIDTH`], and how long it is.
    x: i64,
    width: i64,
    down: When,
    up: Option<When>,
    left: Option<&'static str>,
    lasting: String,
    first: String,
    detail: Option<String>,
}

/// One step of the time line.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    at: When,
    kind: &'static str,
    title: &'static str,
    names: String,
    note: Option<String>,
}

#[derive(Debug, Serialize)]
struct AlertLine {
    event: &'static str,
    channel: Option<String>,
    state: String,
    tries: u32,
    at: When,
    error: Option<String>,
}

impl OutagePage {
    /// The whole story as `reader` may see it.
    pub fn new(reader: Reader, story: &Story, now: Instant) -> Self {
        let outage = &story.seen.of.outage;
        let axis = Frame { from: outage.started_at, to: outage.resolved_at.unwrap_or(now) };
        OutagePage {
            axis: (exactly(axis.from, now), exactly(axis.to, now)),
            detected_x: axis.x(outage.detected_at, WIDTH),
            outage: OutageLine::new(&story.seen, now),
            seconds: outage.resolved_at.unwrap_or(now).since(outage.started_at).as_secs(),
            detected: exactly(outage.detected_at, now),
            parts: story.seen.of.parts.iter().map(|named| part(reader, named, &axis, now)).collect(),
            steps: steps(reader, story, now),
            alerts: story.alerts.iter().map(|one| alert(reader, one, now)).collect(),
        }
    }
}

fn part(reader: Reader, named: &NamedPart, axis: &Frame, now: Instant) -> PartLine {
    let part = &named.part;
    let (x, end) = (axis.x(part.down_at, WIDTH), axis.x(part.up_at.unwrap_or(now), WIDTH));
    // A short one would not be seen.
    let width = (end - x).max(6);
    PartLine {
        x: x.min(WIDTH - width),
        width,
        site: named.into(),
        down: exactly(part.down_at, now),
        up: part.up_at.map(|at| exactly(at, now)),
        left: part.left.map(words::left),
        lasting: span(part.up_at.unwrap_or(now).since(part.down_at)),
        first: words::outcome(part.first.outcome, part.first.code),
        detail: part.first.detail.clone().filter(|_| reader.sees_private()),
    }
}

fn alert(reader: Reader, alert: &Alert, now: Instant) -> AlertLine {
    AlertLine {
        event: words::event(alert.kind),
        channel: reader.sees_private().then(|| alert.channel.clone()),
        state: alert.state.clone(),
        tries: alert.tries,
        at: exactly(alert.sent_at.unwrap_or(alert.created_at), now),
        error: alert.last_error.clone().filter(|_| reader.sees_private()),
    }
}

/// What a person noted, as a step.
fn noted(note: &Note, now: Instant) -> Step {
    Step {
        at: exactly(note.at, now),
        kind: "noted",
        title: "Note",
        names: note.author.clone(),
        note: Some(note.text.clone()),
    }
}

/// 1. What each site went through, what happened to the outage, what left. 2. In order. 3. Equal neighbours as one.
/// 4. What people noted, between them.
pub fn steps(reader: Reader, story: &Story, now: Instant) -> Vec<Step> {
    // 1.
    let mut told: Vec<(Instant, &'static str, &'static str, Option<&str>)> = Vec::new();
    for named in &story.seen.of.parts {
        let part = &named.part;
        let name = Some(named.name.as_str());
        told.push((part.down_at, "failed", "First failed look", name));
        let raised = story.events.iter().any(|e| Some(e.id) == part.event && e.kind == EventKind::Opened);
        let title = if raised { "Confirmed down, outage raised" } else { "Confirmed down" };
        told.push((part.detected_at, "down", title, name));
        if let (Some(up_at), Some(left)) = (part.up_at, part.left) {
            let title = match left {
                Left::Recovered => "Recovered",
                Left::Paused => "Paused",
                Left::Removed => "Removed",
                Left::Changed => "Changed",
            };
            told.push((up_at, "up", title, name));
        }
    }
    let over_at: Vec<Instant> = match reader {
        Reader::Member => {
            story.events.iter().filter(|e| e.kind == EventKind::Resolved).map(|e| e.at).collect()
        }
        // When it was told is not theirs to know.
        Reader::Visitor => story.seen.of.outage.resolved_at.into_iter().collect(),
    };
    told.extend(over_at.into_iter().map(|at| (at, "over", words::event(EventKind::Resolved), None)));
    let acknowledged = story.seen.of.outage.acknowledged.as_ref();
    let by = acknowledged.map(|one| match &one.why {
        Some(why) => format!("{}: {why}", one.by),
        None => one.by.clone(),
    });
    let by = by.as_deref().filter(|_| reader.sees_private());
    told.extend(acknowledged.map(|one| (one.at, "ack", "Acknowledged", by)));
    let sent = story.alerts.iter().filter_map(|alert| Some((alert.sent_at?, alert.kind)));
    told.extend(sent.map(|(at, kind)| (at, "alert", "Alert sent", Some(kind.name()))));
    // 2.
    told.sort_by_key(|(at, ..)| *at);
    // 3.
    let together = told.chunk_by(|one, other| {
        (one.1, one.2) == (other.1, other.2) && other.0.ms() - one.0.ms() < TOGETHER_MS
    });
    let step = |group: &[(Instant, &'static str, &'static str, Option<&str>)]| {
        let (at, kind, title, _) = group.first()?;
        let names = words::names(group.iter().filter_map(|(.., name)| *name), NAMED);
        Some((*at, Step { at: exactly(*at, now), kind, title, names, note: None }))
    };
    // 4.
    let mut steps: Vec<(Instant, Step)> = together.filter_map(step).collect();
    steps.extend(story.notes.iter().map(|note| (note.at, noted(note, now))));
    steps.sort_by_key(|(at, _)| *at);
    steps.into_iter().map(|(_, step)| step).collect()
}
