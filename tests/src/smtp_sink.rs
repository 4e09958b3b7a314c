//! A mail server for tests: it speaks SMTP on the loopback, answers as scripted, and keeps what it was told.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What the server does when it is told something.
#[derive(Debug, Clone)]
enum Reply {
    Says(String),
    SaysAfter(Duration, String),
    Drips(Duration, String),
    Closes,
    TakesAndCloses,
    Waits,
}

/// How a server behaves; `Script::default()` takes every mail, in the clear and without a password.
///
/// Steps are named by the beginning of what the client says (`RCPT TO:<bob@`), by `CONNECT` for its connecting, and by
/// `.` for the end of a mail's text.
#[derive(Clone, Default)]
pub struct Script {
    replies: Vec<(String, Reply)>,
    offers: Vec<String>,
    starttls: Option<Arc<ServerConfig>>,
    implicit: Option<Arc<ServerConfig>>,
}

impl Script {
    /// Offers an extension, `AUTH PLAIN` for one.
    pub fn offering(mut self, extension: &str) -> Self {
        self.offers.push(extension.to_owned());
        self
    }

    /// Offers STARTTLS and goes on encrypted.
    pub fn with_starttls(mut self, config: Arc<ServerConfig>) -> Self {
        self.starttls = Some(config);
        self
    }

    /// Speaks TLS from the first byte.
    pub fn with_implicit_tls(mut self, config: Arc<ServerConfig>) -> Self {
        self.implicit = Some(config);
        self
    }

    /// Answers `step` with `answer`.
    pub fn answering(self, step: &str, answer: &str) -> Self {
        self.doing(step, Reply::Says(answer.to_owned()))
    }

    /// Answers `step` with `answer`, but only `later`.
    pub fn answering_later(self, step: &str, later: Duration, answer: &str) -> Self {
        self.doing(step, Reply::SaysAfter(later, answer.to_owned()))
    }

    /// Closes the connection at `step`.
    pub fn closing_at(self, step: &str) -> Self {
        self.doing(step, Reply::Closes)
    }

    /// Answers `step` with `answer`, a byte at a time, with this pause between them.
    pub fn dripping(self, step: &str, pause: Duration, answer: &str) -> Self {
        self.doing(step, Reply::Drips(pause, answer.to_owned()))
    }

    /// Keeps the mail and hangs up without a receipt.
    pub fn taking_and_closing(self) -> Self {
        self.doing(".", Reply::TakesAndCloses)
    }

    /// Says nothing any more from `step` on, until the client goes.
    pub fn waiting_at(self, step: &str) -> Self {
        self.doing(step, Reply::Waits)
    }

    fn doing(mut self, step: &str, reply: Reply) -> Self {
        self.replies.push((step.to_owned(), reply));
        self
    }

    fn reply(&self, said: &str, usual: &str) -> Reply {
        let scripted = self.replies.iter().find(|(step, _)| {
            said.get(..step.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(step))
        });
        scripted.map_or_else(|| Reply::Says(usual.to_owned()), |(_, reply)| reply.clone())
    }
}

/// A mail as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrived {
    /// The envelope's sender.
    pub from: String,
    /// The envelope's recipients, those that were accepted.
    pub to: Vec<String>,
    /// The mail itself, without the dots of the transport.
    pub text: String,
    /// Whether it came over an encrypted connection.
    pub encrypted: bool,
}

impl Arrived {
    /// The value of the header `name`, unfolded.
    pub fn header(&self, name: &str) -> Option<String> {
        let (head, _) = self.text.split_once("\r\n\r\n")?;
        let unfolded = head.replace("\r\n ", " ");
        unfolded.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then(|| value.to_owned())
        })
    }

    /// What stands below the headers, as it was sent.
    pub fn body(&self) -> &str {
        self.text.split_once("\r\n\r\n").map_or("", |(_, body)| body)
    }
}

#[derive(Default)]
struct Kept {
    mails: Vec<Arrived>,
    said: Vec<String>,
    open: usize,
    stops: bool,
}

#[derive(Default)]
struct Shared {
    script: Mutex<Script>,
    kept: Mutex<Kept>,
    changed: Condvar,
}

/// A running mail server; it ends when it is dropped.
pub struct SmtpSink {
    port: u16,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

impl SmtpSink {
    /// Starts a server on a free port of the loopback.
    pub fn start(script: Script) -> Self {
        Self::at(0, script)
    }

    /// Starts a server on this port of the loopback.
    pub fn at(port: u16, script: Script) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("a port of the loopback");
        let port = listener.local_addr().expect("its address").port();
        let shared = Arc::new(Shared { script: Mutex::new(script), ..Shared::default() });
        let server = Arc::clone(&shared);
        let accepting = std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut kept = server.kept.lock().expect("no test panicked with it");
                if kept.stops {
                    return;
                }
                kept.open += 1;
                drop(kept);
                let server = Arc::clone(&server);
                std::thread::spawn(move || {
                    if let Ok(stream) = stream {
                        // A client that goes away in the middle is what some tests are about.
                        drop(converse(&server, stream));
                    }
                    server.kept.lock().expect("no test panicked with it").open -= 1;
                    server.changed.notify_all();
                });
            }
        });
        SmtpSink { port, shared, accepting: Some(accepting) }
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Behaves like `script` from the next connection on.
    pub fn follow(&self, script: Script) {
        *self.shared.script.lock().expect("no test panicked with it") = script;
    }

    /// The mails that arrived, oldest first.
    pub fn mails(&self) -> Vec<Arrived> {
        self.shared.kept.lock().expect("no test panicked with it").mails.clone()
    }

    /// What clients said, texts of mails left out; `(tls)` where a connection became encrypted.
    pub fn said(&self) -> Vec<String> {
        self.shared.kept.lock().expect("no test panicked with it").said.clone()
    }

    /// Waits until every client has gone.
    pub fn wait_until_idle(&self) {
        let kept = self.shared.kept.lock().expect("no test panicked with it");
        let patience = Duration::from_secs(10);
        let waited = self.shared.changed.wait_timeout_while(kept, patience, |kept| kept.open > 0);
        assert_eq!(waited.expect("no test panicked with it").0.open, 0, "a client does not go");
    }
}

impl Drop for SmtpSink {
    fn drop(&mut self) {
        if let Ok(mut kept) = self.shared.kept.lock() {
            kept.stops = true;
        }
        // Wakes the loop that accepts.
        drop(TcpStream::connect(("127.0.0.1", self.port)));
        if let Some(accepting) = self.accepting.take() {
            drop(accepting.join());
        }
    }
}

enum Wire {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
}

impl Wire {
    fn encrypted(stream: TcpStream, config: &Arc<ServerConfig>) -> std::io::Result<Self> {
        let connection = ServerConnection::new(Arc::clone(config)).map_err(std::io::Error::other)?;
        Ok(Wire::Tls(Box::new(StreamOwned::new(connection, stream))))
    }
}

impl Read for Wire {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Wire::Plain(stream) => stream.read(into),
            Wire::Tls(stream) => stream.read(into),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Wire::Plain(stream) => stream.write(bytes),
            Wire::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Wire::Plain(stream) => stream.flush(),
            Wire::Tls(stream) => stream.flush(),
        }
    }
}

struct Conversation {
    wire: BufReader<Wire>,
    encrypted: bool,
}

impl Conversation {
    /// Answers as scripted; `None` when the conversation is over.
    fn answer(&mut self, reply: Reply) -> std::io::Result<Option<String>> {
        let answer = match reply {
            Reply::Says(answer) => answer,
            Reply::SaysAfter(later, answer) => {
                std::thread::sleep(later);
                answer
            }
            Reply::Drips(pause, answer) => {
                for byte in answer.bytes() {
                    self.wire.get_mut().write_all(&[byte])?;
                    self.wire.get_mut().flush()?;
                    std::thread::sleep(pause);
                }
                String::new()
            }
            Reply::Closes | Reply::TakesAndCloses => return Ok(None),
            Reply::Waits => {
                std::io::copy(&mut self.wire, &mut std::io::sink())?;
                return Ok(None);
            }
        };
        self.wire.get_mut().write_all(format!("{answer}\r\n").as_bytes())?;
        self.wire.get_mut().flush()?;
        Ok(Some(answer))
    }

    fn line(&mut self) -> std::io::Result<Option<String>> {
        let mut line = String::new();
        let read = self.wire.read_line(&mut line)?;
        Ok((read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned()))
    }

    /// The text of a mail up to its lonely dot.
    fn text(&mut self) -> std::io::Result<Option<String>> {
        let mut text = String::new();
        while let Some(line) = self.line()? {
            if line == "." {
                return Ok(Some(text));
            }
            text += line.strip_prefix('.').unwrap_or(&line);
            text += "\r\n";
        }
        Ok(None)
    }
}

fn converse(shared: &Shared, stream: TcpStream) -> std::io::Result<()> {
    let script = shared.script.lock().expect("no test panicked with it").clone();
    let note = |said: &str| shared.kept.lock().expect("no test panicked with it").said.push(said.to_owned());
    let wire = match &script.implicit {
        Some(config) => Wire::encrypted(stream, config)?,
        None => Wire::Plain(stream),
    };
    let mut talk = Conversation { wire: BufReader::new(wire), encrypted: script.implicit.is_some() };
    let (mut from, mut to) = (String::new(), Vec::new());

    let mut answered = talk.answer(script.reply("CONNECT", "220 sink.example ESMTP"))?;
    while answered.take().is_some() {
        let Some(said) = talk.line()? else { return Ok(()) };
        note(&said);
        let verb = said.split([' ', ':']).next().unwrap_or("").to_ascii_uppercase();
        let usual = match verb.as_str() {
            "EHLO" => hello(&script, talk.encrypted),
            "AUTH" => "235 welcome".to_owned(),
            "MAIL" | "RCPT" | "RSET" | "NOOP" => "250 fine".to_owned(),
            "STARTTLS" if script.starttls.is_some() => "220 go ahead".to_owned(),
            "DATA" => "354 go ahead".to_owned(),
            "QUIT" => "221 goodbye".to_owned(),
            _ => "502 what?".to_owned(),
        };
        answered = talk.answer(script.reply(&said, &usual))?;
        let accepted = answered.as_deref().is_some_and(|answer| answer.starts_with(['2', '3']));
        match verb.as_str() {
            "MAIL" if accepted => (from, to) = (address(&said), Vec::new()),
            "RCPT" if accepted => to.push(address(&said)),
            "STARTTLS" if accepted => {
                let Some(config) = &script.starttls else { return Ok(()) };
                let Wire::Plain(stream) = talk.wire.into_inner() else { return Ok(()) };
                talk =
                    Conversation { wire: BufReader::new(Wire::encrypted(stream, config)?), encrypted: true };
                note("(tls)");
            }
            "DATA" if accepted => {
                let Some(text) = talk.text()? else { return Ok(()) };
                let reply = script.reply(".", "250 queued");
                let takes = match &reply {
                    Reply::Says(answer) | Reply::SaysAfter(_, answer) => answer.starts_with('2'),
                    Reply::TakesAndCloses => true,
                    Reply::Drips(..) | Reply::Closes | Reply::Waits => false,
                };
                if takes {
                    let mail =
                        Arrived { from: from.clone(), to: to.clone(), text, encrypted: talk.encrypted };
                    shared.kept.lock().expect("no test panicked with it").mails.push(mail);
                }
                answered = talk.answer(reply)?;
            }
            "QUIT" => return Ok(()),
            _ => {}
        }
    }
    Ok(())
}

fn hello(script: &Script, encrypted: bool) -> String {
    let mut lines: VecDeque<String> = script.offers.iter().cloned().collect();
    lines.push_front("sink.example".into());
    if script.starttls.is_some() && !encrypted {
        lines.push_back("STARTTLS".into());
    }
    let last = lines.len() - 1;
    let line = |(number, line)| format!("250{}{line}", if number == last { ' ' } else { '-' });
    lines.iter().enumerate().map(line).collect::<Vec<_>>().join("\r\n")
}

/// What stands between the angle brackets.
fn address(said: &str) -> String {
    let (_, rest) = said.split_once('<').unwrap_or(("", said));
    rest.split('>').next().unwrap_or(rest).to_owned()
}
