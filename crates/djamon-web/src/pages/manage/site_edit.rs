//! The form of one site: adding, editing, trying out. A form that cannot be saved comes back with everything typed and the
//! message at the field. Whoever saves what somebody else has changed meanwhile is shown both versions and decides.

use actix_web::http::StatusCode;
use djamon_core::domain::site::{NewSite, SiteChange};
use djamon_core::domain::{Group, Invalid, Site};
use djamon_core::store::{AnyConnection, StoreError, groups, sites, write};
use serde::Serialize;

use crate::answer::Answer;
use crate::ask::Ask;
use crate::body::Form;
use crate::error::WebError;
use crate::pages::{done, page};
use crate::view::form::Difference;
use crate::view::site_form::{self, Draft, Topic};
use crate::view::tried::Tried;

#[derive(Serialize)]
struct Page {
    site: Option<Shown>,
    topics: Vec<Topic>,
    problems: Vec<String>,
    tried: Option<Tried>,
    changed: bool,
    conflict: Vec<Difference>,
}

#[derive(Serialize)]
struct Shown {
    slug: String,
    name: String,
    version: i32,
    paused: bool,
}

/// What comes of a form that was sent.
enum Sent {
    Wrong(Vec<Invalid>),
    Tried(Box<Tried>),
    Changed,
}

/// The empty form.
///
/// # Errors
/// [`WebError::Database`].
pub fn add_form(ask: &Ask) -> Result<Answer, WebError> {
    let database = &mut *ask.database()?;
    let mut topics = site_form::topics(&groups::all(database)?, &ask.app.check.policy, true);
    if let Some(first) = topics.first_mut().and_then(|topic| topic.fields.first_mut()) {
        first.focus = true;
    }
    let view =
        Page { site: None, topics, problems: Vec::new(), tried: None, changed: false, conflict: Vec::new() };
    page(ask, database, "manage_site.html", &view)
}

/// Adds a site, or tries what was typed.
///
/// # Errors
/// [`WebError::TooMany`], [`WebError::Database`].
pub fn add(ask: &Ask) -> Result<Answer, WebError> {
    let form = ask.form()?;
    let groups = groups::all(&mut *ask.database()?)?;
    let draft = match read(ask, &form, &groups, None) {
        Ok(draft) => draft,
        Err(wrong) => return again(ask, &form, &groups, None, Sent::Wrong(wrong)),
    };
    if is_trial(&form) {
        let tried = try_it(ask, &draft)?;
        return again(ask, &form, &groups, None, Sent::Tried(Box::new(tried)));
    }
    let Draft { name, slug, target, group, options, public } = draft;
    let new = NewSite { slug, name, target, group, options, public, paused: false };
    // The connection is given back before a page asks for one.
    let written = write(&mut *ask.database()?, |database| sites::add(database, &new, ask.now));
    match written {
        Ok(site) => done(ask, "/manage/sites", format!("{} is added; the next run looks at it.", site.name)),
        Err(StoreError::Invalid(wrong)) => again(ask, &form, &groups, None, Sent::Wrong(vec![wrong])),
        Err(error) => Err(error.into()),
    }
}

/// The form with what a site is.
///
/// # Errors
/// [`WebError::NotFound`], [`WebError::Database`].
pub fn edit_form(ask: &Ask) -> Result<Answer, WebError> {
    let database = &mut *ask.database()?;
    let site = sites::by_slug(database, ask.slug()?)?;
    let groups = groups::all(database)?;
    let mut topics = site_form::topics(&groups, &ask.app.check.policy, false);
    site_form::fill(&mut topics, &site, &groups);
    let view = Page {
        site: Some(shown(&site)),
        topics,
        problems: Vec::new(),
        tried: None,
        changed: false,
        conflict: Vec::new(),
    };
    page(ask, database, "manage_site.html", &view)
}

/// Changes a site, or tries what was typed.
///
/// # Errors
/// [`WebError::NotFound`], [`WebError::TooMany`], [`WebError::Database`].
pub fn edit(ask: &Ask) -> Result<Answer, WebError> {
    let (form, slug) = (ask.form()?, ask.slug()?);
    let (known, groups) = {
        let database = &mut *ask.database()?;
        (sites::by_slug(database, slug)?, groups::all(database)?)
    };
    let draft = match read(ask, &form, &groups, Some(&known)) {
        Ok(draft) => draft,
        Err(wrong) => return again(ask, &form, &groups, Some(&known), Sent::Wrong(wrong)),
    };
    if is_trial(&form) {
        let tried = try_it(ask, &draft)?;
        return again(ask, &form, &groups, Some(&known), Sent::Tried(Box::new(tried)));
    }
    let edited = write(&mut *ask.database()?, |database| {
        let now = sites::by_slug(database, slug)?;
        if !is_version(&form, now.version) {
            return Ok(Err(Box::new(now)));
        }
        let change = SiteChange {
            name: Some(draft.name.clone().unwrap_or_else(|| draft.target.default_name())),
            target: Some(draft.target.clone()),
            group: Some(draft.group),
            options: Some(draft.options.clone()),
            public: Some(draft.public),
            paused: None,
        };
        sites::edit(database, slug, change, ask.now).map(|(_, after)| Ok(after))
    });
    match edited {
        Ok(Ok(site)) => done(ask, &format!("/manage/sites/{slug}"), format!("{} is saved.", site.name)),
        Ok(Err(now)) => again(ask, &form, &groups, Some(&now), Sent::Changed),
        Err(StoreError::Invalid(wrong)) => again(ask, &form, &groups, Some(&known), Sent::Wrong(vec![wrong])),
        Err(error) => Err(error.into()),
    }
}

fn shown(site: &Site) -> Shown {
    Shown {
        slug: site.slug.clone(),
        name: site.name.clone(),
        version: site.version,
        paused: site.paused_at.is_some(),
    }
}

fn is_trial(form: &Form) -> bool {
    form.get("action") == Some("try")
}

/// Whether the form was made of this version.
pub fn is_version(form: &Form, version: i32) -> bool {
    form.get("version") == Some(version.to_string().as_str())
}

fn read(ask: &Ask, form: &Form, groups: &[Group], known: Option<&Site>) -> Result<Draft, Vec<Invalid>> {
    let draft = site_form::read(form, groups, known)?;
    ask.app.check.allow(&draft.target).map_err(|wrong| vec![wrong])?;
    Ok(draft)
}

fn try_it(ask: &Ask, draft: &Draft) -> Result<Tried, WebError> {
    let sight = ask.app.probes.look(&draft.target, &ask.app.check.policy.with(&draft.options).check)?;
    Ok(Tried::new(&sight, ask.now))
}

/// The same form once more, with all that was typed.
fn again(
    ask: &Ask,
    form: &Form,
    groups: &[Group],
    site: Option<&Site>,
    sent: Sent,
) -> Result<Answer, WebError> {
    let mut topics = site_form::topics(groups, &ask.app.check.policy, site.is_none());
    site_form::keep(&mut topics, form);
    let mut view = Page {
        site: site.map(shown),
        topics,
        problems: Vec::new(),
        tried: None,
        changed: false,
        conflict: Vec::new(),
    };
    let status = match sent {
        Sent::Wrong(wrong) => {
            view.problems = site_form::complain(&mut view.topics, &wrong);
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Sent::Tried(tried) => {
            view.tried = Some(*tried);
            StatusCode::OK
        }
        Sent::Changed => {
            view.changed = true;
            view.conflict =
                site.map(|site| site_form::differences(&view.topics, form, site, groups)).unwrap_or_default();
            StatusCode::CONFLICT
        }
    };
    // Until somebody has decided, the form stays one of the version that it was made of.
    if let (Some(shown), false) = (&mut view.site, view.changed) {
        shown.version = form.get("version").and_then(|text| text.parse().ok()).unwrap_or(shown.version);
    }
    answer(ask, &mut *ask.database()?, &view, status)
}

fn answer(
    ask: &Ask,
    database: &mut AnyConnection,
    view: &Page,
    status: StatusCode,
) -> Result<Answer, WebError> {
    Ok(page(ask, database, "manage_site.html", view)?.with_status(status))
}
