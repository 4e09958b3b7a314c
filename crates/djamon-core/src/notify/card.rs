//! A message as chats show it: a few lines, as many as fit, in the marks of the service. Pure.

use super::Message;
use super::digest::{Digest, SiteDigest};
use super::words::clipped;
use crate::domain::EventKind;

/// Characters of what was seen of a site, and of an address, beyond which it is cut or left out.
const MOST_SEEN: usize = 300;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    /// A name.
    Strong(String),
    /// Words.
    Text(String),
    /// An address.
    Link(String),
    /// Nothing.
    Gap,
}

/// How a service marks what. Every function gets text as it is and gives it fit for the service.
pub(super) struct Markup {
    /// Words that are only words, whatever stands in them.
    pub text: fn(&str) -> String,
    /// A name.
    pub strong: fn(&str) -> String,
    /// An http or https address.
    pub link: fn(&str) -> String,
    /// The end of a line.
    pub end: &'static str,
}

/// Without any marks.
pub(super) const PLAIN: Markup =
    Markup { text: str::to_owned, strong: str::to_owned, link: str::to_owned, end: "\n" };

/// How a message looks from afar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    /// Something is down.
    Bad,
    /// It is over.
    Good,
    /// Something will go wrong.
    Warning,
    /// Nothing happened.
    Calm,
}

impl Mood {
    pub fn of(message: &Message) -> Mood {
        match message.kind {
            EventKind::Opened | EventKind::Joined | EventKind::Reminder => Mood::Bad,
            EventKind::Resolved => Mood::Good,
            EventKind::Certificate => Mood::Warning,
            EventKind::Storage if message.tells_of_a_full_disk() => Mood::Bad,
            EventKind::Storage => Mood::Warning,
            EventKind::Test => Mood::Calm,
        }
    }
}

/// What `message` says below its subject, in `markup`, measuring at most `most`.
pub(super) fn told(message: &Message, markup: &Markup, most: usize, measure: fn(&str) -> usize) -> String {
    let lines = lines(message, &|lines| measure(&marked(lines, markup)) <= most);
    marked(&lines, markup)
}

/// The lines of `message` that fit: what stands before the sites, the sites one by one, how many more there are, and the
/// link. Nothing is ever cut within a line but names and sentences that are very long.
pub(super) fn lines(message: &Message, fits: &dyn Fn(&[Line]) -> bool) -> Vec<Line> {
    let Some(digest) = message.details.as_deref().map(|details| &details.digest) else {
        return told_as_text(message, fits);
    };
    let mut told: Vec<Line> = digest.lead.iter().cloned().map(Line::Text).collect();
    let sections = [(&digest.news, ""), (&digest.still, still(digest)), (&digest.back, "No longer down:")];
    let mut left: usize = sections.iter().map(|(section, _)| section.sites.len() + section.more).sum();
    let with_end = |told: &[Line], left: usize| {
        let mut lines = told.to_vec();
        if left > 0 {
            lines.extend((!lines.is_empty()).then_some(Line::Gap));
            lines.push(Line::Text(format!("and {left} more")));
        }
        lines.extend((!lines.is_empty()).then_some(Line::Gap));
        lines.push(Line::Link(message.link.clone()));
        lines
    };
    for (section, heading) in sections {
        for (n, site) in section.sites.iter().enumerate() {
            let mut longer = told.clone();
            longer.extend((!longer.is_empty()).then_some(Line::Gap));
            longer.extend((n == 0 && !heading.is_empty()).then(|| Line::Text(heading.to_owned())));
            longer.extend(of_site(site, digest.kind));
            if !fits(&with_end(&longer, left - 1)) {
                return with_end(&told, left);
            }
            (told, left) = (longer, left - 1);
        }
    }
    with_end(&told, left)
}

/// The lines as one text.
fn marked(lines: &[Line], markup: &Markup) -> String {
    let line = |line: &Line| match line {
        Line::Strong(text) => (markup.strong)(text),
        Line::Text(text) => (markup.text)(text),
        Line::Link(url) if url.starts_with("http://") || url.starts_with("https://") => (markup.link)(url),
        Line::Link(text) => (markup.text)(text),
        Line::Gap => String::new(),
    };
    lines.iter().map(line).collect::<Vec<_>>().join(markup.end)
}

/// A message that has no parts: the lines of its text that fit.
fn told_as_text(message: &Message, fits: &dyn Fn(&[Line]) -> bool) -> Vec<Line> {
    let line = |text: &str| if text.is_empty() { Line::Gap } else { Line::Text(clipped(text, MOST_SEEN)) };
    let mut told: Vec<Line> = Vec::new();
    let mut rest = message.text.trim_end().lines();
    for next in rest.by_ref() {
        told.push(line(next));
        told.push(Line::Text("…".to_owned()));
        let has_room = fits(&told);
        told.pop();
        if !has_room {
            told.pop();
            told.push(Line::Text("…".to_owned()));
            break;
        }
    }
    told
}

fn still(digest: &Digest) -> &'static str {
    if digest.kind == EventKind::Opened.name() { "Down as well:" } else { "Still down:" }
}

fn of_site(site: &SiteDigest, kind: &str) -> Vec<Line> {
    let mut lines = vec![Line::Strong(site.name.clone())];
    if kind == EventKind::Certificate.name() {
        let certificate = site.certificate.as_ref().unwrap_or(&site.seen);
        lines.push(Line::Text(clipped(certificate, MOST_SEEN)));
    } else {
        lines.push(Line::Text(clipped(&site.seen, MOST_SEEN)));
        lines.push(Line::Text(when(site)));
    }
    lines.extend((site.url.chars().count() <= MOST_SEEN).then(|| Line::Link(site.url.clone())));
    lines
}

fn when(site: &SiteDigest) -> String {
    let from = &site.down_at;
    let (to, lasted) =
        (site.up_at.as_deref().unwrap_or_default(), site.lasted.as_deref().unwrap_or_default());
    let down = match site.left {
        None => format!("down since {from}"),
        Some("recovered") => format!("down from {from} to {to} ({lasted})"),
        Some("changed") => {
            format!("down from {from} until its settings changed {to}; it was not seen to recover")
        }
        Some(left) => format!("down from {from} until it was {left} {to}; it was not seen to recover"),
    };
    match &site.last_good_at {
        Some(at) => format!("{down}, last seen up {at}"),
        None => down,
    }
}

/// UTF-16 code units: what services of other languages count as characters; never fewer than characters.
pub(super) fn utf16(text: &str) -> usize {
    text.encode_utf16().count()
}

/// `text` in at most `most` UTF-16 code units, the cut shown by an ellipsis; characters stay whole.
pub(super) fn cut(text: &str, most: usize) -> String {
    if utf16(text) <= most {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut room = most.saturating_sub(1);
    for c in text.chars() {
        if c.len_utf16() > room {
            break;
        }
        room -= c.len_utf16();
        kept.push(c);
    }
    format!("{}…", kept.trim_end())
}
