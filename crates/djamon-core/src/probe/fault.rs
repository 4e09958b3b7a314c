//! What went wrong with a request, as an outcome and in words. Pure: turns errors of the system into verdicts.

use std::io;
use std::time::Duration;

use rustix::io::Errno;

use crate::domain::{Line, Outcome};

/// Why a request gave no good answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// What it makes of the look.
    pub outcome: Outcome,
    /// What happened, for people.
    pub words: String,
    /// What it tells of our own line.
    pub line: Line,
}

impl Fault {
    /// A failure without an HTTP answer.
    pub fn silent(outcome: Outcome, words: impl Into<String>) -> Self {
        Fault { outcome, words: words.into(), line: Line::Silent }
    }

    /// A failure of an answer that came.
    pub fn answered(outcome: Outcome, words: impl Into<String>) -> Self {
        Fault { outcome, words: words.into(), line: Line::Answered }
    }

    /// A fault of ours.
    pub fn local(words: impl Into<String>) -> Self {
        Fault::silent(Outcome::Local, words)
    }

    /// Whether it is the same for every method: asking again by GET would tell nothing new.
    pub fn is_final(&self) -> bool {
        matches!(self.outcome, Outcome::Dns | Outcome::Connect | Outcome::Tls | Outcome::Local)
    }
}

/// Whether an error of the system is our own machine's: no descriptors, memory, ports or network, or a rule of ours.
pub(super) fn is_local(error: Errno) -> bool {
    matches!(
        error,
        Errno::MFILE
            | Errno::NFILE
            | Errno::NOMEM
            | Errno::NOBUFS
            | Errno::ADDRNOTAVAIL
            | Errno::NETUNREACH
            | Errno::NETDOWN
            | Errno::AFNOSUPPORT
            | Errno::ACCESS
            | Errno::PERM
    )
}

/// A failed connect, for people: without the parts of the system's sentence that only programmers read.
pub(super) fn connect_words(error: Errno) -> String {
    match error {
        Errno::CONNREFUSED => "connection refused".into(),
        Errno::HOSTUNREACH => "host unreachable".into(),
        Errno::NETUNREACH => "no route to this address from here".into(),
        Errno::TIMEDOUT => "no answer to the connect".into(),
        Errno::CONNRESET => "connection reset".into(),
        Errno::MFILE | Errno::NFILE => "no file descriptors left here".into(),
        Errno::NOMEM | Errno::NOBUFS => "no memory left here".into(),
        Errno::ADDRNOTAVAIL => "no local port or address left here".into(),
        Errno::ACCESS | Errno::PERM => "this machine's own rules forbid the connection".into(),
        other => plain_error(&io::Error::from(other)),
    }
}

/// An error of the system without its number.
pub(super) fn plain_error(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_lowercase()
}

/// A length of time as details tell it: `5 s`, `12 ms`, `1.5 s`.
pub(super) fn told(time: Duration) -> String {
    match time.as_millis() {
        ms if ms < 1000 => format!("{ms} ms"),
        ms if ms % 1000 == 0 => format!("{} s", ms / 1000),
        ms => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn want_of_our_own_is_never_the_sites_fault() {
        for error in [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::ADDRNOTAVAIL, Errno::NETUNREACH] {
            assert!(is_local(error), "{error:?}");
        }
        for error in [Errno::CONNREFUSED, Errno::HOSTUNREACH, Errno::TIMEDOUT, Errno::CONNRESET] {
            assert!(!is_local(error), "{error:?}");
        }
    }

    #[test]
    fn details_are_written_for_people() {
        assert_eq!(connect_words(Errno::CONNREFUSED), "connection refused");
        assert_eq!(connect_words(Errno::INVAL), "invalid argument");
        let times = [12, 1000, 1540, 5000].map(|ms| told(Duration::from_millis(ms)));
        assert_eq!(times, ["12 ms", "1 s", "1.5 s", "5 s"]);
    }

    #[test]
    fn only_what_depends_on_the_method_is_asked_again_by_get() {
        let is_final = |outcome| Fault::silent(outcome, "").is_final();
        assert!([Outcome::Dns, Outcome::Connect, Outcome::Tls, Outcome::Local].into_iter().all(is_final));
        assert!(
            ![Outcome::Timeout, Outcome::Protocol, Outcome::Redirect, Outcome::Status, Outcome::Body]
                .into_iter()
                .any(is_final)
        );
    }
}
