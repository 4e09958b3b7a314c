//! Three small sites to watch, for `make up`: `/shop` and `/blog` are always up, `/api` breaks and recovers by itself.
//! It knows nothing of the monitor: an outage seen here is found the way any other would be.
//!
//! ```text
//! /api:  up ── 40 s ──► broken (503) ── 60 s ──► up ── 80 s ──► from the beginning
//! ```
//! Checked every ten seconds, `/api` fails at least five times and then recovers: with three attempts and two good views
//! the whole story takes two minutes, and no two outages run into each other.

use std::error::Error;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use djamon_core::clock::Stopwatch;

const USAGE: &str = "usage: demo-target [--listen ADDRESS:PORT] [--story UP,BROKEN,UP]   (seconds; 40,60,80)";

/// How long `/api` is up, then broken, then up again, before it starts over.
#[derive(Clone, Copy)]
struct Story {
    up: Duration,
    broken: Duration,
    again: Duration,
}

impl Story {
    /// Whether `/api` is broken when the target has been running for `elapsed`.
    fn is_broken(&self, elapsed: Duration) -> bool {
        let round = (self.up + self.broken + self.again).as_millis().max(1);
        let into = elapsed.as_millis() % round;
        (self.up.as_millis()..(self.up + self.broken).as_millis()).contains(&into)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let (listen, story) =
        arguments(std::env::args().skip(1)).map_err(|reason| format!("{reason}\n{USAGE}"))?;
    let listener =
        TcpListener::bind(listen).map_err(|error| format!("cannot listen on {listen}: {error}"))?;
    writeln!(io::stdout(), "demo target on http://{}/ (shop, blog, api)", listener.local_addr()?)?;

    let running = Stopwatch::start();
    let answered = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for stream in listener.incoming().flatten() {
            let answered = &answered;
            scope.spawn(move || {
                let broken = story.is_broken(running.elapsed());
                // A visitor that went away is no news.
                let _ = answer(stream, broken, answered.fetch_add(1, Ordering::Relaxed));
            });
        }
    });
    Ok(())
}

/// Where to listen, and the story of `/api`.
fn arguments(mut given: impl Iterator<Item = String>) -> Result<(SocketAddr, Story), String> {
    let mut listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let mut seconds = vec![40, 60, 80];
    while let Some(name) = given.next() {
        let value = given.next().ok_or_else(|| format!("{name} needs a value"))?;
        match name.as_str() {
            "--listen" => listen = value.parse().map_err(|error| format!("--listen {value}: {error}"))?,
            "--story" => {
                seconds = value
                    .split(',')
                    .map(|part| part.parse::<u64>().map_err(|error| format!("--story {value}: {error}")))
                    .collect::<Result<_, _>>()?;
            }
            _ => return Err(format!("{name} is unknown")),
        }
    }
    match seconds.as_slice() {
        &[up, broken, again] => {
            let [up, broken, again] = [up, broken, again].map(Duration::from_secs);
            Ok((listen, Story { up, broken, again }))
        }
        _ => Err("--story takes three numbers".to_owned()),
    }
}

/// Answers one request and closes the connection.
fn answer(mut stream: TcpStream, api_is_broken: bool, number: u64) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let (method, path) = request(&stream)?;
    let (status, body) = match (method.as_str(), path.as_str()) {
        ("HEAD" | "GET", "/") => ("200 OK", "The line is alive."),
        ("HEAD" | "GET", "/shop") => ("200 OK", "The shop is open."),
        ("HEAD" | "GET", "/blog") => ("200 OK", "A new story every day."),
        ("HEAD" | "GET", "/api") if api_is_broken => ("503 Service Unavailable", "The database is away."),
        ("HEAD" | "GET", "/api") => ("200 OK", "{\"status\":\"ok\"}"),
        ("HEAD" | "GET", _) => ("404 Not Found", "There is no such page."),
        _ => ("405 Method Not Allowed", "Only HEAD and GET."),
    };
    // Sites take their time; without it every bar of a chart would look alike.
    std::thread::sleep(Duration::from_millis(5 + number * 37 % 60));
    let length = body.len();
    let body = if method == "HEAD" { "" } else { body };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    )
}

/// The method and the path of a request, its headers read to their end.
fn request(stream: &TcpStream) -> io::Result<(String, String)> {
    let mut lines = BufReader::new(stream.take(16 * 1024)).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let mut words = first.split(' ').map(str::to_owned);
    Ok((words.next().unwrap_or_default(), words.next().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(words: &[&str]) -> Result<(SocketAddr, Story), String> {
        arguments(words.iter().map(|word| (*word).to_owned()))
    }

    #[test]
    fn the_api_breaks_after_40_seconds_for_60_and_starts_over_after_180() {
        let (_, story) = given(&[]).unwrap();
        let broken: Vec<u64> =
            (0..400).filter(|second| story.is_broken(Duration::from_secs(*second))).collect();
        let expected: Vec<u64> = (40..100).chain(220..280).collect();
        assert_eq!(broken, expected);
    }

    #[test]
    fn a_story_without_seconds_is_never_broken() {
        let (_, story) = given(&["--story", "0,0,0"]).unwrap();
        assert!(!story.is_broken(Duration::from_secs(5)));
    }

    #[test]
    fn wrong_arguments_are_named() {
        let reason = |words: &[&str]| given(words).err().unwrap();
        assert_eq!(reason(&["--story", "1,2"]), "--story takes three numbers");
        assert_eq!(reason(&["--story", "1,x,3"]), "--story 1,x,3: invalid digit found in string");
        assert_eq!(reason(&["--listen"]), "--listen needs a value");
        assert_eq!(reason(&["--port", "1"]), "--port is unknown");
    }
}
