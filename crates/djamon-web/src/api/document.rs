//! `GET /api/v1/openapi.json`: the API described for programs.

use crate::answer::Answer;
use crate::ask::Ask;
use crate::error::WebError;

/// The API described for programs: OpenAPI 3.1.
///
/// # Errors
/// None.
#[utoipa::path(
    get, path = "/api/v1/openapi.json", tag = "The API itself", operation_id = "openapi",
    responses((status = 200, description = "This document", body = Object)),
)]
pub fn openapi(ask: &Ask) -> Result<Answer, WebError> {
    Ok(Answer::json_text(ask.app.openapi.to_string()))
}
