//! The other side, on sixteen addresses of this machine: sites that answer at once, answer late, hang or refuse.

use std::collections::VecDeque;
use std::io::{Read, Result, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::channel;
use std::time::Duration;

use djamon_core::clock::Stopwatch;

/// How a site behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// It answers at once.
    Fast,
    /// It answers after [`LATE`].
    Late,
    /// It takes the connection and says nothing.
    Hanging,
    /// It refuses the connection.
    Refusing,
}

/// A hundred thousand connections a minute leave one address no ports.
const ADDRESSES: u8 = 16;
const LATE: Duration = Duration::from_millis(100);
/// So many silent connections are kept for each address; older ones have been given up by the other side.
const SILENT: usize = 1500;
const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\nServer: bench\r\nContent-Type: text/html\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// The addresses of each manner; they serve until the process ends.
pub struct Target {
    fast: Vec<SocketAddr>,
    late: Vec<SocketAddr>,
    hanging: Vec<SocketAddr>,
    refusing: Vec<SocketAddr>,
}

impl Target {
    /// Starts to serve.
    pub fn start() -> Result<Target> {
        Ok(Target {
            fast: listen(|listener| {
                // Two threads an address: one reads while the other waits for a request.
                let beside = listener.try_clone()?;
                std::thread::spawn(move || serve(&beside, answer));
                std::thread::spawn(move || serve(&listener, answer));
                Ok(())
            })?,
            late: listen(|listener| {
                let (tell, hear) = channel::<(Stopwatch, TcpStream)>();
                std::thread::spawn(move || {
                    for (asked, mut stream) in hear {
                        std::thread::sleep(LATE.saturating_sub(asked.elapsed()));
                        // The other side may have gone.
                        let _ = stream.write_all(ANSWER);
                    }
                });
                std::thread::spawn(move || {
                    serve(&listener, |mut stream| {
                        request(&mut stream)?;
                        tell.send((Stopwatch::start(), stream)).map_err(std::io::Error::other)
                    })
                });
                Ok(())
            })?,
            hanging: listen(|listener| {
                std::thread::spawn(move || {
                    let mut silent = VecDeque::new();
                    serve(&listener, |stream| {
                        silent.push_back(stream);
                        if silent.len() > SILENT {
                            silent.pop_front();
                        }
                        Ok(())
                    });
                });
                Ok(())
            })?,
            refusing: listen(|listener| {
                drop(listener);
                Ok(())
            })?,
        })
    }

    /// The addresses of sites of this manner.
    pub fn addresses(&self, manner: Manner) -> &[SocketAddr] {
        match manner {
            Manner::Fast => &self.fast,
            Manner::Late => &self.late,
            Manner::Hanging => &self.hanging,
            Manner::Refusing => &self.refusing,
        }
    }

    /// `count` sites of this manner, spread over the addresses.
    pub fn urls(&self, manner: Manner, count: usize) -> impl Iterator<Item = String> {
        let sites = self.addresses(manner).iter().cycle().take(count).enumerate();
        sites.map(|(n, address)| format!("http://{address}/{n}"))
    }
}

/// A listener on each address, handed to `serve`.
fn listen(serve: impl Fn(TcpListener) -> Result<()>) -> Result<Vec<SocketAddr>> {
    let addresses = (0..ADDRESSES).map(|n| {
        let listener = TcpListener::bind((Ipv4Addr::new(127, 0, 0, n + 2), 0))?;
        let address = listener.local_addr()?;
        serve(listener)?;
        Ok(address)
    });
    addresses.collect()
}

/// Takes connections one by one; one that fails is the other side's affair.
fn serve(listener: &TcpListener, mut take: impl FnMut(TcpStream) -> Result<()>) {
    for stream in listener.incoming().flatten() {
        let _ = take(stream);
    }
}

fn answer(mut stream: TcpStream) -> Result<()> {
    request(&mut stream)?;
    stream.write_all(ANSWER)
}

/// Reads a request to its end.
fn request(stream: &mut TcpStream) -> Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let (mut room, mut length) = ([0; 4096], 0);
    loop {
        let read = stream.read(room.get_mut(length..).unwrap_or_default())?;
        length += read;
        if read == 0 || room.get(..length).unwrap_or_default().ends_with(b"\r\n\r\n") {
            return Ok(());
        }
    }
}
