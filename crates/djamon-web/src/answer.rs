//! What a handler gives: text that is ready to be sent, with its status and headers. It is made on a blocking thread and
//! crosses to the server's.

use actix_web::HttpResponse;
use actix_web::http::header::{HeaderName, HeaderValue, TryIntoHeaderValue};
use actix_web::http::{StatusCode, header};
use actix_web::web::Bytes;
use serde::Serialize;

use crate::auth::session::Change;
use crate::error::WebError;

/// Never kept by browser or proxy.
pub const NO_STORE: (HeaderName, &str) = (header::CACHE_CONTROL, "no-store");

/// How a version stands in `ETag` and `If-Match`.
pub fn etag(version: i32) -> String {
    format!("\"{version}\"")
}

/// A finished answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    content: Option<(&'static str, Bytes)>,
    session: Change,
}

impl Answer {
    /// A page.
    pub fn page(html: String) -> Self {
        Answer::of("text/html; charset=utf-8", html)
    }

    /// A JSON object.
    ///
    /// # Errors
    /// [`WebError::Internal`] when `value` cannot be written as JSON.
    pub fn json(value: &impl Serialize) -> Result<Self, WebError> {
        let body = serde_json::to_string(value).map_err(|error| WebError::Internal(error.to_string()))?;
        Ok(Answer::json_text(body))
    }

    /// JSON that is written already.
    pub fn json_text(body: String) -> Self {
        Answer::of("application/json; charset=utf-8", body)
    }

    /// Nothing more to say (204).
    pub fn empty() -> Self {
        Answer { status: StatusCode::NO_CONTENT, headers: Vec::new(), content: None, session: Change::None }
    }

    /// Go on by GET at `path` of this site, which is complete with the path that the site is served under (303).
    ///
    /// # Errors
    /// [`WebError::Internal`] when `path` cannot stand in a header.
    pub fn redirect(path: &str) -> Result<Self, WebError> {
        Answer::empty().with_status(StatusCode::SEE_OTHER).with_header(header::LOCATION, path)
    }

    /// Bytes of this type.
    pub fn of(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Answer { status: StatusCode::OK, content: Some((content_type, body.into())), ..Answer::empty() }
    }

    /// Type, bytes and version, when it is nothing but these: 200 and no other header of its own.
    pub fn plain(&self) -> Option<(&'static str, &Bytes, Option<&HeaderValue>)> {
        let (content_type, body) = self.content.as_ref()?;
        if self.session != Change::None {
            return None;
        }
        let version = match self.headers.as_slice() {
            [] => None,
            [(name, version)] if name == header::ETAG => Some(version),
            _ => return None,
        };
        (self.status == StatusCode::OK).then_some((*content_type, body, version))
    }

    /// The same with another status.
    #[must_use]
    pub fn with_status(self, status: StatusCode) -> Self {
        Answer { status, ..self }
    }

    /// The same, with which the session changes.
    #[must_use]
    pub fn with_session(self, session: Change) -> Self {
        Answer { session, ..self }
    }

    /// Takes out what becomes of the session.
    pub fn session(&mut self) -> Change {
        std::mem::take(&mut self.session)
    }

    /// The same with one more header; of one name there may be several.
    ///
    /// # Errors
    /// [`WebError::Internal`] when `value` cannot stand in a header.
    pub fn with_header(
        mut self,
        name: HeaderName,
        value: impl TryIntoHeaderValue<Error: std::fmt::Display>,
    ) -> Result<Self, WebError> {
        let value = value
            .try_into_value()
            .map_err(|error| WebError::Internal(format!("the value of {name}: {error}")))?;
        self.headers.push((name, value));
        Ok(self)
    }

    /// The same, which shows this version of a thing.
    ///
    /// # Errors
    /// None in truth: a version can stand in a header.
    pub fn with_version(self, version: i32) -> Result<Self, WebError> {
        self.with_header(header::ETAG, etag(version))
    }
}

impl From<Answer> for HttpResponse {
    fn from(answer: Answer) -> Self {
        let mut response = HttpResponse::build(answer.status);
        response.insert_header(NO_STORE);
        for header in answer.headers {
            response.append_header(header);
        }
        match answer.content {
            Some((content_type, body)) => response.content_type(content_type).body(body),
            None => response.finish(),
        }
    }
}
