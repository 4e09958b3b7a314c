//! Several outages as one message: what people get when a channel could not be told for a while, or when outages of
//! several groups begin at once. Pure; text and HTML themselves are `templates/mail/backlog.*`.

use serde::Serialize;

use crate::domain::story::{Backlog, Chapter};
use crate::domain::text::readable_time;
use crate::domain::{EventKind, Instant};

use super::compose::{ComposeError, names};
use super::words::{clipped, full_time, listed, one_line, zone_name};
use super::{Message, Story, StorySite, Style, Templates, short};

/// Outages told with their times; the rest is only counted.
const MOST_OUTAGES: usize = 50;
/// Names of one outage's sites.
const MOST_SITES: usize = 10;
const MOST_OF_A_CHANNEL: usize = 40;

/// Writes the message that tells of all outages of `backlog`; `at` is when the last of it happened.
///
/// # Errors
/// [`ComposeError`] when a built-in template failed.
pub(super) fn compose(
    story: &Story,
    backlog: &Backlog,
    at: Instant,
    style: &Style,
    templates: &Templates,
) -> Result<Message, ComposeError> {
    let telling = Telling { backlog, style, at };
    let subject = telling.subject(|site| site.name.clone());
    let short = telling.subject(|site| match site.is_public {
        true => site.name.clone(),
        false => "an internal system".to_owned(),
    });
    let view = telling.view(&subject);
    let text = templates.render("mail/backlog.txt", &view)?;
    let html = templates.render_html("backlog", &view)?;
    Ok(Message {
        key: story.key.clone(),
        thread: None,
        kind: if telling.open().next().is_some() { EventKind::Opened } else { EventKind::Resolved },
        short: short::fitted(&short, &telling.stamp()),
        subject,
        text,
        html,
        link: view.link,
        at,
        details: None,
    })
}

struct Telling<'a> {
    backlog: &'a Backlog,
    style: &'a Style,
    at: Instant,
}

impl Telling<'_> {
    fn open(&self) -> impl Iterator<Item = &Chapter> {
        self.backlog.outages.iter().filter(|chapter| chapter.outage.resolved_at.is_none())
    }

    fn subject(&self, name: impl Fn(&StorySite) -> String) -> String {
        let count = self.backlog.outages.len();
        let away = match self.backlog.was_away {
            true => format!(" while {} was away", self.channel()),
            false => String::new(),
        };
        let down = self.open().flat_map(|chapter| &chapter.sites).filter(|site| site.up_at.is_none());
        let down: Vec<StorySite> = down.map(|site| StorySite { name: name(site), ..site.clone() }).collect();
        match self.open().count() {
            0 => format!("RESOLVED: {count} outages{away}, all over"),
            open => {
                let down = listed(&names(down.iter()));
                format!("DOWN: {count} outages{away}, {open} still going on: {down}")
            }
        }
    }

    /// Makes the short form unique: the outages' numbers and the time.
    fn stamp(&self) -> String {
        let numbers = || self.backlog.outages.iter().map(|chapter| chapter.outage.id);
        match (numbers().min(), numbers().max()) {
            (Some(first), Some(last)) => format!(". Outages {first} to {last}, {}", self.time(self.at)),
            _ => format!(". {}", self.time(self.at)),
        }
    }

    fn view(&self, subject: &str) -> View {
        let told = self.backlog.outages.iter().take(MOST_OUTAGES);
        let (open, over): (Vec<&Chapter>, Vec<&Chapter>) =
            told.partition(|chapter| chapter.outage.resolved_at.is_none());
        View {
            subject: subject.to_owned(),
            base_url: self.style.base_url.clone(),
            link: format!("{}/outages", self.style.base_url),
            zone: zone_name(self.at, &self.style.time_zone),
            channel: self.channel(),
            was_away: self.backlog.was_away,
            count: self.backlog.outages.len(),
            open: open.into_iter().map(|chapter| self.outage(chapter)).collect(),
            over: over.into_iter().map(|chapter| self.outage(chapter)).collect(),
            more: self.backlog.outages.len().saturating_sub(MOST_OUTAGES),
        }
    }

    fn outage(&self, chapter: &Chapter) -> OutageView {
        let outage = &chapter.outage;
        let names = names(chapter.sites.iter());
        let lasted = outage.resolved_at.unwrap_or(self.at).since(outage.started_at);
        OutageView {
            id: outage.id.0,
            url: format!("{}/outages/{}", self.style.base_url, outage.id),
            sites: names.iter().take(MOST_SITES).cloned().collect::<Vec<_>>().join(", "),
            more: names.len().saturating_sub(MOST_SITES),
            from: self.time(outage.started_at),
            to: outage.resolved_at.map(|at| self.time(at)),
            lasted: readable_time(lasted.as_secs()),
        }
    }

    fn channel(&self) -> String {
        clipped(&one_line(&self.backlog.channel), MOST_OF_A_CHANNEL)
    }

    fn time(&self, at: Instant) -> String {
        full_time(at, &self.style.time_zone)
    }
}

/// What the template sees.
#[derive(Serialize)]
struct View {
    subject: String,
    base_url: String,
    /// The page of all outages.
    link: String,
    zone: String,
    channel: String,
    was_away: bool,
    count: usize,
    open: Vec<OutageView>,
    over: Vec<OutageView>,
    more: usize,
}

#[derive(Serialize)]
struct OutageView {
    id: i32,
    url: String,
    sites: String,
    more: usize,
    from: String,
    to: Option<String>,
    lasted: String,
}
