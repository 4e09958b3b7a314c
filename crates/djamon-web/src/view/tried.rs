//! What one look saw that somebody asked for: "try it now".

use djamon_core::domain::Instant;
use djamon_core::probe::Sight;
use serde::Serialize;

use super::site::phases;
use super::time::{When, took, when};
use super::words;

/// One look, in words.
#[derive(Debug, Serialize)]
pub struct Tried {
    good: bool,
    slow: bool,
    word: &'static str,
    code: Option<u16>,
    detail: Option<String>,
    took: String,
    phases: Vec<(&'static str, String)>,
    method: String,
    address: Option<String>,
    redirects: Vec<String>,
    certificate: Option<When>,
}

impl Tried {
    /// What `sight` saw, told at `now`.
    pub fn new(sight: &Sight, now: Instant) -> Self {
        Tried {
            good: sight.outcome.is_good(),
            slow: sight.degraded,
            word: words::result(sight.outcome),
            code: sight.code,
            detail: sight.detail.clone(),
            took: took(sight.duration_ms),
            phases: phases(&sight.phases),
            method: sight.method.to_string().to_uppercase(),
            address: sight.address.map(|address| address.to_string()),
            redirects: sight.redirects.clone(),
            certificate: sight.certificate_expires_at.map(|at| when(at, now)),
        }
    }
}
