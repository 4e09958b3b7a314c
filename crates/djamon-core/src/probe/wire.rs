//! A TCP connection under a limit: every read and write waits no longer than the request may still take.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};

use super::connect::timespec;
use super::limit::Limit;

/// A connection that does not block, and the limit it stands under.
#[derive(Debug)]
pub(super) struct Wire {
    stream: TcpStream,
    limit: Limit,
}

impl Wire {
    /// Puts `stream`, which does not block, under `limit`.
    pub fn new(stream: TcpStream, limit: Limit) -> Self {
        Wire { stream, limit }
    }

    /// Sends small packets at once: between the flights of a handshake, waiting for more costs a round trip.
    pub fn hurry(&self) {
        // A connection that is gone already says so at the next read.
        let _ = self.stream.set_nodelay(true);
    }

    /// The limit it stands under, as it was set.
    pub fn whole_limit(&self) -> Duration {
        self.limit.whole()
    }

    /// Waits until it can go on; an error of kind `TimedOut` without a number when the limit is spent.
    fn wait(&self, until: PollFlags) -> io::Result<()> {
        let left = self.limit.left();
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        match poll(&mut [PollFd::from_borrowed_fd(self.stream.as_fd(), until)], Some(&timespec(left))) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            // An answer is hardly ever there already: waiting first saves a call that would find nothing.
            self.wait(PollFlags::IN)?;
            match self.stream.read(buffer) {
                Err(error) if is_passing(&error) => {}
                read => return read,
            }
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.stream.write(bytes) {
                Err(error) if is_passing(&error) => self.wait(PollFlags::OUT)?,
                written => return written,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

/// Whether `error` is the limit's end ([`Wire`]), not a time-out of the system's.
pub(super) fn is_out_of_time(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::TimedOut && error.raw_os_error().is_none()
}
