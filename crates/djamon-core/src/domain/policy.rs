//! What counts for one site: its own options laid over the configuration's.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{GoodCodes, HeaderTest, IpFamily, Method, SiteOptions, ValueTest};

/// How one site is looked at; everything a probe needs beside the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// HEAD (then GET), GET or POST. A condition on the page makes HEAD GET.
    pub method: Method,
    /// What a POST sends.
    pub body: Option<String>,
    /// Status codes that count as good.
    pub good_codes: GoodCodes,
    /// The limit for one request in all.
    pub timeout: Duration,
    /// Whether redirects are followed.
    pub follow_redirects: bool,
    /// Whether an untrusted certificate is taken.
    pub insecure: bool,
    /// Certificates to trust beside the operating system's.
    pub ca_file: Option<String>,
    /// The certificate to show to the target's own host.
    pub client_cert: Option<String>,
    /// Its key; the certificate's file has it when `None`.
    pub client_key: Option<String>,
    /// Which addresses of a name are asked.
    pub ip_family: IpFamily,
    /// Text that must be on the page.
    pub contains: Option<String>,
    /// Text that must not be on the page.
    pub not_contains: Option<String>,
    /// A regular expression that must match the page.
    pub matches: Option<String>,
    /// A JSONPath that must select something.
    pub json_path: Option<String>,
    /// How every value that the JSONPath selects must compare.
    pub json_value: Option<ValueTest>,
    /// A header that the answer must have.
    pub expect_header: Option<HeaderTest>,
    /// Slower than this is degraded.
    pub max_time: Option<Duration>,
    /// Whether slower than `max_time` is a failure.
    pub slow_is_failure: bool,
    /// Headers sent with the request.
    pub headers: BTreeMap<String, String>,
}

/// What counts for one site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// How it is looked at.
    pub check: Check,
    /// Consecutive failed views before an outage; at least 1.
    pub attempts: u32,
    /// Consecutive good views before it ends; at least 1.
    pub recover_after: u32,
    /// How often it is checked; `None`: in every run.
    pub interval: Option<Duration>,
}

impl Default for Policy {
    /// What the documents and `djamon.toml` say when nobody says otherwise.
    fn default() -> Self {
        Policy {
            check: Check {
                method: Method::Head,
                body: None,
                good_codes: GoodCodes::default(),
                timeout: Duration::from_secs(5),
                follow_redirects: true,
                insecure: false,
                ca_file: None,
                client_cert: None,
                client_key: None,
                ip_family: IpFamily::Any,
                contains: None,
                not_contains: None,
                matches: None,
                json_path: None,
                json_value: None,
                expect_header: None,
                max_time: None,
                slow_is_failure: false,
                headers: BTreeMap::new(),
            },
            attempts: 3,
            recover_after: 2,
            interval: None,
        }
    }
}

impl Policy {
    /// This policy, the configuration's, with one site's `options` laid over it.
    #[must_use]
    pub fn with(&self, options: &SiteOptions) -> Policy {
        let (check, of) = (&self.check, options.clone());
        let method = match of.method.unwrap_or(check.method) {
            Method::Head if options.needs_body() => Method::Get,
            method => method,
        };
        Policy {
            attempts: of.attempts.unwrap_or(self.attempts),
            recover_after: of.recover_after.unwrap_or(self.recover_after),
            interval: of.interval.map(|span| span.0).or(self.interval),
            check: Check {
                method,
                body: of.body,
                good_codes: of.good_codes.unwrap_or_else(|| check.good_codes.clone()),
                timeout: of.timeout.map_or(check.timeout, |span| span.0),
                follow_redirects: of.follow_redirects.unwrap_or(check.follow_redirects),
                insecure: of.insecure.unwrap_or(check.insecure),
                ca_file: of.ca_file.or_else(|| check.ca_file.clone()),
                client_cert: of.client_cert,
                client_key: of.client_key,
                ip_family: of.ip_family.unwrap_or(check.ip_family),
                contains: of.contains,
                not_contains: of.not_contains,
                matches: of.matches,
                json_path: of.json_path,
                json_value: of.json_value,
                expect_header: of.expect_header,
                max_time: of.max_time.map(|span| span.0),
                slow_is_failure: of.slow_is_failure.unwrap_or(check.slow_is_failure),
                headers: of.headers.unwrap_or_default(),
            },
        }
    }

    /// The longest pause between neighbouring views of one streak: max(10 min, 2 × the site's interval).
    pub fn longest_pause(&self) -> Duration {
        let twice = self.interval.unwrap_or_default().saturating_mul(2);
        twice.max(Duration::from_secs(600))
    }
}
