//! What people note about outages: the one thing that may still change when an outage is over.

use diesel::prelude::*;

use super::schema::outage_notes as notes;
use super::{AnyConnection, StoreError, outages};
use crate::domain::outage::Note;
use crate::domain::{Instant, OutageId};

/// Adds a note. To be called within [`super::write`].
///
/// # Errors
/// [`StoreError::Missing`] without such an outage; [`StoreError::Invalid`] of the field `text`.
pub fn add(
    connection: &mut AnyConnection,
    outage: OutageId,
    author: &str,
    text: &str,
    now: Instant,
) -> Result<(), StoreError> {
    let text = Note::text(text)?;
    outages::sites_of(connection, outage)?;
    diesel::insert_into(notes::table)
        .values((
            notes::outage_id.eq(outage.0),
            notes::at.eq(now.ms()),
            notes::author.eq(author),
            notes::text.eq(text),
        ))
        .execute(connection)?;
    Ok(())
}

/// An outage's notes, oldest first.
///
/// # Errors
/// What the database says.
pub fn of_outage(connection: &mut AnyConnection, outage: OutageId) -> Result<Vec<Note>, StoreError> {
    let rows: Vec<(i64, String, String)> = notes::table
        .filter(notes::outage_id.eq(outage.0))
        .order(notes::id)
        .select((notes::at, notes::author, notes::text))
        .load(connection)?;
    let note = |(at, author, text)| Note { at: Instant::from_ms(at), author, text };
    Ok(rows.into_iter().map(note).collect())
}
