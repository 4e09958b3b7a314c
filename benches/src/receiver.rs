//! A receiver of webhooks on a real socket that takes its time for each answer.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read, Result, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long it takes for an answer.
pub const PAUSE: Duration = Duration::from_millis(50);

/// A receiver; it serves until the process ends.
pub struct Receiver {
    address: SocketAddr,
    ids: Arc<Mutex<HashSet<String>>>,
}

impl Receiver {
    /// Starts to receive, each connection in a thread of its own and as often as it is asked.
    pub fn start() -> Result<Receiver> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let ids = Arc::new(Mutex::new(HashSet::new()));
        let of_thread = Arc::clone(&ids);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let ids = Arc::clone(&of_thread);
                // Who hangs up has what was wanted.
                std::thread::spawn(move || drop(serve(&stream, &ids)));
            }
        });
        Ok(Receiver { address, ids })
    }

    /// Where events are posted to.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// How many different messages have arrived.
    pub fn received(&self) -> usize {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

fn serve(mut stream: &TcpStream, ids: &Mutex<HashSet<String>>) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    loop {
        let (mut length, mut id) = (0, String::new());
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                if line.trim_end().is_empty() {
                    break;
                }
                continue;
            };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse().unwrap_or(0),
                "webhook-id" => value.clone_into(&mut id),
                _ => {}
            }
        }
        std::io::copy(&mut reader.by_ref().take(length), &mut std::io::sink())?;
        ids.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
        std::thread::sleep(PAUSE);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")?;
    }
}
