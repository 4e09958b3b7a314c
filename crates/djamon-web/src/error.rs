//! What can go wrong with a request: the one table of statuses and codes, as JSON under `/api` and as a page elsewhere.

use actix_web::body::BoxBody;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use djamon_core::store::StoreError;
use serde::Serialize;
use serde_json::json;

use crate::answer::NO_STORE;
use crate::render::Renderer;

/// Why a request is not answered.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// There is nothing at this address, or nothing that the reader may see.
    #[error("there is nothing at this address")]
    NotFound,
    /// There is no outage just now.
    #[error("no outage is open")]
    NoOpenOutage,
    /// A parameter has an impossible value.
    #[error("{field}: {problem}")]
    Invalid {
        /// The parameter.
        field: &'static str,
        /// What is wrong with it, and what would be right.
        problem: String,
    },
    /// The address does not take this method.
    #[error("this address answers GET and HEAD only")]
    Method,
    /// Reading is not open to visitors.
    #[error("reading is not open to visitors here ([web] public = false)")]
    SignInNeeded,
    /// The database cannot be asked.
    #[error(transparent)]
    Database(StoreError),
    /// A fault of this program, or of a template that was put in place of a built-in one.
    #[error("{0}")]
    Internal(String),
}

impl WebError {
    /// Status, code in JSON and title on pages: the table in docs/api.md.
    const fn entry(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            WebError::NotFound => (StatusCode::NOT_FOUND, "not_found", "Not found"),
            WebError::NoOpenOutage => (StatusCode::NOT_FOUND, "no_open_outage", "No outage"),
            WebError::Invalid { .. } => (StatusCode::BAD_REQUEST, "invalid", "That cannot be"),
            WebError::Method => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Not this way"),
            WebError::SignInNeeded => (StatusCode::UNAUTHORIZED, "sign_in_needed", "Not open to visitors"),
            WebError::Database(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, "database_unavailable", "The database is away")
            }
            WebError::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Our fault"),
        }
    }

    /// What readers are told: never more than they may know.
    fn message(&self) -> String {
        match self {
            WebError::Database(_) => {
                "the database cannot be reached at the moment; the log says why, try again shortly".into()
            }
            WebError::Internal(_) => "something went wrong here; the log says what".into(),
            WebError::NotFound
            | WebError::NoOpenOutage
            | WebError::Invalid { .. }
            | WebError::Method
            | WebError::SignInNeeded => self.to_string(),
        }
    }

    /// The whole answer, as JSON.
    pub fn json(&self) -> HttpResponse {
        let (_, code, _) = self.entry();
        let fields = match self {
            WebError::Invalid { field, problem } => json!({ *field: problem }),
            _ => json!({}),
        };
        let body = json!({ "error": { "code": code, "message": self.message(), "fields": fields } });
        self.start().content_type("application/json; charset=utf-8").body(body.to_string())
    }

    /// The whole answer, as a page.
    pub fn page(&self, renderer: &Renderer) -> HttpResponse {
        #[derive(Serialize)]
        struct Page {
            status: u16,
            title: &'static str,
            message: String,
        }
        let (status, _, title) = self.entry();
        let page = Page { status: status.as_u16(), title, message: self.message() };
        match renderer.page("error.html", &page) {
            Ok(html) => self.start().content_type("text/html; charset=utf-8").body(html),
            Err(error) => {
                tracing::error!("{error}");
                self.start()
                    .content_type("text/plain; charset=utf-8")
                    .body(format!("{title}: {}\n", page.message))
            }
        }
    }

    fn start(&self) -> HttpResponseBuilder {
        let mut response = HttpResponse::build(self.entry().0);
        response.insert_header(NO_STORE);
        match self {
            WebError::Method => response.insert_header((header::ALLOW, "GET, HEAD")),
            WebError::SignInNeeded => response.insert_header((header::WWW_AUTHENTICATE, "Bearer")),
            WebError::Database(_) => response.insert_header((header::RETRY_AFTER, "10")),
            _ => &mut response,
        };
        response
    }
}

impl ResponseError for WebError {
    fn status_code(&self) -> StatusCode {
        self.entry().0
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        self.json()
    }
}

impl From<StoreError> for WebError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Missing { .. } => WebError::NotFound,
            StoreError::Unreadable(_) | StoreError::Invalid(_) => WebError::Internal(error.to_string()),
            StoreError::Url(_)
            | StoreError::Open { .. }
            | StoreError::Schema { .. }
            | StoreError::Locked
            | StoreError::Full
            | StoreError::ReadOnly(_)
            | StoreError::Query(_) => WebError::Database(error),
        }
    }
}
