//! An HTTP server for tests of what posts something somewhere: it keeps every request and answers as scripted, or as it
//! judges.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// One answer.
#[derive(Debug, Clone)]
pub struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Answer {
    /// An empty answer of this status.
    pub fn new(status: u16) -> Self {
        Answer { status, headers: Vec::new(), body: String::new() }
    }

    /// None at all: the connection is closed once the request is there.
    pub fn none() -> Self {
        Answer::new(0)
    }

    /// Its status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The same answer with one more header.
    pub fn header(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }

    /// The same answer with this body.
    pub fn body(mut self, body: impl ToString) -> Self {
        self.body = body.to_string();
        self
    }
}

/// One request as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Its method.
    pub method: String,
    /// Its path and query.
    pub target: String,
    /// Its headers in order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: String,
}

impl Request {
    /// The value of the header `name`, which is written in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// What a server answers to each request.
type Judge = Box<dyn FnMut(&Request) -> Answer + Send>;

struct Kept {
    judge: Judge,
    requests: Vec<Request>,
    stops: bool,
}

/// A running HTTP server; it ends when it is dropped.
pub struct HttpSink {
    port: u16,
    kept: Arc<Mutex<Kept>>,
    accepting: Option<JoinHandle<()>>,
}

impl HttpSink {
    /// Starts a server on a free port of the loopback. Each request gets the next of `answers`, the last one for ever.
    pub fn start(answers: impl IntoIterator<Item = Answer>) -> Self {
        let mut answers: Vec<Answer> = answers.into_iter().collect();
        HttpSink::judging(move |_| {
            let next = answers.first().cloned().unwrap_or_else(|| Answer::new(200));
            if answers.len() > 1 {
                answers.remove(0);
            }
            next
        })
    }

    /// Starts a server on a free port of the loopback that answers each request as `judge` says.
    pub fn judging(judge: impl FnMut(&Request) -> Answer + Send + 'static) -> Self {
        HttpSink::over(None, judge)
    }

    /// The same, speaking TLS as `config` says.
    pub fn encrypted(
        config: Arc<ServerConfig>,
        judge: impl FnMut(&Request) -> Answer + Send + 'static,
    ) -> Self {
        HttpSink::over(Some(config), judge)
    }

    fn over(tls: Option<Arc<ServerConfig>>, judge: impl FnMut(&Request) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port of the loopback");
        let port = listener.local_addr().expect("its address").port();
        let kept = Arc::new(Mutex::new(Kept { judge: Box::new(judge), requests: Vec::new(), stops: false }));
        let server = Arc::clone(&kept);
        let accepting = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if server.lock().expect("no test panicked with it").stops {
                    return;
                }
                let server = Arc::clone(&server);
                let tls = tls.clone();
                // A client that goes away in the middle is no concern of the server.
                std::thread::spawn(move || stream.map(|stream| serve(&server, stream, tls)));
            }
        });
        HttpSink { port, kept, accepting: Some(accepting) }
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its address, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The requests so far, oldest first.
    pub fn requests(&self) -> Vec<Request> {
        self.kept.lock().expect("no test panicked with it").requests.clone()
    }
}

impl Drop for HttpSink {
    fn drop(&mut self) {
        if let Ok(mut kept) = self.kept.lock() {
            kept.stops = true;
        }
        // Wakes the loop that accepts.
        drop(TcpStream::connect(("127.0.0.1", self.port)));
        if let Some(accepting) = self.accepting.take() {
            drop(accepting.join());
        }
    }
}

fn serve(kept: &Mutex<Kept>, stream: TcpStream, tls: Option<Arc<ServerConfig>>) -> std::io::Result<()> {
    let Some(config) = tls else { return answer(kept, stream) };
    let connection = ServerConnection::new(config).map_err(std::io::Error::other)?;
    answer(kept, StreamOwned::new(connection, stream))
}

fn answer(kept: &Mutex<Kept>, stream: impl Read + Write) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let Some(request) = request(&mut reader)? else { return Ok(()) };
    let answer = {
        let mut kept = kept.lock().expect("no test panicked with it");
        let answer = (kept.judge)(&request);
        kept.requests.push(request);
        answer
    };
    if answer.status == 0 {
        return Ok(());
    }
    let mut head = format!("HTTP/1.1 {} X\r\nConnection: close\r\n", answer.status);
    for (name, value) in &answer.headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!("Content-Length: {}\r\n\r\n", answer.body.len());
    reader.get_mut().write_all(format!("{head}{}", answer.body).as_bytes())?;
    reader.get_mut().flush()
}

/// The next request; `None` when the other side went away before its headers were whole.
fn request(reader: &mut BufReader<impl Read>) -> std::io::Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if !line.ends_with('\n') {
            return Ok(None);
        }
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut request = Request { method, target, headers, body: String::new() };
    let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    request.body = String::from_utf8_lossy(&body).into_owned();
    Ok(Some(request))
}
