//! What an answer's failure is: too late, not HTTP, cut short. Pure: errors of ureq in, faults out.

use std::io;
use std::time::Duration;

use ureq::Error;

use super::fault::{Fault, is_local, plain_error, told};
use super::head::Odd;
use super::http::{Broken, Passed};
use super::tls::rustls_error;
use super::tls_words::handshake_words;
use crate::domain::{Instant, Outcome, text::plain};

/// What was known of a connection when its answer failed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<'a> {
    /// The limit that counted.
    pub whole: Duration,
    /// How much of it was spent when the connection was ready.
    pub ready: Duration,
    /// What passed over the connection.
    pub passed: Passed,
    /// Who was asked.
    pub host: &'a str,
    /// When.
    pub now: Instant,
}

/// The fault of an answer whose head did not come.
pub(super) fn head_fault(error: &Error, known: &Known<'_>) -> Fault {
    let closed = if known.passed.bytes == 0 {
        "connection closed without an answer"
    } else {
        "connection closed in the middle of the answer's head"
    };
    if let Some(odd) = odd(error) {
        return match odd {
            Odd::NotHttp(_) => Fault::silent(Outcome::Protocol, odd.to_string()),
            Odd::LargeHead | Odd::LongLine => Fault::answered(Outcome::Protocol, odd.to_string()),
        };
    }
    match error {
        Error::Timeout(_) => late_head(known),
        Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Fault::silent(Outcome::Protocol, closed)
        }
        Error::Protocol(error) if is_framing(&error.to_string()) => {
            Fault::answered(Outcome::Body, format!("wrongly framed answer: {error}"))
        }
        Error::Protocol(error) => Fault::silent(
            Outcome::Protocol,
            format!("answered by what is not HTTP ({})", plain(&error.to_string(), 200)),
        ),
        Error::Http(_) | Error::BadUri(_) => Fault::local(format!("the request cannot be made: {error}")),
        other => broken(other, known).unwrap_or_else(|| {
            Fault::silent(Outcome::Protocol, format!("no answer ({})", plain(&other.to_string(), 200)))
        }),
    }
}

/// The fault of an answer whose head came and whose body did not, after `read` bytes of it.
pub(super) fn body_fault(error: &Error, read: usize, known: &Known<'_>) -> Fault {
    if let Some(odd) = odd(error) {
        return Fault::answered(Outcome::Body, format!("wrongly framed page after {read} bytes: {odd}"));
    }
    match error {
        Error::Timeout(_) => late_body(read, known),
        // Stalled: the connection ended before a chunk's own line did.
        Error::BodyStalled => Fault::answered(Outcome::Body, format!("page cut short after {read} bytes")),
        Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Fault::answered(Outcome::Body, format!("page cut short after {read} bytes"))
        }
        Error::Protocol(error) => {
            Fault::answered(Outcome::Body, format!("wrongly framed page after {read} bytes: {error}"))
        }
        other => match broken(other, known) {
            Some(fault) if fault.outcome == Outcome::Local => fault,
            Some(fault) => Fault::answered(Outcome::Body, format!("{} after {read} bytes", fault.words)),
            None => {
                let words =
                    format!("page cannot be read after {read} bytes ({})", plain(&other.to_string(), 200));
                Fault::answered(Outcome::Body, words)
            }
        },
    }
}

/// The fault of a body that came and cannot be decompressed any further than `read` bytes.
pub(super) fn undecodable(error: &io::Error, read: usize) -> Fault {
    let words = match error.kind() {
        io::ErrorKind::UnexpectedEof => format!("compressed page cut short after {read} bytes"),
        _ => format!("page cannot be decompressed after {read} bytes"),
    };
    Fault::answered(Outcome::Body, words)
}

/// The limit ran out before the head was there.
pub(super) fn late_head(known: &Known<'_>) -> Fault {
    let (whole, ready) = (told(known.whole), told(known.ready));
    let words = match known.passed.first {
        None => format!("no answer within {whole} (connected after {ready}, then silence)"),
        Some(first) => {
            let bytes = known.passed.bytes;
            format!("no complete answer within {whole} (it began after {}, {bytes} bytes came)", told(first))
        }
    };
    Fault::silent(Outcome::Timeout, words)
}

/// The limit ran out before the body was there.
pub(super) fn late_body(read: usize, known: &Known<'_>) -> Fault {
    let began = told(known.passed.first.unwrap_or(known.ready));
    let whole = told(known.whole);
    let words = format!("no complete page within {whole} (it began after {began}, {read} bytes came)");
    Fault::answered(Outcome::Timeout, words)
}

/// What is odd about an answer, when that is why there is none.
fn odd(error: &Error) -> Option<&Odd> {
    let Error::Other(inner) = error else { return None };
    inner.downcast_ref()
}

/// The fault of a connection that broke.
fn broken(error: &Error, known: &Known<'_>) -> Option<Fault> {
    let Error::Other(inner) = error else { return None };
    let Broken(error) = inner.downcast_ref()?;
    if let Some(error) = rustls_error(error) {
        return Some(Fault::silent(Outcome::Tls, handshake_words(error, None, known.host, known.now)));
    }
    if let Some(number) = rustix::io::Errno::from_io_error(error).filter(|number| is_local(*number)) {
        return Some(Fault::local(super::fault::connect_words(number)));
    }
    let words = match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => "connection reset".into(),
        _ => plain_error(error),
    };
    Some(Fault::silent(Outcome::Protocol, words))
}

/// Whether an answer that is HTTP says impossible things of its length; ureq does not export the type that tells.
fn is_framing(words: &str) -> bool {
    words.contains("content-length") || words.contains("transfer-encoding")
}

#[cfg(test)]
mod tests {
    use super::*;
    use ureq::Timeout;

    fn known(first: Option<u64>, bytes: u64) -> Known<'static> {
        Known {
            whole: Duration::from_secs(5),
            ready: Duration::from_millis(12),
            passed: Passed {
                sent: Some(Duration::from_millis(12)),
                first: first.map(Duration::from_millis),
                bytes,
                code: None,
            },
            host: "shop.example",
            now: Instant::from_ms(0),
        }
    }

    fn reset() -> Error {
        Error::Other(Box::new(Broken(io::ErrorKind::ConnectionReset.into())))
    }

    #[test]
    fn a_late_answer_tells_the_phase() {
        let fault = head_fault(&Error::Timeout(Timeout::Global), &known(None, 0));
        assert_eq!(fault.words, "no answer within 5 s (connected after 12 ms, then silence)");
        let fault = head_fault(&Error::Timeout(Timeout::Global), &known(Some(30), 7));
        assert_eq!(fault.words, "no complete answer within 5 s (it began after 30 ms, 7 bytes came)");
        let fault = body_fault(&Error::Timeout(Timeout::Global), 99, &known(Some(30), 200));
        assert_eq!(fault.words, "no complete page within 5 s (it began after 30 ms, 99 bytes came)");
        assert_eq!(fault.outcome, Outcome::Timeout);
    }

    #[test]
    fn a_reset_is_protocol_before_the_head_and_body_after_it() {
        assert_eq!(
            head_fault(&reset(), &known(None, 0)),
            Fault::silent(Outcome::Protocol, "connection reset")
        );
        let fault = body_fault(&reset(), 5, &known(Some(1), 50));
        assert_eq!(fault, Fault::answered(Outcome::Body, "connection reset after 5 bytes"));
    }

    #[test]
    fn want_of_our_own_in_the_middle_is_local() {
        let error = io::Error::from(rustix::io::Errno::NOBUFS);
        let fault = body_fault(&Error::Other(Box::new(Broken(error))), 5, &known(Some(1), 50));
        assert_eq!(fault.outcome, Outcome::Local);
    }
}
