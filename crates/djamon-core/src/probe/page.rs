//! The body of an answer: read to its end or to 1 MiB, and held against the site's conditions.

use std::io::Read;

use regex::Regex;
use serde_json_path::JsonPath;

use super::charset;
use super::fault::Fault;
use crate::domain::{Check, Outcome, text::plain};

/// As much of a page as is read.
pub(super) const MOST: usize = 1024 * 1024;

/// A body as far as it was read; its bytes only when a condition wants them.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// What was kept of it.
    pub bytes: Vec<u8>,
    /// How long it was, as far as it was read.
    pub length: usize,
}

/// Reads a body to its end or to [`MOST`].
///
/// # Errors
/// What the reader said, beside what came before it.
pub(super) fn read(body: &mut impl Read, keep: bool) -> (Page, Result<(), std::io::Error>) {
    let mut page = Page::default();
    let mut room = vec![0; 16 * 1024];
    while page.length < MOST {
        match body.read(&mut room) {
            Ok(0) => break,
            Ok(amount) => {
                page.length += amount;
                if keep {
                    page.bytes.extend_from_slice(room.get(..amount).unwrap_or_default());
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return (page, Err(error)),
        }
    }
    (page, Ok(()))
}

/// Refuses a page that comes in another transfer coding than pieces: nobody could tell whether it came whole.
///
/// # Errors
/// A `body` [`Fault`] that names the coding.
pub(super) fn readable<'a>(codings: impl Iterator<Item = &'a [u8]>) -> Result<(), Fault> {
    let known = |coding: &[u8]| {
        ["", "chunked", "identity"].iter().any(|known| coding.eq_ignore_ascii_case(known.as_bytes()))
    };
    let mut all = codings.flat_map(|coding| coding.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
    match all.find(|coding| !known(coding)) {
        Some(odd) => {
            let odd = plain(&String::from_utf8_lossy(odd), 100);
            Err(Fault::answered(Outcome::Body, format!("page in the unknown transfer-encoding {odd:?}")))
        }
        None => Ok(()),
    }
}

/// Whether the check has a condition on the page.
pub(super) fn has_condition(check: &Check) -> bool {
    let Check { contains, not_contains, matches, json_path, .. } = check;
    [contains, not_contains, matches, json_path].into_iter().any(Option::is_some)
}

/// Holds `bytes`, a page of this content type, against the check's conditions.
///
/// # Errors
/// A `content` [`Fault`] of the first that does not hold; a local one when a condition cannot be read.
pub(super) fn judge(check: &Check, bytes: &[u8], kind: Option<&[u8]>) -> Result<(), Fault> {
    let content = |words: String| Err(Fault::answered(Outcome::Content, words));
    let quoted = |text: &str| format!("{:?}", plain(text, 150));
    let text = charset::decoded(bytes, kind);
    if let Some(wanted) = check.contains.as_deref().filter(|wanted| !text.contains(wanted)) {
        return content(format!("the page does not contain {}", quoted(wanted)));
    }
    if let Some(unwanted) = check.not_contains.as_deref().filter(|unwanted| text.contains(unwanted)) {
        return content(format!("the page contains {}", quoted(unwanted)));
    }
    if let Some(pattern) = &check.matches {
        let regex = Regex::new(pattern)
            .map_err(|_| Fault::local(format!("{} is not a regular expression", quoted(pattern))))?;
        if !regex.is_match(&text) {
            return content(format!("the page does not match {}", quoted(pattern)));
        }
    }
    if let Some(expression) = &check.json_path {
        let path = JsonPath::parse(expression)
            .map_err(|_| Fault::local(format!("{} is not a JSONPath", quoted(expression))))?;
        let Ok(value) = serde_json::from_str::<serde_json::Value>(&text) else {
            let larger = if bytes.len() >= MOST { " (it is larger than 1 MiB)" } else { "" };
            return content(format!("the page is not JSON{larger}"));
        };
        if path.query(&value).is_empty() {
            return content(format!("nothing on the page is at {}", quoted(expression)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Policy;

    fn judged(change: impl FnOnce(&mut Check), page: &str) -> Result<(), String> {
        let mut check = Policy::default().check;
        change(&mut check);
        judge(&check, page.as_bytes(), None).map_err(|fault| fault.words)
    }

    #[test]
    fn every_condition_must_hold() {
        let wants = |check: &mut Check| {
            check.contains = Some("Welcome".into());
            check.not_contains = Some("Error".into());
            check.matches = Some("v[0-9]+".into());
        };
        assert_eq!(judged(wants, "Welcome to v3"), Ok(()));
        assert_eq!(judged(wants, "to v3").unwrap_err(), "the page does not contain \"Welcome\"");
        assert_eq!(judged(wants, "Welcome: Error v3").unwrap_err(), "the page contains \"Error\"");
        assert_eq!(judged(wants, "Welcome to v").unwrap_err(), "the page does not match \"v[0-9]+\"");
    }

    #[test]
    fn a_json_path_must_select_something() {
        let wants = |check: &mut Check| check.json_path = Some("$.jobs[?@.state=='ok']".into());
        assert_eq!(judged(wants, r#"{"jobs":[{"state":"ok"}]}"#), Ok(()));
        assert!(judged(wants, r#"{"jobs":[]}"#).unwrap_err().starts_with("nothing on the page is at"));
        assert_eq!(judged(wants, "<html>").unwrap_err(), "the page is not JSON");
    }

    #[test]
    fn a_page_is_read_to_a_mebibyte_and_kept_only_when_wanted() {
        let (page, result) = read(&mut std::io::repeat(b'x'), false);
        assert!(result.is_ok() && page.bytes.is_empty());
        assert!((MOST..MOST + 16 * 1024).contains(&page.length));
        let (page, _) = read(&mut &b"short"[..], true);
        assert_eq!((page.bytes.as_slice(), page.length), (&b"short"[..], 5));
    }
}
