//! Stands between programs and their peer and kills the process that says the n-th byte, the n-th statement of
//! conversations with PostgreSQL, or is about to hear the n-th answer. What it said until then has arrived; no answer comes
//! back to it any more.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use procfs::process::{FDTarget, all_processes};
use rustix::process::{Pid, Signal, kill_process};

/// What is counted.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Bytes that programs send.
    #[default]
    Bytes,
    /// Statements: PostgreSQL's messages Query and Execute.
    Statements,
    /// What the peer says at once.
    Answers,
}

#[derive(Debug, Default)]
struct State {
    unit: Unit,
    /// How many are left until somebody dies; `None` lets all live.
    left: Option<u64>,
    killed: usize,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
}

impl Shared {
    /// Kills the process at the other end of this connection.
    fn kill(state: &mut State, connection: &TcpStream) {
        state.left = None;
        // It may have ended by itself a moment ago.
        let killed = owner(connection).is_some_and(|owner| kill_process(owner, Signal::KILL).is_ok());
        state.killed += usize::from(killed);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panicked with it")
    }
}

/// The one that stands between; it ends when its process does.
#[derive(Debug)]
pub struct Reaper {
    port: u16,
    shared: Arc<Shared>,
}

impl Reaper {
    /// Listens on a free port and hands everything on to `peer`.
    ///
    /// # Panics
    /// When there is no port.
    pub fn before(peer: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port of the loopback");
        let port = listener.local_addr().expect("its address").port();
        let shared = Arc::new(Shared::default());
        let of_thread = Arc::clone(&shared);
        std::thread::spawn(move || {
            for program in listener.incoming().flatten() {
                let shared = Arc::clone(&of_thread);
                // Who went away in the middle is what this is about.
                std::thread::spawn(move || drop(hand_on(&shared, program, peer)));
            }
        });
        Reaper { port, shared }
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process that says or hears the `count`-th dies.
    pub fn kill_after(&self, count: u64, unit: Unit) {
        *self.shared.state() = State { unit, left: Some(count), ..State::default() };
    }

    /// All live from now on. Gives how many processes were killed.
    pub fn spare(&self) -> usize {
        std::mem::take(&mut *self.shared.state()).killed
    }
}

fn hand_on(shared: &Arc<Shared>, program: TcpStream, peer: SocketAddr) -> std::io::Result<()> {
    let unit = shared.state().unit;
    let peer = TcpStream::connect(peer)?;
    program.set_nodelay(true)?;
    peer.set_nodelay(true)?;
    let is_dead = Arc::new(AtomicBool::new(false));
    let back = std::thread::spawn({
        let (shared, is_dead) = (Arc::clone(shared), Arc::clone(&is_dead));
        let (from, to) = (peer.try_clone()?, program.try_clone()?);
        move || answers(&shared, &is_dead, from, to, unit)
    });
    let counted = said(shared, &is_dead, program.try_clone()?, &peer, unit);
    // Both sides learn that the other has gone.
    drop((program.shutdown(Shutdown::Both), peer.shutdown(Shutdown::Both)));
    drop(back.join());
    counted
}

fn answers(
    shared: &Shared,
    is_dead: &AtomicBool,
    mut from: TcpStream,
    mut to: TcpStream,
    unit: Unit,
) -> std::io::Result<()> {
    let mut room = [0; 16 * 1024];
    loop {
        let length = from.read(&mut room)?;
        if length > 0 && unit == Unit::Answers {
            let mut state = shared.state();
            state.left = state.left.map(|left| left - 1);
            if state.left == Some(0) {
                is_dead.store(true, Ordering::SeqCst);
                Shared::kill(&mut state, &to);
            }
        }
        match (length, is_dead.load(Ordering::SeqCst)) {
            // Who is about to be killed must not end by itself first, for want of a peer.
            (0, true) => return Ok(()),
            (0, false) => return to.shutdown(Shutdown::Write),
            (_, true) => {}
            (_, false) => to.write_all(&room[..length])?,
        }
    }
}

fn said(
    shared: &Shared,
    is_dead: &AtomicBool,
    mut from: TcpStream,
    mut to: &TcpStream,
    unit: Unit,
) -> std::io::Result<()> {
    let mut counter = Counter { unit, started: false, rest: Vec::new() };
    let mut room = [0; 16 * 1024];
    loop {
        let length = from.read(&mut room)?;
        if length == 0 {
            return Ok(());
        }
        let mut state = shared.state();
        let fatal = state.left.and_then(|left| counter.reaches(left, &room[..length]));
        let Some(arrives) = fatal else {
            let counted = counter.count(&room[..length]);
            state.left = state.left.map(|left| left - counted);
            drop(state);
            to.write_all(&room[..length])?;
            continue;
        };
        // From here on no answer goes back: what it says is done, and it never knows.
        is_dead.store(true, Ordering::SeqCst);
        to.write_all(&room[..arrives])?;
        Shared::kill(&mut state, &from);
        return Ok(());
    }
}

/// The process at the other end of a connection on this machine.
fn owner(connection: &TcpStream) -> Option<Pid> {
    let (here, there) = (connection.local_addr().ok()?, connection.peer_addr().ok()?);
    let sockets = procfs::net::tcp().ok()?;
    let its = sockets.iter().find(|socket| socket.local_address == there && socket.remote_address == here)?;
    let holds = |target: &FDTarget| matches!(target, FDTarget::Socket(inode) if *inode == its.inode);
    let mut processes = all_processes().ok()?.flatten();
    let owner = processes.find(|process| {
        // A process that has ended meanwhile, or is somebody else's, has no files to show.
        process.fd().is_ok_and(|mut files| files.any(|file| file.is_ok_and(|file| holds(&file.target))))
    });
    Pid::from_raw(owner?.pid)
}

/// Counts what one connection says.
struct Counter {
    unit: Unit,
    /// Whether the opening packets, which have no type, are over.
    started: bool,
    /// The beginning of a message whose end has not come yet.
    rest: Vec<u8>,
}

impl Counter {
    /// How much of `bytes` arrives when the count reaches `left` within them. Of a statement all that was said with it.
    fn reaches(&self, left: u64, bytes: &[u8]) -> Option<usize> {
        match self.unit {
            Unit::Bytes => {
                let left = usize::try_from(left).unwrap_or(usize::MAX);
                (bytes.len() >= left).then_some(left)
            }
            Unit::Answers => None,
            Unit::Statements => {
                let mut ahead = Counter { unit: self.unit, started: self.started, rest: self.rest.clone() };
                (ahead.count(bytes) >= left).then_some(bytes.len())
            }
        }
    }

    fn count(&mut self, bytes: &[u8]) -> u64 {
        match self.unit {
            Unit::Bytes => return bytes.len() as u64,
            Unit::Answers => return 0,
            Unit::Statements => {}
        }
        self.rest.extend_from_slice(bytes);
        let mut statements = 0;
        loop {
            let head = usize::from(self.started);
            let Some(length) = self.rest.get(head..head + 4) else { return statements };
            let length = head + u32::from_be_bytes([length[0], length[1], length[2], length[3]]) as usize;
            if self.rest.len() < length {
                return statements;
            }
            let message: Vec<u8> = self.rest.drain(..length).collect();
            match self.started {
                // SSLRequest and GSSENCRequest have eight bytes and are asked before the real opening.
                false => self.started = message.len() > 8,
                true => statements += u64::from(matches!(message[0], b'Q' | b'E')),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_counted_across_the_borders_of_packets() {
        let mut counter = Counter { unit: Unit::Statements, started: false, rest: Vec::new() };
        let message = |kind: u8, body: &[u8]| {
            let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
            [&[kind][..], &length, body].concat()
        };
        let opening = [&[0, 0, 0, 8, 4, 210, 22, 47][..], &[0, 0, 0, 10, 0, 3, 0, 0, 0, 0]].concat();
        assert_eq!(counter.count(&opening), 0);
        let said = [message(b'Q', b"BEGIN\0"), message(b'P', b"x"), message(b'B', b""), message(b'E', b"y")]
            .concat();
        assert_eq!(counter.reaches(2, &said[..said.len() - 1]), None);
        assert_eq!(counter.count(&said[..said.len() - 1]), 1);
        assert_eq!(counter.reaches(1, &said[said.len() - 1..]), Some(1));
        assert_eq!(counter.count(&said[said.len() - 1..]), 1);
    }
}
