//! What a handler is given: the parsed request, who sends it, the one instant it is answered at, and the way to the
//! database.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::net::IpAddr;
use std::ops::DerefMut;
use std::sync::Arc;

use actix_web::http::header::HeaderMap;
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, cookie::Cookie};
use djamon_core::domain::run::Run;
use djamon_core::domain::{Instant, OutageId};
use djamon_core::json::Reader;
use djamon_core::store::AnyConnection;
use serde_json::{Map, Value};

use crate::auth::Caller;
use crate::auth::session::Held;
use crate::body::{self, Form};
use crate::client::Client;
use crate::error::WebError;
use crate::query::{self, Query};
use crate::startup::App;
use crate::watch::State;

/// One request.
pub struct Ask {
    /// What all requests share.
    pub app: Arc<App>,
    /// When it is answered.
    pub now: Instant,
    /// Who asks; a visitor until [`Ask::by`].
    pub caller: Caller,
    /// What they see.
    pub reader: Reader,
    /// The session that its cookie names.
    pub session: Option<Held>,
    /// What stands behind the question mark.
    pub query: Query,
    /// Its headers.
    pub headers: HeaderMap,
    /// What it sends; empty where nothing is taken.
    pub body: Bytes,
    /// Where it comes from.
    pub client: Client,
    /// Path and parameters as they were sent.
    pub address: String,
    /// The state of the database that the answer is of at least; known to handlers of what readers see.
    pub state: Option<State>,
    /// The last run that came to its end, once somebody has asked for it: one answer tells of one.
    pub last_run: OnceCell<Option<Run>>,
    path: Vec<(String, String)>,
}

impl Ask {
    /// Reads the request and the clock.
    pub fn new(app: &web::Data<App>, request: &HttpRequest) -> Self {
        let path = request.match_info().iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        Ask {
            app: app.clone().into_inner(),
            now: app.clock.now(),
            caller: Caller::Visitor,
            reader: Reader::Visitor,
            session: Held::of(request),
            query: Query::parse(request.query_string()),
            headers: request.headers().clone(),
            body: Bytes::new(),
            client: Client::of(request, &app.trusted_proxies),
            address: request.uri().to_string(),
            state: None,
            last_run: OnceCell::new(),
            path: path.collect(),
        }
    }

    /// The same request, which `caller` sends.
    #[must_use]
    pub fn by(self, caller: Caller) -> Self {
        Ask { reader: caller.reader(), caller, ..self }
    }

    /// A connection to the database.
    ///
    /// # Errors
    /// [`WebError::Database`].
    pub fn database(&self) -> Result<impl DerefMut<Target = AnyConnection> + use<>, WebError> {
        Ok(self.app.database.connection()?)
    }

    /// Where it comes from: the address that throttling counts.
    pub fn client_ip(&self) -> IpAddr {
        self.client.ip
    }

    /// The text of a header; `None` also for one that is no text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The value of the cookie of this name.
    pub fn cookie(&self, name: &str) -> Option<String> {
        let sent = self.headers.get_all("cookie").filter_map(|value| value.to_str().ok());
        let mut cookies = sent.flat_map(|text| text.split(';')).filter_map(|one| Cookie::parse(one).ok());
        cookies.find(|cookie| cookie.name() == name).map(|cookie| cookie.value().to_owned())
    }

    /// The object in its JSON body.
    ///
    /// # Errors
    /// As [`body::json`].
    pub fn json(&self) -> Result<Map<String, Value>, WebError> {
        body::json(&self.headers, &self.body)
    }

    /// The form in its body.
    ///
    /// # Errors
    /// As [`Form::parse`].
    pub fn form(&self) -> Result<Form, WebError> {
        Form::parse(&self.headers, &self.body)
    }

    /// Checks that a thing at version `now` is the one that `If-Match` means; without that header every version is.
    ///
    /// # Errors
    /// [`WebError::Version`].
    pub fn expects(&self, now: i32) -> Result<(), WebError> {
        let Some(wanted) = self.header("if-match") else { return Ok(()) };
        let tag = crate::answer::etag(now);
        // A proxy that compresses makes the tag a weak one.
        let mut wanted = wanted.split(',').map(|one| one.trim().trim_start_matches("W/"));
        if wanted.any(|one| one == "*" || one == tag) { Ok(()) } else { Err(WebError::Version { now }) }
    }

    /// The slug in the path.
    ///
    /// # Errors
    /// [`WebError::NotFound`] for what cannot be one.
    pub fn slug(&self) -> Result<&str, WebError> {
        let is_slug = |text: &str| {
            text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        };
        self.part("slug").filter(|slug| is_slug(slug)).ok_or(WebError::NotFound)
    }

    /// The name in the path, as it was before it was put there.
    ///
    /// # Errors
    /// [`WebError::NotFound`] for what cannot be one.
    pub fn name(&self) -> Result<String, WebError> {
        let part = self.part("name").ok_or(WebError::NotFound)?;
        let name = percent_encoding::percent_decode_str(part).decode_utf8();
        name.map(Cow::into_owned).map_err(|_| WebError::NotFound)
    }

    /// The outage's number in the path.
    ///
    /// # Errors
    /// [`WebError::NotFound`] for what cannot be one.
    pub fn outage(&self) -> Result<OutageId, WebError> {
        self.part("id").and_then(query::number).map(OutageId).ok_or(WebError::NotFound)
    }

    /// The part of the path that its route calls `name`.
    pub fn part(&self, name: &str) -> Option<&str> {
        self.path.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}
