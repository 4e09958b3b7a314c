//! The pages: parse, query, view, render. Each is one function that runs on a blocking thread.

pub mod api_docs;
pub mod group;
pub mod health;
pub mod home;
pub mod outage;
pub mod outages;
pub mod past;
pub mod site;

use djamon_core::domain::Instant;
use djamon_core::store::AnyConnection;
use serde::Serialize;

use crate::answer::Answer;
use crate::ask::Ask;
use crate::error::WebError;
use crate::theme::Theme;
use crate::view::time::span;
use crate::{pulse, wanted};

/// What the template makes of `view`, with what every page must say: that runs are missing, and what it is the state of.
fn page(
    ask: &Ask,
    database: &mut AnyConnection,
    template: &str,
    view: &impl Serialize,
) -> Result<Answer, WebError> {
    #[derive(Serialize)]
    struct Shown<'a, View> {
        stopped: Option<String>,
        token: Option<String>,
        theme: &'static str,
        kiosk: bool,
        #[serde(flatten)]
        view: &'a View,
    }
    let (_, stale_for) = pulse::last_run(ask, database)?;
    let shown = Shown {
        stopped: stale_for.map(span),
        token: wanted::token(ask)?,
        theme: Theme::of(ask).name(),
        kiosk: ask.query.get("kiosk").is_some(),
        view,
    };
    ask.app.renderer.page(template, &shown).map(Answer::page)
}

/// Until when it is known how things stand: until now, or until runs stopped.
fn known_until(ask: &Ask, database: &mut AnyConnection) -> Result<Instant, WebError> {
    let (last, stale_for) = pulse::last_run(ask, database)?;
    Ok(last.filter(|_| stale_for.is_some()).map_or(ask.now, |run| run.started_at))
}
