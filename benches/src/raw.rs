//! The reference: the same exchange as a probe's, by plain blocking sockets on 64 threads, and nothing else.

use std::io::{BufWriter, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use djamon_core::clock::Stopwatch;

use crate::laps::Laps;
use crate::measure::{self, Spent};

/// The word that starts the loop.
pub const WORD: &str = "raw";

/// So many exchanges are made at once.
pub const THREADS: usize = 64;

/// What so many exchanges cost, one after the other with `addresses`.
pub fn measured(count: usize, addresses: &[SocketAddr]) -> Result<Spent> {
    let words = words(THREADS, count, addresses);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    measure::program(&std::env::current_exe()?, &words, Path::new("/"))
}

/// How long each of so many exchanges takes, from connecting to the end of the answer's headers.
pub fn times(threads: usize, count: usize, addresses: &[SocketAddr]) -> Result<Laps> {
    let output = Command::new(std::env::current_exe()?).args(words(threads, count, addresses)).output()?;
    ensure!(output.status.success(), "the raw loop failed");
    let micros = String::from_utf8(output.stdout)?;
    let times = micros.split_whitespace().map(|text| Ok(Duration::from_micros(text.parse()?)));
    Ok(Laps::of(times.collect::<Result<Vec<_>>>()?))
}

fn words(threads: usize, count: usize, addresses: &[SocketAddr]) -> Vec<String> {
    let words = [WORD.to_owned(), threads.to_string(), count.to_string()];
    words.into_iter().chain(addresses.iter().map(ToString::to_string)).collect()
}

/// Makes the exchanges, and prints the microseconds of each.
pub fn exchange(threads: &str, count: &str, addresses: &[&str]) -> Result<()> {
    let (threads, count): (usize, usize) = (threads.parse()?, count.parse()?);
    let addresses: Vec<SocketAddr> = addresses.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
    let next = AtomicUsize::new(0);
    let work = || -> Result<Vec<Duration>> {
        let mut times = Vec::new();
        loop {
            let n = next.fetch_add(1, Ordering::Relaxed);
            if n >= count {
                return Ok(times);
            }
            let watch = Stopwatch::start();
            one(n, *addresses.get(n % addresses.len()).context("an address")?)?;
            times.push(watch.elapsed());
        }
    };
    let mut out = BufWriter::new(std::io::stdout());
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads.min(count)).map(|_| scope.spawn(work)).collect();
        for thread in threads {
            let Ok(times) = thread.join() else { bail!("a thread of the raw loop panicked") };
            for time in times? {
                writeln!(out, "{}", time.as_micros())?;
            }
        }
        Ok(())
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
