//! One conversation with a mail server, with a deadline that no server can stretch. It knows no messages, only letters.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{SmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, MailParameter};

use crate::config::MailTls;

use super::NotifyError;
use super::words::{clipped, one_line};

/// Characters of a server's answer that are shown.
const MOST_OF_AN_ANSWER: usize = 200;

/// By how much the limits of socket and caller differ, so that it is settled which of the two gives up first.
const GRACE: Duration = Duration::from_millis(500);

/// How long a mail server may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// From connecting until it is ready for the text.
    pub talk: Duration,
    /// For its receipt of the text. Giving up here makes a duplicate likely, so it has time of its own.
    pub answer: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Patience { talk: Duration::from_secs(20), answer: Duration::from_secs(20) }
    }
}

/// A mail server and how to talk to it.
#[derive(Debug, Clone)]
pub(super) struct Server {
    pub host: String,
    pub port: u16,
    pub tls: MailTls,
    pub credentials: Option<Credentials>,
    pub patience: Patience,
    /// Where its settings stand, as errors say before a key: `[email] `.
    pub place: &'static str,
}

/// What a server is to deliver: the addresses, and the mail as it goes over the wire.
pub(super) struct Letter {
    pub from: Address,
    pub to: Vec<Address>,
    pub text: Vec<u8>,
}

/// Passed once: by the conversation on its way to send the text, or by its caller who gives up before that.
#[derive(Default)]
struct Gate(AtomicBool);

impl Gate {
    fn passes(&self) -> bool {
        !self.0.swap(true, Ordering::SeqCst)
    }
}

impl Server {
    /// Hands `letter` over; gives the recipients the server refused while it took others, each with its answer.
    ///
    /// The conversation runs in a thread of its own: time limits of a socket start again with every byte, and a name
    /// is looked up without any. Given up in time, it never sends the text; it ends by itself at its next step.
    ///
    /// # Errors
    /// Permanent for 5yz answers, temporary for everything else: 4yz, no connection, no trust, no STARTTLS (somebody
    /// may stand between us and the server and take it out: nothing was sent, so trying again is safe), no time.
    pub(super) fn deliver(&self, letter: Letter) -> Result<Vec<String>, NotifyError> {
        let gate = Arc::new(Gate::default());
        let (tell, told) = mpsc::channel();
        let (server, passage) = (self.clone(), Arc::clone(&gate));
        let conversation = move || drop(tell.send(server.converse(&letter, &passage)));
        let thread = std::thread::Builder::new().name("mail".into()).spawn(conversation);
        thread.map_err(|error| NotifyError::temporary(format!("no thread for the mail: {error}")))?;

        let silent = |patience: Duration| format!("{self} was silent for {} s", patience.as_secs_f32());
        let Patience { talk, answer } = self.patience;
        match told.recv_timeout(talk) {
            Ok(result) => return result,
            Err(mpsc::RecvTimeoutError::Timeout) if gate.passes() => {
                let hint = format!("it has not got the mail; check {}host and port", self.place);
                return Err(NotifyError::temporary(format!("{}: {hint}", silent(talk))));
            }
            Err(_) => {}
        }
        // The text is on its way. The conversation itself gives up after as long; here a server is stopped that drips.
        told.recv_timeout(answer + GRACE).unwrap_or_else(|_| Err(unconfirmed(&silent(answer))))
    }

    /// 1. Connects, protects the connection, signs in.
    /// 2. Names sender and recipients.
    /// 3. Sends the text, unless the caller has given up.
    fn converse(&self, letter: &Letter, gate: &Gate) -> Result<Vec<String>, NotifyError> {
        let mut connection = self.connected()?;

        let international = !std::iter::once(&letter.from).chain(&letter.to).all(|address| {
            let address: &str = address.as_ref();
            address.is_ascii()
        });
        let options = if international { vec![MailParameter::SmtpUtfEight] } else { Vec::new() };
        let from = connection.command(Mail::new(Some(letter.from.clone()), options));
        from.map_err(|error| self.failed("the sender", &error))?;
        let mut refused = Vec::new();
        for to in &letter.to {
            if let Err(error) = connection.command(Rcpt::new(to.clone(), Vec::new())) {
                let failure = self.failed(&format!("the recipient {to}"), &error);
                // 421 is a goodbye, and without a status there was no answer at all.
                if error.status().is_none_or(|code| code.to_string() == "421") {
                    return Err(failure);
                }
                refused.push(failure);
            }
        }
        if refused.len() == letter.to.len() {
            connection.abort();
            return Err(all_refused(refused));
        }

        if !gate.passes() {
            connection.abort();
            return Err(NotifyError::temporary(format!("{self}: given up")));
        }
        connection.command(Data).map_err(|error| self.failed("the mail", &error))?;
        // A socket without its limit is none the worse: the caller has one too.
        drop(connection.set_timeout(Some(self.patience.answer)));
        connection.message(&letter.text).map_err(|error| match error.status() {
            Some(_) => self.failed("the mail", &error),
            None => unconfirmed(&format!("{self} gave no receipt ({})", one_line(&causes(&error)))),
        })?;
        // It has the mail: how it takes the goodbye does not matter.
        if connection.set_timeout(Some(Duration::from_secs(1))).is_ok() {
            drop(connection.quit());
        }
        Ok(refused.iter().map(ToString::to_string).collect())
    }

    fn connected(&self) -> Result<SmtpConnection, NotifyError> {
        let hello = ClientId::default();
        let secured = || {
            let secured = TlsParameters::new(self.host.clone());
            secured.map_err(|error| self.failed("TLS", &error))
        };
        let implicit = if self.tls == MailTls::Implicit { Some(secured()?) } else { None };
        let address = (self.host.as_str(), self.port);
        let connection = SmtpConnection::connect(
            address,
            Some(self.patience.talk + GRACE),
            &hello,
            implicit.as_ref(),
            None,
        );
        let mut connection = connection.map_err(|error| self.failed("the connection", &error))?;

        if self.tls == MailTls::StartTls {
            if !connection.can_starttls() {
                connection.abort();
                return Err(NotifyError::temporary(format!(
                    "{self} offers no STARTTLS, so nothing was sent: either somebody stands between, or it wants \
                     {}tls = \"implicit\" (port 465)",
                    self.place
                )));
            }
            let started = connection.starttls(&secured()?, &hello);
            started.map_err(|error| match self.failed("STARTTLS", &error) {
                NotifyError::Permanent { reason }
                | NotifyError::Temporary { reason, .. }
                | NotifyError::Unconfirmed { reason } => NotifyError::temporary(reason),
            })?;
        }
        if let Some(credentials) = &self.credentials {
            let signed_in = connection.auth(DEFAULT_MECHANISMS, credentials);
            signed_in.map_err(|error| self.failed("the sign-in", &error))?;
        }
        Ok(connection)
    }

    /// What went wrong with `part` of the conversation, in the server's words where it had any.
    fn failed(&self, part: &str, error: &Error) -> NotifyError {
        let answer = clipped(&one_line(&causes(error)), MOST_OF_AN_ANSWER);
        let hint = match error.status().map(|code| code.to_string()).as_deref() {
            Some("530") => format!("; set {}user and password", self.place),
            Some("534" | "535") => format!("; check {}user and password", self.place),
            Some(_) => String::new(),
            None => format!("; check {}host, port and tls", self.place),
        };
        match error.status() {
            Some(code) if error.is_permanent() => {
                NotifyError::permanent(format!("{self} refused {part} ({code}): {answer}{hint}"))
            }
            Some(code) => {
                NotifyError::temporary(format!("{self} refused {part} for now ({code}): {answer}{hint}"))
            }
            None => NotifyError::temporary(format!("{self} failed at {part}: {answer}{hint}")),
        }
    }
}

impl std::fmt::Display for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// The refusals of every recipient as one: temporary as soon as one of them is.
fn all_refused(refused: Vec<NotifyError>) -> NotifyError {
    let reason = refused.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    match refused.iter().any(|refusal| matches!(refusal, NotifyError::Temporary { .. })) {
        true => NotifyError::temporary(reason),
        false => NotifyError::permanent(reason),
    }
}

/// The text went out and nobody knows whether it was taken.
fn unconfirmed(what: &str) -> NotifyError {
    NotifyError::unconfirmed(format!(
        "{what}: the mail may have arrived, and comes again under the same Message-ID"
    ))
}

/// What is behind `error`, in words.
fn causes(error: &Error) -> String {
    let Some(cause) = std::error::Error::source(error) else { return error.to_string() };
    match cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind) {
        Some(std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => "no answer in time".to_owned(),
        Some(_) | None => cause.to_string(),
    }
}
