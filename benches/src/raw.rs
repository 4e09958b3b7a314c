//! The reference: the same exchange as a probe's, by plain blocking sockets on 64 threads, and nothing else.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::measure::{self, Spent};

/// The word that starts the loop.
pub const WORD: &str = "raw";

/// So many exchanges are made at once.
pub const THREADS: usize = 64;

/// What so many exchanges cost, one after the other with `addresses`.
pub fn measured(count: usize, addresses: &[SocketAddr]) -> Result<Spent> {
    let words: Vec<String> = [WORD.to_owned(), count.to_string()]
        .into_iter()
        .chain(addresses.iter().map(ToString::to_string))
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    measure::program(&std::env::current_exe()?, &words, Path::new("/"))
}

/// Makes the exchanges.
pub fn exchange(count: &str, addresses: &[&str]) -> Result<()> {
    let count: usize = count.parse()?;
    let addresses: Vec<SocketAddr> = addresses.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let work = || -> Result<()> {
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= count {
                    return Ok(());
                }
                one(n, *addresses.get(n % addresses.len()).context("an address")?)?;
            }
        };
        let threads: Vec<_> = (0..THREADS.min(count)).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| match thread.join() {
            Ok(done) => done,
            Err(_) => anyhow::bail!("a thread of the raw loop panicked"),
        })
    })
}

fn one(n: usize, address: SocketAddr) -> Result<()> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let request = format!(
        "HEAD /{n} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: raw\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let (mut answer, mut length) = ([0; 4096], 0);
    loop {
        let read = stream.read(answer.get_mut(length..).unwrap_or_default())?;
        length += read;
        let seen = answer.get(..length).unwrap_or_default();
        if read == 0 || seen.ends_with(b"\r\n\r\n") {
            ensure!(seen.starts_with(b"HTTP/1.1 200"), "{address} gave no answer");
            return Ok(());
        }
    }
}
