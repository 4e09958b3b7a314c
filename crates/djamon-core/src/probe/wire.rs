//! A TCP connection under a limit: every read and write waits no longer than the request may still take.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{RecvFlags, SendFlags, recv, send};

use super::connect::timespec;
use super::limit::Limit;

/// A connection and the limit it stands under.
#[derive(Debug)]
pub(super) struct Wire {
    stream: TcpStream,
    limit: Limit,
    /// Whether anything was waited for.
    has_waited: bool,
}

impl Wire {
    /// Puts `stream` under `limit`.
    pub fn new(stream: TcpStream, limit: Limit) -> Self {
        Wire { stream, limit, has_waited: false }
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

    /// How long may still be waited; an error of kind `TimedOut` without a number when the limit is spent.
    fn left(&self) -> io::Result<Duration> {
        Some(self.limit.left()).filter(|left| !left.is_zero()).ok_or(io::ErrorKind::TimedOut.into())
    }

    /// Waits until it can go on.
    fn wait(&self, until: PollFlags) -> io::Result<()> {
        let left = timespec(self.left()?);
        match poll(&mut [PollFd::from_borrowed_fd(self.stream.as_fd(), until)], Some(&left)) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads the first bytes, for which the system itself waits: a call less than waiting and reading. Later ones cannot
    /// be waited for so, for less time is left then. `None` when there is nothing yet.
    fn first(&self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        let left = self.left()?.max(Duration::from_millis(1));
        set_socket_timeout(&self.stream, Timeout::Recv, Some(left))?;
        passing(recv(&self.stream, buffer, RecvFlags::empty()).map(|(read, _)| read))
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !std::mem::replace(&mut self.has_waited, true)
            && let Some(read) = self.first(buffer)?
        {
            return Ok(read);
        }
        loop {
            // An answer is hardly ever there already: waiting first saves a call that would find nothing.
            self.wait(PollFlags::IN)?;
            let read = recv(&self.stream, &mut *buffer, RecvFlags::DONTWAIT);
            if let Some(read) = passing(read.map(|(read, _)| read))? {
                return Ok(read);
            }
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match passing(send(&self.stream, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL))? {
                None => self.wait(PollFlags::OUT)?,
                Some(written) => return Ok(written),
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// `None` when there is nothing yet.
fn passing(done: Result<usize, Errno>) -> io::Result<Option<usize>> {
    match done {
        Ok(amount) => Ok(Some(amount)),
        Err(Errno::AGAIN | Errno::INTR) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Whether `error` is the limit's end ([`Wire`]), not a time-out of the system's.
pub(super) fn is_out_of_time(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::TimedOut && error.raw_os_error().is_none()
}
