//! Watches the database for changes, so that what was rendered can be kept until there is one, and so that a page that
//! asks "anything new?" costs next to nothing.
//!
//! One connection of its own asks the database's cheapest question: has anybody committed anything? Only when somebody
//! has are the tables asked whether it was something that pages show.

use std::sync::{Mutex, PoisonError};

use djamon_core::store::{AnyConnection, StoreError, changes, stamp};

use crate::database::{Database, FileId};

/// What was seen of the database.
#[derive(Default)]
pub struct Watch(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    /// Counts the changes since this program started.
    state: u64,
    open: Option<Open>,
    sign: String,
}

struct Open {
    file: Option<FileId>,
    connection: AnyConnection,
    stamp: String,
}

impl Watch {
    /// The number of the state that the database is in: another one after every change that pages show.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be asked.
    pub fn state(&self, database: &Database) -> Result<u64, StoreError> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let looked = seen.look(database);
        if looked.is_err() {
            seen.open = None;
        }
        looked
    }
}

impl Seen {
    fn look(&mut self, database: &Database) -> Result<u64, StoreError> {
        // 1. A file that was replaced (a restored backup) is another database.
        let file = database.file()?;
        let mut open = match self.open.take().filter(|open| open.file == file) {
            Some(open) => open,
            None => Open { file, connection: database.look()?, stamp: String::new() },
        };
        // 2. Has anybody written? 3. Something that is shown? The stamp is older than the sign: nothing falls between.
        let now = stamp(&mut open.connection)?;
        if open.stamp != now {
            let sign = changes::sign(&mut open.connection)?;
            if self.sign != sign {
                self.sign = sign;
                self.state += 1;
            }
            open.stamp = now;
        }
        self.open = Some(open);
        Ok(self.state)
    }
}
