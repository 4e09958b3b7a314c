//! `djamon-check migrate`: the schema, made or brought up to date.

use std::io::Write;

use djamon_core::store::backend::migrate::migrate;

use crate::app::{App, Exit, Failure};

/// Brings the schema up to date and says which steps it took.
///
/// # Errors
/// When the database cannot be opened, or its schema is newer than this program.
pub fn run(app: &App, out: &mut dyn Write) -> Result<Exit, Failure> {
    let steps = migrate(&app.url)?;
    if steps.is_empty() {
        writeln!(out, "the schema is current")?;
    }
    for step in steps {
        writeln!(out, "done: {step}")?;
    }
    Ok(Exit::Done)
}
