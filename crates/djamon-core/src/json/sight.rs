//! One look as JSON shows it, to whoever asked for it: nothing is left out.

use serde::Serialize;

use crate::calendar::rfc3339;
use crate::domain::{Method, Outcome, Phases};
use crate::probe::Sight;

/// What one look saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = Sight)]
pub struct SightJson {
    /// When it began.
    pub at: String,
    /// The status code; 500 for a timeout, null without an HTTP answer.
    pub code: Option<u16>,
    /// How it ended.
    pub outcome: Outcome,
    /// Good, but slow.
    pub degraded: bool,
    /// A sentence for people.
    pub detail: Option<String>,
    /// How long it took.
    pub duration_ms: u32,
    /// How long each part of it took.
    pub phases: Phases,
    /// By which method the verdict came.
    pub method: Method,
    /// The address that was asked.
    pub address: Option<String>,
    /// The addresses it was sent on to.
    pub redirects: Vec<String>,
    /// When the certificate ends, if one was seen.
    pub certificate_expires_at: Option<String>,
    /// What the certificate of the address's own host says, good or bad.
    pub certificate: Option<CertificateJson>,
}

/// A certificate as a server showed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = ShownCertificate)]
pub struct CertificateJson {
    /// From when it holds.
    pub valid_from: String,
    /// When it ends.
    pub expires_at: String,
    /// Who issued it.
    pub issuer: String,
    /// The names and addresses it is for.
    pub names: Vec<String>,
}

impl SightJson {
    /// What `sight` saw.
    pub fn new(sight: &Sight) -> Self {
        SightJson {
            at: rfc3339(sight.at),
            code: sight.code,
            outcome: sight.outcome,
            degraded: sight.degraded,
            detail: sight.detail.clone(),
            duration_ms: sight.duration_ms,
            phases: sight.phases,
            method: sight.method,
            address: sight.address.map(|address| address.to_string()),
            redirects: sight.redirects.clone(),
            certificate_expires_at: sight.certificate_expires_at.map(rfc3339),
            certificate: sight.certificate.as_ref().map(|shown| CertificateJson {
                valid_from: rfc3339(shown.valid_from),
                expires_at: rfc3339(shown.expires_at),
                issuer: shown.issuer.clone(),
                names: shown.names.clone(),
            }),
        }
    }
}
