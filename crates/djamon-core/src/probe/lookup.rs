//! Asks the system for the addresses of one name, and says what it said. Knows no threads.

use std::net::IpAddr;

use dns_lookup::{AddrInfoHints, LookupError, LookupErrorKind};

use super::fault::is_local;

const MOST_ADDRESSES: usize = 10;

/// What the resolver said of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// Its addresses, never none.
    Found(Vec<IpAddr>),
    /// There is no such name.
    NoSuchName,
    /// The name has no address.
    NoAddress,
    /// The resolver gave no answer, and why.
    Silent(String),
    /// It could not be asked, and why.
    Local(String),
}

/// Asks the system. AI_ADDRCONFIG is not set: without a network it makes every name look unknown.
pub(super) fn look_up(name: &str) -> Answer {
    let stream = AddrInfoHints { socktype: dns_lookup::SockType::Stream.into(), ..AddrInfoHints::default() };
    match dns_lookup::getaddrinfo(Some(name), None, Some(stream)) {
        Ok(found) => {
            let mut addresses: Vec<IpAddr> = Vec::new();
            for address in found.flatten().map(|found| found.sockaddr.ip()) {
                // Of each family: a site may ask one of them only.
                let of_family = addresses.iter().filter(|other| other.is_ipv6() == address.is_ipv6()).count();
                if !addresses.contains(&address) && of_family < MOST_ADDRESSES {
                    addresses.push(address);
                }
            }
            if addresses.is_empty() { Answer::NoAddress } else { Answer::Found(addresses) }
        }
        Err(error) => of_error(error),
    }
}

/// What an error of `getaddrinfo` says.
pub(super) fn of_error(error: LookupError) -> Answer {
    // glibc's EAI_ADDRFAMILY: the name exists, without an address of a family we speak.
    const NO_ADDRESS_OF_FAMILY: i32 = -9;
    let (kind, number) = (error.kind(), error.error_num());
    let system = std::io::Error::from(error);
    match kind {
        LookupErrorKind::NoName => Answer::NoSuchName,
        LookupErrorKind::NoData => Answer::NoAddress,
        LookupErrorKind::IO | LookupErrorKind::Unknown if number == NO_ADDRESS_OF_FAMILY => Answer::NoAddress,
        LookupErrorKind::Again => Answer::Silent("the resolver gave no answer".into()),
        LookupErrorKind::Fail => Answer::Silent("the resolver failed".into()),
        LookupErrorKind::Memory => Answer::Local("no memory left to look names up".into()),
        LookupErrorKind::System if rustix::io::Errno::from_io_error(&system).is_some_and(is_local) => {
            Answer::Local("the names cannot be looked up: nothing left to ask with".into())
        }
        _ => Answer::Silent(format!("the resolver failed ({})", super::fault::plain_error(&system))),
    }
}
