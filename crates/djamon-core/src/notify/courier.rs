//! Carries messages to one HTTP service. What differs between services is theirs: how a message looks there.

use std::sync::{Arc, OnceLock};

use serde_json::Value as Json;
use ureq::Agent;

use super::answer::{Answer, Called};
use super::post::{self, Request};
use super::redact::Secrets;
use super::{Message, NotifyError, Sender};
use crate::clock::Clock;
use crate::config::Kind;
use crate::domain::Instant;

/// An HTTP service: how a message looks there, and what must not be seen of it.
pub(super) trait Service: Send + Sync {
    /// What it is.
    fn kind(&self) -> Kind;

    /// How it is called in errors, and what to look at when it refuses.
    fn called(&self) -> Called;

    /// What must not be seen in errors and previews.
    fn secrets(&self) -> Secrets;

    /// The request that tells `message` at `now`.
    fn request(&self, message: &Message, now: Instant) -> Request;

    /// What an answer means here when it means something else than elsewhere.
    fn own_verdict(&self, _answer: &Answer) -> Option<NotifyError> {
        None
    }
}

/// A service as a channel.
pub(super) struct Courier<S> {
    service: S,
    clock: Arc<dyn Clock>,
    /// Made for the first message: it reads the machine's authorities.
    agent: OnceLock<Agent>,
}

impl<S: Service> Courier<S> {
    pub fn new(service: S, clock: &Arc<dyn Clock>) -> Self {
        Courier { service, clock: Arc::clone(clock), agent: OnceLock::new() }
    }
}

impl<S: Service> Sender for Courier<S> {
    fn name(&self) -> &str {
        self.service.kind().name()
    }

    fn send(&self, message: &Message) -> Result<(), NotifyError> {
        let now = self.clock.now();
        let (called, secrets) = (self.service.called(), self.service.secrets());
        let request = self.service.request(message, now);
        let url = request.url.clone();
        let answer = post::asked(self.agent.get_or_init(post::agent), request, called, &secrets)?;
        match self.service.own_verdict(&answer) {
            Some(error) => Err(error),
            None => answer.verdict(&url, called, &secrets, now),
        }
    }

    fn preview(&self, message: &Message) -> Result<String, NotifyError> {
        let (request, secrets) = (self.service.request(message, self.clock.now()), self.service.secrets());
        let body: Json = serde_json::from_slice(&request.body).unwrap_or_default();
        let body = serde_json::to_string_pretty(&secrets.hidden_in(&body)).unwrap_or_default();
        Ok(format!("{} to {}\n\n{body}\n", request.method.name(), post::host(&request.url)))
    }
}
