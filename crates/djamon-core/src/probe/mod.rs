//! One look at one URL: network, no database, no decisions about outages.
//!
//! ```text
//! look ─► request by HEAD ── sent and failed? ─► request by GET ─► Sight
//!            └─ hop by hop: names ► connect (gate) ► tls ► http ► page
//! ```
//! Everything that waits stands under the request's own [`limit`]; what is pure (which fault an error is, where a redirect
//! leads, what a certificate's refusal is called) has its own file without sockets.

mod answer;
mod charset;
mod coding;
mod connect;
mod fault;
mod gate;
mod head;
mod http;
mod limit;
mod lookup;
mod lookup_desk;
mod names;
mod page;
mod redirect;
mod request;
mod sight;
mod tls;
mod tls_words;
mod trust;
mod wire;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use ureq::http::HeaderValue;

use self::gate::Gate;
use self::http::Speakers;
use self::names::Names;
use self::request::{Trial, whole_ms};
use self::trust::Trust;
use crate::clock::Clock;
use crate::domain::{Check, Instant, Line, Method, Target, text::plain};

pub use self::limit::Deadline;
pub use self::sight::Sight;
pub use self::tls_words::ShownCertificate;

/// Connects that may be in progress at once, for each core.
const CONNECTS_PER_CORE: usize = 12;

/// What every look has in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Who we say we are: `djamon/VERSION (+base_url)`.
    pub user_agent: String,
    /// Whether addresses of this machine and its network are refused, on every hop ([`crate::privacy`]).
    pub deny_private: bool,
}

/// Why there can be no prober.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The user agent cannot stand in a header.
    #[error("user agent {0:?} cannot be sent; it must be one line of plain text")]
    UserAgent(String),
}

/// Looks at targets; shared by all threads of a run, and by those that outlive a question nobody waits for any more.
#[derive(Debug, Clone)]
pub struct Prober {
    kit: Arc<Kit>,
}

/// What every request needs.
struct Kit {
    settings: Settings,
    clock: Arc<dyn Clock>,
    names: Names,
    gate: LazyLock<Gate>,
    trust: Trust,
    speakers: Speakers,
}

fn gate() -> Gate {
    Gate::new(std::thread::available_parallelism().map_or(1, usize::from) * CONNECTS_PER_CORE)
}

impl std::fmt::Debug for Kit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kit").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Prober {
    /// A prober; the operating system's certificate authorities are read when the first site needs them.
    ///
    /// # Errors
    /// [`ProbeError`] when the settings cannot be.
    pub fn new(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self, ProbeError> {
        if HeaderValue::from_str(&settings.user_agent).is_err() {
            return Err(ProbeError::UserAgent(settings.user_agent));
        }
        let kit = Kit {
            names: Names::new(),
            gate: LazyLock::new(gate),
            trust: Trust::of_this_machine(Arc::clone(&clock)),
            speakers: Speakers::new(&settings.user_agent),
            settings,
            clock,
        };
        Ok(Prober { kit: Arc::new(kit) })
    }

    /// Forgets which names were found: the next look at each asks the resolver again.
    pub fn forget_names(&self) {
        self.kit.names.forget();
    }

    /// One look. `distrust_head`: the site's last look failed, so GET straight away.
    pub fn look(&self, target: &Target, check: &Check, distrust_head: bool) -> Sight {
        let began = self.began();
        let trial = self.judge(target, check, distrust_head, None);
        sight(began, trial, check)
    }

    /// One look that is given up when `stop` comes before its verdict; then there is none.
    pub fn look_until(
        &self,
        target: &Target,
        check: &Check,
        distrust_head: bool,
        stop: Deadline,
    ) -> Option<Sight> {
        let began = self.began();
        let trial = self.judge(target, check, distrust_head, Some(stop));
        (!trial.1.is_stopped()).then(|| sight(began, trial, check))
    }

    /// Now, by the time of day and by the monotonic clock.
    fn began(&self) -> (Instant, Duration) {
        (self.kit.clock.now(), self.kit.clock.elapsed())
    }

    /// The request that gives the verdict: by HEAD, or by GET when the HEAD that was sent failed in any way, when HEAD is
    /// not trusted, or when the page itself matters; by POST when the check says so.
    fn judge<'a>(
        &'a self,
        target: &'a Target,
        check: &'a Check,
        distrust_head: bool,
        stop: Option<Deadline>,
    ) -> (Method, Trial<'a>) {
        let by_head = check.method == Method::Head && !distrust_head && !page::has_condition(check);
        let mut resolved = false;
        if by_head {
            let trial = Trial::make(&self.kit, target, (check, distrust_head), Method::Head, stop);
            let decides = trial.fault.as_ref().is_none_or(|fault| !trial.sent || fault.is_final())
                || trial.is_stopped();
            if decides {
                return (Method::Head, trial);
            }
            resolved = trial.resolved;
        }
        let method = if check.method == Method::Post { Method::Post } else { Method::Get };
        let mut trial = Trial::make(&self.kit, target, (check, distrust_head), method, stop);
        trial.resolved |= resolved;
        (method, trial)
    }
}

fn sight((at, began): (Instant, Duration), (method, trial): (Method, Trial<'_>), check: &Check) -> Sight {
    let spent = trial.spent();
    let is_up = trial.fault.is_none();
    Sight {
        at,
        began,
        outcome: trial.fault.as_ref().map_or(crate::domain::Outcome::Up, |fault| fault.outcome),
        degraded: is_up && check.max_time.is_some_and(|most| spent > most),
        code: trial.code(),
        detail: trial.fault.as_ref().map(|fault| plain(&fault.words, 500)),
        duration_ms: whole_ms(spent),
        phases: trial.phases(),
        line: trial.fault.as_ref().map_or(Line::Answered, |fault| fault.line),
        resolved: trial.resolved,
        address: trial.address,
        certificate_expires_at: trial.certificate.as_ref().map(|shown| shown.expires_at),
        redirects: trial.redirects(),
        certificate: trial.certificate,
        method,
    }
}
