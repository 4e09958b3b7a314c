//! Who shows a token, and whether it is good.

use djamon_core::domain::token::TokenText;
use djamon_core::store::tokens;

use super::Caller;
use crate::ask::Ask;
use crate::error::WebError;

/// The token in `Authorization`; `None` when there is no such header.
///
/// # Errors
/// [`WebError::TokenRefused`], [`WebError::Database`].
pub fn bearer(ask: &Ask) -> Result<Option<Caller>, WebError> {
    if !ask.headers.contains_key("authorization") {
        return Ok(None);
    }
    let text = ask.header("authorization").and_then(|value| value.split_once(' '));
    let token = text.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let token = token.ok_or(WebError::TokenRefused("send the token as Authorization: Bearer dj_…"))?;
    let shown = TokenText::parse(token.1.trim()).ok_or(WebError::TokenRefused(
        "this is not a token; one is dj_ and 43 letters, digits, hyphens and underscores",
    ))?;
    let database = &mut *ask.database()?;
    let token = tokens::by_text(database, &shown)?
        .ok_or(WebError::TokenRefused("this token is not known here; ask for a new one"))?;
    if let Some(fault) = token.fault(ask.now) {
        return Err(WebError::TokenRefused(fault));
    }
    if let Err(error) = tokens::used(database, &token, ask.now) {
        // Reading goes on while a run holds the database, or on a full disk.
        tracing::debug!("token {:?}: {error}", token.name);
    }
    let (scope, user) = (token.scope_now(), token.created_by.map(|creator| creator.id));
    Ok(Some(Caller::Token { name: token.name, scope, user }))
}
