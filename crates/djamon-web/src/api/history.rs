//! `GET /api/v1/sites/{slug}/history`: what a chart of a site is drawn from.

use djamon_core::calendar::rfc3339;
use djamon_core::domain::series::Step;
use djamon_core::store::{series, statuses};
use serde::Serialize;

use crate::answer::Answer;
use crate::ask::Ask;
use crate::error::WebError;
use crate::view::visible;

/// What a chart of a site is drawn from.
#[derive(Serialize, utoipa::ToSchema)]
pub struct History {
    /// `24h`, `7d`, `30d` or `1y`.
    range: &'static str,
    /// Its steps, oldest first, those without looks too.
    items: Vec<HistoryStep>,
}

/// One step: how much of it was what, and how long good looks took.
#[derive(Serialize, utoipa::ToSchema)]
pub struct HistoryStep {
    /// When it begins.
    from: String,
    /// When it ends; of the last one, now.
    to: String,
    /// Up, slow or not.
    up_ms: i64,
    /// Of it, slow.
    degraded_ms: i64,
    /// Down.
    down_ms: i64,
    /// The monitor's own line was dead.
    blind_ms: i64,
    /// Nobody looked.
    unknown_ms: i64,
    /// Looks.
    looks: u32,
    /// Of them, failed.
    failures: u32,
    /// Half of the good looks took no longer.
    median_ms: Option<u32>,
    /// 95 of 100 good looks took no longer.
    p95_ms: Option<u32>,
    /// 99 of 100 good looks took no longer.
    p99_ms: Option<u32>,
}

impl From<&Step> for HistoryStep {
    fn from(Step { range, tally, times }: &Step) -> Self {
        HistoryStep {
            from: rfc3339(range.from),
            to: rfc3339(range.to),
            up_ms: tally.up_ms,
            degraded_ms: tally.degraded_ms,
            down_ms: tally.down_ms,
            blind_ms: tally.blind_ms,
            unknown_ms: (range.ms() - tally.up_ms - tally.down_ms - tally.blind_ms).max(0),
            looks: tally.looks,
            failures: tally.failures,
            median_ms: times.quantile(500),
            p95_ms: times.quantile(950),
            p99_ms: times.quantile(990),
        }
    }
}

/// The history of a site: `range` is `24h`, `7d`, `30d` or `1y`.
///
/// # Errors
/// [`WebError::NotFound`], [`WebError::Invalid`], [`WebError::Database`].
#[utoipa::path(
    get, path = "/api/v1/sites/{slug}/history", tag = "Sites", operation_id = "siteHistory",
    params(
        ("slug" = String, Path, description = "Its name in URLs"),
        (
            "range" = Option<String>,
            Query,
            description = "24h or 7d by the hour, 30d by six hours, 1y by the day; 24h when not given",
            pattern = "^(24h|7d|30d|1y)$",
        ),
    ),
    responses((status = 200, description = "Its time and response times, step by step", body = History)),
)]
pub fn history(ask: &Ask) -> Result<Answer, WebError> {
    let window = ask.query.window()?;
    let database = &mut *ask.database()?;
    let found = statuses::of_site(database, ask.slug()?)?;
    if !visible::is_visible(ask.reader, &found) {
        return Err(WebError::NotFound);
    }
    let steps = series::steps(database, found.site.id, window, ask.now)?;
    Answer::json(&History { range: window.name(), items: steps.iter().map(HistoryStep::from).collect() })
}
