//! Which options of a site cannot be: each by itself, those that lack another one, those that do not go with its address.

use super::text::plain;
use super::{Invalid, Method, SiteOptions, Target};

impl SiteOptions {
    /// The longest body of a POST, in bytes.
    pub const LONGEST_BODY: usize = 64 * 1024;

    /// The longest limit for one request: two of them fit into a run.
    pub const LONGEST_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(20);

    /// As often a site may be looked at, by an interval of its own.
    pub const SHORTEST_INTERVAL: std::time::Duration = std::time::Duration::from_secs(10);
    /// As seldom.
    pub const LONGEST_INTERVAL: std::time::Duration = std::time::Duration::from_secs(31 * 86_400);

    /// Checks what the types cannot: each option by itself, then which go together.
    ///
    /// # Errors
    /// The first [`Invalid`] option, by name.
    pub fn check(&self) -> Result<(), Invalid> {
        self.check_each()?;
        self.check_together()
    }

    /// Checks that no option lacks another one.
    ///
    /// # Errors
    /// [`Invalid`] of the option that is there.
    pub fn check_together(&self) -> Result<(), Invalid> {
        if self.json_value.is_some() && self.json_path.is_none() {
            return Err(Invalid::new("json_value", "compares what json_path selects; give json_path too"));
        }
        if self.body.is_some() && self.method != Some(Method::Post) {
            return Err(Invalid::new("body", "is sent by POST only; set method to \"post\" too"));
        }
        if self.client_key.is_some() && self.client_cert.is_none() {
            return Err(Invalid::new("client_key", "is the key of client_cert; give client_cert too"));
        }
        if self.slow_is_failure == Some(true) && self.max_time.is_none() {
            return Err(Invalid::new(
                "slow_is_failure",
                "is about answers slower than max_time; give max_time too",
            ));
        }
        Ok(())
    }

    /// Checks that they can be for `target`.
    ///
    /// # Errors
    /// [`Invalid`] of `ip_family`, when the address is a number of the other family.
    pub fn check_for(&self, target: &Target) -> Result<(), Invalid> {
        let host = target.url.host();
        let is_ipv6 = matches!(host, Some(url::Host::Ipv6(_)));
        match (self.ip_family, host) {
            (Some(family), Some(host @ (url::Host::Ipv4(_) | url::Host::Ipv6(_))))
                if !family.has(is_ipv6) =>
            {
                let problem =
                    format!("is {family}, but {host} in the url is no {} address", family.in_words());
                Err(Invalid::new("ip_family", problem))
            }
            _ => Ok(()),
        }
    }

    /// Checks each option by itself.
    ///
    /// # Errors
    /// The first [`Invalid`] option, by name.
    pub fn check_each(&self) -> Result<(), Invalid> {
        if let Some(timeout) = self.timeout
            && (timeout.0.is_zero() || timeout.0 > Self::LONGEST_TIMEOUT)
        {
            return Err(Invalid::new("timeout", format!("{timeout} is out of range; use up to 20s")));
        }
        for (field, count) in [("attempts", self.attempts), ("recover_after", self.recover_after)] {
            if count.is_some_and(|count| !(1..=1000).contains(&count)) {
                return Err(Invalid::new(field, "is out of range; use 1 to 1000"));
            }
        }
        if let Some(interval) = self.interval
            && !(Self::SHORTEST_INTERVAL..=Self::LONGEST_INTERVAL).contains(&interval.0)
        {
            return Err(Invalid::new("interval", format!("{interval} is out of range; use 10s to 31days")));
        }
        let texts = [
            ("contains", &self.contains),
            ("not_contains", &self.not_contains),
            ("matches", &self.matches),
            ("json_path", &self.json_path),
            ("ca_file", &self.ca_file),
            ("client_cert", &self.client_cert),
            ("client_key", &self.client_key),
        ];
        if let Some((field, _)) = texts.iter().find(|(_, text)| text.as_deref() == Some("")) {
            return Err(Invalid::new(*field, "is empty; write something, or leave it away"));
        }
        self.matches.as_deref().map_or(Ok(()), check_regex)?;
        self.json_path.as_deref().map_or(Ok(()), check_json_path)?;
        if let Some(length) =
            self.body.as_ref().map(String::len).filter(|length| *length > Self::LONGEST_BODY)
        {
            let problem = format!("is {length} bytes long; use up to {}", Self::LONGEST_BODY);
            return Err(Invalid::new("body", problem));
        }
        for (name, value) in self.headers.iter().flatten() {
            if ["content-length", "transfer-encoding"].iter().any(|own| name.eq_ignore_ascii_case(own)) {
                let problem = format!("{name:?} follows from the body; leave it away");
                return Err(Invalid::new("headers", problem));
            }
            if ureq::http::HeaderName::from_bytes(name.as_bytes()).is_err() {
                return Err(Invalid::new("headers", format!("{name:?} is not a header name")));
            }
            if ureq::http::HeaderValue::from_str(value).is_err() {
                return Err(Invalid::new(
                    "headers",
                    format!("the value of {name:?} has a character no header may have"),
                ));
            }
        }
        Ok(())
    }
}

fn check_regex(pattern: &str) -> Result<(), Invalid> {
    let wrong = |what: String| not_a("regular expression", "matches", pattern, &what);
    let placed = |at: usize, what: &dyn std::fmt::Display| {
        wrong(format!("{what} (at character {})", character(pattern, at)))
    };
    regex_syntax::parse(pattern).map_err(|error| match &error {
        regex_syntax::Error::Parse(error) => placed(error.span().start.offset, error.kind()),
        regex_syntax::Error::Translate(error) => placed(error.span().start.offset, error.kind()),
        other => wrong(other.to_string().replace('\n', ", ")),
    })?;
    // What can be read can still be too large.
    regex::Regex::new(pattern).map(drop).map_err(|error| wrong(error.to_string()))
}

fn check_json_path(expression: &str) -> Result<(), Invalid> {
    serde_json_path::JsonPath::parse(expression).map(drop).map_err(|error| {
        let at = character(expression, error.position().saturating_sub(1));
        let what = error.message().replace("parser error", "this cannot be read");
        not_a("JSONPath", "json_path", expression, &format!("{what} (at character {at})"))
    })
}

/// Says that `text` is not a `kind`. It is shown as it was written: with its backslashes doubled, the character counted
/// would be another one.
fn not_a(kind: &str, field: &str, text: &str, what: &str) -> Invalid {
    Invalid::new(field, format!("\"{}\" is not a {kind}: {what}", plain(text, 200)))
}

/// Which character of `text`, counted from 1, the byte `at` belongs to.
fn character(text: &str, at: usize) -> usize {
    text.char_indices().take_while(|(start, _)| *start < at).count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{IpFamily, Span};
    use std::time::Duration;

    #[test]
    fn impossible_options_are_named() {
        let options = |change: fn(&mut SiteOptions)| {
            let mut options = SiteOptions::default();
            change(&mut options);
            options.check().unwrap_err().field
        };
        assert_eq!(options(|o| o.timeout = Some(Span(Duration::from_secs(21)))), "timeout");
        assert_eq!(options(|o| o.attempts = Some(0)), "attempts");
        assert_eq!(options(|o| o.interval = Some(Span(Duration::from_secs(1)))), "interval");
        assert_eq!(options(|o| o.matches = Some("(".into())), "matches");
        assert_eq!(options(|o| o.contains = Some(String::new())), "contains");
        assert_eq!(options(|o| o.json_value = Some("== 5".parse().unwrap())), "json_value");
        assert_eq!(options(|o| o.json_path = Some("a b".into())), "json_path");
        assert_eq!(options(|o| o.headers = Some([("a b".into(), "c".into())].into())), "headers");
        assert_eq!(options(|o| o.headers = Some([("content-Length".into(), "5".into())].into())), "headers");
        assert_eq!(options(|o| o.body = Some("a=b".into())), "body");
        assert_eq!(options(|o| o.body = Some("x".repeat(65_537))), "body");
        assert_eq!(options(|o| o.client_key = Some("/key.pem".into())), "client_key");
        assert_eq!(options(|o| o.slow_is_failure = Some(true)), "slow_is_failure");
    }

    #[test]
    fn expressions_that_cannot_be_read_are_told_by_their_character() {
        let problem = |options: SiteOptions| options.check().unwrap_err().problem;
        let matches = |text: &str| problem(SiteOptions { matches: Some(text.into()), ..Default::default() });
        assert_eq!(matches("ü(a"), "\"ü(a\" is not a regular expression: unclosed group (at character 2)");
        assert_eq!(
            matches(r"a\p{Nix}"),
            r#""a\p{Nix}" is not a regular expression: Unicode property not found (at character 2)"#
        );
        assert!(matches("(a{1000}){1000}").contains("is not a regular expression: "));
        let path = |text: &str| problem(SiteOptions { json_path: Some(text.into()), ..Default::default() });
        assert!(path("$.ü[").contains("\"$.ü[\" is not a JSONPath: "), "{}", path("$.ü["));
        assert!(path("$.a.[0]").ends_with("(at character 4)"), "{}", path("$.a.[0]"));
        assert_eq!(path("a b"), "\"a b\" is not a JSONPath: this cannot be read (at character 1)");
    }

    #[test]
    fn a_family_is_not_asked_of_a_number_of_the_other() {
        let problem = |family, url| {
            let options = SiteOptions { ip_family: Some(family), ..SiteOptions::default() };
            options.check_for(&Target::parse(url).unwrap()).map_err(|invalid| invalid.to_string())
        };
        assert_eq!(
            problem(IpFamily::Ipv4, "http://[::1]/").unwrap_err(),
            "ip_family: is ipv4, but [::1] in the url is no IPv4 address"
        );
        assert!(problem(IpFamily::Ipv6, "http://127.1/").is_err());
        assert_eq!(problem(IpFamily::Ipv6, "http://[::1]/"), Ok(()));
        assert_eq!(problem(IpFamily::Ipv6, "http://a.example/"), Ok(()));
        assert_eq!(problem(IpFamily::Any, "http://127.0.0.1/"), Ok(()));
    }
}
