//! How a site may differ from the rest: the same names on the command line, in `apply` files and in JSON.

use std::collections::BTreeMap;

use serde::de::value::MapDeserializer;
use serde::de::{Error, IntoDeserializer};
use serde::{Deserialize, Serialize};

use super::{GoodCodes, HeaderTest, Invalid, IpFamily, Method, Span, ValueTest};

/// What stands in the place of a secret.
pub const MASK: &str = "***";

/// Whether the header of this name usually carries a secret.
fn is_secret_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["auth", "cookie", "token", "key", "secret", "password"].iter().any(|part| name.contains(part))
}

macro_rules! site_options {
    ($($(#[$doc:meta])* $field:ident: $kind:ty),+ $(,)?) => {
        /// What one site has of its own; everything else is as `[check]` in the configuration says.
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
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

    /// The one option `name` of this value, so that a problem of it can be told by its name.
    ///
    /// # Errors
    /// What is wrong with the value's type or text.
    pub fn one<'de, E: Error>(name: &str, value: impl IntoDeserializer<'de, E>) -> Result<Self, E> {
        Self::deserialize(MapDeserializer::new(std::iter::once((name, value))))
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

    /// Whether a site is asked the same and must answer the same with these options as with `other`. How many looks
    /// decide and how often there is one is no part of the question, and slow only where slow is a failure.
    pub fn asks_as(&self, other: &SiteOptions) -> bool {
        let question = |options: &SiteOptions| {
            let is_strict = options.slow_is_failure == Some(true);
            SiteOptions {
                attempts: None,
                recover_after: None,
                interval: None,
                max_time: options.max_time.filter(|_| is_strict),
                slow_is_failure: is_strict.then_some(true),
                ..options.clone()
            }
        };
        question(self) == question(other)
    }

    /// Whether a condition needs the page's body, so that HEAD cannot tell.
    pub fn needs_body(&self) -> bool {
        [&self.contains, &self.not_contains, &self.matches, &self.json_path].into_iter().any(Option::is_some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn an_option_is_unset_by_its_name() {
        let mut options = SiteOptions { attempts: Some(5), ..SiteOptions::default() };
        assert!(options.unset("attempts") && !options.unset("colour"));
        assert_eq!(options, SiteOptions::default());
        assert!(SiteOptions::NAMES.contains(&"recover_after"));
    }
}
