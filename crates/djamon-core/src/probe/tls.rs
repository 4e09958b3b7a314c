//! The TLS handshake of one connection, within its limit.

use std::io;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConnection, StreamOwned};

use super::fault::{Fault, plain_error, told};
use super::tls_words::handshake_words;
use super::trust::Trusted;
use super::wire::{Wire, is_out_of_time};
use crate::domain::{Instant, Outcome};

/// An encrypted connection.
pub(super) type Encrypted = StreamOwned<ClientConnection, Wire>;

/// Shakes hands with `host`; also gives the certificate that was shown, whatever came of it.
///
/// # Errors
/// A [`Fault`]: `tls` with the reason in words, or `timeout`.
pub(super) fn encrypt(
    mut wire: Wire,
    trusted: &Trusted,
    host: &str,
    now: Instant,
) -> (Result<Box<Encrypted>, Fault>, Option<CertificateDer<'static>>) {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let Ok(name) = ServerName::try_from(bare.to_owned()) else {
        let words = format!("{host} is no name that a certificate can be for");
        return (Err(Fault::silent(Outcome::Tls, words)), None);
    };
    let (config, witness) = trusted.for_one();
    let mut connection = match ClientConnection::new(config, name) {
        Ok(connection) => connection,
        Err(error) => return (Err(Fault::local(format!("TLS cannot be set up: {error}"))), None),
    };
    wire.hurry();
    let shaken = connection.complete_io(&mut wire);
    let shown = witness.shown();
    let result = match shaken {
        Ok(_) => Ok(Box::new(StreamOwned::new(connection, wire))),
        Err(error) => Err(refusal(&error, shown.as_ref(), host, now, &wire)),
    };
    (result, shown)
}

fn refusal(
    error: &io::Error,
    shown: Option<&CertificateDer<'_>>,
    host: &str,
    now: Instant,
    wire: &Wire,
) -> Fault {
    if is_out_of_time(error) {
        let words = format!("no TLS handshake within {} (connected, then silence)", told(wire.whole_limit()));
        return Fault::silent(Outcome::Timeout, words);
    }
    if let Some(error) = rustls_error(error) {
        return Fault::silent(Outcome::Tls, handshake_words(error, shown, host, now));
    }
    let words = match error.kind() {
        io::ErrorKind::UnexpectedEof => "connection closed during the TLS handshake".into(),
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
            "connection reset during the TLS handshake".into()
        }
        _ => format!("the TLS handshake failed: {}", plain_error(error)),
    };
    Fault::silent(Outcome::Tls, words)
}

/// The error of TLS inside an error of a read or write.
pub(super) fn rustls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref())
}
