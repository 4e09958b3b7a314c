//! `/healthz`: whether the monitor itself is alive. For other monitors, so it is never hidden and names nothing private.

use actix_web::http::StatusCode;
use djamon_core::calendar::rfc3339;
use djamon_core::domain::Instant;
use djamon_core::domain::health::MISSED_RUNS;
use djamon_core::store::StoreError;
use serde::Serialize;

use crate::answer::Answer;
use crate::ask::Ask;
use crate::error::WebError;
use crate::pulse;
use crate::view::time::span;

/// Whether the monitor itself is alive.
#[derive(Serialize, utoipa::ToSchema)]
struct Health {
    /// `ok` or `failing`.
    status: &'static str,
    /// Why it is failing.
    reason: Option<String>,
    /// The beginning of the last run that came to its end.
    last_run: Option<String>,
    /// When this was said.
    generated_at: String,
}

/// Whether the monitor itself is alive.
///
/// 200 when the database answers and runs come as promised, else 503 with the reason. A new installation has three
/// promised intervals, from this program's start, until its first run must have ended.
///
/// # Errors
/// [`WebError::Internal`].
#[utoipa::path(
    get, path = "/healthz", tag = "Health", operation_id = "health",
    responses(
        (status = 200, description = "The monitor is alive", body = Health),
        (status = 503, description = "It is not: the reason says why", body = Health),
    ),
)]
pub fn healthz(ask: &Ask) -> Result<Answer, WebError> {
    let (reason, last_run) = match last_run(ask) {
        Ok((reason, at)) => (reason, at),
        Err(error) => {
            tracing::error!("/healthz: {error}");
            let reason = match error {
                StoreError::Schema { .. } => {
                    "the database's schema is not this program's; run djamon-check migrate"
                }
                _ => "the database cannot be reached",
            };
            (Some(reason.to_owned()), None)
        }
    };
    let status = if reason.is_none() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let health = Health {
        status: if reason.is_none() { "ok" } else { "failing" },
        reason,
        last_run: last_run.map(rfc3339),
        generated_at: rfc3339(ask.now),
    };
    Ok(Answer::json(&health)?.with_status(status))
}

/// What is wrong with the runs, and when the last one was. Asked over a connection of its own, so that a database that
/// is gone for newcomers does not go unnoticed.
fn last_run(ask: &Ask) -> Result<(Option<String>, Option<Instant>), StoreError> {
    let (last, stale_for) = pulse::last_run(ask, &mut ask.app.database.look()?)?;
    let promised = pulse::promised(ask);
    let reason = match &last {
        Some(_) => stale_for.map(|silent| format!("no run for {}", span(silent))),
        None if ask.now.since(ask.app.started_at) > promised.saturating_mul(MISSED_RUNS) => {
            Some("no run has ended yet; is djamon-check in the crontab?".to_owned())
        }
        None => None,
    };
    Ok((reason, last.map(|run| run.started_at)))
}
