//! Opens a TCP connection to the first of several addresses that answers (RFC 8305, "happy eyeballs"): a dead family
//! of addresses costs 250 ms, a refusal nothing. Knows no names and no HTTP.

use std::collections::VecDeque;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::sockopt::{Timeout, set_socket_timeout, socket_error};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};

use super::fault::{Fault, connect_words, is_local, told};
use super::gate::Gate;
use super::limit::Limit;
use crate::clock::Stopwatch;
use crate::domain::Outcome;

/// The pause before the next address is tried beside those that have not answered.
const STAGGER: Duration = Duration::from_millis(250);

/// A connection to one of `addresses` (in order of preference).
///
/// # Errors
/// A [`Fault`]: `connect` when every address refused, `timeout` when the limit ran out, `local` when all that failed
/// was our own.
pub(super) fn connect(
    addresses: &[SocketAddr],
    gate: &Gate,
    limit: &mut Limit,
) -> Result<(TcpStream, SocketAddr), Fault> {
    let (place, queued) = gate.enter(limit.until_stop().min(Duration::from_secs(10)));
    limit.excuse(queued);
    let mut place = Some(place);
    let watch = Stopwatch::start();
    let mut untried = by_turns(addresses);
    let mut trying: Vec<(OwnedFd, SocketAddr)> = Vec::new();
    let mut refused: Option<(Errno, SocketAddr)> = None;
    let mut next_at = Duration::ZERO;
    loop {
        // 1. Start the next attempt when it is its turn.
        let now = watch.elapsed();
        if (trying.is_empty() || now >= next_at)
            && let Some(address) = untried.pop_front()
        {
            // Alone, it is waited for by the connect itself, as long as it has its place: a call to the system less.
            let patience = Gate::HELD_AT_MOST.saturating_sub(now).min(limit.left());
            match begin(address, if trying.is_empty() { patience } else { Duration::ZERO }) {
                Ok((socket, true)) => return Ok((socket.into(), address)),
                Ok((socket, false)) => {
                    trying.push((socket, address));
                    next_at = now + STAGGER;
                }
                Err(error) => {
                    refused = worse(refused, (error, address));
                    continue;
                }
            }
        }
        if trying.is_empty() {
            return Err(refusal(refused));
        }
        // 2. Wait for any of them, for the next turn, for the place in the gate, for the limit.
        let left = limit.left();
        if left.is_zero() {
            return Err(too_late(&trying, limit));
        }
        let now = watch.elapsed();
        let turn = if untried.is_empty() { Duration::MAX } else { next_at.saturating_sub(now) };
        let held = Gate::HELD_AT_MOST.saturating_sub(now);
        if held.is_zero() {
            place = None;
        }
        let wait = left.min(turn).min(if place.is_some() { held } else { Duration::MAX });
        let ready = wait_for(&trying, wait);
        // 3. Take the first that is connected; what failed makes room for the next at once.
        for (at, told) in ready.into_iter().rev() {
            let (socket, address) = trying.swap_remove(at);
            // Who can write and was told nothing else is connected; only the others must be asked why not.
            let is_connected = told == PollFlags::OUT;
            match if is_connected { Ok(()) } else { socket_error(&socket).unwrap_or_else(Err) } {
                Ok(()) => return Ok((socket.into(), address)),
                Err(error) => {
                    refused = worse(refused, (error, address));
                    next_at = Duration::ZERO;
                }
            }
        }
    }
}

/// `addresses` with the families by turns, the first one's family first.
fn by_turns(addresses: &[SocketAddr]) -> VecDeque<SocketAddr> {
    let first_is_ipv6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let of = |preferred: bool| {
        addresses.iter().filter(move |address| (address.is_ipv6() == first_is_ipv6) == preferred).copied()
    };
    let (mut preferred, mut others) = (of(true), of(false));
    let mut turns = VecDeque::with_capacity(addresses.len());
    loop {
        let pair = (preferred.next(), others.next());
        turns.extend([pair.0, pair.1].into_iter().flatten());
        if pair == (None, None) {
            return turns;
        }
    }
}

/// Starts to connect and waits for it so long; says whether it is connected.
fn begin(address: SocketAddr, patience: Duration) -> Result<(OwnedFd, bool), Errno> {
    let family = if address.is_ipv6() { AddressFamily::INET6 } else { AddressFamily::INET };
    let waits = patience >= Duration::from_millis(1);
    let flags = if waits { SocketFlags::CLOEXEC } else { SocketFlags::CLOEXEC | SocketFlags::NONBLOCK };
    let socket = socket_with(family, SocketType::STREAM, flags, None)?;
    if waits {
        // What takes longer goes on and is told as such, like everything that does not wait (socket(7), SO_SNDTIMEO).
        set_socket_timeout(&socket, Timeout::Send, Some(patience))?;
    }
    match rustix::net::connect(&socket, &address) {
        Ok(()) => Ok((socket, true)),
        Err(Errno::INPROGRESS | Errno::INTR) => Ok((socket, false)),
        Err(error) => Err(error),
    }
}

/// Which of `trying` have moved on within `wait`, and what is told of them.
fn wait_for(trying: &[(OwnedFd, SocketAddr)], wait: Duration) -> Vec<(usize, PollFlags)> {
    let mut sockets: Vec<PollFd<'_>> =
        trying.iter().map(|(socket, _)| PollFd::from_borrowed_fd(socket.as_fd(), PollFlags::OUT)).collect();
    // An interrupted wait is an early one; the caller looks at the time and comes back.
    let _ = poll(&mut sockets, Some(&timespec(wait)));
    let told = sockets.iter().map(PollFd::revents).enumerate();
    told.filter(|(_, told)| !told.is_empty()).collect()
}

/// `wait` as the system takes it; an hour when it is longer.
pub(super) fn timespec(wait: Duration) -> Timespec {
    Timespec::try_from(wait.min(Duration::from_secs(3600))).unwrap_or(Timespec { tv_sec: 3600, tv_nsec: 0 })
}

/// The failure to tell of two: one of the site's before one of ours, the earlier before the later.
fn worse(before: Option<(Errno, SocketAddr)>, now: (Errno, SocketAddr)) -> Option<(Errno, SocketAddr)> {
    before.filter(|(error, _)| !is_local(*error) || is_local(now.0)).or(Some(now))
}

fn refusal(refused: Option<(Errno, SocketAddr)>) -> Fault {
    let Some((error, address)) = refused else {
        return Fault::silent(Outcome::Connect, "there is no address to connect to");
    };
    let outcome = if is_local(error) { Outcome::Local } else { Outcome::Connect };
    Fault::silent(outcome, format!("{} ({address})", connect_words(error)))
}

fn too_late(trying: &[(OwnedFd, SocketAddr)], limit: &Limit) -> Fault {
    let addresses: Vec<_> = trying.iter().take(3).map(|(_, address)| address.to_string()).collect();
    let words = format!("no connection within {} ({})", told(limit.whole()), addresses.join(", "));
    Fault::silent(Outcome::Timeout, words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn families_take_turns_and_the_systems_preference_comes_first() {
        let both = addresses(&["[::1]:1", "[::2]:1", "[::3]:1", "1.0.0.1:1"]);
        let turns: Vec<_> = by_turns(&both).into();
        assert_eq!(turns, addresses(&["[::1]:1", "1.0.0.1:1", "[::2]:1", "[::3]:1"]));
        assert!(by_turns(&[]).is_empty());
    }

    #[test]
    fn a_refusal_is_told_rather_than_our_missing_route() {
        let [v6, v4]: [SocketAddr; 2] = addresses(&["[::1]:1", "1.0.0.1:1"]).try_into().unwrap();
        let fault = refusal(worse(worse(None, (Errno::NETUNREACH, v6)), (Errno::CONNREFUSED, v4)));
        assert_eq!(
            (fault.outcome, fault.words.as_str()),
            (Outcome::Connect, "connection refused (1.0.0.1:1)")
        );
        let fault = refusal(worse(worse(None, (Errno::CONNREFUSED, v4)), (Errno::NETUNREACH, v6)));
        assert_eq!(fault.outcome, Outcome::Connect);
        assert_eq!(refusal(worse(None, (Errno::NETUNREACH, v6))).outcome, Outcome::Local);
    }
}
