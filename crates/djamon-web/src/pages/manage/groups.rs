//! `/manage/groups`: all groups; adding, editing and removing one.

use actix_web::http::StatusCode;
use djamon_core::domain::group::{GroupChange, NewGroup};
use djamon_core::domain::{Group, Invalid};
use djamon_core::store::{StoreError, groups, sites, write};
use serde::Serialize;

use super::site_edit::is_version;
use crate::answer::Answer;
use crate::ask::Ask;
use crate::body::Form;
use crate::error::WebError;
use crate::pages::{done, page};
use crate::view::form::{self, Choice, Difference, Field, Kind};

/// The list, by name, with how many sites each has.
///
/// # Errors
/// [`WebError::Database`].
pub fn list(ask: &Ask) -> Result<Answer, WebError> {
    #[derive(Serialize)]
    struct Row {
        slug: String,
        name: String,
        public: bool,
        sites: usize,
    }
    #[derive(Serialize)]
    struct Page {
        rows: Vec<Row>,
    }
    let database = &mut *ask.database()?;
    let sites = sites::all(database)?;
    let row = |group: Group| Row {
        sites: sites.iter().filter(|site| site.group == Some(group.id)).count(),
        slug: group.slug,
        name: group.name,
        public: group.public,
    };
    let rows = groups::all(database)?.into_iter().map(row).collect();
    page(ask, database, "manage_groups.html", &Page { rows })
}

#[derive(Serialize)]
struct FormPage<'a> {
    group: Option<Shown<'a>>,
    fields: Vec<Field>,
    problems: Vec<String>,
    changed: bool,
    conflict: Vec<Difference>,
}

#[derive(Serialize)]
struct Shown<'a> {
    slug: &'a str,
    name: &'a str,
    version: i32,
}

impl<'a> Shown<'a> {
    fn new(group: &'a Group) -> Self {
        Shown { slug: &group.slug, name: &group.name, version: group.version }
    }
}

fn fields(group: Option<&Group>) -> Vec<Field> {
    let choices = vec![Choice::new("yes", "yes"), Choice::new("no", "no, neither it nor its sites")];
    let mut name = Field::new("name", "Name", Kind::Text).required();
    let mut public = Field::new("public", "Visitors see it", Kind::Select).choices(choices);
    name.focus = group.is_none();
    name.value = group.map(|group| group.name.clone()).unwrap_or_default();
    public.value = yes_or_no(group.is_none_or(|group| group.public)).to_owned();
    vec![name, public]
}

const fn yes_or_no(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

/// The empty form.
///
/// # Errors
/// [`WebError::Database`].
pub fn add_form(ask: &Ask) -> Result<Answer, WebError> {
    show(ask, None, fields(None))
}

/// Adds a group.
///
/// # Errors
/// [`WebError::Database`].
pub fn add(ask: &Ask) -> Result<Answer, WebError> {
    let form = ask.form()?;
    let new = NewGroup {
        slug: None,
        name: form.get("name").unwrap_or_default().to_owned(),
        public: form.get("public") != Some("no"),
    };
    // The connection is given back before a page asks for one.
    let written = write(&mut *ask.database()?, |database| groups::add(database, &new, ask.now));
    match written {
        Ok(group) => done(ask, "/manage/groups", format!("{} is added.", group.name)),
        Err(StoreError::Invalid(wrong)) => again(ask, &form, None, &wrong),
        Err(error) => Err(error.into()),
    }
}

/// The form with what a group is.
///
/// # Errors
/// [`WebError::NotFound`], [`WebError::Database`].
pub fn edit_form(ask: &Ask) -> Result<Answer, WebError> {
    let group = groups::by_slug(&mut *ask.database()?, ask.slug()?)?;
    show(ask, Some(&group), fields(Some(&group)))
}

/// Changes a group.
///
/// # Errors
/// As [`edit_form`].
pub fn edit(ask: &Ask) -> Result<Answer, WebError> {
    let (form, slug) = (ask.form()?, ask.slug()?);
    let known = groups::by_slug(&mut *ask.database()?, slug)?;
    let change = GroupChange {
        name: Some(form.get("name").unwrap_or_default().to_owned()),
        public: Some(form.get("public") != Some("no")),
    };
    let edited = write(&mut *ask.database()?, |database| {
        let now = groups::by_slug(database, slug)?;
        if is_version(&form, now.version) {
            groups::edit(database, slug, &change).map(Ok)
        } else {
            Ok(Err(now))
        }
    });
    match edited {
        Ok(Ok(group)) => done(ask, "/manage/groups", format!("{} is saved.", group.name)),
        Ok(Err(now)) => changed_meanwhile(ask, &form, &now),
        Err(StoreError::Invalid(wrong)) => again(ask, &form, Some(&known), &wrong),
        Err(error) => Err(error.into()),
    }
}

/// Asks whether a group is really to be removed; while it has sites it cannot be.
///
/// # Errors
/// As [`edit_form`].
pub fn confirm(ask: &Ask) -> Result<Answer, WebError> {
    #[derive(Serialize)]
    struct Page<'a> {
        group: Shown<'a>,
        sites: Vec<String>,
    }
    let database = &mut *ask.database()?;
    let group = groups::by_slug(database, ask.slug()?)?;
    let members = sites::all(database)?.into_iter().filter(|site| site.group == Some(group.id));
    let sites = members.map(|site| site.name).collect();
    page(ask, database, "manage_group_remove.html", &Page { group: Shown::new(&group), sites })
}

/// Removes a group.
///
/// # Errors
/// As [`edit_form`]; [`WebError::Conflict`] while it has sites.
pub fn remove(ask: &Ask) -> Result<Answer, WebError> {
    let slug = ask.slug()?;
    // The connection is given back before a page asks for one.
    let written = write(&mut *ask.database()?, |database| groups::remove(database, slug, ask.now));
    match written {
        Ok(group) => done(ask, "/manage/groups", format!("{} is removed.", group.name)),
        Err(StoreError::Invalid(wrong)) => Err(WebError::Conflict(wrong)),
        Err(error) => Err(error.into()),
    }
}

fn show(ask: &Ask, group: Option<&Group>, fields: Vec<Field>) -> Result<Answer, WebError> {
    let view = FormPage {
        group: group.map(Shown::new),
        fields,
        problems: Vec::new(),
        changed: false,
        conflict: Vec::new(),
    };
    page(ask, &mut *ask.database()?, "manage_group.html", &view)
}

fn again(ask: &Ask, form: &Form, group: Option<&Group>, wrong: &Invalid) -> Result<Answer, WebError> {
    let mut fields = fields(group);
    form::keep(&mut fields, form);
    let problems = form::complain(&mut fields, std::slice::from_ref(wrong));
    let mut group = group.map(Shown::new);
    if let Some(shown) = &mut group {
        shown.version = form.get("version").and_then(|text| text.parse().ok()).unwrap_or(shown.version);
    }
    let view = FormPage { group, fields, problems, changed: false, conflict: Vec::new() };
    let answer = page(ask, &mut *ask.database()?, "manage_group.html", &view)?;
    Ok(answer.with_status(StatusCode::UNPROCESSABLE_ENTITY))
}

fn changed_meanwhile(ask: &Ask, form: &Form, now: &Group) -> Result<Answer, WebError> {
    let mut fields = fields(Some(now));
    let conflict = form::keep_over(&mut fields, form);
    let view =
        FormPage { group: Some(Shown::new(now)), fields, problems: Vec::new(), changed: true, conflict };
    let answer = page(ask, &mut *ask.database()?, "manage_group.html", &view)?;
    Ok(answer.with_status(StatusCode::CONFLICT))
}
