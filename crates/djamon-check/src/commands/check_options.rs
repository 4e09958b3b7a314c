//! The options of a site as the command line takes them: the same names as in `apply` files, with hyphens.

use std::path::PathBuf;
use std::str::FromStr;

use crate::app::App;
use djamon_core::domain::{
    GoodCodes, HeaderTest, Invalid, IpFamily, Method, SiteOptions, Span, Target, ValueTest,
};

/// How a site is checked, where it differs from the configuration.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Check options")]
pub struct CheckOptions {
    /// How the page is asked for: head (GET when HEAD fails), get or post
    #[arg(long, value_name = "METHOD")]
    method: Option<Method>,
    /// What a POST sends; its Content-Type is a --header
    #[arg(long, value_name = "TEXT")]
    body: Option<String>,
    /// Status codes that are good, like 200-299,301
    #[arg(long, value_name = "CODES")]
    good_codes: Option<GoodCodes>,
    /// The limit for one request, up to 20s
    #[arg(long, value_name = "DURATION")]
    timeout: Option<Span>,
    /// Failed views in a row that make an outage
    #[arg(long, value_name = "N")]
    attempts: Option<u32>,
    /// Good views in a row that end it
    #[arg(long, value_name = "N")]
    recover_after: Option<u32>,
    /// Check this often instead of in every run
    #[arg(long, value_name = "DURATION")]
    interval: Option<Span>,
    /// Text that must be on the page
    #[arg(long, value_name = "TEXT")]
    contains: Option<String>,
    /// Text that must not be on the page
    #[arg(long, value_name = "TEXT")]
    not_contains: Option<String>,
    /// A regular expression that must match the page
    #[arg(long, value_name = "REGEX")]
    matches: Option<String>,
    /// A JSONPath (RFC 9535) that must select something of the page
    #[arg(long, value_name = "EXPR")]
    json_path: Option<String>,
    /// How every value that the JSONPath selects must compare, like '== 5', '!= "down"' or '>= 3'
    #[arg(long, value_name = "TEST")]
    json_value: Option<ValueTest>,
    /// A header that the answer must have, 'Name: value', or 'Name' for any value
    #[arg(long, value_name = "HEADER")]
    expect_header: Option<HeaderTest>,
    /// Slower than this is shown as degraded
    #[arg(long, value_name = "DURATION")]
    max_time: Option<Span>,
    /// Slower than --max-time is a failure
    #[arg(long)]
    slow_is_failure: bool,
    /// A header to send, 'Name: value' (repeatable; together they take the place of those before)
    #[arg(long = "header", value_name = "HEADER")]
    headers: Vec<Header>,
    /// Take the first answer, follow no redirects
    #[arg(long, conflicts_with = "follow")]
    no_follow: bool,
    /// Follow redirects
    #[arg(long)]
    follow: bool,
    /// Take any certificate; shown on the pages
    #[arg(long)]
    insecure: bool,
    /// Trust the certificates in this file too
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Show the site the certificate in this PEM file
    #[arg(long, value_name = "FILE")]
    client_cert: Option<PathBuf>,
    /// The PEM file with its key; when not given, the certificate's
    #[arg(long, value_name = "FILE")]
    client_key: Option<PathBuf>,
    /// Which addresses of the name are asked: any, ipv4 or ipv6
    #[arg(long, value_name = "FAMILY")]
    ip_family: Option<IpFamily>,
}

impl CheckOptions {
    /// The options that were given; a path is made absolute, because cron has another working directory.
    ///
    /// # Errors
    /// [`Invalid`] when the path of a file cannot be kept.
    pub fn given(self) -> Result<SiteOptions, Invalid> {
        let headers = self.headers.into_iter().map(|header| (header.name, header.value));
        Ok(SiteOptions {
            method: self.method,
            body: self.body,
            good_codes: self.good_codes,
            timeout: self.timeout,
            attempts: self.attempts,
            recover_after: self.recover_after,
            interval: self.interval,
            follow_redirects: (self.no_follow || self.follow).then_some(self.follow),
            insecure: self.insecure.then_some(true),
            ca_file: path("ca_file", self.ca_file)?,
            client_cert: path("client_cert", self.client_cert)?,
            client_key: path("client_key", self.client_key)?,
            ip_family: self.ip_family,
            contains: self.contains,
            not_contains: self.not_contains,
            matches: self.matches,
            json_path: self.json_path,
            json_value: self.json_value,
            expect_header: self.expect_header,
            max_time: self.max_time,
            slow_is_failure: self.slow_is_failure.then_some(true),
            headers: Some(headers.collect())
                .filter(|headers: &std::collections::BTreeMap<_, _>| !headers.is_empty()),
        })
    }
}

fn path(option: &str, file: Option<PathBuf>) -> Result<Option<String>, Invalid> {
    let Some(file) = file else { return Ok(None) };
    let path = std::path::absolute(&file)
        .map_err(|error| Invalid::new(option, format!("{}: {error}", file.display())))?;
    let path = path.into_os_string().into_string();
    path.map(Some).map_err(|path| Invalid::new(option, format!("{path:?} is not UTF-8; rename it")))
}

/// Warns of files that cannot be read: they may come later, or be for the user that cron runs as. All of them are for
/// https:, and a site at an http: address comes there by a redirect only.
pub fn warn_of_files(app: &App, options: &SiteOptions, target: &Target, follow_redirects: Option<bool>) {
    let follows = follow_redirects.unwrap_or(app.config.check.policy.check.follow_redirects);
    let is_encrypted = target.url.scheme() == "https";
    for (option, file) in options.clone().files_mut() {
        if !is_encrypted && !follows {
            tracing::warn!(
                "{option}: has no effect on an http: address whose redirects are not followed; give an https: address"
            );
        } else if let Err(error) = std::fs::File::open(&*file) {
            let consequence = match is_encrypted {
                true => "the site is not checked before it can be read",
                false => {
                    "it is needed only if the http: address leads to https:, and there the site is not checked without it"
                }
            };
            tracing::warn!("{option}: cannot read {file}: {error}; {consequence}");
        }
    }
}

/// A header as it is typed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Header {
    name: String,
    value: String,
}

impl FromStr for Header {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some((name, value)) if !name.trim().is_empty() => {
                Ok(Header { name: name.trim().to_owned(), value: value.trim().to_owned() })
            }
            _ => Err("is not a header; write it like 'Name: value'".to_owned()),
        }
    }
}

/// Whether visitors who are not signed in see something.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub struct Visibility {
    /// Visitors who are not signed in see it
    #[arg(long, conflicts_with = "private")]
    public: bool,
    /// Only those who are signed in see it
    #[arg(long)]
    private: bool,
}

impl Visibility {
    /// What was said; `None` when nothing was.
    pub fn wanted(self) -> Option<bool> {
        (self.public || self.private).then_some(self.public)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_a_name_and_a_value() {
        let header = |text: &str| text.parse::<Header>().map(|header| (header.name, header.value));
        assert_eq!(header("Accept:  text/html "), Ok(("Accept".to_owned(), "text/html".to_owned())));
        assert_eq!(header("X: a:b"), Ok(("X".to_owned(), "a:b".to_owned())));
        assert!(header("Accept").unwrap_err().contains("'Name: value'"));
        assert!(header(": x").is_err());
    }
}
