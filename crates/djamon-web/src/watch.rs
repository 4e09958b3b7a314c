//! Watches the database for changes, so that what was rendered can be kept until there is one, and so that a page that
//! asks "anything new?" costs next to nothing.
//!
//! One connection of its own asks the database's cheapest question: has anybody committed anything? Only when somebody
//! has are the tables asked whether it was something that pages show.

use std::sync::{Mutex, PoisonError};

use djamon_core::store::changes::{self, Sign};
use djamon_core::store::{AnyConnection, StoreError, stamp};

use crate::database::{Database, FileId};

/// What was seen of the database.
#[derive(Default)]
pub struct Watch(Mutex<Seen>);

/// Numbers that count changes since this program started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct State {
    /// Another one after every change that pages show.
    pub number: u64,
    /// Another one after every edit of sites and groups.
    pub plan: u64,
}

#[derive(Default)]
struct Seen {
    state: State,
    open: Option<Open>,
    sign: Sign,
}

struct Open {
    file: Option<FileId>,
    connection: AnyConnection,
    stamp: String,
}

impl Watch {
    /// The state that the database is in.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be asked.
    pub fn state(&self, database: &Database) -> Result<State, StoreError> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let looked = seen.look(database);
        if looked.is_err() {
            seen.open = None;
        }
        looked
    }
}

impl Seen {
    fn look(&mut self, database: &Database) -> Result<State, StoreError> {
        // 1. A file that was replaced (a restored backup) is another database.
        let file = database.file()?;
        let known = self.open.take().filter(|open| open.file == file);
        let is_another = known.is_none();
        let mut open = match known {
            Some(open) => open,
            None => Open { file, connection: database.look()?, stamp: String::new() },
        };
        // 2. Has anybody written? 3. Something that is shown? The stamp is older than the sign: nothing falls between.
        let now = stamp(&mut open.connection)?;
        if open.stamp != now {
            let sign = changes::sign(&mut open.connection)?;
            self.state.number += u64::from(self.sign != sign || is_another);
            self.state.plan += u64::from(self.sign.plan != sign.plan || is_another);
            self.sign = sign;
            open.stamp = now;
        }
        self.open = Some(open);
        Ok(self.state)
    }
}
