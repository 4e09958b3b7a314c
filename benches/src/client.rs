//! Somebody who asks a web server as fast as it answers: plain blocking sockets that stay open.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use djamon_core::clock::Stopwatch;

/// What is asked for: the number of the question makes its path, so that each can be one that nobody asked before.
pub struct Question {
    /// The path, to which the number is added.
    pub path: &'static str,
    /// Whether the number is added.
    pub is_new: bool,
    /// `Accept-Encoding`.
    pub encoding: &'static str,
}

/// A connection, made anew when the server has closed it for being idle: on a crowded machine this side may sleep.
pub struct Client(SocketAddr, BufReader<TcpStream>);

impl Client {
    /// A new one.
    pub fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(Client(address, BufReader::with_capacity(64 * 1024, stream)))
    }

    /// Asks, and gives the body; how long until the first byte of the answer is left in `first_byte`.
    pub fn ask(&mut self, question: &Question, number: u64, first_byte: &mut Duration) -> Result<Vec<u8>> {
        let number = if question.is_new { number.to_string() } else { String::new() };
        let (path, encoding) = (question.path, question.encoding);
        let request =
            format!("GET {path}{number} HTTP/1.1\r\nHost: b\r\nAccept-Encoding: {encoding}\r\n\r\n");
        let mut watch = Stopwatch::start();
        let mut line = String::new();
        let sent = self.1.get_mut().write_all(request.as_bytes());
        if sent.and_then(|()| self.1.read_line(&mut line)).unwrap_or(0) == 0 {
            *self = Client::connect(self.0)?;
            watch = Stopwatch::start();
            self.1.get_mut().write_all(request.as_bytes())?;
            self.1.read_line(&mut line)?;
        }
        *first_byte = watch.elapsed();
        ensure!(line.starts_with("HTTP/1.1 200"), "{path}: {line}");
        let mut length = None;
        while line.trim() != "" {
            line.clear();
            self.1.read_line(&mut line)?;
            let value = line.to_ascii_lowercase();
            if let Some(value) = value.strip_prefix("content-length:") {
                length = Some(value.trim().parse::<usize>()?);
            }
        }
        let mut body = vec![0; length.context("an answer without a length")?];
        self.1.read_exact(&mut body)?;
        Ok(body)
    }
}

/// How many questions a second are answered by so many connections within `time`.
pub fn load(address: SocketAddr, question: &Question, connections: usize, time: Duration) -> Result<u64> {
    let next = AtomicU64::new(1);
    let watch = Stopwatch::start();
    std::thread::scope(|scope| {
        let work = || -> Result<()> {
            let mut client = Client::connect(address)?;
            while watch.elapsed() < time {
                let number = next.fetch_add(1, Ordering::Relaxed);
                client.ask(question, number, &mut Duration::default())?;
            }
            Ok(())
        };
        let threads: Vec<_> = (0..connections).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| match thread.join() {
            Ok(done) => done,
            Err(_) => anyhow::bail!("a client panicked"),
        })
    })?;
    let answered = next.load(Ordering::Relaxed) - 1;
    Ok(answered * 1000 / u64::try_from(watch.elapsed().as_millis())?.max(1))
}

/// The 95th percentile of the times until the first byte, of so many questions one after the other.
pub fn first_byte(address: SocketAddr, question: &Question, count: u64) -> Result<Duration> {
    let mut client = Client::connect(address)?;
    let mut times = Vec::new();
    for number in 0..count {
        let mut time = Duration::default();
        client.ask(question, number, &mut time)?;
        times.push(time);
    }
    times.sort_unstable();
    times.get(times.len().saturating_sub(1) * 95 / 100).copied().context("no questions")
}
