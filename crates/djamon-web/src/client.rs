//! Where a request comes from: the address at the other end, or what trusted proxies say of it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;
use djamon_core::config::Network;

/// Where a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    /// The address.
    pub ip: IpAddr,
    /// Whether it came by https, as far as a trusted proxy says so.
    pub is_https: bool,
}

impl Client {
    /// The sender of `request`; `trusted` are the proxies whose word counts.
    pub fn of(request: &HttpRequest, trusted: &[Network]) -> Self {
        let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
        Client::told(peer.to_canonical(), request.headers(), trusted)
    }

    /// 1. Only a trusted proxy's headers count. 2. Each proxy writes the address it was asked from at the end of the list:
    ///    from the end, the first address that is no trusted proxy's is the sender's.
    fn told(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> Self {
        let is_trusted = |ip: &IpAddr| trusted.iter().any(|network| network.contains(*ip));
        // 1.
        if !is_trusted(&peer) {
            return Client { ip: peer, is_https: false };
        }
        let words = |name: &str| -> Vec<String> {
            let lines = headers.get_all(name).filter_map(|value| value.to_str().ok());
            lines.flat_map(|line| line.split(',')).map(|word| word.trim().to_owned()).collect()
        };
        let is_https =
            words("x-forwarded-proto").last().is_some_and(|word| word.eq_ignore_ascii_case("https"));
        // 2.
        let mut ip = peer;
        for word in words("x-forwarded-for").iter().rev() {
            let Some(before) = address(word) else { break };
            ip = before;
            if !is_trusted(&ip) {
                break;
            }
        }
        Client { ip, is_https }
    }
}

/// An address as proxies write it: alone, or with a port.
fn address(word: &str) -> Option<IpAddr> {
    let with_port = || word.parse::<SocketAddr>().ok().map(|address| address.ip());
    word.parse::<IpAddr>().ok().or_else(with_port).map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn client(peer: &str, headers: &[(&'static str, &'static str)]) -> (String, bool) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let trusted = ["10.0.0.0/8", "::1"].map(|network| network.parse().unwrap());
        let told = Client::told(peer.parse().unwrap(), &map, &trusted);
        (told.ip.to_string(), told.is_https)
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let (whose, how) = ("x-forwarded-for", "x-forwarded-proto");
        let plain = |ip: &str| (ip.to_owned(), false);
        assert_eq!(client("192.0.2.9", &[(whose, "1.2.3.4"), (how, "https")]), plain("192.0.2.9"));
        assert_eq!(client("10.1.1.1", &[(whose, "1.2.3.4"), (how, "https")]), ("1.2.3.4".to_owned(), true));
        assert_eq!(client("10.1.1.1", &[(whose, "6.6.6.6, 1.2.3.4, 10.2.2.2")]), plain("1.2.3.4"));
        assert_eq!(client("10.1.1.1", &[(whose, "6.6.6.6"), (whose, "1.2.3.4")]), plain("1.2.3.4"));
        assert_eq!(client("::1", &[(whose, "[2001:db8::7]:4711")]), plain("2001:db8::7"));
        assert_eq!(client("::1", &[(whose, "::ffff:1.2.3.4")]), plain("1.2.3.4"));
        assert_eq!(client("10.1.1.1", &[(whose, "1.2.3.4, unknown")]), plain("10.1.1.1"));
        assert_eq!(client("10.1.1.1", &[]), plain("10.1.1.1"));
        assert_eq!(client("10.1.1.1", &[(how, "https, http")]), plain("10.1.1.1"));
    }
}
