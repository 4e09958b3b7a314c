//! Which addresses are nobody's outside: for monitors that must not be made to look into their own network. Pure.
//!
//! The ranges are those of the IANA registries of special-purpose addresses (RFC 6890) that are not globally reachable,
//! with multicast, and what carries an IPv4 address inside: a translator or tunnel would lead there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::Host;

/// Azure's metadata and control service: the one such address that lies in nobody's private range.
const AZURE_WIRE_SERVER: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);

/// Whether `host` is a number that belongs to this machine, its network or nobody, or a name for this machine itself
/// (RFC 6761).
pub fn is_private_host(host: &Host<&str>) -> bool {
    match host {
        Host::Ipv4(address) => is_private_v4(*address),
        Host::Ipv6(address) => is_private_v6(*address),
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
    }
}

/// Whether `address` belongs to this machine, its network or nobody.
pub fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_private_v4(v4),
        IpAddr::V6(v6) => is_private_v6(v6),
    }
}

fn is_private_v4(v4: Ipv4Addr) -> bool {
    let is_special = match v4.octets() {
        [0, ..] | [240..=255, ..] => true,
        // Carriers' own (RFC 6598), protocol assignments, 6to4 relays, benchmarks.
        [100, 64..=127, ..] | [192, 0, 0, _] | [192, 88, 99, _] | [198, 18..=19, ..] => true,
        _ => false,
    };
    is_special
        || v4.is_private()
        || v4.is_loopback()
        || v4.is_link_local()
        || v4.is_multicast()
        || v4.is_documentation()
        || v4 == AZURE_WIRE_SERVER
}

fn is_private_v6(v6: Ipv6Addr) -> bool {
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_private_v4(Ipv4Addr::new(a, b, c, d))
    };
    match v6.segments() {
        // Mapped, translated (RFC 2765, 6052) and the old compatible addresses, which include :: and ::1.
        [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0, 0, 0, 0, 0, 0, high, low] => v4(high, low),
        // 6to4 has the address in its prefix, Teredo has the client's inverted at its end and its server's in front.
        [0x2002, high, low, ..] => v4(high, low),
        [0x2001, 0, server_high, server_low, _, _, high, low] => {
            v4(server_high, server_low) || v4(!high, !low)
        }
        // Local translation, dropped, protocol assignments, documentation, segment routing, unicast site-local.
        [0x64, 0xff9b, 1, ..] | [0x100, 0, 0, 0 | 1, ..] => true,
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] | [0x5f00, ..] | [0xfec0..=0xfeff, ..] => {
            true
        }
        _ => v6.is_multicast() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_this_machine_its_network_or_nobody_is_private() {
        for address in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "0.0.0.0",
            "0.1.2.3",
            "192.0.2.1",
            "198.51.100.1",
            "203.0.113.1",
            "198.19.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fd00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "100::1",
            "2001:db8::1",
            "3fff::1",
            "2001:2::1",
            "64:ff9b:1::9.9.9.9",
        ] {
            assert!(is_private(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn an_address_inside_another_counts() {
        for address in [
            "::ffff:10.0.0.1",
            "::ffff:0:10.0.0.1",
            "::10.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::",
            "2001:0:a00:1::f6f6:f6f6",
            "2001:0:909:909::f5ff:fffe",
        ] {
            assert!(is_private(address.parse().unwrap()), "{address}");
        }
        for address in ["::ffff:9.9.9.9", "64:ff9b::9.9.9.9", "2002:909:909::1", "2001:0:909:909::f6f6:f6f6"]
        {
            assert!(!is_private(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn the_outside_is_public() {
        for address in [
            "9.9.9.9",
            "100.63.0.1",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.20.0.1",
            "223.255.255.255",
            "168.63.129.17",
            "2620:fe::fe",
            "2001:4860:4860::8888",
            "2a00:1450::1",
        ] {
            assert!(!is_private(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn hosts_are_read_as_urls_read_them() {
        let is_private = |url: &str| is_private_host(&url::Url::parse(url).unwrap().host().unwrap());
        for url in [
            "http://127.1/",
            "http://0x7f.1/",
            "http://2130706433/",
            "http://[::ffff:127.0.0.1]/",
            "http://localhost/",
            "http://LOCALHOST./",
            "http://a.localhost/",
        ] {
            assert!(is_private(url), "{url}");
        }
        for url in ["http://9.9.9.9/", "http://shop.example/", "http://localhost.example/"] {
            assert!(!is_private(url), "{url}");
        }
    }
}
