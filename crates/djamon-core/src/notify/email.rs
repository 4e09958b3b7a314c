//! The channel `email`: a message becomes one RFC 5322 mail to all recipients, and goes to a mail server or into a
//! directory.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};

use crate::config::{Email, MailTls};
use crate::domain::Invalid;

use super::smtp::{Letter, Patience, Server};
use super::{Message, NotifyError, Sender};

/// The channel `email` as `[email]` describes it.
///
/// # Errors
/// [`Invalid`] of the key that makes sending impossible: an address that is none, nobody to send to, or a user and
/// password that would travel in the clear.
pub fn email(settings: &Email) -> Result<Box<dyn Sender>, Invalid> {
    Ok(Box::new(Mailer::new(settings)?))
}

/// Sends mails.
#[derive(Debug)]
pub struct Mailer {
    from: Mailbox,
    to: Vec<Mailbox>,
    way: Way,
    place: &'static str,
}

/// Where the keys of the section stand, as errors say.
const OF_SECTION: &str = "[email] ";

#[derive(Debug)]
enum Way {
    Server(Server),
    Files(PathBuf),
}

impl Mailer {
    /// A mailer as `settings` describe it; nothing is connected yet.
    ///
    /// # Errors
    /// As [`email()`].
    pub fn new(settings: &Email) -> Result<Self, Invalid> {
        let from = mailbox("email.from", &settings.from)?;
        let to: Vec<_> = settings.to.iter().map(|to| mailbox("email.to", to)).collect::<Result<_, _>>()?;
        if to.is_empty() {
            return Err(Invalid::new("email.to", "is empty, but from is set; name at least one recipient"));
        }
        let way = match &settings.file_dir {
            Some(directory) => Way::Files(directory.clone()),
            None => Way::Server(server(settings)?),
        };
        Ok(Mailer { from, to, way, place: OF_SECTION })
    }

    /// The same mailer, waiting for the mail server as long as `talk` says until it takes the mail's text, and as long
    /// as `answer` says for its receipt.
    pub fn with_patience(mut self, talk: Duration, answer: Duration) -> Self {
        if let Way::Server(server) = &mut self.way {
            server.patience = Patience { talk, answer };
        }
        self
    }

    /// The same mailer for a channel that is not the section's: its errors say so.
    pub(super) fn of_channel(mut self) -> Self {
        self.place = "the channel's ";
        if let Way::Server(server) = &mut self.way {
            server.place = self.place;
        }
        self
    }

    /// `message` as a mail: the same message is the same mail to the byte, however often it is tried.
    fn mail(&self, message: &Message) -> Result<lettre::Message, lettre::error::Error> {
        let since_1970 = Duration::from_millis(u64::try_from(message.at.ms()).unwrap_or(0));
        let date = UNIX_EPOCH.checked_add(since_1970).unwrap_or(SystemTime::UNIX_EPOCH);
        let mut mail = lettre::Message::builder()
            .date(date)
            .from(self.from.clone())
            .message_id(Some(self.message_id(&message.key)))
            .subject(message.subject.clone());
        for to in &self.to {
            mail = mail.to(to.clone());
        }
        if let Some(thread) = &message.thread {
            let first = self.message_id(thread);
            mail = mail.in_reply_to(first.clone()).references(first);
        }
        mail = with_header(mail, "Auto-Submitted", "auto-generated");
        mail = with_header(mail, "X-Djamon-Event", message.kind.name());
        let Some(html) = &message.html else {
            return mail.header(ContentType::TEXT_PLAIN).body(message.text.clone());
        };
        let parts = MultiPart::alternative().boundary(boundary(message, html));
        mail.multipart(
            parts
                .singlepart(SinglePart::plain(message.text.clone()))
                .singlepart(SinglePart::html(html.clone())),
        )
    }

    fn message_id(&self, key: &str) -> String {
        let domain = utf8_percent_encode(self.from.email.domain(), CONTROLS);
        format!("<{}@{domain}>", plain_key(key))
    }
}

impl Sender for Mailer {
    fn name(&self) -> &str {
        "email"
    }

    /// One mail to all recipients in one transaction. A mail server that refuses some of them still gets the mail for
    /// the others, and then the message counts as sent: trying all again for the sake of one full mailbox would send
    /// the rest a copy every time. Those refused are named in a warning. Who needs tries of their own needs a channel
    /// of their own.
    fn send(&self, message: &Message) -> Result<(), NotifyError> {
        let mail = self.mail(message).map_err(|error| NotifyError::permanent(format!("no mail: {error}")))?;
        match &self.way {
            Way::Files(directory) => written(directory, message, &mail.formatted(), self.place),
            Way::Server(server) => {
                let letter = Letter {
                    from: self.from.email.clone(),
                    to: self.to.iter().map(|to| to.email.clone()).collect(),
                    text: mail.formatted(),
                };
                for refused in server.deliver(letter)? {
                    tracing::warn!("alert {} did not reach one recipient: {refused}", message.key);
                }
                Ok(())
            }
        }
    }

    /// The headers that people see, and the text; the HTML says the same.
    fn preview(&self, message: &Message) -> Result<String, NotifyError> {
        // What cannot be sent cannot be shown either.
        self.mail(message).map_err(|error| NotifyError::permanent(format!("no mail: {error}")))?;
        let to: Vec<_> = self.to.iter().map(ToString::to_string).collect();
        Ok(format!(
            "From: {}\nTo: {}\nSubject: {}\n\n{}",
            self.from,
            to.join(", "),
            message.subject,
            message.text
        ))
    }
}

fn server(settings: &Email) -> Result<Server, Invalid> {
    if settings.host.is_empty() {
        return Err(Invalid::new("email.host", "is empty; name the mail server, or set file_dir"));
    }
    let signs_in = !settings.user.is_empty() || !settings.password.0.is_empty();
    if signs_in && settings.tls == MailTls::None {
        let problem = "is \"none\", and a password never travels in the clear; use \"starttls\" or \"implicit\", \
                       or remove user and password";
        return Err(Invalid::new("email.tls", problem));
    }
    if signs_in && settings.user.is_empty() {
        return Err(Invalid::new("email.user", "is empty, but a password is set; set both or none"));
    }
    Ok(Server {
        host: settings.host.clone(),
        port: settings.port,
        tls: settings.tls,
        credentials: signs_in.then(|| Credentials::new(settings.user.clone(), settings.password.0.clone())),
        patience: Patience::default(),
        place: OF_SECTION,
    })
}

fn mailbox(key: &str, text: &str) -> Result<Mailbox, Invalid> {
    text.trim().parse().map_err(|error| {
        Invalid::new(key, format!("{text:?} is no mail address ({error}); write it like ops@example.org"))
    })
}

fn with_header(mail: MessageBuilder, name: &'static str, value: &str) -> MessageBuilder {
    mail.raw_header(HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned()))
}

/// A key as it may stand in a Message-ID and in a file's name; two keys never become one.
fn plain_key(key: &str) -> String {
    const KEPT: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_');
    utf8_percent_encode(key, &KEPT).to_string()
}

/// What parts the text from the HTML: the same for the same mail, and nothing that a site's name could say.
fn boundary(message: &Message, html: &str) -> String {
    let mut hash = Sha256::new();
    for part in [message.key.as_str(), message.text.as_str(), html] {
        hash.update(part);
        hash.update([0]);
    }
    let hash: String = hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("djamon-{hash}")
}

/// Writes `<at>-<key>.eml`, complete or not at all.
fn written(directory: &Path, message: &Message, mail: &[u8], place: &str) -> Result<(), NotifyError> {
    let name = format!("{}-{}.eml", message.at.ms(), plain_key(&message.key));
    let (path, unfinished) = (directory.join(&name), directory.join(format!(".{name}.tmp")));
    let write = || {
        std::fs::create_dir_all(directory)?;
        let mut file = std::fs::File::create(&unfinished)?;
        file.write_all(mail)?;
        file.sync_all()?;
        std::fs::rename(&unfinished, &path)
    };
    write().map_err(|error| {
        let hint = format!("make {place}file_dir a directory that can be written");
        NotifyError::temporary(format!("{}: {error}; {hint}", path.display()))
    })
}
