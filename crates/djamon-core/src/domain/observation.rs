//! What one probe saw. The names of outcomes are an API: they are stored, shown and scripted against.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Instant, SiteId, ViewId};

macro_rules! outcomes {
    ($($(#[$doc:meta])* $variant:ident = $number:literal $name:literal),+ $(,)?) => {
        /// How one look at a site ended. Stored by number, written by name; neither ever changes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(rename_all = "lowercase")]
        pub enum Outcome { $($(#[$doc])* $variant),+ }

        impl Outcome {
            /// Every outcome, in order of number.
            pub const ALL: &[Outcome] = &[$(Outcome::$variant),+];

            /// Its number in `site_views.outcome`.
            pub const fn number(self) -> i16 {
                match self { $(Outcome::$variant => $number),+ }
            }

            /// Its name in JSON and on pages.
            pub const fn name(self) -> &'static str {
                match self { $(Outcome::$variant => $name),+ }
            }
        }
    };
}

outcomes! {
    /// A good answer within the limit.
    Up = 0 "up",
    /// The name has no address, or the resolver gave no answer.
    Dns = 1 "dns",
    /// Refused or unreachable.
    Connect = 2 "connect",
    /// No trusted encrypted connection.
    Tls = 3 "tls",
    /// The limit ran out; the detail names the phase.
    Timeout = 4 "timeout",
    /// Connected, but closed, reset, or answered by what is not HTTP.
    Protocol = 5 "protocol",
    /// A loop, too many hops, or a bad Location.
    Redirect = 6 "redirect",
    /// An answer whose status is not among the good codes.
    Status = 7 "status",
    /// The body was cut short, wrongly framed or undecodable.
    Body = 8 "body",
    /// A condition on the page does not hold.
    Content = 9 "content",
    /// Our own fault (no file descriptors, no memory, no network device): no view at all, never stored.
    Local = 10 "local",
}

impl Outcome {
    /// The outcome of this number, if there is one.
    pub fn from_number(number: i16) -> Option<Self> {
        Self::ALL.iter().copied().find(|outcome| outcome.number() == number)
    }

    /// Whether the site is fine.
    pub const fn is_good(self) -> bool {
        matches!(self, Outcome::Up)
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// How long each phase of a probe took, in milliseconds; `None` for a phase that was not reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Phases {
    /// Looking up the name.
    pub dns_ms: Option<u32>,
    /// Connecting.
    pub connect_ms: Option<u32>,
    /// The TLS handshake.
    pub tls_ms: Option<u32>,
    /// From the request sent to the first byte of the answer.
    pub first_byte_ms: Option<u32>,
    /// Reading the body.
    pub body_ms: Option<u32>,
}

/// What a probe tells of the monitor's own line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// An HTTP answer came: the line was alive when the probe began.
    Answered,
    /// No HTTP answer came: the site, or the line.
    Silent,
    /// The resolver was silent, refused or failed: the resolver, or the line.
    ResolverSilent,
}

/// What one probe saw of one site, before anything is decided about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// The site.
    pub site: SiteId,
    /// When its probe began, by the time of day.
    pub at: Instant,
    /// When it began by the monotonic clock, since that was started: what came before what, whatever the time of day does.
    pub began: Duration,
    /// The edit of the site that was probed ([`super::Site::edited_at`]).
    pub edited_at: Instant,
    /// How it ended.
    pub outcome: Outcome,
    /// Good, but slower than the site's `max_time`.
    pub degraded: bool,
    /// The status code received; 500 for a timeout, as documented; `None` without an HTTP answer.
    pub code: Option<u16>,
    /// A sentence for people: at most 500 characters, no control characters.
    pub detail: Option<String>,
    /// How long the probe took, by the monotonic clock.
    pub duration_ms: u32,
    /// How long each phase took.
    pub phases: Phases,
    /// What it tells of the monitor's own line.
    pub line: Line,
    /// A name was found by the resolver during this look: not an address, and not known before.
    pub resolved: bool,
    /// When the certificate ends that the site's own host showed.
    pub certificate_expires_at: Option<Instant>,
}

/// A SiteView as it is remembered with the site's state and copied into an outage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// The SiteView's key.
    pub id: ViewId,
    /// When its probe began.
    pub at: Instant,
    /// How it ended.
    pub outcome: Outcome,
    /// Good, but slow.
    pub degraded: bool,
    /// The status code, as in [`Observation::code`].
    pub code: Option<u16>,
    /// A sentence for people.
    pub detail: Option<String>,
    /// How long it took.
    pub duration_ms: u32,
    /// How long each phase took.
    pub phases: Phases,
}

impl Look {
    /// The look that `observation` becomes under the key `id`.
    pub fn new(id: ViewId, observation: &Observation) -> Self {
        Look {
            id,
            at: observation.at,
            outcome: observation.outcome,
            degraded: observation.degraded,
            code: observation.code,
            detail: observation.detail.clone(),
            duration_ms: observation.duration_ms,
            phases: observation.phases,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_found_by_number_and_written_by_name() {
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::from_number(outcome.number()), Some(*outcome));
            assert_eq!(serde_json::to_string(outcome).unwrap(), format!("\"{}\"", outcome.name()));
        }
        assert_eq!(Outcome::from_number(99), None);
    }
}
