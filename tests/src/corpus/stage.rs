//! The servers that play the cases: raw sockets on ports of their own, what is said chosen by the path.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::{Case, Step};

/// Nobody is played for longer: whoever asks has a limit of some seconds.
const LONGEST: Duration = Duration::from_secs(15);

/// The running servers; they end when this is dropped.
#[derive(Debug)]
pub struct Stage {
    here: SocketAddr,
    other: SocketAddr,
    refused: SocketAddr,
    tls: SocketAddr,
    stopped: Arc<AtomicBool>,
    doors: Vec<JoinHandle<()>>,
}

impl Stage {
    /// Plays `cases` on both families of loopback; `tls` is an encrypted server that nobody trusts.
    ///
    /// # Panics
    /// Without room for sockets.
    pub fn open(cases: Vec<Case>, tls: SocketAddr) -> Self {
        let listeners = both_families();
        let other = TcpListener::bind("127.0.0.2:0").unwrap();
        let (here, other_at) = (listeners[0].local_addr().unwrap(), other.local_addr().unwrap());
        let refused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let stopped = Arc::new(AtomicBool::new(false));
        let mut stage =
            Stage { here, other: other_at, refused, tls, stopped: Arc::clone(&stopped), doors: Vec::new() };
        let play = Arc::new(Play { cases, places: stage.places() });
        for listener in listeners.into_iter().chain([other]) {
            let (play, stopped) = (Arc::clone(&play), Arc::clone(&stopped));
            stage.doors.push(std::thread::spawn(move || play.admit(&listener, &stopped)));
        }
        stage
    }

    /// `text` with the addresses filled in.
    pub fn fill(&self, text: &str) -> String {
        filled(text, &self.places())
    }

    fn places(&self) -> Vec<(&'static str, String)> {
        vec![
            ("{here}", self.here.to_string()),
            ("{port}", self.here.port().to_string()),
            ("{other}", self.other.to_string()),
            ("{refused}", self.refused.to_string()),
            ("{tls}", self.tls.to_string()),
        ]
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        for at in [self.here, SocketAddr::new([0, 0, 0, 0, 0, 0, 0, 1].into(), self.here.port()), self.other]
        {
            let _ = TcpStream::connect(at);
        }
        for door in self.doors.drain(..) {
            let _ = door.join();
        }
    }
}

/// Two listeners on one port: 127.0.0.1 and ::1.
fn both_families() -> Vec<TcpListener> {
    for _ in 0..100 {
        let v4 = TcpListener::bind("127.0.0.1:0").unwrap();
        if let Ok(v6) = TcpListener::bind(("::1", v4.local_addr().unwrap().port())) {
            return vec![v4, v6];
        }
    }
    panic!("no port is free on 127.0.0.1 and ::1 alike")
}

fn filled(text: &str, places: &[(&'static str, String)]) -> String {
    places.iter().fold(text.to_owned(), |text, (name, place)| text.replace(name, place))
}

struct Play {
    cases: Vec<Case>,
    places: Vec<(&'static str, String)>,
}

impl Play {
    fn admit(self: &Arc<Self>, listener: &TcpListener, stopped: &AtomicBool) {
        for stream in listener.incoming().flatten() {
            if stopped.load(Ordering::SeqCst) {
                return;
            }
            let play = Arc::clone(self);
            // A client that goes away in the middle is what many cases are about.
            std::thread::spawn(move || play.perform(stream));
        }
    }

    fn perform(&self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_read_timeout(Some(LONGEST))?;
        stream.set_write_timeout(Some(LONGEST))?;
        stream.set_nodelay(true)?;
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte)?;
            head.extend(byte);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let mut words = head.split_whitespace();
        let is_head = words.next() == Some("HEAD");
        let path = words.next().unwrap_or_default();
        let name = path.trim_start_matches('/').split(['?', '/']).next().unwrap_or_default();
        match self.cases.iter().find(|case| case.name == name) {
            Some(case) => {
                for step in if is_head { &case.head } else { &case.get } {
                    self.take(step, &mut stream)?;
                }
                Ok(())
            }
            None => self.count(path, &mut stream),
        }
    }

    /// `/down/3` redirects to `/down/2`, and so on to a page; `/round/3` goes round in a loop of three.
    fn count(&self, path: &str, stream: &mut TcpStream) -> io::Result<()> {
        let mut parts = path.trim_start_matches('/').split('/');
        let (what, number) =
            (parts.next().unwrap_or_default(), parts.next().and_then(|n| n.parse::<u32>().ok()));
        match (what, number) {
            ("down", Some(0)) => stream.write_all(b"HTTP/1.1 204 Done\r\n\r\n"),
            ("down", Some(n)) => write!(stream, "HTTP/1.1 302 Go\r\nLocation: /down/{}\r\n\r\n", n - 1),
            ("round", Some(n)) => {
                let at: u32 = parts.next().and_then(|at| at.parse().ok()).unwrap_or(0);
                write!(stream, "HTTP/1.1 302 Go\r\nLocation: /round/{n}/{}\r\n\r\n", (at + 1) % n)
            }
            _ => stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
        }
    }

    fn take(&self, step: &Step, stream: &mut TcpStream) -> io::Result<()> {
        match step {
            Step::Say(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) if text.contains('{') => stream.write_all(filled(text, &self.places).as_bytes()),
                _ => stream.write_all(bytes),
            },
            Step::Repeat(bytes, times) => (0..*times).try_for_each(|_| stream.write_all(bytes)),
            Step::Drip(bytes, pause) => loop {
                for byte in bytes {
                    stream.write_all(&[*byte])?;
                    wait(stream, *pause)?;
                }
            },
            Step::Pause(pause) => wait(stream, *pause),
            Step::Stall => {
                while stream.read(&mut [0; 64])? > 0 {}
                Ok(())
            }
            Step::Reset => rustix::net::sockopt::set_socket_linger(&*stream, Some(Duration::ZERO))
                .map_err(io::Error::from),
        }
    }
}

/// Waits `pause`; an error when the client went away meanwhile.
fn wait(stream: &mut TcpStream, pause: Duration) -> io::Result<()> {
    stream.set_read_timeout(Some(pause))?;
    let gone = match stream.read(&mut [0; 64]) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
        Err(error) => Err(error),
        Ok(_) => Err(io::ErrorKind::ConnectionAborted.into()),
    };
    stream.set_read_timeout(Some(LONGEST))?;
    gone
}
