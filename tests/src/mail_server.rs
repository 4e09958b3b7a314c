//! The real mail server aiosmtpd, which takes mail only after STARTTLS under a certificate of a private authority.

use std::path::{Path, PathBuf};
use std::process::Command;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;

use crate::running::Running;

/// A running mail server on 127.0.0.1; it stops with this value.
#[derive(Debug)]
pub struct MailServer {
    directory: TempDir,
    port: u16,
    _running: Running,
}

impl MailServer {
    /// Starts one that takes mail from everybody.
    ///
    /// # Panics
    /// When `DJAMON_TEST_PYTHON` names no Python with aiosmtpd.
    pub fn start() -> Self {
        MailServer::knowing(&[])
    }

    /// Starts one that takes mail only from `user` with this `password`.
    ///
    /// # Panics
    /// As [`MailServer::start`].
    pub fn with_password(user: &str, password: &str) -> Self {
        MailServer::knowing(&[user, password])
    }

    fn knowing(known: &[&str]) -> Self {
        let directory = TempDir::new().unwrap();
        let at = |name: &str| directory.path().join(name);
        std::fs::create_dir(at("mails")).unwrap();
        certify(&at("roots.pem"), &at("certificate.pem"), &at("key.pem"));
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/mail_server.py");
        let mut command = Command::new(python());
        command.arg(script).arg(at("mails")).arg(at("certificate.pem")).arg(at("key.pem")).args(known);
        let running = Running::start(&mut command);
        let port = running.line().parse().unwrap();
        MailServer { directory, port, _running: running }
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The file of the authority that vouches for it: what `SSL_CERT_FILE` must name.
    pub fn roots(&self) -> PathBuf {
        self.directory.path().join("roots.pem")
    }

    /// The mails it took, oldest first.
    pub fn mails(&self) -> Vec<String> {
        let kept = std::fs::read_dir(self.directory.path().join("mails")).unwrap();
        let mut files: Vec<_> = kept.map(|file| file.unwrap().path()).collect();
        files.sort();
        files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect()
    }
}

/// The Python that has what the tests take from PyPI.
///
/// # Panics
/// When `DJAMON_TEST_PYTHON` names none.
pub fn python() -> String {
    let python = std::env::var("DJAMON_TEST_PYTHON");
    python.expect("DJAMON_TEST_PYTHON must name a Python with tests/requirements.txt: make test sets it")
}

fn certify(roots: &Path, certificate: &Path, key: &Path) {
    let mut authority = CertificateParams::new(vec![]).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let own_key = KeyPair::generate().unwrap();
    let own = CertificateParams::new(vec!["127.0.0.1".to_owned()])
        .unwrap()
        .signed_by(&own_key, &authority)
        .unwrap();
    std::fs::write(roots, authority.pem()).unwrap();
    std::fs::write(certificate, own.pem()).unwrap();
    std::fs::write(key, own_key.serialize_pem()).unwrap();
}
