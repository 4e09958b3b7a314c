//! The pages: parse, query, view, render. Each is one function that runs on a blocking thread.

pub mod api_docs;
pub mod group;
pub mod health;
pub mod home;
pub mod outage;
pub mod outages;
pub mod site;

use djamon_core::json::Reader;
use djamon_core::store::{AnyConnection, outbox};
use serde::Serialize;

use crate::answer::Answer;
use crate::ask::Ask;
use crate::error::WebError;
use crate::pulse;
use crate::view::time::span;
use crate::view::words;

/// What the template makes of `view`, with what every page must say: that runs are missing, that alerts do not leave.
fn page(
    ask: &Ask,
    database: &mut AnyConnection,
    template: &str,
    view: &impl Serialize,
) -> Result<Answer, WebError> {
    #[derive(Serialize)]
    struct Shown<'a, View> {
        stopped: Option<String>,
        alerts_in_trouble: Option<String>,
        #[serde(flatten)]
        view: &'a View,
    }
    let (_, stale_for) = pulse::last_run(ask, database)?;
    let alerts_in_trouble = match ask.reader {
        Reader::Member => words::trouble(outbox::trouble(database, ask.now)?, ask.now),
        // It is not for visitors to mend.
        Reader::Visitor => None,
    };
    let shown = Shown { stopped: stale_for.map(span), alerts_in_trouble, view };
    ask.app.renderer.page(template, &shown).map(Answer::page)
}
