//! Where a redirect leads, and what may be sent there. Pure.

use url::Url;

use super::fault::Fault;
use crate::domain::{Outcome, text::plain};

/// The most redirects that are followed.
const MOST: usize = 10;

/// Whether a POST that `code` redirects goes on as a GET without a body, as in browsers (Fetch, HTTP-redirect fetch).
pub(super) fn drops_body(code: u16) -> bool {
    matches!(code, 301..=303)
}

/// Whether `code` sends the asker elsewhere.
pub(super) fn is_redirect(code: u16) -> bool {
    matches!(code, 301 | 302 | 303 | 307 | 308)
}

/// The address that `location`, given by `from` with `code`, leads to; `path` is every address asked so far, `from` the
/// last of them; the first `asked_otherwise` of them were asked by another method, and asking them again is no loop.
///
/// # Errors
/// A `redirect` [`Fault`]: no Location or a bad one, a loop, a chain that is too long.
pub(super) fn next(
    from: &Url,
    code: u16,
    location: Option<&[u8]>,
    path: &[Url],
    asked_otherwise: usize,
) -> Result<Url, Fault> {
    let fault = |words: String| Fault::answered(Outcome::Redirect, words);
    let location = location.ok_or_else(|| fault(format!("{code} without a Location")))?;
    let text = String::from_utf8_lossy(location);
    let bad = |why: &str| fault(format!("{code} with a bad Location {:?}: {why}", plain(&text, 150)));
    if text.trim().is_empty() {
        return Err(bad("it is empty"));
    }
    let mut url = from.join(text.trim()).map_err(|error| bad(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(bad("it is neither http nor https"));
    }
    if url.port() == Some(0) || url.host_str().unwrap_or_default().is_empty() {
        return Err(bad("there is no such place"));
    }
    // What stands before the host there was not meant for us to send.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_fragment(None);
    if path.iter().skip(asked_otherwise).any(|asked| *asked == url) {
        return Err(fault(format!("redirected in a loop, back to {}", shown(&url))));
    }
    if path.len() > MOST {
        return Err(fault(format!("redirected more than {MOST} times, at last to {}", shown(&url))));
    }
    Ok(url)
}

/// Whether what is meant for `home` alone (a password, headers of the site's own) may be sent to `url`: the same server,
/// or its encrypted side.
pub(super) fn is_home(home: &Url, url: &Url) -> bool {
    let port = |url: &Url| url.port_or_known_default();
    let same_place = url.scheme() == home.scheme() && port(url) == port(home);
    let encrypted =
        home.scheme() == "http" && url.scheme() == "https" && home.port().is_none() && url.port().is_none();
    url.host_str() == home.host_str() && (same_place || encrypted)
}

/// `url` as details show it.
pub(super) fn shown(url: &Url) -> String {
    plain(url.as_str(), 150)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn led(location: &str) -> Result<String, String> {
        let from = url("http://a.example/dir/page?x=1");
        let path = [url("http://a.example/start"), from.clone()];
        next(&from, 302, Some(location.as_bytes()), &path, 0).map(String::from).map_err(|fault| fault.words)
    }

    #[test]
    fn a_location_is_read_as_browsers_read_it() {
        assert_eq!(led("/next").unwrap(), "http://a.example/next");
        assert_eq!(led("other?y=2#part").unwrap(), "http://a.example/dir/other?y=2");
        assert_eq!(led("//b.example/").unwrap(), "http://b.example/");
        assert_eq!(led("https://ann:secret@b.example/ü").unwrap(), "https://b.example/%C3%BC");
    }

    #[test]
    fn what_leads_nowhere_is_told() {
        assert_eq!(led("").unwrap_err(), "302 with a bad Location \"\": it is empty");
        assert!(led("ftp://b.example/").unwrap_err().contains("neither http nor https"));
        assert!(led("http://b.example:0/").unwrap_err().contains("no such place"));
        assert!(led("http://[::1").unwrap_err().contains("bad Location"));
        assert_eq!(led("/start").unwrap_err(), "redirected in a loop, back to http://a.example/start");
        let from = url("http://a.example/");
        assert_eq!(next(&from, 307, None, &[], 0).unwrap_err().words, "307 without a Location");
    }

    #[test]
    fn ten_redirects_are_followed_and_no_more() {
        let path: Vec<_> = (0..12).map(|n| url(&format!("http://a.example/{n}"))).collect();
        let tenth = next(&path[9], 302, Some(b"/10"), &path[..10], 0);
        assert_eq!(tenth.unwrap(), path[10]);
        let eleventh = next(&path[10], 302, Some(b"/11"), &path[..11], 0).unwrap_err();
        assert!(eleventh.words.starts_with("redirected more than 10 times"));
    }

    #[test]
    fn a_post_that_leads_back_to_itself_is_asked_once_more_by_get() {
        let form = url("http://a.example/form");
        let path = [form.clone()];
        assert_eq!(next(&form, 303, Some(b"/form"), &path, 1).unwrap(), form);
        let again = next(&form, 303, Some(b"/form"), &[form.clone(), form.clone()], 1);
        assert!(again.unwrap_err().words.starts_with("redirected in a loop"));
        assert_eq!([301, 302, 303, 307, 308].map(drops_body), [true, true, true, false, false]);
    }

    #[test]
    fn a_password_goes_home_only_and_never_from_encrypted_to_plain() {
        let home = url("http://a.example/");
        assert!(is_home(&home, &url("http://a.example/other")));
        assert!(is_home(&home, &url("https://a.example/")));
        assert!(!is_home(&home, &url("http://b.example/")));
        assert!(!is_home(&home, &url("http://a.example:8080/")));
        assert!(!is_home(&url("https://a.example/"), &url("http://a.example/")));
    }
}
