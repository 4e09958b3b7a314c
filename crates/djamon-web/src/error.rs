//! What can go wrong with a request, and what is said of it: as JSON under `/api` and as a page elsewhere. Statuses and
//! codes are in [`crate::code`].

use std::collections::BTreeMap;

use actix_web::body::BoxBody;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use djamon_core::domain::Invalid;
use djamon_core::store::StoreError;
use serde::Serialize;
use serde_json::json;

use crate::answer::{NO_STORE, etag};
use crate::code::Code;
use crate::render::Renderer;
use crate::theme::Theme;

/// Why a request is not answered.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// The body cannot be read.
    #[error("the body cannot be read: {0}")]
    BadRequest(String),
    /// The body is not JSON, or not an object.
    #[error("{0}")]
    BadJson(String),
    /// Parameters or fields have impossible values.
    #[error("{}", in_one_line(.0))]
    Invalid(Vec<Invalid>),
    /// Visitors may not do this.
    #[error("{0}")]
    SignInNeeded(&'static str),
    /// The token that was sent is not good.
    #[error("{0}")]
    TokenRefused(&'static str),
    /// Whoever asks is known, but may not do this.
    #[error("{0}")]
    Forbidden(&'static str),
    /// There is nothing at this address, or nothing that the reader may see.
    #[error("there is nothing at this address")]
    NotFound,
    /// There is no outage just now.
    #[error("no outage is open")]
    NoOpenOutage,
    /// The address does not take this method.
    #[error("this address answers {0} only")]
    Method(String),
    /// The body does not come.
    #[error("the body did not come within {0} seconds")]
    Slow(u64),
    /// The change does not go with what there is.
    #[error("{0}")]
    Conflict(Invalid),
    /// Somebody else changed it meanwhile.
    #[error("somebody changed it meanwhile: it is at version {now}; read it again and decide anew")]
    Version {
        /// The version there is.
        now: i32,
    },
    /// The body is too large.
    #[error("the body has more than {0} bytes")]
    TooLarge(usize),
    /// The body comes in a form that is not taken.
    #[error("{0}")]
    MediaType(String),
    /// Too much at a time.
    #[error("{problem}; try again in {retry_after_s} s")]
    TooMany {
        /// Of what.
        problem: String,
        /// When to try again.
        retry_after_s: u64,
    },
    /// The database cannot be asked.
    #[error(transparent)]
    Database(StoreError),
    /// A fault of this program, or of a template that was put in place of a built-in one.
    #[error("{0}")]
    Internal(String),
}

impl WebError {
    /// Its entry in the table.
    pub const fn code(&self) -> Code {
        match self {
            WebError::BadRequest(_) => Code::BadRequest,
            WebError::BadJson(_) => Code::BadJson,
            WebError::Invalid(_) => Code::Invalid,
            WebError::SignInNeeded(_) => Code::SignInNeeded,
            WebError::TokenRefused(_) => Code::TokenRefused,
            WebError::Forbidden(_) => Code::Forbidden,
            WebError::NotFound => Code::NotFound,
            WebError::NoOpenOutage => Code::NoOpenOutage,
            WebError::Method(_) => Code::Method,
            WebError::Slow(_) => Code::Slow,
            WebError::Conflict(_) => Code::Conflict,
            WebError::Version { .. } => Code::Version,
            WebError::TooLarge(_) => Code::TooLarge,
            WebError::MediaType(_) => Code::MediaType,
            WebError::TooMany { .. } => Code::TooMany,
            WebError::Database(_) => Code::Database,
            WebError::Internal(_) => Code::Internal,
        }
    }

    /// That one field cannot be taken.
    pub fn invalid(field: impl Into<String>, problem: impl Into<String>) -> Self {
        WebError::Invalid(vec![Invalid::new(field, problem)])
    }

    /// What readers are told: never more than they may know.
    pub fn message(&self) -> String {
        match self.code() {
            Code::Database => {
                "the database cannot be reached at the moment; the log says why, try again shortly".into()
            }
            Code::Internal => "something went wrong here; the log says what".into(),
            _ => self.to_string(),
        }
    }

    /// The fields that are wrong, each with what is wrong with it; of a field with several problems the first.
    pub fn fields(&self) -> BTreeMap<&str, &str> {
        let wrong = match self {
            WebError::Invalid(wrong) => wrong.as_slice(),
            WebError::Conflict(one) => std::slice::from_ref(one),
            _ => &[],
        };
        wrong.iter().rev().map(|one| (one.field.as_str(), one.problem.as_str())).collect()
    }

    /// The whole answer, as JSON.
    pub fn json(&self) -> HttpResponse {
        let (code, message) = (self.code().name(), self.message());
        let body = json!({ "error": { "code": code, "message": message, "fields": self.fields() } });
        self.start().content_type("application/json; charset=utf-8").body(body.to_string())
    }

    /// The whole answer, as a page in these colours.
    pub fn page(&self, renderer: &Renderer, theme: Theme) -> HttpResponse {
        #[derive(Serialize)]
        struct Page {
            status: u16,
            title: &'static str,
            message: String,
            theme: &'static str,
        }
        let (status, title) = (self.code().status(), self.code().title());
        let page = Page { status: status.as_u16(), title, message: self.message(), theme: theme.name() };
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
        let mut response = HttpResponse::build(self.code().status());
        response.insert_header(NO_STORE);
        match self {
            WebError::Method(allowed) => response.insert_header((header::ALLOW, allowed.as_str())),
            WebError::SignInNeeded(_) => response.insert_header((header::WWW_AUTHENTICATE, "Bearer")),
            WebError::TokenRefused(_) => {
                response.insert_header((header::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\""))
            }
            WebError::Version { now } => response.insert_header((header::ETAG, etag(*now))),
            WebError::TooMany { retry_after_s, .. } => {
                response.insert_header((header::RETRY_AFTER, retry_after_s.to_string()))
            }
            WebError::Database(_) => response.insert_header((header::RETRY_AFTER, "10")),
            _ => &mut response,
        };
        response
    }
}

fn in_one_line(wrong: &[Invalid]) -> String {
    wrong.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl ResponseError for WebError {
    fn status_code(&self) -> StatusCode {
        self.code().status()
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        self.json()
    }
}

impl From<Invalid> for WebError {
    fn from(invalid: Invalid) -> Self {
        WebError::Invalid(vec![invalid])
    }
}

impl From<StoreError> for WebError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Missing { .. } => WebError::NotFound,
            StoreError::Invalid(invalid) => invalid.into(),
            StoreError::Unreadable(_) => WebError::Internal(error.to_string()),
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
