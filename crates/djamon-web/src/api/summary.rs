//! `GET /api/v1/summary`

use djamon_core::store::statuses;

use crate::answer::Answer;
use crate::ask::Ask;
use crate::error::WebError;
use crate::pulse;
use crate::view::objects::Summary;

/// Everything in one word and five numbers.
///
/// # Errors
/// [`WebError::Database`].
#[utoipa::path(
    get, path = "/api/v1/summary", tag = "Summary", operation_id = "summary",
    responses((status = 200, description = "The summary", body = Summary)),
)]
pub fn summary(ask: &Ask) -> Result<Answer, WebError> {
    let database = &mut *ask.database()?;
    let counts = statuses::counts(database, !ask.reader.sees_private())?;
    let pulse = pulse::take(ask, database, &counts)?;
    Answer::json(&Summary::new(&pulse, counts, ask.now))
}
