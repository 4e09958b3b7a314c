//! `POST /api/v1/groups`, `PATCH` and `DELETE /api/v1/groups/{slug}`.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use djamon_core::domain::group::{GroupChange, NewGroup};
use djamon_core::domain::text;
use djamon_core::json::GroupJson;
use djamon_core::store::{StoreError, attempt, groups as store};

use super::described;
use super::groups::shown;
use crate::answer::Answer;
use crate::ask::Ask;
use crate::error::WebError;
use crate::fields::Fields;

/// The fields of a group.
pub const KEYS: [&str; 3] = ["name", "slug", "public"];

/// What an object says of a group.
struct GroupFields {
    fields: Fields,
    name: Option<String>,
    slug: Option<String>,
    public: Option<bool>,
}

impl GroupFields {
    fn read(ask: &Ask) -> Result<Self, WebError> {
        let mut fields = Fields::of(ask.json()?, &KEYS);
        let name = match fields.take::<String>("name") {
            Some(Some(name)) => fields.check(text::name(&name)),
            Some(None) => {
                fields.wrong("name", "is null, but every group has one");
                None
            }
            None => None,
        };
        let slug = fields.take("slug").flatten();
        let public = fields.take("public").map(|public| public.unwrap_or(true));
        Ok(GroupFields { fields, name, slug, public })
    }
}

/// Makes a group.
///
/// # Errors
/// [`WebError::Invalid`], [`WebError::Database`], and those of its body.
#[utoipa::path(
    post, path = "/api/v1/groups", tag = "Groups", operation_id = "addGroup",
    request_body = described::NewGroup,
    responses(
        (
            status = 201,
            description = "It is made; Location says where it is",
            body = GroupJson,
            headers(("ETag" = String, description = "Its version, for If-Match")),
        ),
    ),
)]
pub fn add(ask: &Ask) -> Result<Answer, WebError> {
    let GroupFields { mut fields, name, slug, public } = GroupFields::read(ask)?;
    if name.is_none() && !fields.is_wrong("name") {
        fields.wrong("name", "is missing");
    }
    fields.done()?;
    let new = NewGroup { slug, name: name.unwrap_or_default(), public: public.unwrap_or(true) };
    let database = &mut *ask.database()?;
    let group = attempt(database, |connection| store::add(connection, &new, ask.now))?;
    let place = format!("{}/api/v1/groups/{}", ask.app.base, group.slug);
    shown(ask, database, &group)?.with_status(StatusCode::CREATED).with_header(LOCATION, place)
}

/// Changes a group.
///
/// # Errors
/// [`WebError::NotFound`], [`WebError::Version`], [`WebError::Invalid`], [`WebError::Database`], and those of its body.
#[utoipa::path(
    patch, path = "/api/v1/groups/{slug}", tag = "Groups", operation_id = "changeGroup",
    params(
        ("slug" = String, Path, description = "Its name in URLs"),
        (
            "If-Match" = Option<String>,
            Header,
            description = "The version that was read, as ETag gave it: refused when there is another one by now",
        ),
    ),
    request_body = described::GroupChange,
    responses(
        (
            status = 200,
            description = "It is changed",
            body = GroupJson,
            headers(("ETag" = String, description = "Its version, for If-Match")),
        ),
    ),
)]
pub fn edit(ask: &Ask) -> Result<Answer, WebError> {
    let wanted = ask.slug()?;
    let GroupFields { mut fields, name, slug, public } = GroupFields::read(ask)?;
    if slug.is_some_and(|slug| slug != wanted) {
        fields.wrong("slug", "stays as it is: addresses and scripts hold on to it");
    }
    let database = &mut *ask.database()?;
    let group = attempt(database, |connection| {
        ask.expects(store::by_slug(connection, wanted)?.version)?;
        fields.done()?;
        Ok::<_, WebError>(store::edit(connection, wanted, &GroupChange { name, public })?)
    })?;
    shown(ask, database, &group)
}

/// Removes a group that has no sites.
///
/// # Errors
/// [`WebError::NotFound`], [`WebError::Version`], [`WebError::Conflict`] while sites belong to it, [`WebError::Database`].
#[utoipa::path(
    delete, path = "/api/v1/groups/{slug}", tag = "Groups", operation_id = "removeGroup",
    params(
        ("slug" = String, Path, description = "Its name in URLs"),
        (
            "If-Match" = Option<String>,
            Header,
            description = "The version that was read, as ETag gave it: refused when there is another one by now",
        ),
    ),
    responses((status = 204, description = "It is removed")),
)]
pub fn remove(ask: &Ask) -> Result<Answer, WebError> {
    let slug = ask.slug()?;
    attempt(&mut *ask.database()?, |connection| {
        ask.expects(store::by_slug(connection, slug)?.version)?;
        store::remove(connection, slug, ask.now).map_err(|error| match error {
            StoreError::Invalid(has_sites) => WebError::Conflict(has_sites),
            error => error.into(),
        })
    })?;
    Ok(Answer::empty())
}
