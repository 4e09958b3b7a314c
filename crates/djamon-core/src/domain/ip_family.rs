//! Which addresses of a name are asked.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Which addresses of a name are asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum IpFamily {
    /// All of them; the first that answers counts.
    #[default]
    Any,
    /// Those of IPv4.
    Ipv4,
    /// Those of IPv6.
    Ipv6,
}

impl IpFamily {
    /// Whether an address is asked, which `is_ipv6` or else IPv4.
    pub fn has(self, is_ipv6: bool) -> bool {
        match self {
            IpFamily::Any => true,
            IpFamily::Ipv4 => !is_ipv6,
            IpFamily::Ipv6 => is_ipv6,
        }
    }

    /// Its name in sentences.
    pub fn in_words(self) -> &'static str {
        match self {
            IpFamily::Any => "IP",
            IpFamily::Ipv4 => "IPv4",
            IpFamily::Ipv6 => "IPv6",
        }
    }
}

impl FromStr for IpFamily {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim().to_ascii_lowercase().as_str() {
            "any" => Ok(IpFamily::Any),
            "ipv4" => Ok(IpFamily::Ipv4),
            "ipv6" => Ok(IpFamily::Ipv6),
            _ => Err(format!("{text:?} is not a family of addresses; use \"any\", \"ipv4\" or \"ipv6\"")),
        }
    }
}

impl fmt::Display for IpFamily {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            IpFamily::Any => "any",
            IpFamily::Ipv4 => "ipv4",
            IpFamily::Ipv6 => "ipv6",
        })
    }
}
