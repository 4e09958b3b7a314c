//! What a handler is given: the parsed request, the one instant it is answered at, and the way to the database.

use std::ops::DerefMut;
use std::sync::Arc;

use actix_web::{HttpRequest, web};
use djamon_core::domain::{Instant, OutageId};
use djamon_core::store::AnyConnection;

use crate::error::WebError;
use crate::query::{self, Query};
use crate::startup::App;
use djamon_core::json::Reader;

/// One request.
pub struct Ask {
    /// What all requests share.
    pub app: Arc<App>,
    /// When it is answered.
    pub now: Instant,
    /// Who asks.
    pub reader: Reader,
    /// What stands behind the question mark.
    pub query: Query,
    path: Vec<(String, String)>,
}

impl Ask {
    /// Reads the request and the clock.
    pub fn new(app: &web::Data<App>, reader: Reader, request: &HttpRequest) -> Self {
        let path = request.match_info().iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        Ask {
            app: app.clone().into_inner(),
            now: app.clock.now(),
            reader,
            query: Query::parse(request.query_string()),
            path: path.collect(),
        }
    }

    /// A connection to the database.
    ///
    /// # Errors
    /// [`WebError::Database`].
    pub fn database(&self) -> Result<impl DerefMut<Target = AnyConnection> + use<>, WebError> {
        Ok(self.app.database.connection()?)
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

    /// The outage's number in the path.
    ///
    /// # Errors
    /// [`WebError::NotFound`] for what cannot be one.
    pub fn outage(&self) -> Result<OutageId, WebError> {
        self.part("id").and_then(query::number).map(OutageId).ok_or(WebError::NotFound)
    }

    fn part(&self, name: &str) -> Option<&str> {
        self.path.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}
