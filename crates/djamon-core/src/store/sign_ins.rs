//! What was tried in vain when signing in, so that guessing takes ever longer ([`crate::domain::throttle`]). An attempt
//! counts as failed before the password is looked at, and is taken back when it was right: many guesses at once are no way
//! around the pauses.

use std::time::Duration;

use diesel::prelude::*;

use super::schema::sign_in_failures as failures;
use super::{AnyConnection, StoreError};
use crate::domain::Instant;
use crate::domain::throttle::{Counted, FORGOTTEN, Tally};
use crate::secret::digest;

/// An attempt that may be made, and is counted already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt(Vec<Entry>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    counted: Counted,
    whose: Vec<u8>,
    before: Option<Tally>,
    after: Tally,
}

/// Counts an attempt against each of these; the text says whose it is, and is stored only as a hash: what people type as
/// their name may be their password. To be called within [`super::write`].
///
/// # Errors
/// The outer ones are the database's; the inner one is how long they must wait, and then nothing is counted.
pub fn admit(
    connection: &mut AnyConnection,
    against: &[(Counted, String)],
    now: Instant,
) -> Result<Result<Attempt, Duration>, StoreError> {
    let mut entries = Vec::new();
    let mut longest = Duration::ZERO;
    for (counted, whose) in against {
        let whose = digest(whose);
        let before = tally(connection, &whose)?;
        longest = longest.max(counted.wait(before, now).unwrap_or_default());
        entries.push(Entry { counted: *counted, whose, before, after: Tally::failed(before, now) });
    }
    if !longest.is_zero() {
        return Ok(Err(longest));
    }
    for entry in &entries {
        put(connection, &entry.whose, Some(entry.after))?;
    }
    Ok(Ok(Attempt(entries)))
}

/// Takes an attempt back whose password was right: the account's failures from this network or device are forgotten, the
/// others are as they were. To be called within [`super::write`].
///
/// # Errors
/// What the database says.
pub fn take_back(connection: &mut AnyConnection, attempt: &Attempt) -> Result<(), StoreError> {
    for entry in &attempt.0 {
        let left = match entry.counted {
            Counted::Pair | Counted::Device => None,
            Counted::Network | Counted::Account => match tally(connection, &entry.whose)? {
                Some(tally) if tally == entry.after => entry.before,
                // Others failed meanwhile.
                Some(tally) => Some(Tally { failures: tally.failures.saturating_sub(1), ..tally }),
                None => None,
            },
        };
        put(connection, &entry.whose, left)?;
    }
    Ok(())
}

/// Removes what is too old to count. To be called within [`super::write`].
///
/// # Errors
/// What the database says.
pub fn clean(connection: &mut AnyConnection, now: Instant) -> Result<(), StoreError> {
    let old = failures::last_at.le(now.minus(FORGOTTEN).ms());
    diesel::delete(failures::table.filter(old)).execute(connection)?;
    Ok(())
}

fn tally(connection: &mut AnyConnection, whose: &[u8]) -> Result<Option<Tally>, StoreError> {
    let row = failures::table.find(whose.to_vec()).select((failures::failures, failures::last_at));
    let row: Option<(i32, i64)> = row.first(connection).optional()?;
    Ok(row.map(|(count, last_at)| Tally {
        failures: u32::try_from(count).unwrap_or_default(),
        last_at: Instant::from_ms(last_at),
    }))
}

fn put(connection: &mut AnyConnection, whose: &[u8], tally: Option<Tally>) -> Result<(), StoreError> {
    let row = || failures::table.find(whose.to_vec());
    let Some(tally) = tally else {
        diesel::delete(row()).execute(connection)?;
        return Ok(());
    };
    let values = (
        failures::failures.eq(i32::try_from(tally.failures).unwrap_or(i32::MAX)),
        failures::last_at.eq(tally.last_at.ms()),
    );
    if diesel::update(row()).set(values).execute(connection)? == 0 {
        let new = (failures::whose.eq(whose.to_vec()), values);
        diesel::insert_into(failures::table).values((new.0, new.1.0, new.1.1)).execute(connection)?;
    }
    Ok(())
}
