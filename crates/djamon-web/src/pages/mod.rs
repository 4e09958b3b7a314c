//! The pages: parse, query, view, render. Each is one function that runs on a blocking thread.

pub mod group;
pub mod health;
pub mod home;
pub mod outage;
pub mod outages;
pub mod site;

use serde::Serialize;

use crate::answer::Answer;
use crate::ask::Ask;
use crate::error::WebError;

fn page(ask: &Ask, template: &str, view: &impl Serialize) -> Result<Answer, WebError> {
    ask.app.renderer.page(template, view).map(Answer::page)
}
