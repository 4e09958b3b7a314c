//! A URL that has been parsed cannot be wrong: http or https, a host, a port that exists, no credentials, no fragment.

use percent_encoding::percent_decode_str;
use url::Url;

use super::options::MASK;
use super::{Invalid, text};

/// A user name and password for basic authentication; never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user name, decoded.
    pub user: String,
    /// The password, decoded.
    pub password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials(…)")
    }
}

/// What a site's probe asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The address, without user name, password and fragment.
    pub url: Url,
    /// Sent as basic authentication to this host only.
    pub credentials: Option<Credentials>,
}

impl Target {
    /// Parses what a person typed: spaces are trimmed, international names become punycode, the fragment is dropped, a
    /// user name and password are taken out and percent-decoded.
    ///
    /// # Errors
    /// [`Invalid`] of the field `url`, naming what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let wrong = |problem: String| Invalid::new("url", problem);
        let text = text.trim();
        if text.is_empty() {
            return Err(wrong("is empty; write it like https://example.org/".into()));
        }
        let masked = masked(text);
        if let Some((at, odd)) = text.char_indices().find(|(_, c)| c.is_control() || c.is_whitespace()) {
            let shown = odd.escape_default().to_string();
            return Err(wrong(format!(
                "{masked:?} has {shown:?} at character {}; write a space as %20",
                place(text, at)
            )));
        }
        let mut url = Url::parse(text).map_err(|error| match error {
            url::ParseError::RelativeUrlWithoutBase => {
                wrong(format!("{masked:?} has no scheme; write it like https://{masked}"))
            }
            url::ParseError::InvalidPort => {
                wrong(format!("{masked:?} has an impossible port; use 1 to 65535"))
            }
            other => wrong(format!("{masked:?} is not a URL: {other}")),
        })?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong(format!(
                "{masked:?} is {}:, but only http: and https: can be checked",
                url.scheme()
            )));
        }
        if url.host_str().unwrap_or("").is_empty() {
            return Err(wrong(format!("{masked:?} has no host")));
        }
        if url.port() == Some(0) {
            return Err(wrong(format!("{masked:?} has port 0; use 1 to 65535")));
        }
        let credentials = (!url.username().is_empty() || url.password().is_some()).then(|| Credentials {
            user: percent_decode_str(url.username()).decode_utf8_lossy().into_owned(),
            password: percent_decode_str(url.password().unwrap_or("")).decode_utf8_lossy().into_owned(),
        });
        let cleared = url.set_username("").and_then(|()| url.set_password(None));
        cleared.map_err(|()| wrong(format!("{masked:?} has no host")))?;
        url.set_fragment(None);
        Ok(Target { url, credentials })
    }

    /// This target, with the credentials of `known` where `***` stands in their place: what was shown can be given back.
    ///
    /// # Errors
    /// [`Invalid`] of the field `url`, when there are none to be put there, or `***` stands in the place of one of the two.
    pub fn unmasked(self, known: Option<&Target>) -> Result<Self, Invalid> {
        match self.credentials.as_ref().map(|Credentials { user, password }| [user.as_str(), password]) {
            Some([MASK, "" | MASK]) => {}
            Some([MASK, _] | [_, MASK]) => {
                let problem = "masks one of user name and password as ***; write both out, or ***@ before the host to keep both";
                return Err(Invalid::new("url", problem));
            }
            Some(_) | None => return Ok(self),
        }
        match known.and_then(|known| known.credentials.clone()) {
            Some(credentials) => Ok(Target { credentials: Some(credentials), ..self }),
            None => {
                let problem = "its user name and password are masked and not known here; write them out";
                Err(Invalid::new("url", problem))
            }
        }
    }

    /// The name a site gets when its owner gives none: host, port and path.
    pub fn default_name(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        let port = self.url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let whole = format!("{host}{port}{}", self.url.path().trim_end_matches('/'));
        whole.chars().take(text::LONGEST_NAME).collect()
    }
}

/// `text` as messages may repeat it: without a user name and password.
fn masked(text: &str) -> String {
    let start = text.find("://").map_or(0, |at| at + 3);
    let (scheme, rest) = text.split_at(start);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest.split_at(end).0.rfind('@') {
        Some(at) => format!("{scheme}{MASK}{}", rest.split_at(at).1),
        None => text.to_owned(),
    }
}

/// The place of byte `at` counted in characters from 1.
fn place(text: &str, at: usize) -> usize {
    text.char_indices().take_while(|(start, _)| *start < at).count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        Target::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn credentials_are_taken_out_and_decoded() {
        let target = Target::parse("  https://ann:p%40ss@example.org/a?b=1#top ").unwrap();
        assert_eq!(target.url.as_str(), "https://example.org/a?b=1");
        let credentials = target.credentials.unwrap();
        assert_eq!((credentials.user.as_str(), credentials.password.as_str()), ("ann", "p@ss"));
        assert_eq!(format!("{credentials:?}"), "Credentials(…)");
    }

    #[test]
    fn names_become_punycode_and_addresses_plain() {
        assert_eq!(
            Target::parse("http://bücher.example").unwrap().url.as_str(),
            "http://xn--bcher-kva.example/"
        );
        assert_eq!(Target::parse("http://0x7f.1/").unwrap().url.as_str(), "http://127.0.0.1/");
    }

    #[test]
    fn what_cannot_be_checked_is_refused_with_the_way_out() {
        assert_eq!(
            refused("example.org"),
            "url: \"example.org\" has no scheme; write it like https://example.org"
        );
        assert!(refused("ftp://example.org/").contains("only http: and https:"));
        assert!(refused("http://example.org:0/").contains("port 0"));
        assert!(refused("http://example.org:65536/").contains("impossible port"));
        assert!(refused("http://exa mple.org/").contains("has \" \" at character 11"));
        assert!(refused("http://").contains("is not a URL"));
        assert!(refused("   ").contains("is empty"));
    }

    #[test]
    fn a_refusal_does_not_repeat_the_password() {
        for url in
            ["http://ann:hunter2@a.example:99999/", "ann:hunter2@a.example", "ftp://ann:hunter2@a.example"]
        {
            assert!(!refused(url).contains("hunter2"), "{}", refused(url));
        }
        assert!(refused("http://ann:x@a.example:0/@").starts_with("url: \"http://***@a.example:0/@\""));
    }

    #[test]
    fn masked_credentials_are_those_known() {
        let known = Target::parse("http://ann:hunter2@a.example/").unwrap();
        let shown = Target::parse("http://***@a.example/b").unwrap();
        let whole = Target::parse("http://ann:hunter2@a.example/b").unwrap();
        assert_eq!(shown.clone().unmasked(Some(&known)), Ok(whole.clone()));
        assert!(shown.unmasked(None).unwrap_err().problem.contains("masked and not known here"));
        let each = Target::parse("http://***:***@a.example/b").unwrap();
        assert_eq!(each.clone().unmasked(Some(&known)), Ok(whole));
        assert!(each.unmasked(None).unwrap_err().problem.contains("masked and not known here"));
        for half in ["http://ann:***@a.example/", "http://***:hunter3@a.example/"] {
            let refused = Target::parse(half).unwrap().unmasked(Some(&known)).unwrap_err();
            assert!(refused.problem.contains("***@ before the host to keep both"), "{half}: {refused}");
        }
    }

    #[test]
    fn the_default_name_is_host_port_and_path() {
        let name = |url| Target::parse(url).unwrap().default_name();
        assert_eq!(name("https://shop.example/checkout"), "shop.example/checkout");
        assert_eq!(name("http://127.0.0.1:8001/"), "127.0.0.1:8001");
        assert_eq!(name("https://shop.example:443/"), "shop.example");
        assert_eq!(name(&format!("https://shop.example/{}", "a".repeat(5000))).len(), text::LONGEST_NAME);
    }
}
