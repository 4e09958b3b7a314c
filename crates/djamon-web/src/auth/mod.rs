//! Who asks, and whether they may: one function tells the first, one the second. Everything else is closed.
//!
//! ```text
//! a page ─► session cookie ─┐
//! the API, reading ─────────┼─► Caller ─► Who::admits
//! the API ─► bearer token ──┘
//! ```
//! A session changes nothing by the API, and a token nothing on pages: no other site can make a browser send a token, so
//! the API needs no protection from requests that are forged (CSRF); pages have theirs in [`genuine`].

mod token;

use djamon_core::domain::UserId;
pub use djamon_core::domain::token::Scope;
use djamon_core::json::Reader;
use djamon_core::store::users::Role;

use crate::ask::Ask;
use crate::error::WebError;
use crate::routes::{Face, Route};

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// Somebody who is not signed in.
    Visitor,
    /// A script.
    Token {
        /// The token's name.
        name: String,
        /// What it may do.
        scope: Scope,
        /// The person who made it, if one did.
        user: Option<UserId>,
    },
    /// A person who is signed in.
    User {
        /// Their number.
        id: UserId,
        /// The name they sign in with.
        name: String,
        /// What they may do.
        role: Role,
    },
}

impl Caller {
    /// What they see.
    pub const fn reader(&self) -> Reader {
        match self {
            Caller::Visitor => Reader::Visitor,
            Caller::Token { .. } | Caller::User { .. } => Reader::Member,
        }
    }

    /// The name that a change is kept under; `None` for visitors.
    pub fn name(&self) -> Option<&str> {
        match self {
            Caller::Visitor => None,
            Caller::Token { name, .. } | Caller::User { name, .. } => Some(name),
        }
    }
}

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Everybody, always.
    Anyone,
    /// Those who may read: visitors too while `[web] public` says so.
    Readers,
    /// Those who are signed in, and tokens.
    Members,
    /// Those who may change everything: admins, and tokens with the scope `write`.
    Admins,
}

impl Who {
    /// Lets `caller` in, or says why not. `public`: visitors may read.
    ///
    /// # Errors
    /// [`WebError::SignInNeeded`] for visitors, [`WebError::Forbidden`] for those who are known.
    pub fn admits(self, caller: &Caller, public: bool) -> Result<(), WebError> {
        match (self, caller) {
            (Who::Anyone, _) => Ok(()),
            (Who::Readers, Caller::Visitor) if public => Ok(()),
            (Who::Readers, Caller::Visitor) => {
                Err(WebError::SignInNeeded("reading is not open to visitors here ([web] public = false)"))
            }
            (Who::Members | Who::Admins, Caller::Visitor) => Err(WebError::SignInNeeded(
                "this is not open to visitors; send a token: Authorization: Bearer dj_…",
            )),
            (Who::Readers | Who::Members, Caller::Token { .. } | Caller::User { .. }) => Ok(()),
            (
                Who::Admins,
                Caller::Token { scope: Scope::Write, .. } | Caller::User { role: Role::Admin, .. },
            ) => Ok(()),
            (Who::Admins, Caller::Token { scope: Scope::Read, .. }) => {
                Err(WebError::Forbidden("this token may only read; changes need one with the scope write"))
            }
            (Who::Admins, Caller::User { role: Role::Viewer, .. }) => {
                Err(WebError::Forbidden("viewers may only read; an admin may do this"))
            }
        }
    }
}

/// Who sends `ask`, which is for `route`. Asks the database only when there is something to look up.
///
/// # Errors
/// [`WebError::TokenRefused`], [`WebError::Database`].
pub fn caller(ask: &Ask, route: &Route) -> Result<Caller, WebError> {
    match route.face {
        Face::Page => session(ask),
        Face::Api => match token::bearer(ask)? {
            Some(token) => Ok(token),
            None if route.verb.is_safe() => session(ask),
            None => Ok(Caller::Visitor),
        },
    }
}

/// Makes sure that a change on a page was meant by the person whose browser sends it. The body has been read.
///
/// # Errors
/// [`WebError::Forbidden`].
pub fn genuine(_ask: &Ask, route: &Route) -> Result<(), WebError> {
    match route.face {
        Face::Api => Ok(()),
        // Sign-in puts Origin and token here.
        Face::Page if route.verb.is_safe() => Ok(()),
        Face::Page => Err(WebError::Forbidden("pages take no changes")),
    }
}

/// The person whose session the cookie names. Sign-in puts the look-up here.
fn session(_ask: &Ask) -> Result<Caller, WebError> {
    Ok(Caller::Visitor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_is_one_table() {
        let token = |scope| Caller::Token { name: "ci".into(), scope, user: None };
        let user = |role| Caller::User { id: UserId(1), name: "alice".into(), role };
        let callers =
            [Caller::Visitor, token(Scope::Read), user(Role::Viewer), token(Scope::Write), user(Role::Admin)];
        let row = |who: Who, public| {
            callers.each_ref().map(|caller| match who.admits(caller, public) {
                Ok(()) => 200,
                Err(error) => error.code().status().as_u16(),
            })
        };
        assert_eq!(row(Who::Anyone, false), [200, 200, 200, 200, 200]);
        assert_eq!(row(Who::Readers, true), [200, 200, 200, 200, 200]);
        assert_eq!(row(Who::Readers, false), [401, 200, 200, 200, 200]);
        assert_eq!(row(Who::Members, true), [401, 200, 200, 200, 200]);
        assert_eq!(row(Who::Admins, true), [401, 403, 403, 200, 200]);
    }
}
