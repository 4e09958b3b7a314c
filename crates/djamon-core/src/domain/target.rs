//! A URL that has been parsed cannot be wrong: http or https, a host, a port that exists, no credentials, no fragment.

use percent_encoding::percent_decode_str;
use url::Url;

use super::Invalid;

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
        if let Some((at, odd)) = text.char_indices().find(|(_, c)| c.is_control() || c.is_whitespace()) {
            let shown = odd.escape_default();
            return Err(wrong(format!(
                "{text:?} has {shown:?} at character {}; write a space as %20",
                place(text, at)
            )));
        }
        let mut url = Url::parse(text).map_err(|error| match error {
            url::ParseError::RelativeUrlWithoutBase => {
                wrong(format!("{text:?} has no scheme; write it like https://{text}"))
            }
            url::ParseError::InvalidPort => wrong(format!("{text:?} has an impossible port; use 1 to 65535")),
            other => wrong(format!("{text:?} is not a URL: {other}")),
        })?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong(format!(
                "{text:?} is {}:, but only http: and https: can be checked",
                url.scheme()
            )));
        }
        if url.host_str().unwrap_or("").is_empty() {
            return Err(wrong(format!("{text:?} has no host")));
        }
        if url.port() == Some(0) {
            return Err(wrong(format!("{text:?} has port 0; use 1 to 65535")));
        }
        let credentials = (!url.username().is_empty() || url.password().is_some()).then(|| Credentials {
            user: percent_decode_str(url.username()).decode_utf8_lossy().into_owned(),
            password: percent_decode_str(url.password().unwrap_or("")).decode_utf8_lossy().into_owned(),
        });
        let cleared = url.set_username("").and_then(|()| url.set_password(None));
        cleared.map_err(|()| wrong(format!("{text:?} has no host")))?;
        url.set_fragment(None);
        Ok(Target { url, credentials })
    }

    /// The name a site gets when its owner gives none: host, port and path.
    pub fn default_name(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        let port = self.url.port().map(|port| format!(":{port}")).unwrap_or_default();
        format!("{host}{port}{}", self.url.path().trim_end_matches('/'))
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
        assert!(refused("http://exa mple.org/").contains("at character 11"));
        assert!(refused("http://").contains("is not a URL"));
        assert!(refused("   ").contains("is empty"));
    }

    #[test]
    fn the_default_name_is_host_port_and_path() {
        let name = |url| Target::parse(url).unwrap().default_name();
        assert_eq!(name("https://shop.example/checkout"), "shop.example/checkout");
        assert_eq!(name("http://127.0.0.1:8001/"), "127.0.0.1:8001");
        assert_eq!(name("https://shop.example:443/"), "shop.example");
    }
}
