//! Stands between a program and its peer and kills the program when it has said so much: the n-th byte, or the n-th
//! statement of a conversation with PostgreSQL. What was said until then has arrived; no answer comes back any more.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use rustix::process::{Pid, Signal, kill_process};

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Bytes that the program sends.
    Bytes,
    /// Statements: PostgreSQL's messages Query and Execute.
    Statements,
}

#[derive(Debug, Default)]
struct State {
    /// How many are left until the program dies; `None` lets it live.
    left: Option<u64>,
    victim: Option<Pid>,
    is_dead: bool,
    /// How many were counted.
    counted: u64,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
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
    pub fn before(peer: SocketAddr, unit: Unit) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port of the loopback");
        let port = listener.local_addr().expect("its address").port();
        let shared = Arc::new(Shared::default());
        let of_thread = Arc::clone(&shared);
        std::thread::spawn(move || {
            for program in listener.incoming().flatten() {
                let shared = Arc::clone(&of_thread);
                // Who went away in the middle is what this is about.
                std::thread::spawn(move || drop(hand_on(&shared, program, peer, unit)));
            }
        });
        Reaper { port, shared }
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The next program dies when it has said `count`.
    pub fn kill_after(&self, count: u64) {
        *self.shared.state() = State { left: Some(count), ..State::default() };
    }

    /// Programs live from now on. Gives how much the last one has said.
    pub fn spare(&self) -> u64 {
        std::mem::take(&mut *self.shared.state()).counted
    }

    /// Names the program that is to die.
    ///
    /// # Panics
    /// For what is no process id.
    pub fn meet(&self, id: u32) {
        self.shared.state().victim = Pid::from_raw(i32::try_from(id).expect("a process id"));
        self.shared.changed.notify_all();
    }
}

fn hand_on(shared: &Arc<Shared>, program: TcpStream, peer: SocketAddr, unit: Unit) -> std::io::Result<()> {
    let peer = TcpStream::connect(peer)?;
    program.set_nodelay(true)?;
    peer.set_nodelay(true)?;
    let back = std::thread::spawn({
        let (shared, from, to) = (Arc::clone(shared), peer.try_clone()?, program.try_clone()?);
        move || answers(&shared, from, to)
    });
    let counted = said(shared, program.try_clone()?, &peer, unit);
    // Both sides learn that the other has gone.
    drop((program.shutdown(Shutdown::Both), peer.shutdown(Shutdown::Both)));
    drop(back.join());
    counted
}

fn answers(shared: &Shared, mut from: TcpStream, mut to: TcpStream) -> std::io::Result<()> {
    let mut room = [0; 16 * 1024];
    loop {
        let length = from.read(&mut room)?;
        match (length, shared.state().is_dead) {
            // Who is about to be killed must not end by itself first, for want of a peer.
            (0, true) => return Ok(()),
            (0, false) => return to.shutdown(Shutdown::Write),
            (_, true) => {}
            (_, false) => to.write_all(&room[..length])?,
        }
    }
}

fn said(shared: &Shared, mut from: TcpStream, mut to: &TcpStream, unit: Unit) -> std::io::Result<()> {
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
            state.counted += counted;
            drop(state);
            to.write_all(&room[..length])?;
            continue;
        };
        // From here on no answer goes back: what it says is done, and it never knows.
        state.is_dead = true;
        state.left = None;
        to.write_all(&room[..arrives])?;
        let state = shared.changed.wait_while(state, |state| state.victim.is_none());
        let victim = state.expect("no test panicked with it").victim;
        // It may have ended by itself a moment ago.
        let _ = victim.map(|victim| kill_process(victim, Signal::KILL));
        return Ok(());
    }
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
            Unit::Statements => {
                let mut ahead = Counter { unit: self.unit, started: self.started, rest: self.rest.clone() };
                (ahead.count(bytes) >= left).then_some(bytes.len())
            }
        }
    }

    fn count(&mut self, bytes: &[u8]) -> u64 {
        if self.unit == Unit::Bytes {
            return bytes.len() as u64;
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
