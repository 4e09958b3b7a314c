//! What is said of bad input: which field, what is wrong with it, and the way out.

/// A value that cannot be taken. Shown to people as `field: problem`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct Invalid {
    /// The field's name as files, forms and JSON call it.
    pub field: String,
    /// What is wrong, with the value, and what would be right.
    pub problem: String,
}

impl Invalid {
    /// Says that `field` cannot be taken because of `problem`.
    pub fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Invalid { field: field.into(), problem: problem.into() }
    }
}
