//! The pages: parse, query, view, render. Each is one function that runs on a blocking thread.

pub mod account;
pub mod api_docs;
pub mod group;
pub mod health;
pub mod home;
pub mod invite;
pub mod login;
pub mod manage;
pub mod outage;
pub mod outages;
pub mod past;
pub mod site;

use djamon_core::domain::Instant;
use djamon_core::json::Reader;
use djamon_core::store::users::Role;
use djamon_core::store::{AnyConnection, outbox};
use serde::Serialize;
use url::form_urlencoded::byte_serialize;

use crate::answer::Answer;
use crate::ask::Ask;
use crate::auth::session::Change;
use crate::auth::{Caller, next};
use crate::error::WebError;
use crate::theme::Theme;
use crate::view::blind::BlindLine;
use crate::view::time::span;
use crate::view::words;
use crate::{pulse, wanted};

/// Who looks at a page.
#[derive(Debug, Serialize)]
struct Me<'a> {
    name: &'a str,
    role: &'static str,
    is_admin: bool,
    /// The token of their forms.
    forms: &'a str,
}

fn me(ask: &Ask) -> Option<Me<'_>> {
    match (&ask.caller, &ask.session) {
        (Caller::User { name, role, .. }, Some(session)) => {
            Some(Me { name, role: role.name(), is_admin: *role == Role::Admin, forms: &session.forms })
        }
        _ => None,
    }
}

/// What the template makes of `view`, with what every page must say: that runs are missing or cannot see, what it is the
/// state of, that alerts do not leave, who is signed in, and what the page before left to be said.
fn page(
    ask: &Ask,
    database: &mut AnyConnection,
    template: &str,
    view: &impl Serialize,
) -> Result<Answer, WebError> {
    // What was searched for is not repeated.
    let here = ask.address.split('?').next().unwrap_or_default();
    page_for(ask, me(ask), here, database, template, view)
}

/// The same for somebody who may only now have become who they are; whoever signs in by its head goes on at `next`.
fn page_for(
    ask: &Ask,
    me: Option<Me<'_>>,
    next: &str,
    database: &mut AnyConnection,
    template: &str,
    view: &impl Serialize,
) -> Result<Answer, WebError> {
    #[derive(Serialize)]
    struct Shown<'a, View> {
        stopped: Option<String>,
        blind: Option<BlindLine>,
        alerts_in_trouble: Option<String>,
        token: Option<String>,
        theme: &'static str,
        kiosk: bool,
        me: Option<Me<'a>>,
        flash: Option<&'a str>,
        sign_in: String,
        #[serde(flatten)]
        view: &'a View,
    }
    let (last, stale_for) = pulse::last_run(ask, database)?;
    let blind = pulse::blind(database, last.as_ref().filter(|_| stale_for.is_none()))?;
    let alerts_in_trouble = match ask.reader {
        Reader::Member => words::trouble(outbox::trouble(database, ask.now)?, ask.now),
        // It is not for visitors to mend.
        Reader::Visitor => None,
    };
    let flash = ask.session.as_ref().and_then(|session| session.flash.as_deref());
    // Whoever comes from the form for signing in does not go back to it.
    let next: String = byte_serialize(next::next(Some(next), &ask.app.base).as_bytes()).collect();
    let shown = Shown {
        stopped: stale_for.map(span),
        blind: blind.map(|time| BlindLine::new(&time, ask.now)),
        alerts_in_trouble,
        token: wanted::token(ask, database)?,
        theme: Theme::of(ask).name(),
        kiosk: ask.query.get("kiosk").is_some(),
        me,
        flash,
        sign_in: format!("{}/login?next={next}", ask.app.base),
        view,
    };
    let answer = ask.app.renderer.page(template, &shown).map(Answer::page)?;
    Ok(if flash.is_some() { answer.with_session(Change::Said) } else { answer })
}

/// Goes on at `path` below the base, where `said` is told.
fn done(ask: &Ask, path: &str, said: impl Into<String>) -> Result<Answer, WebError> {
    let answer = Answer::redirect(&format!("{}{path}", ask.app.base))?;
    Ok(answer.with_session(Change::Flash(said.into())))
}

/// Until when it is known how things stand: until now, or until runs stopped.
fn known_until(ask: &Ask, database: &mut AnyConnection) -> Result<Instant, WebError> {
    let (last, stale_for) = pulse::last_run(ask, database)?;
    Ok(last.filter(|_| stale_for.is_some()).map_or(ask.now, |run| run.started_at))
}
