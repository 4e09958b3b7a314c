//! `/manage/users`: who may sign in; inviting, roles, disabling. The last admin who can sign in stays one.

use actix_web::http::StatusCode;
use djamon_core::domain::{Invalid, UserId};
use djamon_core::secret;
use djamon_core::store::users::{self, Role, User};
use djamon_core::store::{AnyConnection, StoreError, invites, write};
use serde::Serialize;

use crate::answer::Answer;
use crate::ask::Ask;
use crate::auth::Caller;
use crate::error::WebError;
use crate::pages::{done, page};
use crate::query::number;
use crate::view::form::{self, Choice, Field, Kind};
use crate::view::time::{When, when};

#[derive(Serialize)]
struct Page {
    rows: Vec<Row>,
    fields: Vec<Field>,
    problems: Vec<String>,
    link: Option<Link>,
}

#[derive(Serialize)]
struct Row {
    id: i32,
    name: String,
    role: &'static str,
    is_me: bool,
    is_disabled: bool,
    is_invited: bool,
    added: When,
}

/// A link that is shown once.
#[derive(Serialize)]
struct Link {
    name: String,
    address: String,
}

/// The list, by name.
///
/// # Errors
/// [`WebError::Database`].
pub fn list(ask: &Ask) -> Result<Answer, WebError> {
    show(ask, fields(), Vec::new(), None)
}

/// Invites somebody: shows the link with which they give themselves a password.
///
/// # Errors
/// [`WebError::Database`].
pub fn invite(ask: &Ask) -> Result<Answer, WebError> {
    let form = ask.form()?;
    let name = form.get("name").unwrap_or_default();
    let role = form.get("role").unwrap_or_default().parse().unwrap_or(Role::Viewer);
    let key = fresh()?;
    let invited =
        write(&mut *ask.database()?, |database| invites::invite(database, name, role, &key, ask.now));
    match invited {
        Ok(user) => show(ask, fields(), Vec::new(), Some(link(ask, &user, &key))),
        Err(StoreError::Invalid(wrong)) => {
            let mut fields = fields();
            form::keep(&mut fields, &form);
            let problems = form::complain(&mut fields, &[wrong]);
            Ok(show(ask, fields, problems, None)?.with_status(StatusCode::UNPROCESSABLE_ENTITY))
        }
        Err(error) => Err(error.into()),
    }
}

/// Makes a link for a new password, or a new link for somebody who has lost theirs.
///
/// # Errors
/// [`WebError::NotFound`], [`WebError::Conflict`] when they are disabled, [`WebError::Database`].
pub fn reset(ask: &Ask) -> Result<Answer, WebError> {
    let key = fresh()?;
    let user = change(ask, |database, user| {
        invites::reset(database, &user.name, &key, ask.now)?;
        Ok(())
    })?;
    show(ask, fields(), Vec::new(), Some(link(ask, &user, &key)))
}

/// Gives somebody another role.
///
/// # Errors
/// [`WebError::NotFound`], [`WebError::Invalid`], [`WebError::Conflict`] for the last admin, [`WebError::Database`].
pub fn role(ask: &Ask) -> Result<Answer, WebError> {
    let form = ask.form()?;
    let role: Role = form
        .get("role")
        .unwrap_or_default()
        .parse()
        .map_err(|problem: String| WebError::Invalid(vec![Invalid::new("role", problem)]))?;
    let user = change(ask, |database, user| users::set_role(database, user.id, role))?;
    done(ask, "/manage/users", format!("{} is {} now and has to sign in anew.", user.name, role.name()))
}

/// Asks whether somebody is really to be kept out.
///
/// # Errors
/// [`WebError::NotFound`], [`WebError::Database`].
pub fn confirm(ask: &Ask) -> Result<Answer, WebError> {
    #[derive(Serialize)]
    struct Page {
        id: i32,
        name: String,
        is_me: bool,
    }
    let database = &mut *ask.database()?;
    let user = users::by_id(database, id(ask)?)?;
    let view = Page { id: user.id.0, is_me: is_me(ask, user.id), name: user.name };
    page(ask, database, "manage_user_disable.html", &view)
}

/// Keeps somebody from signing in.
///
/// # Errors
/// As [`role`].
pub fn disable(ask: &Ask) -> Result<Answer, WebError> {
    let user = change(ask, |database, user| {
        users::keep_an_admin(database, user, "user")?;
        users::disable(database, &user.name, ask.now)
    })?;
    done(ask, "/manage/users", format!("{} can no longer sign in.", user.name))
}

/// Lets somebody sign in again.
///
/// # Errors
/// As [`role`].
pub fn enable(ask: &Ask) -> Result<Answer, WebError> {
    let user = change(ask, |database, user| users::enable(database, &user.name))?;
    done(ask, "/manage/users", format!("{} can sign in again.", user.name))
}

fn change(
    ask: &Ask,
    work: impl FnOnce(&mut AnyConnection, &User) -> Result<(), StoreError>,
) -> Result<User, WebError> {
    let id = id(ask)?;
    let changed = write(&mut *ask.database()?, |database| {
        let user = users::by_id(database, id)?;
        work(database, &user)?;
        Ok(user)
    });
    match changed {
        Err(StoreError::Invalid(wrong)) => Err(WebError::Conflict(wrong)),
        changed => Ok(changed?),
    }
}

fn id(ask: &Ask) -> Result<UserId, WebError> {
    ask.part("id").and_then(number).map(UserId).ok_or(WebError::NotFound)
}

fn is_me(ask: &Ask, user: UserId) -> bool {
    matches!(ask.caller, Caller::User { id, .. } if id == user)
}

fn fresh() -> Result<String, WebError> {
    secret::fresh().map_err(WebError::Internal)
}

fn link(ask: &Ask, user: &User, key: &str) -> Link {
    let address = format!("{}/invite?key={key}", ask.app.sign_in.base_url);
    Link { name: user.name.clone(), address }
}

fn fields() -> Vec<Field> {
    let roles = vec![
        Choice::new("viewer", "viewer: sees everything, changes nothing"),
        Choice::new("admin", "admin: may change everything"),
    ];
    vec![
        Field::new("name", "Name", Kind::Text).required().autocomplete("off"),
        Field::new("role", "May", Kind::Select).choices(roles).filled("viewer"),
    ]
}

fn show(
    ask: &Ask,
    fields: Vec<Field>,
    problems: Vec<String>,
    link: Option<Link>,
) -> Result<Answer, WebError> {
    let database = &mut *ask.database()?;
    let row = |user: User| Row {
        id: user.id.0,
        role: user.role.name(),
        is_me: is_me(ask, user.id),
        is_disabled: user.disabled_at.is_some(),
        is_invited: !user.has_password,
        added: when(user.created_at, ask.now),
        name: user.name,
    };
    let rows = users::all(database)?.into_iter().map(row).collect();
    page(ask, database, "manage_users.html", &Page { rows, fields, problems, link })
}
