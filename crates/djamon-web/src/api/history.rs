//! `GET /api/v1/sites/{slug}/history`: what a chart of a site is drawn from.

use djamon_core::calendar::rfc3339;
use djamon_core::domain::series::Step;
use djamon_core::store::{hours, statuses};
use serde::Serialize;

use crate::answer::Answer;
use crate::ask::Ask;
use crate::error::WebError;
use crate::view::visible;

#[derive(Serialize)]
struct History {
    range: &'static str,
    items: Vec<Item>,
}

/// One step: how much of it was what, and how long good looks took.
#[derive(Serialize)]
struct Item {
    from: String,
    to: String,
    up_ms: i64,
    degraded_ms: i64,
    down_ms: i64,
    blind_ms: i64,
    unknown_ms: i64,
    looks: u32,
    failures: u32,
    median_ms: Option<u32>,
    p95_ms: Option<u32>,
    p99_ms: Option<u32>,
}

impl From<&Step> for Item {
    fn from(Step { range, tally, times }: &Step) -> Self {
        Item {
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
pub fn history(ask: &Ask) -> Result<Answer, WebError> {
    let window = ask.query.window()?;
    let database = &mut *ask.database()?;
    let found = statuses::of_site(database, ask.slug()?)?;
    if !visible::is_visible(ask.reader, &found) {
        return Err(WebError::NotFound);
    }
    let steps = hours::series(database, found.site.id, window, ask.now)?;
    Answer::json(&History { range: window.name(), items: steps.iter().map(Item::from).collect() })
}
