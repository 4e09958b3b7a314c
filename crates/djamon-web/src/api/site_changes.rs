//! `POST /api/v1/sites`, `PATCH` and `DELETE /api/v1/sites/{slug}`. Only the site's row is written; what follows for an
//! open outage is up to the next run.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use djamon_core::store::{AnyConnection, attempt, sites as store};

use super::site_fields::SiteFields;
use super::sites::shown;
use crate::answer::Answer;
use crate::ask::Ask;
use crate::error::WebError;

/// Makes a site.
///
/// # Errors
/// [`WebError::Invalid`], [`WebError::Database`], and those of its body.
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
