//! What a script shows to the API: `dj_` and 256 random bits. Only its SHA-256 is kept: nobody can try 2^256 values, so no
//! slow hash is needed, and looking the hash up tells nothing by the time it takes.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Instant, Invalid, Span, TokenId, UserId};

/// What every token begins with, so that people and scanners for leaked secrets know one.
pub const PREFIX: &str = "dj_";
/// The longest a token may be good for.
const LONGEST: Duration = Duration::from_secs(10 * 366 * 86_400);

/// What a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Read.
    Read,
    /// Read and change.
    Write,
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "read" => Ok(Scope::Read),
            "write" => Ok(Scope::Write),
            _ => Err(format!("{text:?} is not a scope; use \"read\" or \"write\"")),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Scope::Read => "read",
            Scope::Write => "write",
        })
    }
}

/// The text of a token; shown once, never kept.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenText(pub String);

impl fmt::Debug for TokenText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenText(…)")
    }
}

impl TokenText {
    /// The token of these bits.
    pub fn of(bits: [u8; 32]) -> Self {
        TokenText(format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(bits)))
    }

    /// `text`, when it can be a token.
    pub fn parse(text: &str) -> Option<Self> {
        let bits = BASE64_URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        (bits.len() == 32).then(|| TokenText(text.to_owned()))
    }

    /// What is kept of it.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

/// What is known of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its number.
    pub id: TokenId,
    /// Its name; unique among tokens that are not revoked.
    pub name: String,
    /// What it may do.
    pub scope: Scope,
    /// When it was made.
    pub created_at: Instant,
    /// Who made it; `None` for the command line.
    pub created_by: Option<Creator>,
    /// When it was last shown, to the minute.
    pub last_used_at: Option<Instant>,
    /// When it ends.
    pub expires_at: Option<Instant>,
    /// Since when it is good for nothing.
    pub revoked_at: Option<Instant>,
}

/// A person who made a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Creator {
    /// Their number.
    pub id: UserId,
    /// The name they sign in with.
    pub name: String,
    /// Whether they may still sign in.
    pub is_disabled: bool,
    /// Whether they may change things.
    pub may_change: bool,
}

impl Token {
    /// Why it is good for nothing at `now`; `None` while it is good.
    pub fn fault(&self, now: Instant) -> Option<&'static str> {
        if self.revoked_at.is_some() {
            return Some("this token was revoked; ask for a new one");
        }
        if self.expires_at.is_some_and(|end| end <= now) {
            return Some("this token has ended; ask for a new one");
        }
        let is_disabled = self.created_by.as_ref().is_some_and(|creator| creator.is_disabled);
        is_disabled.then_some("who made this token may not sign in any more; ask for a new one")
    }

    /// What it may do now: never more than who made it.
    pub fn scope_now(&self) -> Scope {
        match &self.created_by {
            Some(creator) if !creator.may_change => Scope::Read,
            Some(_) | None => self.scope,
        }
    }
}

/// A token to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    /// Its name.
    pub name: String,
    /// What it may do.
    pub scope: Scope,
    /// How long it is good for; for ever when not said.
    pub expires: Option<Span>,
    /// Who makes it; `None` for the command line.
    pub created_by: Option<UserId>,
}

impl NewToken {
    /// When it ends, if it is made at `now`.
    ///
    /// # Errors
    /// [`Invalid`] of the field `expires`.
    pub fn expires_at(&self, now: Instant) -> Result<Option<Instant>, Invalid> {
        match self.expires {
            Some(Span(span)) if span.as_secs() < 60 || span > LONGEST => {
                Err(Invalid::new("expires", format!("{} is out of range; use 1m to 10years", Span(span))))
            }
            expires => Ok(expires.map(|Span(span)| now.plus(span))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_its_prefix_and_its_bits() {
        let token = TokenText::of([7; 32]);
        assert_eq!(token.0, "dj_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc");
        assert_eq!(TokenText::parse(&token.0).unwrap().hash(), token.hash());
        assert_ne!(token.hash(), TokenText::of([8; 32]).hash());
        assert_eq!(format!("{token:?}"), "TokenText(…)");
        for wrong in ["", "dj_", "dj_BwcH", &token.0[3..], &format!("{}A", token.0), "dj_ü"] {
            assert_eq!(TokenText::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_token_is_good_until_it_is_revoked_over_or_its_maker_gone() {
        let at = Instant::from_ms;
        let creator =
            |is_disabled| Creator { id: UserId(1), name: "ann".into(), is_disabled, may_change: true };
        let token = Token {
            id: TokenId(1),
            name: "ci".into(),
            scope: Scope::Read,
            created_at: at(0),
            created_by: Some(creator(false)),
            last_used_at: None,
            expires_at: Some(at(1000)),
            revoked_at: None,
        };
        assert_eq!(token.fault(at(999)), None);
        assert!(token.fault(at(1000)).unwrap().contains("has ended"));
        assert!(Token { revoked_at: Some(at(5)), ..token.clone() }.fault(at(6)).unwrap().contains("revoked"));
        assert!(
            Token { created_by: Some(creator(true)), ..token }.fault(at(6)).unwrap().contains("who made")
        );
    }
}
