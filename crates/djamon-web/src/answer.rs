//! What a handler gives: text that is ready to be sent. It is made on a blocking thread and crosses to the server's.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use serde::Serialize;

use crate::error::WebError;

/// Never kept by browser or proxy.
pub const NO_STORE: (header::HeaderName, &str) = (header::CACHE_CONTROL, "no-store");

/// A finished answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    status: StatusCode,
    content_type: &'static str,
    body: String,
}

impl Answer {
    /// A page.
    pub fn page(html: String) -> Self {
        Answer { status: StatusCode::OK, content_type: "text/html; charset=utf-8", body: html }
    }

    /// A JSON object.
    ///
    /// # Errors
    /// [`WebError::Internal`] when `value` cannot be written as JSON.
    pub fn json(value: &impl Serialize) -> Result<Self, WebError> {
        let body = serde_json::to_string(value).map_err(|error| WebError::Internal(error.to_string()))?;
        Ok(Answer { status: StatusCode::OK, content_type: "application/json; charset=utf-8", body })
    }

    /// The same with another status.
    #[must_use]
    pub fn with_status(self, status: StatusCode) -> Self {
        Answer { status, ..self }
    }
}

impl From<Answer> for HttpResponse {
    fn from(answer: Answer) -> Self {
        HttpResponse::build(answer.status)
            .insert_header(NO_STORE)
            .content_type(answer.content_type)
            .body(answer.body)
    }
}
