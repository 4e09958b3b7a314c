//! What one look saw.

use std::net::SocketAddr;
use std::time::Duration;

use super::ShownCertificate;
use crate::domain::{Instant, Line, Method, Observation, Outcome, Phases, SiteId};

/// What one look at one target saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    /// When it began.
    pub at: Instant,
    /// When it began by the monotonic clock ([`Observation::began`]).
    pub began: Duration,
    /// How it ended.
    pub outcome: Outcome,
    /// Good, but slower than the check's `max_time`.
    pub degraded: bool,
    /// The status code received; 500 for a timeout; `None` without an HTTP answer.
    pub code: Option<u16>,
    /// A sentence for people: at most 500 characters, no control characters. `None` when it is up.
    pub detail: Option<String>,
    /// How long the request took that gave the verdict, redirects included and our own queues not.
    pub duration_ms: u32,
    /// The phases of that request, each summed over its redirects.
    pub phases: Phases,
    /// What it tells of our own line.
    pub line: Line,
    /// A name was found by the resolver during this look; what was known before proves nothing of it.
    pub resolved: bool,
    /// Who answered, or was connected to last.
    pub address: Option<SocketAddr>,
    /// When the certificate of the target's own host ends, good or bad.
    pub certificate_expires_at: Option<Instant>,
    /// What that certificate says.
    pub certificate: Option<ShownCertificate>,
    /// The addresses it was redirected to, in order.
    pub redirects: Vec<String>,
    /// The method that gave the verdict.
    pub method: Method,
}

impl Sight {
    /// What a run makes of it: the observation of `site` as it was edited at `edited_at`.
    pub fn observation(self, site: SiteId, edited_at: Instant) -> Observation {
        Observation {
            site,
            at: self.at,
            began: self.began,
            edited_at,
            outcome: self.outcome,
            degraded: self.degraded,
            code: self.code,
            detail: self.detail,
            duration_ms: self.duration_ms,
            phases: self.phases,
            line: self.line,
            resolved: self.resolved,
            certificate_expires_at: self.certificate_expires_at,
        }
    }
}
