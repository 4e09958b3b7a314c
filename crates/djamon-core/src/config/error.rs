//! What is said of a configuration that cannot be taken. No secret ever stands in it.

/// Everything that is wrong with the configuration, one line each: where, what, and the way out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .problems.join("\n"))]
pub struct ConfigError {
    /// One line each, in the order of the file; never empty.
    pub problems: Vec<String>,
}

impl From<String> for ConfigError {
    fn from(problem: String) -> Self {
        ConfigError { problems: vec![problem] }
    }
}
