//! How a site may differ from the rest: the same names on the command line, in `apply` files and in JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::text::plain;
use super::{GoodCodes, HeaderTest, Invalid, IpFamily, Method, Span, Target, ValueTest};

/// What stands in the place of a secret.
pub const MASK: &str = "***";

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

/// Whether the header of this name usually carries a secret.
fn is_secret_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["auth", "cookie", "token", "key", "secret", "password"].iter().any(|part| name.contains(part))
}

macro_rules! site_options {
    ($($(#[$doc:meta])* $field:ident: $kind:ty),+ $(,)?) => {
        /// What one site has of its own; everything else is as `[check]` in the configuration says.
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct SiteOptions {
            $($(#[$doc])* #[serde(skip_serializing_if = "Option::is_none")] pub $field: Option<$kind>),+
        }

        impl SiteOptions {
            /// The names of all options, as files and JSON write them.
            pub const NAMES: &[&str] = &[$(stringify!($field)),+];

            /// Takes the option of this name away, so that the configuration's value counts again; tells whether there
            /// is an option of this name.
            pub fn unset(&mut self, name: &str) -> bool {
                match name {
                    $(stringify!($field) => self.$field = None,)+
                    _ => return false,
                }
                true
            }

            /// Whether the option of this name is given.
            pub fn has(&self, name: &str) -> bool {
                match name {
                    $(stringify!($field) => self.$field.is_some(),)+
                    _ => false,
                }
            }

            /// These options with those of `change` laid over them.
            #[must_use]
            pub fn with(mut self, change: SiteOptions) -> Self {
                $(if change.$field.is_some() { self.$field = change.$field; })+
                self
            }

            /// The names of the options that differ from `other`.
            pub fn differing(&self, other: &SiteOptions) -> Vec<&'static str> {
                let mut names = Vec::new();
                $(if self.$field != other.$field { names.push(stringify!($field)); })+
                names
            }
        }
    };
}

site_options! {
    /// HEAD, GET or POST.
    method: Method,
    /// What a POST sends; at most 64 KiB.
    body: String,
    /// Status codes that count as good.
    good_codes: GoodCodes,
    /// The limit for one request; at most 20 s.
    timeout: Span,
    /// Consecutive failed views before an outage.
    attempts: u32,
    /// Consecutive good views before it ends.
    recover_after: u32,
    /// How often it is checked; every run when not set.
    interval: Span,
    /// Whether redirects are followed.
    follow_redirects: bool,
    /// Whether an untrusted certificate is taken.
    insecure: bool,
    /// A file with certificates to trust beside the operating system's.
    ca_file: String,
    /// A PEM file with the certificate to show to the site's own host, and those of the authorities between.
    client_cert: String,
    /// A PEM file with its key; the certificate's file has it when not set.
    client_key: String,
    /// Which addresses of the name are asked.
    ip_family: IpFamily,
    /// Text that must be on the page.
    contains: String,
    /// Text that must not be on the page.
    not_contains: String,
    /// A regular expression that must match the page.
    matches: String,
    /// A JSONPath (RFC 9535) that must select something of the page.
    json_path: String,
    /// How every value that the JSONPath selects must compare.
    json_value: ValueTest,
    /// A header that the answer must have.
    expect_header: HeaderTest,
    /// Slower than this is shown as degraded.
    max_time: Span,
    /// Whether slower than `max_time` is a failure.
    slow_is_failure: bool,
    /// Headers sent with the request.
    headers: BTreeMap<String, String>,
}

impl SiteOptions {
    /// The longest body of a POST, in bytes.
    pub const LONGEST_BODY: usize = 64 * 1024;

    /// The longest limit for one request: two of them fit into a run.
    pub const LONGEST_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(20);

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
            && (interval.0.as_secs() < 10 || interval.0.as_secs() > 31 * 86_400)
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

    /// These options as they may be shown: the body, and what a header may keep secret, is `***`.
    #[must_use]
    pub fn masked(&self) -> SiteOptions {
        let mut shown = self.clone();
        shown.body = shown.body.map(|_| MASK.to_owned());
        for (name, value) in shown.headers.iter_mut().flatten() {
            if is_secret_header(name) {
                value.clear();
                value.push_str(MASK);
            }
        }
        shown
    }

    /// These options with a masked body and each masked header as it is in `known`.
    ///
    /// # Errors
    /// [`Invalid`] of the field, when what is masked is not known.
    pub fn unmasked(mut self, known: &SiteOptions) -> Result<SiteOptions, Invalid> {
        if self.body.as_deref() == Some(MASK) {
            let unknown = || Invalid::new("body", "is masked and not known here; write it out");
            self.body = Some(known.body.clone().ok_or_else(unknown)?);
        }
        for (name, value) in self.headers.iter_mut().flatten().filter(|(_, value)| *value == MASK) {
            let stored = known.headers.as_ref().and_then(|headers| headers.get(name)).ok_or_else(|| {
                Invalid::new(
                    "headers",
                    format!("the value of {name:?} is masked and not known here; write it out"),
                )
            })?;
            value.clone_from(stored);
        }
        Ok(self)
    }

    /// The options that name files, with their names.
    pub fn files_mut(&mut self) -> impl Iterator<Item = (&'static str, &mut String)> {
        let files = [
            ("ca_file", &mut self.ca_file),
            ("client_cert", &mut self.client_cert),
            ("client_key", &mut self.client_key),
        ];
        files.into_iter().filter_map(|(name, file)| Some((name, file.as_mut()?)))
    }

    /// Whether a condition needs the page's body, so that HEAD cannot tell.
    pub fn needs_body(&self) -> bool {
        [&self.contains, &self.not_contains, &self.matches, &self.json_path].into_iter().any(Option::is_some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
    fn secrets_in_headers_are_masked_and_found_again() {
        let with = |token: &str| SiteOptions {
            headers: Some(
                [("Accept", "text/html"), ("X-Token", token)].map(|(n, v)| (n.into(), v.into())).into(),
            ),
            body: Some(token.into()),
            ..SiteOptions::default()
        };
        let masked = with("hunter2").masked();
        assert_eq!(masked, with(MASK));
        assert_eq!(masked.clone().unmasked(&with("hunter2")), Ok(with("hunter2")));
        assert!(masked.unmasked(&SiteOptions::default()).unwrap_err().problem.contains("masked"));
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

    #[test]
    fn an_option_is_unset_by_its_name() {
        let mut options = SiteOptions { attempts: Some(5), ..SiteOptions::default() };
        assert!(options.unset("attempts") && !options.unset("colour"));
        assert_eq!(options, SiteOptions::default());
        assert!(SiteOptions::NAMES.contains(&"recover_after"));
    }
}
