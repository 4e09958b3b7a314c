//! Whether a change was sent by a page of ours: forged requests (CSRF) are told by what the browser says of their origin,
//! and by the token that every form of ours has in it.
//!
//! A form of somebody who is signed in has the token of their session. One for visitors, like the one for signing in, has
//! a mark of the random cookie that came with it: who cannot plant cookies for us cannot make such a pair.

use url::Url;

use super::Caller;
use super::keys::is_same;
use crate::answer::Answer;
use crate::ask::Ask;
use crate::error::WebError;
use actix_web::http::header;

/// What the token is called in forms.
pub const FIELD: &str = "csrf";
const COOKIE: &str = "form";
const PURPOSE: &str = "form";

/// Checks both.
///
/// # Errors
/// [`WebError::Forbidden`].
pub fn check(ask: &Ask) -> Result<(), WebError> {
    if !is_from_here(ask) {
        return Err(WebError::Forbidden("this was sent by another site; nothing was changed"));
    }
    let form = ask.form()?;
    let token = form.get(FIELD).unwrap_or_default();
    let is_ours = match (&ask.caller, &ask.session) {
        (Caller::User { .. }, Some(session)) => is_same(&session.forms, token),
        _ => {
            let keys = &ask.app.sign_in.keys;
            ask.cookie(&name(ask)).is_some_and(|cookie| keys.is_marked(PURPOSE, &cookie, token))
        }
    };
    if is_ours {
        return Ok(());
    }
    Err(WebError::Forbidden(
        "the form was not made for this session; go back, load its page anew and send it again, nothing was changed",
    ))
}

/// What the browser says. `Sec-Fetch-Site` cannot be forged by a page; older browsers send only `Origin`, whose host must
/// be the one that was asked; what says nothing at all is no browser, and the token decides.
fn is_from_here(ask: &Ask) -> bool {
    match ask.header("sec-fetch-site") {
        Some("same-origin" | "none") => return true,
        Some(_) => return false,
        None => {}
    }
    let Some(origin) = ask.header("origin") else { return true };
    let Ok(origin) = Url::parse(origin) else { return false };
    let asked = ask.header("host").and_then(|host| Url::parse(&format!("{}://{host}", origin.scheme())).ok());
    let ours = Url::parse(&ask.app.sign_in.base_url).ok();
    [asked, ours].into_iter().flatten().any(|url| url.origin() == origin.origin())
}

/// Whether the browser says that a page of ours sent this; one that says nothing does not count.
pub fn is_surely_from_here(ask: &Ask) -> bool {
    (ask.headers.contains_key("sec-fetch-site") || ask.headers.contains_key("origin")) && is_from_here(ask)
}

/// The token for a form for visitors, and the answer's cookie that goes with it.
///
/// # Errors
/// [`WebError::Internal`] without random numbers.
pub fn for_visitors(ask: &Ask) -> Result<(String, String), WebError> {
    let keys = &ask.app.sign_in.keys;
    let cookie = match ask.cookie(&name(ask)).filter(|cookie| cookie.len() == 43) {
        Some(cookie) => cookie,
        None => djamon_core::secret::fresh().map_err(WebError::Internal)?,
    };
    Ok((keys.mark(PURPOSE, &cookie), cookie))
}

/// `answer`, which brings the cookie of a form for visitors.
///
/// # Errors
/// None in truth: it can stand in a header.
pub fn with_cookie(ask: &Ask, answer: Answer, cookie: String) -> Result<Answer, WebError> {
    answer.with_header(header::SET_COOKIE, ask.app.sign_in.cookies.make(COOKIE, cookie, None))
}

fn name(ask: &Ask) -> String {
    ask.app.sign_in.cookies.name(COOKIE)
}
