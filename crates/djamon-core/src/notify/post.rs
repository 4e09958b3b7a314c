//! The one way to HTTP services: a request and its limits. It knows no service.
//!
//! Trust is the operating system's, no proxy is taken from the environment, and no redirect is followed: a request
//! carries secrets and what is down, and a redirect may lead into somebody's own network. Standard Webhooks asks the
//! same of senders.

use std::sync::LazyLock;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value as Json;
use ureq::Agent;
use ureq::http::Request as HttpRequest;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use url::Url;

use super::answer::{Answer, Called};
use super::redact::Secrets;
use super::words::{clipped, one_line};
use super::{LONGEST_SEND, NotifyError};
use crate::config::channel::SignIn;

/// For one request in all: the mail server's share is as long.
const PATIENCE: Duration = Duration::from_secs(30);
const _: () = assert!(PATIENCE.as_secs() < LONGEST_SEND.as_secs());
/// Characters of an error that are shown.
const MOST_SHOWN: usize = 200;

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
    let told = |what: String| {
        let Called { name, hint } = called;
        secrets.hidden(&format!("{name} ({host}): {what}; check the line, or {hint}"))
    };
    let mut wire = HttpRequest::builder()
        .method(request.method.name())
        .uri(request.url.as_str())
        .header("content-type", "application/json");
    for (name, value) in request.headers {
        wire = wire.header(name, value);
    }
    let unwritten = |_| NotifyError::temporary(told("the request cannot be written".to_owned()));
    let wire = wire.body(request.body).map_err(unwritten)?;
    let answer = agent.run(wire).map_err(|error| match may_have_arrived(&error) {
        true => NotifyError::unconfirmed(told(in_words(&error))),
        false => NotifyError::temporary(told(in_words(&error))),
    })?;
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

/// Whether the request may have been taken: it broke off after there was a connection.
fn may_have_arrived(error: &ureq::Error) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    match error {
        ureq::Error::Timeout(ureq::Timeout::Resolve | ureq::Timeout::Connect) => false,
        ureq::Error::Timeout(_) | ureq::Error::Protocol(_) => true,
        ureq::Error::Io(error) => {
            matches!(error.kind(), UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe)
        }
        _ => false,
    }
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
    clipped(&one_line(&said), MOST_SHOWN)
}
