//! Tokens as JSON shows them.

use serde::Serialize;

use crate::calendar::rfc3339;
use crate::domain::token::{Scope, Token};

/// What is known of a token; never the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TokenJson {
    /// Its name.
    pub name: String,
    /// What it may do.
    pub scope: Scope,
    /// When it was made.
    pub created_at: String,
    /// The name of who made it; null for the command line.
    pub created_by: Option<String>,
    /// When it was last shown, to the minute.
    pub last_used_at: Option<String>,
    /// When it ends.
    pub expires_at: Option<String>,
    /// Since when it is good for nothing.
    pub revoked_at: Option<String>,
}

impl TokenJson {
    /// The token `token`.
    pub fn new(token: &Token) -> Self {
        TokenJson {
            name: token.name.clone(),
            scope: token.scope,
            created_at: rfc3339(token.created_at),
            created_by: token.created_by.as_ref().map(|creator| creator.name.clone()),
            last_used_at: token.last_used_at.map(rfc3339),
            expires_at: token.expires_at.map(rfc3339),
            revoked_at: token.revoked_at.map(rfc3339),
        }
    }
}
