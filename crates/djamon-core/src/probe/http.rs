//! The adapter around ureq: it speaks HTTP over a connection that is already there, and nothing else of it is used.
//!
//! ureq's `unversioned` part promises nothing between minor versions, so only this file knows it. Names, connecting and
//! TLS are our own: their faults come as our own types, and their times are known.

use std::cell::Cell;
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ureq::config::Config;
use ureq::http::{Request, Response, Uri};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};
use ureq::{Agent, AsSendBody, Body, Error, Timeout};

use super::head::{HeadReader, MOST_HEAD, Odd};
use super::limit::Limit;
use super::tls::Encrypted;
use super::wire::{Wire, is_out_of_time};

/// The longest line between the pieces of a page.
const LONGEST_LINE: usize = 64 * 1024;

/// A connection to speak HTTP over.
#[derive(Debug)]
pub(super) enum Stream {
    /// As it is.
    Plain(Wire),
    /// Encrypted.
    Encrypted(Box<Encrypted>),
}

/// What passed over a connection so far, by the request's limit.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Passed {
    /// When the request was on its way.
    pub sent: Option<Duration>,
    /// When the first byte of the answer came.
    pub first: Option<Duration>,
    /// How many bytes of the answer came.
    pub bytes: u64,
    /// The status code, once the head is whole.
    pub code: Option<u16>,
}

/// An error of a read or write that ureq must not interpret: it takes a reset for the end of some bodies.
#[derive(Debug)]
pub(super) struct Broken(pub io::Error);

impl std::error::Error for Broken {}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Those who speak HTTP: ureq's agents, each with the place where it finds its connection. None is used by two requests
/// at once; whoever is done waits for the next one, for to make an agent costs more than to use it.
#[derive(Debug)]
pub(super) struct Speakers {
    config: Config,
    idle: Mutex<Vec<Speaker>>,
}

#[derive(Debug)]
struct Speaker {
    agent: Agent,
    given: Given,
}

impl Speakers {
    /// Those who say that they are `user_agent`; none yet.
    pub fn new(user_agent: &str) -> Self {
        Speakers { config: config(user_agent), idle: Mutex::default() }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Speaker>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn one(&self) -> Speaker {
        let idle = self.idle().pop();
        idle.unwrap_or_else(|| {
            let given = Given::default();
            Speaker { agent: Agent::with_parts(self.config.clone(), given.clone(), Nowhere), given }
        })
    }

    /// Sends `request` over `stream` and keeps the header `wanted` of the answer beside those that matter; gives the
    /// answer's head with its body still to be read, and the record of what passed, which goes on while the body is read.
    pub fn exchange(
        &self,
        stream: Stream,
        limit: Limit,
        request: Request<impl AsSendBody>,
        wanted: Option<&str>,
    ) -> (Result<Response<Body>, Error>, Arc<Mutex<Passed>>) {
        let passed = Arc::new(Mutex::new(Passed::default()));
        let pages = Pages::for_request(&request);
        let head = Some(HeadReader::wanting(wanted));
        let channel = Channel { stream, head, pages, limit, passed: Arc::clone(&passed) };
        let speaker = self.one();
        speaker.given.put(Some(channel));
        // The limit is kept by the connection itself: another one of ureq's would cost a copy of its configuration.
        let answer = speaker.agent.run(request);
        // A request that cannot be made does not take it.
        speaker.given.put(None);
        self.idle().push(speaker);
        (answer, passed)
    }
}

/// The configuration for every request: nothing followed, nothing kept, nothing taken from the environment.
fn config(user_agent: &str) -> Config {
    Agent::config_builder()
        .user_agent(user_agent)
        .accept_encoding("gzip")
        .http_status_as_error(false)
        .proxy(None)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .max_idle_connections(0)
        .max_response_header_size(2 * MOST_HEAD)
        .build()
}

/// The state of a record.
pub(super) fn so_far(passed: &Mutex<Passed>) -> Passed {
    *passed.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives out the connection that was made for the request.
#[derive(Debug, Clone, Default)]
struct Given(Arc<Mutex<Option<Channel>>>);

impl Given {
    fn put(&self, channel: Option<Channel>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = channel;
    }
}

impl Connector for Given {
    type Out = Channel;

    fn connect(&self, _: &ConnectionDetails<'_>, _: Option<()>) -> Result<Option<Channel>, Error> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).take())
    }
}

/// Resolves nothing: the connection is there already.
#[derive(Debug)]
struct Nowhere;

impl Resolver for Nowhere {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        Ok(self.empty())
    }
}

/// A connection as ureq wants it, keeping the record.
#[derive(Debug)]
struct Channel {
    stream: Stream,
    /// Until the head is whole.
    head: Option<HeadReader>,
    pages: Pages,
    limit: Limit,
    passed: Arc<Mutex<Passed>>,
}

impl Channel {
    fn passed(&self, change: impl FnOnce(&mut Passed)) {
        change(&mut self.passed.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Reads more into the pages; says how much.
    fn read(&mut self, reason: Timeout) -> Result<usize, Error> {
        let room = self.pages.input_append_buf();
        if room.is_empty() {
            return Err(Error::Other(Box::new(Odd::LongLine)));
        }
        let read = match &mut self.stream {
            Stream::Plain(wire) => wire.read(room),
            Stream::Encrypted(stream) => stream.read(room),
        };
        let amount = read.map_err(|error| kept(error, reason))?;
        let now = self.limit.spent();
        self.passed(|passed| {
            passed.bytes += u64::try_from(amount).unwrap_or(u64::MAX);
            passed.first = passed.first.or((amount > 0).then_some(now));
        });
        self.pages.input_appended(amount);
        Ok(amount)
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        std::mem::take(&mut self.pages).put_by();
    }
}

impl Transport for Channel {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.pages
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let bytes = self.pages.output.get(..amount).unwrap_or_default();
        let written = match &mut self.stream {
            Stream::Plain(wire) => wire.write_all(bytes),
            Stream::Encrypted(stream) => stream.write_all(bytes).and_then(|()| stream.flush()),
        };
        let sent = self.limit.spent();
        self.passed(|passed| passed.sent = passed.sent.or(Some(sent)));
        written.map_err(|error| kept(error, timeout.reason))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        loop {
            let amount = self.read(timeout.reason)?;
            let Some(head) = self.head.as_mut().filter(|_| amount > 0) else { return Ok(amount > 0) };
            let heard = head.hear(self.pages.input()).map_err(|odd| Error::Other(Box::new(odd)))?;
            self.pages.replace_input(heard.as_ref().map(|whole| whole.bytes.as_slice()).unwrap_or_default());
            if let Some(whole) = heard {
                self.head = None;
                self.passed(|passed| passed.code = Some(whole.code));
                return Ok(true);
            }
        }
    }

    fn is_open(&mut self) -> bool {
        // No connection is used twice.
        false
    }

    fn is_tls(&self) -> bool {
        matches!(self.stream, Stream::Encrypted(_))
    }
}

/// The end of the limit and the end of the connection as ureq knows them, everything else kept from it.
fn kept(error: io::Error, reason: Timeout) -> Error {
    match error.kind() {
        _ if is_out_of_time(&error) => Error::Timeout(reason),
        io::ErrorKind::UnexpectedEof => Error::Io(error),
        _ => Error::Other(Box::new(Broken(error))),
    }
}

thread_local! {
    /// The buffers of the connection before: to make them anew costs more than to fill them.
    static USED: Cell<Pages> = Cell::default();
}

/// The buffers of one connection. The input grows with the longest piece that must be read whole.
#[derive(Debug, Default)]
struct Pages {
    output: Vec<u8>,
    scratch: Vec<u8>,
    input: Vec<u8>,
    from: usize,
    to: usize,
    progress: bool,
}

impl Pages {
    const OUTPUT: usize = 1024;
    const INPUT: usize = 4 * 1024;

    /// Buffers whose output takes the longest line of `request`: ureq writes line by line and never splits one.
    fn for_request<B>(request: &Request<B>) -> Self {
        let headers = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len());
        let uri = request.uri();
        let path = uri.path_and_query().map_or(0, |path| path.as_str().len());
        let host = uri.authority().map_or(0, |host| host.as_str().len());
        let longest = headers.chain([path, host]).max().unwrap_or(0);
        let mut pages = USED.take();
        pages.output.resize(Self::OUTPUT.max(longest + 64), 0);
        pages
    }

    /// Keeps them for the next connection of this thread, unless they have grown.
    fn put_by(self) {
        let kept = |buffer: Vec<u8>, usual| Some(buffer).filter(|it| it.len() <= usual).unwrap_or_default();
        let (output, input) = (kept(self.output, Self::OUTPUT), kept(self.input, Self::INPUT));
        USED.set(Pages { output, input, scratch: self.scratch, ..Pages::default() });
    }

    /// Puts `bytes` in the place of all input.
    fn replace_input(&mut self, bytes: &[u8]) {
        self.input.resize(self.input.len().max(bytes.len()), 0);
        (self.from, self.to) = (0, bytes.len());
        self.input.get_mut(..bytes.len()).unwrap_or_default().copy_from_slice(bytes);
    }
}

impl Buffers for Pages {
    fn output(&mut self) -> &mut [u8] {
        &mut self.output
    }

    fn input(&self) -> &[u8] {
        self.input.get(self.from..self.to).unwrap_or_default()
    }

    fn input_append_buf(&mut self) -> &mut [u8] {
        if self.from > 0 {
            self.input.copy_within(self.from..self.to, 0);
            (self.from, self.to) = (0, self.to - self.from);
        }
        if self.input.len() < self.to + Self::INPUT / 4 {
            let doubled = (self.input.len() * 2).clamp(Self::INPUT, LONGEST_LINE);
            self.input.resize(self.input.len().max(doubled), 0);
        }
        self.input.get_mut(self.to..).unwrap_or_default()
    }

    fn input_appended(&mut self, amount: usize) {
        self.to = (self.to + amount).min(self.input.len());
    }

    fn input_consume(&mut self, amount: usize) {
        self.progress = amount > 0;
        self.from = (self.from + amount).min(self.to);
    }

    fn tmp_and_output(&mut self) -> (&mut [u8], &mut [u8]) {
        self.scratch.resize(Self::OUTPUT, 0);
        (&mut self.scratch, &mut self.output)
    }

    fn can_use_input(&self) -> bool {
        self.progress && self.from < self.to
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_finds_nothing_of_the_one_before_in_its_buffers() {
        let request = |path: &str| Request::get(format!("http://shop.example/{path}")).body(()).unwrap();
        let mut pages = Pages::for_request(&request(&"p".repeat(5000)));
        assert!(pages.output().len() > 5000, "the request line fits");
        for _ in 0..LONGEST_LINE / Pages::INPUT {
            pages.input_append_buf().fill(b'x');
            pages.input_appended(Pages::INPUT);
        }
        pages.input_consume(1);
        pages.put_by();

        let mut pages = Pages::for_request(&request("q"));
        assert_eq!((pages.input(), pages.can_use_input()), (&b""[..], false));
        assert_eq!(
            (pages.output().len(), pages.input.capacity()),
            (Pages::OUTPUT, 0),
            "what has grown is not kept"
        );
        pages.input_append_buf().fill(b'x');
        pages.input_appended(9);
        pages.put_by();
        let pages = Pages::for_request(&request("r"));
        assert_eq!((pages.input(), pages.input.len()), (&b""[..], Pages::INPUT));
    }

    #[test]
    fn the_input_grows_until_a_whole_line_fits_and_no_further() {
        let mut pages = Pages::default();
        for _ in 0..LONGEST_LINE {
            let room = pages.input_append_buf();
            room[0] = b'x';
            pages.input_appended(1);
            pages.input_consume(0);
        }
        assert_eq!(pages.input().len(), LONGEST_LINE);
        assert!(pages.input_append_buf().is_empty());
        assert!(!pages.can_use_input(), "nothing was consumed: more must be read");
        pages.input_consume(LONGEST_LINE - 1);
        assert_eq!((pages.input(), pages.can_use_input()), (&b"x"[..], true));
    }
}
