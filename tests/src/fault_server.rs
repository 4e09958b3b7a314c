//! A web server that misbehaves on purpose: raw sockets on port 0, behaviour by path (see [`answer`]). Plain or encrypted,
//! it remembers what it was asked; the many ways to misbehave are in [`crate::corpus`].

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::corpus::gzip;

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// `HEAD` or `GET`.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The head as it came, in lower case.
    pub head: String,
}

/// The server; it ends when it is dropped.
#[derive(Debug)]
pub struct FaultServer {
    address: SocketAddr,
    scheme: &'static str,
    asked: Arc<Mutex<Vec<Asked>>>,
    stopped: Arc<AtomicBool>,
    listener: Option<JoinHandle<()>>,
}

trait Connection: Read + Write + Send {}
impl<T: Read + Write + Send> Connection for T {}

impl FaultServer {
    /// A server on 127.0.0.1.
    pub fn plain() -> Self {
        Self::start("127.0.0.1:0", None)
    }

    /// A server on `host`, such as `[::1]`.
    pub fn on(host: &str) -> Self {
        Self::start(&format!("{host}:0"), None)
    }

    /// An encrypted server on 127.0.0.1.
    pub fn encrypted(config: ServerConfig) -> Self {
        Self::start("127.0.0.1:0", Some(Arc::new(config)))
    }

    /// The URL of `path` there.
    pub fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// What it was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// Counts what it was asked so far, whenever it is called.
    pub fn counter(&self) -> impl Fn() -> usize + Send + Sync + 'static {
        let asked = Arc::clone(&self.asked);
        move || asked.lock().unwrap().len()
    }

    fn start(at: &str, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind(at).unwrap();
        let address = listener.local_addr().unwrap();
        let (asked, stopped) = (Arc::default(), Arc::new(AtomicBool::new(false)));
        let scheme = if tls.is_some() { "https" } else { "http" };
        let (record, stop) = (Arc::clone(&asked), Arc::clone(&stopped));
        let serve = move || {
            for stream in listener.incoming().flatten() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let (record, tls) = (Arc::clone(&record), tls.clone());
                std::thread::spawn(move || {
                    // A client that goes away in the middle is what many tests are about.
                    let _ = connection(stream, tls, &record);
                });
            }
        };
        let listener = Some(std::thread::spawn(serve));
        FaultServer { address, scheme, asked, stopped, listener }
    }
}

impl Drop for FaultServer {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        let _ = self.listener.take().map(JoinHandle::join);
    }
}

fn connection(
    stream: TcpStream,
    tls: Option<Arc<ServerConfig>>,
    record: &Mutex<Vec<Asked>>,
) -> io::Result<()> {
    let raw = stream.try_clone()?;
    let mut connection: Box<dyn Connection> = match tls {
        None => Box::new(stream),
        Some(config) => {
            Box::new(StreamOwned::new(ServerConnection::new(config).map_err(io::Error::other)?, stream))
        }
    };
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        connection.read_exact(&mut byte)?;
        head.extend(byte);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let mut words = head.split_whitespace();
    let method = words.next().unwrap_or_default().to_owned();
    let path = words.next().unwrap_or_default().to_owned();
    let asked = Asked { method, path, head: head.to_lowercase() };
    record.lock().unwrap().push(asked.clone());
    answer(&asked, connection.as_mut(), &raw)?;
    connection.flush()
}

/// Behaves as the path says. Paths that begin with `/head-` misbehave under HEAD only, those with `/get-` under GET only.
fn answer(asked: &Asked, to: &mut dyn Connection, raw: &TcpStream) -> io::Result<()> {
    let is_head = asked.method == "HEAD";
    let path = asked.path.as_str();
    match path.split_once('-') {
        Some(("/head", fault)) if is_head => misbehave(&format!("/{fault}"), is_head, to, raw),
        Some(("/get", fault)) if !is_head => misbehave(&format!("/{fault}"), is_head, to, raw),
        Some(("/head" | "/get", _)) => whole(to, is_head, "200 OK", "", b"hello"),
        _ => misbehave(path, is_head, to, raw),
    }
}

fn misbehave(path: &str, is_head: bool, to: &mut dyn Connection, raw: &TcpStream) -> io::Result<()> {
    let (what, rest) =
        path.trim_start_matches('/').split_once('/').unwrap_or((path.trim_start_matches('/'), ""));
    let mut body = |head: &str, body: &[u8]| {
        write!(to, "HTTP/1.1 200 OK\r\n{head}\r\n")?;
        if is_head { Ok(()) } else { to.write_all(body) }
    };
    match what {
        "ok" => whole(to, is_head, "200 OK", "", b"hello"),
        "status" => whole(to, is_head, &format!("{rest} Told"), "", b"hello"),
        "json" => whole(to, is_head, "200 OK", "", br#"{"jobs":[{"state":"ok"}]}"#),
        "go" => {
            let (code, location) = rest.split_once('/').unwrap_or((rest, ""));
            let location = location.replace("~", "/").replace("%3A", ":");
            whole(to, is_head, &format!("{code} Go"), &format!("Location: {location}\r\n"), b"")
        }
        "closed" => Ok(()),
        "hang" => until_gone(to),
        "drip" => {
            raw.set_read_timeout(Some(Duration::from_millis(20)))?;
            for byte in b"HTTP/1.1 200 OK\r\nX-Slow: ".iter().chain(std::iter::repeat(&b'x')) {
                to.write_all(&[*byte])?;
                to.flush()?;
                if pause_or_gone(to) {
                    break;
                }
            }
            Ok(())
        }
        "short" => body("Content-Length: 100\r\n", b"hello"),
        "gzip" => body("Content-Encoding: gzip\r\n", &gzip(b"hello")),
        "bomb" => body("Content-Encoding: gzip\r\n", &gzip(&vec![0; 50 << 20])),
        "hang-body" => {
            body("Content-Length: 100\r\n", b"hello")?;
            if is_head { Ok(()) } else { until_gone(to) }
        }
        other => whole(to, is_head, "404 Not Found", "", other.as_bytes()),
    }
}

fn whole(to: &mut dyn Connection, is_head: bool, status: &str, headers: &str, body: &[u8]) -> io::Result<()> {
    write!(to, "HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n", body.len())?;
    if is_head { Ok(()) } else { to.write_all(body) }
}

/// Says no more until the client goes away.
fn until_gone(from: &mut dyn Connection) -> io::Result<()> {
    from.flush()?;
    while from.read(&mut [0; 64])? > 0 {}
    Ok(())
}

/// Waits for the read timeout; whether the client went away meanwhile.
fn pause_or_gone(from: &mut dyn Connection) -> bool {
    !matches!(from.read(&mut [0; 64]), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}
