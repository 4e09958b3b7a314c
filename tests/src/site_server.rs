//! A site that answers what the test says, on a port of its own.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU32, Ordering};

/// A running site; it stops with this value.
#[derive(Debug)]
pub struct SiteServer {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    status: AtomicU16,
    asked: AtomicU32,
    stopped: AtomicBool,
    answers_left: AtomicU32,
}

impl SiteServer {
    /// A site that answers 200.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            status: AtomicU16::new(200),
            answers_left: AtomicU32::new(u32::MAX),
            ..Shared::default()
        });
        let of_thread = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if of_thread.stopped.load(Ordering::SeqCst) {
                    return;
                }
                let shared = Arc::clone(&of_thread);
                std::thread::spawn(move || shared.answer(stream));
            }
        });
        SiteServer { address, shared }
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// From now on it answers this; 0: it hangs up without an answer.
    pub fn answer(&self, status: u16) {
        self.shared.status.store(status, Ordering::SeqCst);
    }

    /// It gives so many more answers and then hangs up on everybody.
    pub fn answer_then_hang_up(&self, answers: u32) {
        self.shared.answers_left.store(answers, Ordering::SeqCst);
    }

    /// How many requests came.
    pub fn asked(&self) -> u32 {
        self.shared.asked.load(Ordering::SeqCst)
    }
}

impl Shared {
    fn answer(&self, mut stream: TcpStream) {
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
        self.asked.fetch_add(1, Ordering::SeqCst);
        let status = self.status.load(Ordering::SeqCst);
        let left =
            self.answers_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if status > 0 && left.is_ok() {
            // The other side may be gone.
            let _ =
                write!(stream, "HTTP/1.1 {status} Told\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    }
}

impl Drop for SiteServer {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}
