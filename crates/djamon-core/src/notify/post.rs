//! The one way to HTTP services: a request with its limits, and what an answer means. It knows no service.
//!
//! Trust is the operating system's, no proxy is taken from the environment, and no redirect is followed: a request
//! carries secrets and what is down, and a redirect may lead into somebody's own network. Standard Webhooks asks the
//! same of senders.

use std::io::Read;
use std::sync::LazyLock;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::DateTime;
use serde_json::Value as Json;
use ureq::http::{HeaderMap, Request as HttpRequest};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body};
use url::Url;

use super::redact::Secrets;
use super::words::{clipped, one_line};
use super::{LONGEST_SEND, NotifyError};
use crate::config::channel::SignIn;
use crate::domain::Instant;

/// For one request in all: the mail server's share is as long.
const PATIENCE: Duration = Duration::from_secs(30);
const _: () = assert!(PATIENCE.as_secs() < LONGEST_SEND.as_secs());
/// Bytes of an answer that are read, and characters of it that are shown.
const MOST_OF_A_BODY: u64 = 64 * 1024;
const MOST_OF_AN_ANSWER: usize = 200;
/// A pause longer than this is not believed.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 3600);

/// How a request is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// POST
    Post,
    /// PUT: the same again changes nothing.
    Put,
}

impl Method {
    pub const fn name(self) -> &'static str {
        match self {
            Method::Post => "POST",
            Method::Put => "PUT",
        }
    }
}

/// What a service is asked.
pub(super) struct Request {
    pub method: Method,
    pub url: Url,
    /// Beside the content's type.
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

/// What a service said.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: u16,
    headers: HeaderMap,
    body: String,
}

/// How a service is called in errors, and what to look at when it refuses.
#[derive(Debug, Clone, Copy)]
pub(super) struct Called {
    /// `Slack`
    pub name: &'static str,
    /// `check url`
    pub hint: &'static str,
}

/// Sends `request` and gives the answer, whatever it is.
///
/// # Errors
/// Temporary: no connection, no trust, no answer in time or none at all.
pub(super) fn asked(
    agent: &Agent,
    request: Request,
    called: Called,
    secrets: &Secrets,
) -> Result<Answer, NotifyError> {
    let host = host(&request.url);
    let failed = |what: String| {
        let Called { name, hint } = called;
        NotifyError::temporary(secrets.hidden(&format!("{name} ({host}): {what}; check the line, or {hint}")))
    };
    let mut wire = HttpRequest::builder()
        .method(request.method.name())
        .uri(request.url.as_str())
        .header("content-type", "application/json");
    for (name, value) in request.headers {
        wire = wire.header(name, value);
    }
    let wire = wire.body(request.body).map_err(|_| failed("the request cannot be written".to_owned()))?;
    let answer = agent.run(wire).map_err(|error| failed(in_words(&error)))?;
    Ok(Answer::read(answer))
}

/// An agent for one channel.
pub(super) fn agent() -> Agent {
    let roots = RootCerts::Specific(std::sync::Arc::new(ROOTS.clone()));
    Agent::config_builder()
        .user_agent(concat!("djamon/", env!("CARGO_PKG_VERSION")))
        .http_status_as_error(false)
        .proxy(None)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .tls_config(TlsConfig::builder().root_certs(roots).build())
        .timeout_global(Some(PATIENCE))
        .max_idle_connections_per_host(8)
        .build()
        .new_agent()
}

/// The operating system's authorities, read for the first channel that wants them.
static ROOTS: LazyLock<Vec<Certificate<'static>>> = LazyLock::new(|| {
    let found = rustls_native_certs::load_native_certs();
    found.certs.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect()
});

/// JSON as it goes over the wire.
pub(super) fn body(json: &Json) -> Vec<u8> {
    json.to_string().into_bytes()
}

/// The address below `base`, each part percent-encoded.
pub(super) fn below(base: &Url, parts: &[&str]) -> Url {
    let mut url = base.clone();
    // An http address always has a path to go down.
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(parts);
    }
    url
}

/// The header by which a server knows us.
pub(super) fn authorization(sign_in: &SignIn) -> Option<(&'static str, String)> {
    match sign_in {
        SignIn::Nobody => None,
        SignIn::Token(token) => Some(("authorization", format!("Bearer {}", token.0))),
        SignIn::Password(user, password) => {
            let pair = BASE64_STANDARD.encode(format!("{user}:{}", password.0));
            Some(("authorization", format!("Basic {pair}")))
        }
    }
}

/// The host of an address, with its port where that is not the usual one: all that is ever shown of it.
pub(super) fn host(url: &Url) -> String {
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => "nowhere".to_owned(),
    }
}

impl Answer {
    /// The answer with as much of its body as comes: the status decides, and what is taken is taken even if the words
    /// about it break off. A good answer's body is not read.
    fn read(answer: ureq::http::Response<Body>) -> Self {
        let (head, body) = answer.into_parts();
        let status = head.status.as_u16();
        let mut read = Vec::new();
        if !head.status.is_success() {
            drop(body.into_reader().take(MOST_OF_A_BODY).read_to_end(&mut read));
        }
        Answer { status, headers: head.headers, body: String::from_utf8_lossy(&read).into_owned() }
    }

    /// What the answer of the service at `url` means for the message, at `now`.
    ///
    /// # Errors
    /// Temporary for 408, 425, 429 and 5xx, with the pause that the service asks for; permanent for everything else but
    /// 2xx, redirects included.
    pub fn verdict(
        &self,
        url: &Url,
        called: Called,
        secrets: &Secrets,
        now: Instant,
    ) -> Result<(), NotifyError> {
        let (status, host, Called { name, hint }) = (self.status, host(url), called);
        let words = self.words(secrets);
        let hidden = |reason: String| secrets.hidden(&reason);
        match status {
            200..=299 => Ok(()),
            300..=399 => {
                let target = self.header("location").and_then(|to| url.join(to).ok());
                let target = target.map_or_else(
                    || "nowhere".to_owned(),
                    |to| format!("{}://{}", to.scheme(), self::host(&to)),
                );
                Err(NotifyError::permanent(hidden(format!(
                    "{name} ({host}) redirects to {target} ({status}), and alerts follow no redirect: {hint}, so that it names the target"
                ))))
            }
            429 => Err(NotifyError::Temporary {
                reason: hidden(format!(
                    "{name} ({host}) takes no more for now (429): {words}; it is tried again later"
                )),
                after: self.pause(now),
            }),
            408 | 425 | 500..=599 => Err(NotifyError::Temporary {
                reason: hidden(format!(
                    "{name} ({host}) is in trouble ({status}): {words}; it is tried again later"
                )),
                after: self.pause(now),
            }),
            _ => Err(NotifyError::permanent(hidden(format!(
                "{name} ({host}) refused it ({status}): {words}; {hint}"
            )))),
        }
    }

    /// The service's own words, as far as they are any: the sentence in its JSON, or a short text.
    pub fn words(&self, secrets: &Secrets) -> String {
        let said = match serde_json::from_str::<Json>(&self.body) {
            Ok(json) => sentence(&json).unwrap_or_default(),
            Err(_) if self.body.trim_start().starts_with('<') => String::new(),
            Err(_) => self.body.clone(),
        };
        // Hidden before it is cut: half a secret is none the better.
        let words = clipped(&secrets.hidden(&one_line(&said)), MOST_OF_AN_ANSWER);
        if words.is_empty() { "no reason given".to_owned() } else { words }
    }

    /// How long the service wants to be left alone: the longest of what it says in the ways that services have.
    fn pause(&self, now: Instant) -> Option<Duration> {
        let json: Json = serde_json::from_str(&self.body).unwrap_or_default();
        let seconds = |value: Option<&Json>| {
            value.and_then(Json::as_f64).and_then(|s| Duration::try_from_secs_f64(s).ok())
        };
        let until = |at: Instant| at.since(now);
        let date = |text: &str| {
            let date =
                DateTime::parse_from_rfc2822(text).or_else(|_| DateTime::parse_from_rfc3339(text)).ok()?;
            Some(until(Instant::from_ms(date.timestamp_millis())))
        };
        let retry = self.header("retry-after").and_then(|text| match text.parse::<f64>() {
            Ok(seconds) => Duration::try_from_secs_f64(seconds).ok(),
            Err(_) => date(text),
        });
        // When the limit is lifted: X has it as seconds since 1970, Mastodon as a date.
        let reset = ["x-rate-limit-reset", "x-ratelimit-reset"]
            .into_iter()
            .filter_map(|name| self.header(name))
            .find_map(|text| match text.parse::<u64>() {
                Ok(seconds) => Some(until(Instant::from_ms(0).plus(Duration::from_secs(seconds)))),
                Err(_) => date(text),
            });
        let in_body = [
            seconds(json.get("retry_after")),
            seconds(json.pointer("/parameters/retry_after")),
            json.get("retry_after_ms").and_then(Json::as_u64).map(Duration::from_millis),
        ];
        let said = [retry, reset.filter(|_| self.status == 429)].into_iter().chain(in_body).flatten();
        said.max().map(|pause| pause.min(LONGEST_PAUSE))
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
    }
}

/// What JSON says in a sentence: the fields in which services put it.
fn sentence(json: &Json) -> Option<String> {
    if let Json::String(text) = json {
        return Some(text.clone());
    }
    let keys = ["description", "message", "error", "detail", "error_description", "title", "errors"];
    let said = keys.iter().filter_map(|key| json.get(key)).filter_map(|said| match said {
        Json::String(text) => Some(text.clone()),
        Json::Array(parts) => {
            let parts: Vec<_> = parts.iter().filter_map(sentence).collect();
            (!parts.is_empty()).then(|| parts.join(", "))
        }
        Json::Object(_) => sentence(said),
        Json::Null | Json::Bool(_) | Json::Number(_) => None,
    });
    let said: Vec<_> = said.collect();
    (!said.is_empty()).then(|| said.join(": "))
}

/// What went wrong on the way, as a person would say it.
fn in_words(error: &ureq::Error) -> String {
    let said = match error {
        ureq::Error::Timeout(_) => {
            format!(
                "no answer in {} s; it may have arrived, and comes again under the same key",
                PATIENCE.as_secs()
            )
        }
        ureq::Error::HostNotFound => "its name leads to no address".to_owned(),
        ureq::Error::ConnectionFailed => "no connection".to_owned(),
        ureq::Error::Io(error) => match error.kind() {
            std::io::ErrorKind::ConnectionRefused => "the connection was refused".to_owned(),
            std::io::ErrorKind::UnexpectedEof
            | std::io::ErrorKind::ConnectionReset
            | std::io::ErrorKind::ConnectionAborted
            | std::io::ErrorKind::BrokenPipe => {
                "it closed without an answer; it may have arrived, and comes again under the same key"
                    .to_owned()
            }
            _ => error.to_string(),
        },
        other => other.to_string(),
    };
    clipped(&one_line(&said), MOST_OF_AN_ANSWER)
}
