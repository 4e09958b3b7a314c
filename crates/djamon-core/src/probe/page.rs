//! What an answer says, held against the site's conditions: its headers, and its body, read to its end or to 1 MiB.

use std::io::Read;

use encoding_rs::Encoding;
use regex::Regex;
use serde_json::Value;
use serde_json_path::JsonPath;
use ureq::http::header::CONTENT_TYPE;
use ureq::http::{HeaderMap, HeaderValue};

use super::charset;
use super::coding::{Coding, Source};
use super::fault::Fault;
use super::limit::Limit;
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

/// Reads a page without `codings` to its end or to [`MOST`].
///
/// # Errors
/// What the reader said, beside what came before it; nothing when there was nothing to decode.
pub(super) fn read<R: Read>(
    source: &Source<R>,
    codings: &[Coding],
    limit: Limit,
    keep: bool,
) -> (Page, Result<(), std::io::Error>) {
    let mut page = Page::default();
    let mut room = vec![0; 16 * 1024];
    let mut body = source.without(codings, limit);
    while page.length < MOST {
        match body.read(&mut room) {
            // A decoder may stop before the page's frame does.
            Ok(0) => return (page, source.drain(MOST)),
            Ok(amount) => {
                page.length += amount;
                if keep {
                    page.bytes.extend_from_slice(room.get(..amount).unwrap_or_default());
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            // Nothing at all cannot be decompressed, and need not be.
            Err(_) if !source.came() && !source.is_broken() => break,
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

/// Holds `headers` against the check's condition on them.
///
/// # Errors
/// A `content` [`Fault`] when it does not hold.
pub(super) fn judge_headers(check: &Check, headers: &HeaderMap) -> Result<(), Fault> {
    let Some(test) = &check.expect_header else { return Ok(()) };
    let found: Vec<_> =
        headers.get_all(test.name()).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    if found.iter().any(|value| test.holds(value)) {
        return Ok(());
    }
    let name = test.name();
    content(match found.first() {
        None => format!("the answer has no header {name}"),
        Some(value) => {
            let wanted = test.value().unwrap_or_default();
            format!("the header {name} is {}, not {}", quoted(value), quoted(wanted))
        }
    })
}

/// Holds `bytes`, the page that came under `headers`, against the check's conditions.
///
/// # Errors
/// A `content` [`Fault`] of the first that does not hold; a local one when a condition cannot be read.
pub(super) fn judge(check: &Check, headers: &HeaderMap, bytes: &[u8]) -> Result<(), Fault> {
    let text = charset::decoded(bytes, headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes));
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
        let Some(value) = json(bytes) else {
            let larger = if bytes.len() >= MOST { " (it is larger than 1 MiB)" } else { "" };
            return content(format!("the page is not JSON{larger}"));
        };
        let found = path.query_located(&value);
        if found.is_empty() {
            return content(format!("nothing on the page is at {}", quoted(expression)));
        }
        if let Some(test) = &check.json_value
            && let Some(odd) = found.iter().find(|one| !test.holds(one.node()))
        {
            let (value, place) = (odd.node().to_string(), odd.location().to_string());
            let (value, place) = (plain(&value, 100), plain(&place, 150));
            return content(format!("the page has {value} at {place}, which is not {test}"));
        }
    }
    Ok(())
}

fn content(words: String) -> Result<(), Fault> {
    Err(Fault::answered(Outcome::Content, words))
}

fn quoted(text: &str) -> String {
    format!("{:?}", plain(text, 150))
}

/// The page as JSON, which is UTF-8 (RFC 8259) unless a byte order mark says otherwise.
fn json(bytes: &[u8]) -> Option<Value> {
    match Encoding::for_bom(bytes) {
        Some((encoding, _)) => serde_json::from_str(&encoding.decode(bytes).0).ok(),
        None => serde_json::from_slice(bytes).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Policy;

    fn judged(change: impl FnOnce(&mut Check), page: &str) -> Result<(), String> {
        let mut check = Policy::default().check;
        change(&mut check);
        judge(&check, &HeaderMap::new(), page.as_bytes()).map_err(|fault| fault.words)
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
    fn every_value_that_a_json_path_selects_must_compare() {
        let wants = |test: &'static str| {
            move |check: &mut Check| {
                check.json_path = Some("$.jobs[*].left".into());
                check.json_value = Some(test.parse().unwrap());
            }
        };
        let page = r#"{"jobs":[{"left":3},{"left":7}]}"#;
        assert_eq!(judged(wants("< 8"), page), Ok(()));
        assert_eq!(
            judged(wants("< 5"), page).unwrap_err(),
            "the page has 7 at $['jobs'][1]['left'], which is not < 5"
        );
        assert_eq!(judged(wants("!= \"3\""), page), Ok(()));
        assert!(
            judged(wants("== 3"), r#"{"jobs":[{"left":"3"}]}"#)
                .unwrap_err()
                .starts_with("the page has \"3\"")
        );
        let nothing = judged(wants("!= 3"), r#"{"jobs":[]}"#).unwrap_err();
        assert_eq!(nothing, "nothing on the page is at \"$.jobs[*].left\"");
    }

    #[test]
    fn json_is_utf8_unless_a_byte_order_mark_says_otherwise() {
        let five = Some(serde_json::json!(5));
        assert_eq!(
            [json(b"5"), json(b"\xef\xbb\xbf5"), json(b"\xfe\xff\x005")],
            [five.clone(), five.clone(), five]
        );
        assert_eq!(json(b"\"\xfc\""), None);
    }

    #[test]
    fn a_page_is_read_to_a_mebibyte_and_kept_only_when_wanted() {
        let read = |body: &mut dyn Read, keep| {
            let limit = Limit::start(std::time::Duration::from_secs(60), None);
            read(&Source::new(body), &[], limit, keep)
        };
        let (page, result) = read(&mut std::io::repeat(b'x'), false);
        assert!(result.is_ok() && page.bytes.is_empty());
        assert!((MOST..MOST + 16 * 1024).contains(&page.length));
        let (page, _) = read(&mut &b"short"[..], true);
        assert_eq!((page.bytes.as_slice(), page.length), (&b"short"[..], 5));
    }
}
