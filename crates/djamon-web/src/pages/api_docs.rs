//! `/api/docs`: the OpenAPI document for people, without a script.

use super::page;
use crate::answer::Answer;
use crate::ask::Ask;
use crate::error::WebError;

/// Every address of the API, what it takes, gives and refuses.
///
/// # Errors
/// [`WebError::Database`].
pub fn docs(ask: &Ask) -> Result<Answer, WebError> {
    page(ask, &mut *ask.database()?, "api.html", &ask.app.docs)
}
