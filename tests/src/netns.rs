//! A network of its own for one test: addresses that answer, refuse, are silent or cannot be reached, and a resolver
//! that does what a name says. Made of Linux network namespaces, so it needs root.
//!
//! | address | what it does |
//! |---|---|
//! | 10.9.0.1, fd00:9::1 | this machine: whoever listens answers |
//! | 10.9.1.9, fd00:9:1::9 | packets vanish |
//! | 10.9.2.1 | the router says that the host is unreachable |
//! | 192.0.2.1 | there is no route |

use std::net::UdpSocket;
use std::os::fd::AsFd;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::binary;

static COUNT: AtomicU32 = AtomicU32::new(0);

/// The network; it goes with this value.
#[derive(Debug)]
pub struct Network {
    name: String,
}

impl Network {
    /// Makes one whose resolver is at 127.0.0.53.
    ///
    /// # Panics
    /// For anybody but root.
    pub fn new() -> Self {
        assert!(
            rustix::process::geteuid().is_root(),
            "network namespaces need root: run the tests as root (as CI does)"
        );
        let name = format!("djamon-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::SeqCst));
        let network = Network { name };
        network.ask_names_for("options timeout:1 attempts:1");
        ip(&["netns", "add", &network.name]);
        for line in [
            "link set lo up",
            "addr add 10.9.0.1/32 dev lo",
            "-6 addr add fd00:9::1/128 dev lo nodad",
            "link add here type veth peer name there",
            "link set here up",
            "link set there up",
            "addr add 10.9.1.1/24 dev here",
            "-6 addr add fd00:9:1::1/64 dev here nodad",
            // Who is asked for has an address of a card that is not there: nobody takes the packets.
            "neigh add 10.9.1.9 lladdr 02:00:00:00:00:99 dev here",
            "-6 neigh add fd00:9:1::9 lladdr 02:00:00:00:00:99 dev here",
            "route add unreachable 10.9.2.0/24",
        ] {
            network.ip(line);
        }
        network
    }

    /// Its name, as `ip netns exec` wants it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Says how long its resolver is asked, in the words of `resolv.conf`; who is running already keeps to the old ones.
    ///
    /// # Panics
    /// When the disk says no.
    pub fn ask_names_for(&self, options: &str) {
        let directory = format!("/etc/netns/{}", self.name);
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(format!("{directory}/resolv.conf"), format!("nameserver 127.0.0.53\n{options}\n"))
            .unwrap();
    }

    /// Changes it by a command of `ip`.
    pub fn ip(&self, line: &str) {
        let words: Vec<&str> = ["-n", &self.name].into_iter().chain(line.split(' ')).collect();
        ip(&words);
    }

    /// `djamon-check` with these words, in this network and with its resolver.
    pub fn check(&self, words: &[&str]) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name]).arg(binary::path("djamon-check")).args(words);
        command
    }

    /// Does `act` in this network; servers that it starts are there.
    ///
    /// # Panics
    /// When `act` does.
    pub fn inside<T: Send>(&self, act: impl FnOnce() -> T + Send) -> T {
        let space = std::fs::File::open(format!("/run/netns/{}", self.name)).unwrap();
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                move_into_link_name_space(space.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
                act()
            });
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }
}

impl Default for Network {
    fn default() -> Self {
        Network::new()
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["netns", "del", &self.name]).status();
        let _ = std::fs::remove_dir_all(format!("/etc/netns/{}", self.name));
    }
}

fn ip(words: &[&str]) {
    let said = Command::new("ip").args(words).output().expect("ip is missing: run deploy/install-needs test");
    assert!(said.status.success(), "ip {words:?}: {}", String::from_utf8_lossy(&said.stderr));
}

/// Answers names at 127.0.0.53 as their first label says, until the process ends; after `once` it says no more. To be
/// called inside a [`Network`].
pub fn start_resolver() {
    let socket = UdpSocket::bind("127.0.0.53:53").unwrap();
    std::thread::spawn(move || {
        let (mut room, mut left) = ([0; 1500], usize::MAX);
        while left > 0
            && let Ok((length, from)) = socket.recv_from(&mut room)
        {
            // Who asked may be gone.
            let _ = answer(&room[..length]).map(|answer| socket.send_to(&answer, from));
            left -= 1;
            if room[12..length].starts_with(b"\x04once") {
                // Both families are asked for.
                left = left.min(1);
            }
        }
        // Silent from now on, and not closed: that would be told at once.
        loop {
            std::thread::park();
        }
    });
}

const A: u8 = 1;
const AAAA: u8 = 28;

/// The answer to one question (RFC 1035, section 4); `None`: silence.
fn answer(question: &[u8]) -> Option<Vec<u8>> {
    let label = usize::from(question[12]);
    let name = String::from_utf8_lossy(&question[13..13 + label]).to_lowercase();
    let end = 12 + question[12..].iter().position(|byte| *byte == 0).unwrap() + 5;
    let kind = question[end - 3];
    let v4 = |last: [u8; 4]| (kind == A).then(|| last.to_vec());
    let v6 =
        |text: &str| (kind == AAAA).then(|| text.parse::<std::net::Ipv6Addr>().unwrap().octets().to_vec());
    let (code, flags, data): (u8, u8, Option<Vec<u8>>) = match name.as_str() {
        "silent" => return None,
        "garbage" => return Some(question[..7].to_vec()),
        "nxdomain" => (3, 0, None),
        "servfail" => (2, 0, None),
        "refused" => (5, 0, None),
        "truncated" => (0, 2, None),
        "v4" | "alive" | "once" => (0, 0, v4([10, 9, 0, 1])),
        "v6" => (0, 0, v6("fd00:9::1")),
        "dual" => (0, 0, v4([10, 9, 0, 1]).or_else(|| v6("fd00:9:1::9"))),
        "dual-v4-dead" => (0, 0, v4([10, 9, 1, 9]).or_else(|| v6("fd00:9::1"))),
        "local" => (0, 0, v4([127, 0, 0, 1])),
        "dead" => (0, 0, v4([10, 9, 1, 9])),
        "nowhere" => (0, 0, v4([192, 0, 2, 1])),
        _ => (0, 0, None),
    };
    let count = u8::from(data.is_some());
    let mut answer = [&question[..2], &[0x81 | flags, 0x80 | code, 0, 1, 0, count, 0, 0, 0, 0]].concat();
    answer.extend_from_slice(&question[12..end]);
    if let Some(data) = data {
        answer.extend_from_slice(&[
            0xc0,
            12,
            0,
            kind,
            0,
            1,
            0,
            0,
            0,
            1,
            0,
            u8::try_from(data.len()).unwrap(),
        ]);
        answer.extend(data);
    }
    Some(answer)
}
