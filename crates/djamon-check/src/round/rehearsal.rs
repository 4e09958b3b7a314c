//! A run that writes nothing: `run --dry-run`.

use std::collections::HashMap;
use std::time::Duration;

use djamon_core::domain::LocationId;
use djamon_core::probe::Prober;
use djamon_core::store::backend::reserve::Reserve;
use djamon_core::store::due::{self, Selection};
use djamon_core::store::{AnyConnection, runs};

use super::{Order, Source, limits, proof};
use crate::app::{App, Failure};
use crate::pool;
use crate::report::RunJson;

/// Probes what is due without writing anything.
///
/// # Errors
/// What the database says.
pub fn rehearse(
    app: &App,
    prober: &Prober,
    connection: &mut AnyConnection,
    selection: &Selection,
    location: &str,
) -> Result<RunJson, Failure> {
    let started_at = app.now();
    let place = runs::known_location(connection, location)?.unwrap_or(LocationId(0));
    let outlook = due::outlook(connection, selection, place, started_at)?;
    let counts = outlook.counts;
    let mut json = RunJson::rehearsal(location, started_at, counts);
    if let Err(blind) = proof(app, prober, counts.sites) {
        json.tell_blind(&blind);
        return Ok(json);
    }
    let order = Order {
        reserve: Reserve::Held,
        selection,
        location: place,
        promised: Duration::ZERO,
        listeners: &[],
        keep_views: false,
        progress: false,
    };
    let mut source = Source::new(&order, &app.config.check.policy, started_at);
    let mut slugs = HashMap::new();
    let mut failure = None;
    let tasks = std::iter::from_fn(|| match source.next(connection) {
        Ok(due) => {
            let due = due?;
            slugs.insert(due.id, due.slug.clone());
            Some(due.into())
        }
        Err(error) => {
            failure = Some(error);
            None
        }
    });
    let limits = limits(app, &outlook);
    let mut seen = Vec::new();
    pool::probe_all(prober, &limits, &app.stop, tasks, |observation| seen.push(observation));
    if let Some(error) = failure {
        return Err(error.into());
    }
    json.tell_seen(&seen, &slugs, app.now());
    Ok(json)
}
