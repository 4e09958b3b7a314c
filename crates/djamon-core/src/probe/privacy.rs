//! Which addresses are nobody's outside: for monitors that must not be made to look into their own network. Pure.

use std::net::{IpAddr, Ipv4Addr};

/// Whether `address` belongs to this machine, its network or nobody.
pub(super) fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => is_private_v4(v4),
        IpAddr::V6(v6) => {
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
        }
    }
}

fn is_private_v4(v4: Ipv4Addr) -> bool {
    let [first, second, ..] = v4.octets();
    let shared = first == 100 && (64..128).contains(&second);
    v4.is_private()
        || v4.is_loopback()
        || v4.is_link_local()
        || v4.is_multicast()
        || v4.is_broadcast()
        || first == 0
        || shared
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_outside_are_public() {
        let private = |text: &str| is_private(text.parse().unwrap());
        for address in [
            "127.0.0.1",
            "10.1.2.3",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "::1",
            "fd00::1",
            "fe80::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(private(address), "{address}");
        }
        for address in ["9.9.9.9", "100.128.0.1", "2620:fe::fe"] {
            assert!(!private(address), "{address}");
        }
    }
}
