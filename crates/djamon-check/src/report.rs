//! What a run tells a script (`--json`) or the person who called it.

use std::collections::{HashMap, HashSet};
use std::io::Write;

use djamon_core::calendar::rfc3339;
use djamon_core::domain::run::{Blind, Counts};
use djamon_core::domain::{Instant, Look, Observation, OutageId, SiteId, text};
use djamon_core::store::{AnyConnection, StoreError, outages, sites};
use serde::{Serialize, Serializer};

use crate::app::Failure;
use crate::round::Round;

/// The object of `run --json`.
#[derive(Debug, Serialize)]
pub struct RunJson {
    run_id: Option<i32>,
    started_at: String,
    finished_at: String,
    location: String,
    sites: u32,
    up: u32,
    down: u32,
    failing: u32,
    skipped: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    skipped_reason: Option<String>,
    blind: BlindJson,
    outages: OutagesJson,
    alerts: Alerts,
    views: Vec<ViewJson>,
}

#[derive(Debug)]
struct BlindJson(Option<(String, String)>);

impl Serialize for BlindJson {
    /// `false`, or `{"reason", "from"}`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            None => serializer.serialize_bool(false),
            Some((reason, from)) => {
                serializer.collect_map([("reason", reason.as_str()), ("from", from.as_str())])
            }
        }
    }
}

#[derive(Debug, Default, Serialize)]
struct OutagesJson {
    opened: Vec<OutageJson>,
    joined: Vec<OutageJson>,
    resolved: Vec<OutageJson>,
}

#[derive(Debug, Serialize)]
struct OutageJson {
    id: i32,
    sites: Vec<String>,
}

/// What became of the alerts.
#[derive(Debug, Default, Serialize)]
pub struct Alerts {
    /// Left by this run.
    pub sent: u32,
    /// Still owed.
    pub pending: i64,
    /// Parked by this run.
    pub failed: u32,
}

#[derive(Debug, Serialize)]
struct ViewJson {
    site: String,
    at: String,
    code: Option<u16>,
    outcome: &'static str,
    detail: Option<String>,
    duration_ms: u32,
}

impl RunJson {
    /// What `round` did, with its views if they are wanted.
    ///
    /// # Errors
    /// What the database says.
    pub fn of(
        connection: &mut AnyConnection,
        round: &Round,
        location: &str,
        alerts: Alerts,
        with_views: bool,
    ) -> Result<RunJson, Failure> {
        let slugs = if with_views { sites::slugs(connection)? } else { HashMap::new() };
        let ending = &round.ending;
        let mut json = RunJson::new(Some(round.run.0), location, round.started_at, ending.at, ending.counts);
        json.skipped_reason = ending.skipped_reason.clone();
        json.blind = blind_json(ending.blind.as_ref());
        json.outages = OutagesJson {
            opened: entered(connection, &round.opened)?,
            joined: entered(connection, &round.joined)?,
            resolved: resolved(connection, &round.resolved)?,
        };
        json.alerts = alerts;
        if with_views {
            json.views = round.views.iter().map(|(site, look)| view(*site, look, &slugs)).collect();
        }
        Ok(json)
    }

    /// A run that writes nothing, before its probes.
    pub fn rehearsal(location: &str, started_at: Instant, counts: Counts) -> RunJson {
        RunJson::new(None, location, started_at, started_at, counts)
    }

    fn new(
        run_id: Option<i32>,
        location: &str,
        started_at: Instant,
        finished_at: Instant,
        counts: Counts,
    ) -> RunJson {
        RunJson {
            run_id,
            started_at: rfc3339(started_at),
            finished_at: rfc3339(finished_at),
            location: location.to_owned(),
            sites: counts.sites,
            up: counts.up,
            down: counts.down,
            failing: counts.failing,
            skipped: counts.skipped,
            skipped_reason: None,
            blind: BlindJson(None),
            outages: OutagesJson::default(),
            alerts: Alerts::default(),
            views: Vec::new(),
        }
    }

    /// Adds that the line was dead: nothing was probed.
    pub fn tell_blind(&mut self, blind: &Blind) {
        self.skipped = self.sites;
        self.skipped_reason = Some(format!("blind: {}", blind.reason));
        self.blind = blind_json(Some(blind));
    }

    /// Adds what the probes saw, in order of arrival.
    pub fn tell_seen(&mut self, seen: &[Observation], slugs: &HashMap<SiteId, String>, now: Instant) {
        self.finished_at = rfc3339(now);
        self.views = seen
            .iter()
            .map(|observation| {
                let nobody = djamon_core::domain::ViewId::floor(observation.at);
                view(observation.site, &Look::new(nobody, observation), slugs)
            })
            .collect();
        self.skipped = self.sites.saturating_sub(u32::try_from(seen.len()).unwrap_or(u32::MAX));
    }

    /// Prints the object on one line.
    ///
    /// # Errors
    /// What the output says.
    pub fn print(&self, out: &mut dyn Write) -> Result<(), Failure> {
        serde_json::to_writer(&mut *out, self)?;
        Ok(writeln!(out)?)
    }

    /// Prints one line for a person.
    ///
    /// # Errors
    /// What the output says.
    pub fn print_line(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let counted =
            [(self.up, "up"), (self.failing, "failing"), (self.down, "down"), (self.skipped, "skipped")];
        let counted: Vec<_> = counted
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(many, word)| format!("{} {word}", text::count(many)))
            .collect();
        let sites = format!("{} {}", text::count(self.sites), if self.sites == 1 { "site" } else { "sites" });
        let counted = if counted.is_empty() { "nothing was due".to_owned() } else { counted.join(", ") };
        write!(out, "{sites}: {counted}")?;
        if let Some((reason, _)) = &self.blind.0 {
            write!(out, "; blind: {reason}")?;
        }
        let outages = [
            (&self.outages.opened, "opened"),
            (&self.outages.joined, "grew"),
            (&self.outages.resolved, "resolved"),
        ];
        for (list, word) in outages {
            for outage in list {
                write!(out, "; outage {} {word}: {}", outage.id, outage.sites.join(", "))?;
            }
        }
        let alerts = [
            (i64::from(self.alerts.sent), "sent"),
            (self.alerts.pending, "pending"),
            (i64::from(self.alerts.failed), "parked"),
        ];
        for (many, word) in alerts.iter().filter(|(many, _)| *many > 0) {
            write!(out, "; {} alerts {word}", text::count(many))?;
        }
        Ok(writeln!(out)?)
    }

    /// Prints a line for each view, for a person.
    ///
    /// # Errors
    /// What the output says.
    pub fn print_views(&self, out: &mut dyn Write) -> Result<(), Failure> {
        for view in &self.views {
            let code = view.code.map_or("-".to_owned(), |code| code.to_string());
            let detail = view.detail.as_deref().unwrap_or("");
            let line = format!("{}  {}  {code}  {} ms  {detail}", view.site, view.outcome, view.duration_ms);
            writeln!(out, "{}", line.trim_end())?;
        }
        if let Some((reason, _)) = &self.blind.0 {
            writeln!(out, "blind: {reason}")?;
        }
        Ok(())
    }
}

fn blind_json(blind: Option<&Blind>) -> BlindJson {
    BlindJson(blind.map(|blind| (blind.reason.clone(), rfc3339(blind.from))))
}

fn view(site: SiteId, look: &Look, slugs: &HashMap<SiteId, String>) -> ViewJson {
    ViewJson {
        site: slugs.get(&site).cloned().unwrap_or_default(),
        at: rfc3339(look.at),
        code: look.code,
        outcome: look.outcome.name(),
        detail: look.detail.clone(),
        duration_ms: look.duration_ms,
    }
}

/// Sites that entered outages, outage by outage.
fn entered(
    connection: &mut AnyConnection,
    entered: &[(OutageId, SiteId)],
) -> Result<Vec<OutageJson>, StoreError> {
    let mut ids: Vec<OutageId> = entered.iter().map(|(outage, _)| *outage).collect();
    ids.sort_unstable();
    ids.dedup();
    let entered: HashSet<&(OutageId, SiteId)> = entered.iter().collect();
    ids.into_iter()
        .map(|id| {
            let sites = slugs(connection, id, |site| entered.contains(&(id, site)))?;
            Ok(OutageJson { id: id.0, sites })
        })
        .collect()
}

fn resolved(connection: &mut AnyConnection, resolved: &[OutageId]) -> Result<Vec<OutageJson>, StoreError> {
    resolved.iter().map(|id| Ok(OutageJson { id: id.0, sites: slugs(connection, *id, |_| true)? })).collect()
}

/// The slugs of an outage's sites, each once, in the order they joined.
fn slugs(
    connection: &mut AnyConnection,
    id: OutageId,
    wanted: impl Fn(SiteId) -> bool,
) -> Result<Vec<String>, StoreError> {
    let mut named = HashSet::new();
    let parts = outages::sites_of(connection, id)?.parts.into_iter();
    let parts = parts.filter(|part| wanted(part.part.site) && named.insert(part.slug.clone()));
    Ok(parts.map(|part| part.slug).collect())
}
