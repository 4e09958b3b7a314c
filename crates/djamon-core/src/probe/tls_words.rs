//! Certificates and failed handshakes, told to people. Pure.

use rustls::pki_types::CertificateDer;
use rustls::{CertificateError, Error};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use crate::domain::{Instant, text::plain};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// A certificate as a server shows it, good or bad.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownCertificate {
    /// From when it holds.
    pub valid_from: Instant,
    /// When it ends.
    pub expires_at: Instant,
    /// Who issued it: the common name, else all that is said of him.
    pub issuer: String,
    /// The names and addresses it is for; at most a hundred.
    pub names: Vec<String>,
}

/// What a certificate says; `None` when it cannot be read.
pub(super) fn read(certificate: &CertificateDer<'_>) -> Option<ShownCertificate> {
    let (valid_from, expires_at) = validity(certificate)?;
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let issuer = parsed.issuer();
    let common = issuer.iter_common_name().find_map(|name| name.as_str().ok()).map(str::to_owned);
    Some(ShownCertificate {
        valid_from,
        expires_at,
        issuer: plain(&common.unwrap_or_else(|| issuer.to_string()), 200),
        names: all_names(&parsed).into_iter().take(100).map(|name| plain(&name, 260)).collect(),
    })
}

/// From when to when a certificate holds.
pub(super) fn validity(certificate: &CertificateDer<'_>) -> Option<(Instant, Instant)> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let at = |time: x509_parser::time::ASN1Time| Instant::from_ms(time.timestamp().saturating_mul(1000));
    Some((at(parsed.validity().not_before), at(parsed.validity().not_after)))
}

/// Why a handshake with `host` failed at `now`, after `shown` was shown.
pub(super) fn handshake_words(
    error: &Error,
    shown: Option<&CertificateDer<'_>>,
    host: &str,
    now: Instant,
) -> String {
    match error {
        Error::InvalidCertificate(error) => certificate_words(error, shown, host, now),
        Error::InvalidMessage(_) => "answered without TLS".into(),
        Error::AlertReceived(alert) => format!("handshake refused ({})", spaced(&format!("{alert:?}"))),
        Error::PeerIncompatible(_) | Error::NoApplicationProtocol => {
            "handshake refused: no version or cipher in common".into()
        }
        Error::PeerMisbehaved(_) => "the server breaks the rules of TLS".into(),
        other => format!("no trusted connection ({})", plain(&other.to_string(), 200)),
    }
}

fn certificate_words(
    error: &CertificateError,
    shown: Option<&CertificateDer<'_>>,
    host: &str,
    now: Instant,
) -> String {
    let parsed = shown.and_then(|shown| X509Certificate::from_der(shown).ok()).map(|(_, parsed)| parsed);
    let valid = shown.and_then(validity);
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => match valid {
            Some((_, until)) if until < now => {
                format!("certificate expired {} ago", span(now.since(until).as_secs()))
            }
            // The certificate of an authority on the way has.
            Some(_) | None => "a certificate in the chain has expired".into(),
        },
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => match valid {
            Some((from, _)) if now < from => {
                format!("certificate is not valid before {} from now", span(from.since(now).as_secs()))
            }
            Some(_) | None => "a certificate in the chain is not valid yet".into(),
        },
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            let names = parsed.as_ref().map(names).filter(|names| !names.is_empty());
            let names = names.unwrap_or_else(|| "no name at all".into());
            format!("certificate is for {names}, not for {host}")
        }
        CertificateError::Revoked => "certificate has been revoked".into(),
        CertificateError::BadEncoding => "certificate cannot be read".into(),
        _ => match parsed {
            Some(parsed) if parsed.subject() == parsed.issuer() => "self-signed certificate".into(),
            Some(parsed) => {
                let issuer = plain(&parsed.issuer().to_string(), 120);
                format!("certificate is not trusted (issued by {issuer})")
            }
            None => "certificate is not trusted".into(),
        },
    }
}

/// The first names a certificate is for.
fn all_names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(names)) = certificate.subject_alternative_name() else { return Vec::new() };
    let told = names.value.general_names.iter().filter_map(|name| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => address(bytes),
        _ => None,
    });
    told.collect()
}

/// The first of a certificate's names.
fn names(certificate: &X509Certificate<'_>) -> String {
    let all = all_names(certificate);
    let more = if all.len() > 3 { " …" } else { "" };
    plain(&format!("{}{more}", all.iter().take(3).cloned().collect::<Vec<_>>().join(", ")), 200)
}

fn address(bytes: &[u8]) -> Option<String> {
    let v4 = <[u8; 4]>::try_from(bytes).map(|bytes| std::net::IpAddr::from(bytes).to_string());
    let v6 = || <[u8; 16]>::try_from(bytes).map(|bytes| std::net::IpAddr::from(bytes).to_string());
    v4.or_else(|_| v6()).ok()
}

fn span(seconds: u64) -> String {
    let (count, unit) = match seconds {
        DAY.. => (seconds / DAY, "day"),
        HOUR.. => (seconds / HOUR, "hour"),
        _ => (seconds.div_ceil(MINUTE), "minute"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// `HandshakeFailure` as `handshake failure`.
fn spaced(name: &str) -> String {
    let mut words = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(c.to_ascii_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::{AlertDescription, InvalidMessage};

    fn words(error: Error) -> String {
        handshake_words(&error, None, "shop.example", Instant::from_ms(0))
    }

    #[test]
    fn a_failed_handshake_is_told_in_words() {
        assert_eq!(words(Error::InvalidMessage(InvalidMessage::InvalidContentType)), "answered without TLS");
        let alert = Error::AlertReceived(AlertDescription::HandshakeFailure);
        assert_eq!(words(alert), "handshake refused (handshake failure)");
        let unknown = Error::InvalidCertificate(CertificateError::UnknownIssuer);
        assert_eq!(words(unknown), "certificate is not trusted");
    }

    #[test]
    fn spans_are_told_in_their_largest_unit() {
        let spans = [1, 61, 7200, 3 * DAY + 5].map(span);
        assert_eq!(spans, ["1 minute", "2 minutes", "2 hours", "3 days"]);
    }
}
