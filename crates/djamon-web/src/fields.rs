//! A JSON object read key by key: what is wrong is kept by the key's name, so that everything can be told at once.

use djamon_core::domain::Invalid;
use djamon_core::domain::text::nearest;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::WebError;

/// How many unknown keys are told of: a request must not make an answer a hundred times its size.
const MOST_UNKNOWN: usize = 50;
/// How much of an unknown key is looked at and repeated.
const LONGEST_KEY: usize = 40;

/// An object that is being read.
pub struct Fields {
    object: Map<String, Value>,
    problems: Vec<Invalid>,
}

impl Fields {
    /// Begins to read `object`; keys that are not among `known` are wrong.
    pub fn of(object: Map<String, Value>, known: &[&str]) -> Self {
        let unknown = object.keys().filter(|key| !known.contains(&key.as_str())).take(MOST_UNKNOWN);
        let problems = unknown.map(|key| {
            let shown: String = key.chars().take(LONGEST_KEY).collect();
            let hint = match nearest(&shown, known) {
                Some(meant) => format!("did you mean {meant}?"),
                None if key == "options" => "write the options beside url, each by its name".to_owned(),
                None => format!("the fields are {}", known.join(", ")),
            };
            Invalid::new(shown, format!("is not a field; {hint}"))
        });
        Fields { problems: problems.collect(), object }
    }

    /// The value of `key`: `None` when it is not there or wrong, `Some(None)` when it is null.
    pub fn take<T: DeserializeOwned>(&mut self, key: &str) -> Option<Option<T>> {
        match self.object.remove(key)? {
            Value::Null => Some(None),
            value => {
                let read = serde_json::from_value(value);
                read.map(Some).map_err(|error| self.wrong(key, error.to_string())).ok()
            }
        }
    }

    /// The value of `key` as it stands there.
    pub fn take_raw(&mut self, key: &str) -> Option<Value> {
        self.object.remove(key)
    }

    /// What `checked` is; what is wrong with it is kept.
    pub fn check<T>(&mut self, checked: Result<T, Invalid>) -> Option<T> {
        checked.map_err(|invalid| self.problems.push(invalid)).ok()
    }

    /// Keeps that `key` is wrong.
    pub fn wrong(&mut self, key: &str, problem: impl Into<String>) {
        self.problems.push(Invalid::new(key, problem));
    }

    /// Whether this field has a problem already.
    pub fn is_wrong(&self, key: &str) -> bool {
        self.problems.iter().any(|problem| problem.field == key)
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// [`WebError::Invalid`] with every problem.
    pub fn done(&mut self) -> Result<(), WebError> {
        let problems = std::mem::take(&mut self.problems);
        if problems.is_empty() { Ok(()) } else { Err(WebError::Invalid(problems)) }
    }
}
