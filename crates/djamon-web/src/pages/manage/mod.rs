//! Managing: sites, groups, channels, people, tokens. Everybody who is signed in may look; admins may change.

pub mod channels;
pub mod groups;
pub mod site_edit;
pub mod sites;
pub mod tokens;
pub mod users;

use crate::answer::Answer;
use crate::ask::Ask;
use crate::error::WebError;

/// `/manage`: begins with the sites.
///
/// # Errors
/// None in truth.
pub fn manage(ask: &Ask) -> Result<Answer, WebError> {
    Answer::redirect(&format!("{}/manage/sites", ask.app.base))
}
