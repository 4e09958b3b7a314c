//! Whom a TLS connection trusts: the operating system's authorities, a site's own file, or anybody. Knows no HTTP.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::time_provider::TimeProvider;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::fault::{Fault, plain_error};
use super::tls_words::validity;
use crate::clock::Clock;

/// The authorities of this machine, and what was made of them for the sites.
#[derive(Debug)]
pub(super) struct Trust {
    /// Read for the first site that wants them: that takes longer than the rest of a small run.
    system: LazyLock<RootCertStore>,
    provider: Arc<CryptoProvider>,
    time: Arc<WallTime>,
    made: Mutex<HashMap<Wanted, Arc<Trusted>>>,
}

/// What a site wants trusted; a file counts as another one when it is written anew.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Wanted {
    ca_file: Option<File>,
    insecure: bool,
    /// Our own certificate and its key.
    client: Option<(File, File)>,
}

/// A file's path and when it was written.
type File = (String, Option<SystemTime>);

/// A configuration, and the judge of certificates that goes with it.
#[derive(Debug)]
pub(super) struct Trusted {
    config: ClientConfig,
    judge: Arc<Judge>,
}

#[derive(Debug)]
enum Judge {
    /// The authorities', or a certificate that is itself in the site's file.
    Careful { authorities: Arc<WebPkiServerVerifier>, pinned: Vec<CertificateDer<'static>> },
    /// Any certificate; the handshake must still be signed with its key.
    Careless(Arc<CryptoProvider>),
}

impl Trust {
    /// The operating system's authorities. A machine without any still probes what is not encrypted.
    pub fn of_this_machine(clock: Arc<dyn Clock>) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        Trust {
            system: LazyLock::new(authorities),
            provider,
            time: Arc::new(WallTime(clock)),
            made: Mutex::default(),
        }
    }

    /// What a site trusts that has this `ca_file` and `insecure`, and the certificate and key that are shown to it; made
    /// once.
    ///
    /// # Errors
    /// A local [`Fault`]: a file cannot be read, a key is not its certificate's, or there is no authority to trust at all.
    pub fn wanted(
        &self,
        ca_file: Option<&str>,
        insecure: bool,
        client: Option<(&str, &str)>,
    ) -> Result<Arc<Trusted>, Fault> {
        let written = |file: &str| std::fs::metadata(file).and_then(|meta| meta.modified()).ok();
        let known = |file: &str| (file.to_owned(), written(file));
        let client = client.map(|(cert, key)| (known(cert), known(key)));
        let wanted = Wanted { ca_file: ca_file.map(known), insecure, client };
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner).get(&wanted).cloned();
        if let Some(trusted) = made {
            return Ok(trusted);
        }
        let trusted = Arc::new(self.make(&wanted)?);
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.retain(|other, _| !wanted.replaces(other));
        Ok(Arc::clone(made.entry(wanted).or_insert(trusted)))
    }

    fn make(&self, wanted: &Wanted) -> Result<Trusted, Fault> {
        let pinned = match &wanted.ca_file {
            Some((file, _)) => read_certificates("ca_file", file)?,
            None => Vec::new(),
        };
        let judge = Arc::new(if wanted.insecure {
            Judge::Careless(Arc::clone(&self.provider))
        } else {
            self.careful(pinned)?
        });
        let time: Arc<dyn TimeProvider> = Arc::<WallTime>::clone(&self.time);
        let builder = ClientConfig::builder_with_details(Arc::clone(&self.provider), time);
        let builder = builder
            .with_safe_default_protocol_versions()
            .map_err(|error| Fault::local(format!("TLS cannot be set up: {error}")))?;
        let witness = Arc::new(Witness::new(Arc::clone(&judge)));
        let builder = builder.dangerous().with_custom_certificate_verifier(witness);
        let mut config = match &wanted.client {
            None => builder.with_no_client_auth(),
            Some(((cert, _), (key, _))) => builder
                .with_client_auth_cert(read_certificates("client_cert", cert)?, read_key(key)?)
                .map_err(|error| Fault::local(unusable(cert, key, &error)))?,
        };
        // A resumed session shows no certificate, and every look must see it.
        config.resumption = Resumption::disabled();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Trusted { config, judge })
    }

    fn careful(&self, pinned: Vec<CertificateDer<'static>>) -> Result<Judge, Fault> {
        let mut roots = RootCertStore::clone(&self.system);
        roots.add_parsable_certificates(pinned.iter().cloned());
        let authorities =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&self.provider));
        let authorities = authorities.build().map_err(|_| {
            Fault::local("this machine trusts no authority; install its certificates (ca-certificates)")
        })?;
        Ok(Judge::Careful { authorities, pinned })
    }
}

impl Wanted {
    fn replaces(&self, other: &Wanted) -> bool {
        let files = |wanted: &Wanted| {
            let client = wanted.client.as_ref().map(|((cert, _), (key, _))| (cert.clone(), key.clone()));
            (wanted.ca_file.as_ref().map(|(file, _)| file.clone()), client)
        };
        self.insecure == other.insecure && files(self) == files(other)
    }
}

impl Trusted {
    /// A configuration for one connection, and the witness that keeps the certificate it was shown.
    pub fn for_one(&self) -> (Arc<ClientConfig>, Arc<Witness>) {
        let witness = Arc::new(Witness::new(Arc::clone(&self.judge)));
        let mut config = self.config.clone();
        config.dangerous().set_certificate_verifier(Arc::<Witness>::clone(&witness));
        (Arc::new(config), witness)
    }
}

fn authorities() -> RootCertStore {
    let mut authorities = RootCertStore::empty();
    authorities.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    authorities
}

/// The bytes of the file that `option` names.
fn read(option: &str, file: &str) -> Result<Vec<u8>, Fault> {
    std::fs::read(file)
        .map_err(|error| Fault::local(format!("cannot read {option} {file}: {}", plain_error(&error))))
}

fn read_certificates(option: &str, file: &str) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let text = read(option, file)?;
    let found: Vec<_> = CertificateDer::pem_slice_iter(&text).flatten().collect();
    if found.is_empty() {
        return Err(Fault::local(format!("{option} {file} has no certificate in PEM form")));
    }
    Ok(found)
}

fn read_key(file: &str) -> Result<PrivateKeyDer<'static>, Fault> {
    PrivateKeyDer::from_pem_slice(&read("client_key", file)?).map_err(|_| {
        Fault::local(format!("client_key {file} has no key in PEM form that is not locked by a password"))
    })
}

fn unusable(cert: &str, key: &str, error: &rustls::Error) -> String {
    match error {
        rustls::Error::InconsistentKeys(_) => {
            format!("client_key {key} is not the key of the certificate in client_cert {cert}")
        }
        other => format!("client_cert {cert} and client_key {key} cannot be used: {other}"),
    }
}

/// Lets a [`Judge`] decide and remembers the certificate, whatever the judgement.
#[derive(Debug)]
pub(super) struct Witness {
    judge: Arc<Judge>,
    shown: Mutex<Option<CertificateDer<'static>>>,
}

impl Witness {
    fn new(judge: Arc<Judge>) -> Self {
        Witness { judge, shown: Mutex::default() }
    }

    /// The server's own certificate, if it came to showing it.
    pub fn shown(&self) -> Option<CertificateDer<'static>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Some(own.clone().into_owned());
        match &*self.judge {
            Judge::Careless(_) => Ok(ServerCertVerified::assertion()),
            // A self-signed certificate that calls itself an authority, as `openssl req -x509` makes it, is refused
            // as a server's own even when trusted; whoever names the very certificate means it.
            Judge::Careful { pinned, .. } if pinned.iter().any(|pin| pin == own) => {
                verify_server_name(&ParsedCertificate::try_from(own)?, name)?;
                in_its_time(own, now)
            }
            Judge::Careful { authorities, .. } => authorities.verify_server_cert(own, chain, name, ocsp, now),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        match &*self.judge {
            Judge::Careful { authorities, .. } => authorities.verify_tls12_signature(message, own, signed),
            Judge::Careless(provider) => {
                verify_tls12_signature(message, own, signed, &provider.signature_verification_algorithms)
            }
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        match &*self.judge {
            Judge::Careful { authorities, .. } => authorities.verify_tls13_signature(message, own, signed),
            Judge::Careless(provider) => {
                verify_tls13_signature(message, own, signed, &provider.signature_verification_algorithms)
            }
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        match &*self.judge {
            Judge::Careful { authorities, .. } => authorities.supported_verify_schemes(),
            Judge::Careless(provider) => provider.signature_verification_algorithms.supported_schemes(),
        }
    }
}

fn in_its_time(own: &CertificateDer<'_>, now: UnixTime) -> Result<ServerCertVerified, rustls::Error> {
    let (from, until) = validity(own).ok_or(CertificateError::BadEncoding)?;
    let now = Duration::from_secs(now.as_secs());
    let since_1970 = |at: crate::domain::Instant| at.since(crate::domain::Instant::from_ms(0));
    if now < since_1970(from) {
        return Err(CertificateError::NotValidYet.into());
    }
    if now > since_1970(until) {
        return Err(CertificateError::Expired.into());
    }
    Ok(ServerCertVerified::assertion())
}

/// The time of day for certificates: the clock that `main` made.
struct WallTime(Arc<dyn Clock>);

impl TimeProvider for WallTime {
    fn current_time(&self) -> Option<UnixTime> {
        let since_1970 = self.0.now().since(crate::domain::Instant::from_ms(0));
        Some(UnixTime::since_unix_epoch(since_1970))
    }
}

impl std::fmt::Debug for WallTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WallTime")
    }
}
