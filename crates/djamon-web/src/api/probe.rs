//! `POST /api/v1/probe`: one look at what could be a site, nothing stored.

use djamon_core::json::SightJson;

use super::site_fields::SiteFields;
use crate::answer::Answer;
use crate::ask::Ask;
use crate::error::WebError;

/// Looks once.
///
/// # Errors
/// [`WebError::Invalid`], [`WebError::TooMany`], and those of its body.
pub fn probe(ask: &Ask) -> Result<Answer, WebError> {
    let (target, options) = SiteFields::read(ask.json()?, &ask.app.check).into_target()?;
    let sight = ask.app.probes.look(&target, &ask.app.check.policy.with(&options).check)?;
    Answer::json(&SightJson::new(&sight))
}
