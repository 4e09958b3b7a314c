//! One request within one limit: every hop of it, until an answer counts or something fails.
//!
//! A hop is made in steps, each with its own fault: 1. find the addresses, 2. connect, 3. shake hands, 4. ask and read
//! the head, 5. read the body. Between the hops [`super::redirect`] says where it goes on.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::Duration;

use base64::Engine;
use ureq::http::{HeaderName, HeaderValue, Method as HttpMethod, Request, Response, header};
use ureq::{Body, Error};
use url::{Host, Url};

use super::answer::{Known, body_fault, head_fault, late_body, undecodable};
use super::coding::{self, Source};
use super::fault::{Fault, told};
use super::http::{self, Stream, so_far};
use super::limit::{Deadline, Limit};
use super::redirect::{self, drops_body, is_home, is_redirect, shown};
use super::tls::encrypt;
use super::tls_words::{self, ShownCertificate};
use super::wire::Wire;
use super::{Kit, connect, page};
use crate::clock::Stopwatch;
use crate::domain::{Check, HeaderTest, Line, Method, Outcome, Phases, Target};
use crate::privacy::is_private;

/// A request and what became of it.
#[derive(Debug)]
pub(super) struct Trial<'a> {
    kit: &'a Kit,
    target: &'a Target,
    check: &'a Check,
    /// Whether the target's last look failed.
    failed_last: bool,
    /// The method of the hop; a redirect may change it.
    method: Method,
    limit: Limit,
    /// Every address asked, the target's first.
    path: Vec<Url>,
    /// How many of them were asked by POST before it became GET.
    posted: usize,
    times: Times,
    /// Whether a request was on its way in any hop.
    pub sent: bool,
    /// Whether the resolver found a name, now and not before.
    pub resolved: bool,
    /// Who was connected to last.
    pub address: Option<SocketAddr>,
    /// The certificate of the target's own host.
    pub certificate: Option<ShownCertificate>,
    /// The last status code received.
    code: Option<u16>,
    /// What went wrong, if anything.
    pub fault: Option<Fault>,
}

/// How long each phase took, over all hops.
#[derive(Debug, Clone, Copy, Default)]
struct Times {
    dns: Option<Duration>,
    connect: Option<Duration>,
    tls: Option<Duration>,
    first_byte: Option<Duration>,
    body: Option<Duration>,
}

/// The head of an answer and what is known of how it came.
struct Head<'a> {
    response: Response<Body>,
    known: Known<'a>,
    passed: std::sync::Arc<std::sync::Mutex<http::Passed>>,
}

impl<'a> Trial<'a> {
    /// Makes the request; beside the check stands whether the target's last look failed.
    pub fn make(
        kit: &'a Kit,
        target: &'a Target,
        (check, failed_last): (&'a Check, bool),
        method: Method,
        stop: Option<Deadline>,
    ) -> Self {
        let mut trial = Trial {
            kit,
            target,
            check,
            failed_last,
            method,
            limit: Limit::start(check.timeout, stop),
            path: vec![target.url.clone()],
            posted: 0,
            times: Times::default(),
            sent: false,
            resolved: false,
            address: None,
            certificate: None,
            code: None,
            fault: None,
        };
        let done = trial.run().and_then(|()| trial.in_time());
        trial.fault = done.err().map(|fault| trial.named(fault));
        trial
    }

    /// Whether the run ended before a verdict was there.
    pub fn is_stopped(&self) -> bool {
        self.fault.is_some() && self.limit.is_stopped()
    }

    /// How long it took.
    pub fn spent(&self) -> Duration {
        self.limit.spent()
    }

    /// The code to record: 500 for a timeout as documented, none when the end was no HTTP answer.
    pub fn code(&self) -> Option<u16> {
        match &self.fault {
            Some(Fault { outcome: Outcome::Timeout, .. }) => Some(500),
            Some(Fault { line: Line::Silent | Line::ResolverSilent, .. }) => None,
            Some(_) | None => self.code,
        }
    }

    /// The addresses it was redirected to.
    pub fn redirects(&self) -> Vec<String> {
        self.path.iter().skip(1).map(Url::to_string).collect()
    }

    /// The phases in milliseconds.
    pub fn phases(&self) -> Phases {
        let ms = |time: Option<Duration>| time.map(whole_ms);
        Phases {
            dns_ms: ms(self.times.dns),
            connect_ms: ms(self.times.connect),
            tls_ms: ms(self.times.tls),
            first_byte_ms: ms(self.times.first_byte),
            body_ms: ms(self.times.body),
        }
    }

    fn run(&mut self) -> Result<(), Fault> {
        loop {
            let url = self.path.last().cloned().unwrap_or_else(|| self.target.url.clone());
            let head = self.ask(&url)?;
            let code = head.response.status().as_u16();
            self.code = Some(code);
            if self.check.follow_redirects && is_redirect(code) {
                let location = head.response.headers().get(header::LOCATION).map(HeaderValue::as_bytes);
                if self.method == Method::Post && drops_body(code) {
                    (self.method, self.posted) = (Method::Get, self.path.len());
                }
                let next = redirect::next(&url, code, location, &self.path, self.posted)?;
                self.path.push(next);
                continue;
            }
            if !self.check.good_codes.contains(code) {
                return Err(Fault::answered(Outcome::Status, format!("answered {}", head.response.status())));
            }
            return self.take(head);
        }
    }

    /// Steps 1 to 4: the head of the answer of `url`.
    fn ask<'b>(&mut self, url: &'b Url) -> Result<Head<'b>, Fault> {
        let addresses = self.addresses(url)?;
        let began = self.limit.spent();
        let connected = connect::connect(&addresses, &self.kit.gate, &mut self.limit);
        add(&mut self.times.connect, self.limit.spent().saturating_sub(began));
        let (stream, address) = connected?;
        self.address = Some(address);
        let stream = self.secured(url, stream)?;
        let request = self.request(url)?;
        let ready = self.limit.spent();
        let (speakers, limit) = (&self.kit.speakers, self.limit);
        let wanted = self.check.expect_header.as_ref().map(HeaderTest::name);
        let (answer, passed) = match self.body() {
            Some(body) => speakers.exchange(stream, limit, request.map(|()| body), wanted),
            None => speakers.exchange(stream, limit, request, wanted),
        };
        let so_far = so_far(&passed);
        self.sent |= so_far.sent.is_some();
        self.code = so_far.code.or(self.code);
        if let Some(first) = so_far.first {
            add(&mut self.times.first_byte, first.saturating_sub(so_far.sent.unwrap_or(ready)));
        }
        let host = url.host_str().unwrap_or_default();
        let known =
            Known { whole: self.limit.whole(), ready, passed: so_far, host, now: self.kit.clock.now() };
        match answer {
            Ok(_) if self.limit.is_spent() => Err(super::answer::late_head(&known)),
            Ok(response) => Ok(Head { response, known, passed }),
            Err(error) => Err(head_fault(&error, &known)),
        }
    }

    /// Step 1.
    fn addresses(&mut self, url: &Url) -> Result<Vec<SocketAddr>, Fault> {
        let port = url.port_or_known_default().unwrap_or(80);
        let family = self.check.ip_family;
        let mut found = match url.host() {
            Some(Host::Ipv4(address)) => vec![IpAddr::V4(address)],
            Some(Host::Ipv6(address)) => vec![IpAddr::V6(address)],
            Some(Host::Domain(name)) => {
                let began = self.limit.spent();
                let found = self.kit.names.ask(name, self.failed_last, &mut self.limit);
                add(&mut self.times.dns, self.limit.spent().saturating_sub(began));
                let (addresses, is_new) = found?;
                // RFC 6761: these never leave the machine, so they tell nothing of the resolver.
                self.resolved |= is_new && name != "localhost" && !name.ends_with(".localhost");
                addresses
            }
            None => Vec::new(),
        };
        found.retain(|address| family.has(address.is_ipv6()));
        if found.is_empty() {
            let host = url.host_str().unwrap_or_default();
            let words = format!("{host} has no {} address", family.in_words());
            return Err(Fault::silent(Outcome::Dns, words));
        }
        // What is found here is what is connected to: no second look-up can lead elsewhere.
        if let Some(address) =
            found.iter().find(|address| self.kit.settings.deny_private && is_private(**address))
        {
            let words = format!("{address} is a private address, and [check] deny_private forbids to ask it");
            return Err(Fault::silent(Outcome::Connect, words));
        }
        Ok(found.into_iter().map(|address| SocketAddr::new(address, port)).collect())
    }

    /// Step 3: the connection as it is, or encrypted.
    fn secured(&mut self, url: &Url, stream: TcpStream) -> Result<Stream, Fault> {
        if url.scheme() != "https" {
            return Ok(Stream::Plain(Wire::new(stream, self.limit)));
        }
        let client = self.check.client_cert.as_deref().filter(|_| is_home(&self.target.url, url));
        let client = client.map(|cert| (cert, self.check.client_key.as_deref().unwrap_or(cert)));
        let watch = Stopwatch::start();
        let trusted = self.kit.trust.wanted(self.check.ca_file.as_deref(), self.check.insecure, client)?;
        // The first site waits while the authorities are read: no time of its own.
        self.limit.excuse(watch.elapsed());
        let wire = Wire::new(stream, self.limit);
        let (began, now) = (self.limit.spent(), self.kit.clock.now());
        let (stream, shown) = encrypt(wire, &trusted, url.host_str().unwrap_or_default(), now);
        add(&mut self.times.tls, self.limit.spent().saturating_sub(began));
        if url.host_str() == self.target.url.host_str() {
            self.certificate = shown.as_ref().and_then(tls_words::read).or(self.certificate.take());
        }
        stream.map(Stream::Encrypted)
    }

    /// What the hop sends beside its head.
    fn body(&self) -> Option<&'a str> {
        (self.method == Method::Post).then(|| self.check.body.as_deref().unwrap_or_default())
    }

    /// Whether the answer is not too slow for a check that calls that a failure.
    fn in_time(&self) -> Result<(), Fault> {
        let (spent, most) = (self.spent(), self.check.max_time.filter(|_| self.check.slow_is_failure));
        match most.filter(|most| spent > *most) {
            None => Ok(()),
            Some(most) => {
                let words = format!("answered after {}, and max_time is {}", told(spent), told(most));
                Err(Fault::answered(Outcome::Timeout, words))
            }
        }
    }

    /// What is sent to `url`. The password and the site's own headers go to its own host only; what merely tells how an
    /// answer should look goes everywhere, and what tells of the body goes where the body goes.
    fn request(&self, url: &Url) -> Result<Request<()>, Fault> {
        let method = match self.method {
            Method::Head => HttpMethod::HEAD,
            Method::Get => HttpMethod::GET,
            Method::Post => HttpMethod::POST,
        };
        let is_home = is_home(&self.target.url, url);
        let mut request = Request::builder()
            .method(method)
            .uri(url.as_str())
            .body(())
            .map_err(|error| Fault::local(format!("{} cannot be asked: {error}", shown(url))))?;
        let is_of_post =
            |name: &HeaderName| self.check.method == Method::Post && name.as_str().starts_with("content-");
        for (name, value) in own_headers(&self.check.headers)? {
            let goes = if is_of_post(&name) { self.body().is_some() } else { is_home || is_harmless(&name) };
            if goes {
                request.headers_mut().append(name, value);
            }
        }
        if let Some(credentials) = self.target.credentials.as_ref().filter(|_| is_home)
            && !request.headers().contains_key(header::AUTHORIZATION)
        {
            let pair = format!("{}:{}", credentials.user, credentials.password);
            let basic = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair));
            let value =
                HeaderValue::from_str(&basic).map_err(|_| Fault::local("the password cannot be sent"))?;
            request.headers_mut().insert(header::AUTHORIZATION, value);
        }
        Ok(request)
    }

    /// Step 5: the body of a good answer, and the conditions on it and on its headers.
    fn take(&mut self, head: Head<'_>) -> Result<(), Fault> {
        page::judge_headers(self.check, head.response.headers())?;
        if self.method == Method::Head {
            return Ok(());
        }
        let (answer, mut body) = head.response.into_parts();
        let named = |name| answer.headers.get_all(name).iter().map(HeaderValue::as_bytes);
        page::readable(named(header::TRANSFER_ENCODING))?;
        let codings = coding::declared(named(header::CONTENT_ENCODING))?;
        let keep = page::has_condition(self.check);
        let began = self.limit.spent();
        let source = Source::new(body.as_reader());
        let (page, read) = page::read(&source, &codings, self.limit, keep);
        add(&mut self.times.body, self.limit.spent().saturating_sub(began));
        let known = Known { passed: so_far(&head.passed), ..head.known };
        match (source.broke(), read) {
            (Some(error), _) => Err(body_fault(&Error::from(error), page.length, &known)),
            (None, _) if self.limit.is_spent() => Err(late_body(page.length, &known)),
            (None, Err(error)) => Err(undecodable(&error, page.length)),
            (None, Ok(())) => page::judge(self.check, &answer.headers, &page.bytes),
        }
    }

    /// `fault` with the redirect named on whose way it happened.
    fn named(&self, fault: Fault) -> Fault {
        match self.path.as_slice() {
            [_, .., last] if fault.outcome != Outcome::Redirect => {
                Fault { words: format!("redirected to {}: {}", shown(last), fault.words), ..fault }
            }
            _ => fault,
        }
    }
}

/// Whether a header merely tells how an answer should look.
fn is_harmless(name: &HeaderName) -> bool {
    [header::ACCEPT, header::ACCEPT_LANGUAGE, header::ACCEPT_ENCODING, header::USER_AGENT].contains(name)
}

fn own_headers(headers: &BTreeMap<String, String>) -> Result<Vec<(HeaderName, HeaderValue)>, Fault> {
    let read = |(name, value): (&String, &String)| {
        let header = HeaderName::from_bytes(name.as_bytes()).ok().zip(HeaderValue::from_str(value).ok());
        header.ok_or_else(|| Fault::local(format!("the header {name:?} cannot be sent")))
    };
    headers.iter().map(read).collect()
}

fn add(phase: &mut Option<Duration>, time: Duration) {
    *phase = Some(phase.unwrap_or_default() + time);
}

/// Whole milliseconds, the last one not rounded up.
pub(super) fn whole_ms(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX)
}
