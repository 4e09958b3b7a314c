//! `POST /api/v1/sites`, `PATCH` and `DELETE /api/v1/sites/{slug}`. Only the site's row is written; what follows for an
//! open outage is up to the next run.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use djamon_core::json::SiteJson;
use djamon_core::store::{AnyConnection, attempt, sites as store};

use super::described;
use super::site_fields::SiteFields;
use super::sites::shown;
use crate::answer::Answer;
use crate::ask::Ask;
use crate::error::WebError;

/// Makes a site.
///
/// # Errors
/// [`WebError::Invalid`], [`WebError::Database`], and those of its body.
#[utoipa::path(
    post, path = "/api/v1/sites", tag = "Sites", operation_id = "addSite",
    request_body = described::NewSite,
    responses(
        (
            status = 201,
            description = "It is made; Location says where it is",
            body = SiteJson,
            headers(("ETag" = String, description = "Its version, for If-Match")),
        ),
    ),
)]
pub fn add(ask: &Ask) -> Result<Answer, WebError> {
    let fields = SiteFields::read(ask.json()?, &ask.app.check);
    let database = &mut *ask.database()?;
    let site = attempt(database, |connection| {
        let new = fields.into_new(connection)?;
        Ok::<_, WebError>(store::add(connection, &new, ask.now)?)
    })?;
    let place = format!("{}/api/v1/sites/{}", ask.app.base, site.slug);
    answer(ask, database, &site.slug)?.with_status(StatusCode::CREATED).with_header(LOCATION, place)
}

/// Changes a site.
///
/// # Errors
/// [`WebError::NotFound`], [`WebError::Version`], [`WebError::Invalid`], [`WebError::Database`], and those of its body.
#[utoipa::path(
    patch, path = "/api/v1/sites/{slug}", tag = "Sites", operation_id = "changeSite",
    params(
        ("slug" = String, Path, description = "Its name in URLs"),
        (
            "If-Match" = Option<String>,
            Header,
            description = "The version that was read, as ETag gave it: refused when there is another one by now",
        ),
    ),
    request_body = described::SiteChange,
    responses(
        (
            status = 200,
            description = "It is changed",
            body = SiteJson,
            headers(("ETag" = String, description = "Its version, for If-Match")),
        ),
    ),
)]
pub fn edit(ask: &Ask) -> Result<Answer, WebError> {
    let (slug, fields) = (ask.slug()?, SiteFields::read(ask.json()?, &ask.app.check));
    let database = &mut *ask.database()?;
    attempt(database, |connection| {
        let known = store::by_slug(connection, slug)?;
        ask.expects(known.version)?;
        let change = fields.into_change(connection, &known)?;
        Ok::<_, WebError>(store::edit(connection, slug, change, ask.now)?)
    })?;
    answer(ask, database, slug)
}

/// Removes a site softly.
///
/// # Errors
/// [`WebError::NotFound`], [`WebError::Version`], [`WebError::Database`].
#[utoipa::path(
    delete, path = "/api/v1/sites/{slug}", tag = "Sites", operation_id = "removeSite",
    params(
        ("slug" = String, Path, description = "Its name in URLs"),
        (
            "If-Match" = Option<String>,
            Header,
            description = "The version that was read, as ETag gave it: refused when there is another one by now",
        ),
    ),
    responses((status = 204, description = "It is removed; its history stays")),
)]
pub fn remove(ask: &Ask) -> Result<Answer, WebError> {
    let slug = ask.slug()?;
    attempt(&mut *ask.database()?, |connection| {
        ask.expects(store::by_slug(connection, slug)?.version)?;
        Ok::<_, WebError>(store::remove(connection, slug, ask.now)?)
    })?;
    Ok(Answer::empty())
}

fn answer(ask: &Ask, database: &mut AnyConnection, slug: &str) -> Result<Answer, WebError> {
    shown(ask, &super::sites::of_slug(ask, database, slug)?)
}
