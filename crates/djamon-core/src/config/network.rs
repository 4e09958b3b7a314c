//! A network as people write it: `10.0.0.0/8`, `::1`.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

/// One address or a whole network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network(IpNet);

impl Network {
    /// Whether `address` belongs to it.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address)
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let one = || text.parse::<IpAddr>().map(IpNet::from).ok();
        text.parse::<IpNet>().ok().or_else(one).map(Network).ok_or_else(|| {
            format!("{text:?} is no address or network; write it like \"127.0.0.1\" or \"10.0.0.0/8\"")
        })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_an_address_or_a_range_of_them() {
        let has = |network: &str, address: &str| {
            network.parse::<Network>().unwrap().contains(address.parse().unwrap())
        };
        assert!(has("10.0.0.0/8", "10.9.8.7") && !has("10.0.0.0/8", "11.0.0.1"));
        assert!(has("::1", "::1") && !has("::1", "127.0.0.1"));
        for wrong in ["", "10.0.0.0/33", "example.org", "10.0.0"] {
            assert!(wrong.parse::<Network>().unwrap_err().contains("is no address or network"), "{wrong}");
        }
    }
}
