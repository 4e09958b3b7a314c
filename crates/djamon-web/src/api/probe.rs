//! `POST /api/v1/probe`: one look at what could be a site, nothing stored.

use djamon_core::json::SightJson;

use super::described;
use super::site_fields::SiteFields;
use crate::answer::Answer;
use crate::ask::Ask;
use crate::error::WebError;

/// Looks once at what could be a site; nothing is kept.
///
/// # Errors
/// [`WebError::Invalid`], [`WebError::TooMany`], and those of its body.
#[utoipa::path(
    post, path = "/api/v1/probe", tag = "Try it now", operation_id = "probe",
    request_body = described::NewSite,
    responses((status = 200, description = "What was seen, good or bad", body = SightJson)),
)]
pub fn probe(ask: &Ask) -> Result<Answer, WebError> {
    let (target, options) = SiteFields::read(ask.json()?, &ask.app.check).into_target()?;
    let sight = ask.app.probes.look(&target, &ask.app.check.policy.with(&options).check)?;
    Answer::json(&SightJson::new(&sight))
}
