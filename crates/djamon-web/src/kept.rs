//! Answers that are kept until the next run or change: compressed bytes, ready to be sent.
//!
//! Only answers that are the same for everybody of an audience may be kept: the key tells visitors from members, and no
//! name, token or cookie of a person is ever part of what is kept.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use actix_web::http::header::HeaderValue;
use actix_web::web::Bytes;
use djamon_core::domain::Instant;
use djamon_core::json::Reader;

/// How many bytes are kept at most; when they would be more, all are let go.
const MOST: usize = 8 * 1024 * 1024;

/// What makes one answer another than its neighbour.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    /// Whether private things are in it.
    pub sees_private: bool,
    /// Path and parameters as they were asked for.
    pub address: String,
    /// The looks that were chosen.
    pub theme: &'static str,
    /// How it is compressed.
    pub encoding: &'static str,
}

impl Key {
    /// The key of what `reader` asks for.
    pub fn new(reader: Reader, address: String, theme: &'static str, encoding: &'static str) -> Self {
        Key { sees_private: reader.sees_private(), address, theme, encoding }
    }
}

/// An answer that is kept.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The body.
    pub body: Bytes,
    /// What it is.
    pub content_type: &'static str,
    /// The version that it shows.
    pub version: Option<HeaderValue>,
    /// From when on it is not true any more, though nothing was written.
    pub until: Instant,
}

/// The answers that are kept.
#[derive(Default)]
pub struct Shelf(Mutex<Shelved>);

#[derive(Default)]
struct Shelved {
    /// The state of the database that all of it is of.
    state: u64,
    bytes: usize,
    answers: HashMap<Key, Kept>,
}

impl Shelf {
    /// The answer that was kept under `key` while the database was in this state, if it is still true at `now`.
    pub fn get(&self, key: &Key, state: u64, now: Instant) -> Option<Kept> {
        let shelved = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = shelved.answers.get(key).filter(|kept| shelved.state == state && now < kept.until);
        kept.cloned()
    }

    /// Keeps an answer that was made in this state.
    pub fn keep(&self, key: Key, state: u64, kept: Kept) {
        let mut shelved = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state < shelved.state || kept.body.len() > MOST / 2 {
            return;
        }
        if state > shelved.state || shelved.bytes + kept.body.len() > MOST {
            *shelved = Shelved { state, ..Shelved::default() };
        }
        shelved.bytes += kept.body.len();
        if let Some(old) = shelved.answers.insert(key, kept) {
            shelved.bytes = shelved.bytes.saturating_sub(old.body.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(address: &str) -> Key {
        Key::new(Reader::Visitor, address.into(), "", "br")
    }

    fn kept(bytes: usize) -> Kept {
        Kept {
            body: vec![0; bytes].into(),
            content_type: "text/html",
            version: None,
            until: Instant::from_ms(60_000),
        }
    }

    #[test]
    fn what_is_kept_is_of_one_state_and_of_its_time() {
        let shelf = Shelf::default();
        shelf.keep(key("/"), 1, kept(10));
        let is_there = |state, ms| shelf.get(&key("/"), state, Instant::from_ms(ms)).is_some();
        assert!(is_there(1, 59_999));
        assert!(!is_there(1, 60_000), "its time is over");
        assert!(!is_there(2, 0), "something was written");
        assert!(shelf.get(&key("/?q=a"), 1, Instant::from_ms(0)).is_none());
        shelf.keep(key("/"), 2, kept(10));
        shelf.keep(key("/"), 1, kept(10));
        assert!(is_there(2, 0), "an answer of an older state comes too late");
    }

    #[test]
    fn members_and_visitors_never_share_an_answer() {
        let shelf = Shelf::default();
        let key = |reader| Key::new(reader, "/".into(), "", "br");
        shelf.keep(key(Reader::Member), 1, kept(10));
        assert!(shelf.get(&key(Reader::Visitor), 1, Instant::from_ms(0)).is_none());
        assert!(shelf.get(&key(Reader::Member), 1, Instant::from_ms(0)).is_some());
    }

    #[test]
    fn many_questions_do_not_fill_the_memory() {
        let shelf = Shelf::default();
        for n in 0..100 {
            shelf.keep(key(&n.to_string()), 1, kept(MOST / 10));
            shelf.keep(key(&n.to_string()), 1, kept(MOST / 10));
            let shelved = shelf.0.lock().unwrap();
            let bytes: usize = shelved.answers.values().map(|kept| kept.body.len()).sum();
            assert!(bytes <= MOST && bytes == shelved.bytes, "{bytes}");
        }
        shelf.keep(key("huge"), 1, kept(MOST));
        assert!(shelf.get(&key("huge"), 1, Instant::from_ms(0)).is_none());
    }
}
