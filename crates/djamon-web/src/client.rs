//! Where a request comes from: the address at the other end, or what trusted proxies say of it.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::HttpRequest;

/// Where a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    /// The address.
    pub ip: IpAddr,
    /// Whether it came by https.
    pub is_https: bool,
}

impl Client {
    /// The sender of `request`.
    pub fn of(request: &HttpRequest) -> Self {
        let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
        Client { ip: peer.to_canonical(), is_https: false }
    }
}
