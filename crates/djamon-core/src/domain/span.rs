//! A length of time as people write it in files and on command lines: `5s`, `1m 30s`, `30d`.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// A duration that is read and written as text (`5s`, `2h`, `30d`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, utoipa::ToSchema)]
#[schema(value_type = String, example = "5s")]
pub struct Span(pub Duration);

impl std::str::FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        humantime::parse_duration(text.trim()).map(Span).map_err(|_| {
            format!("{text:?} is not a length of time; write it like \"5s\", \"2m\", \"1h\" or \"30d\"")
        })
    }
}

impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        humantime::format_duration(self.0).fmt(f)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_written_the_way_it_is_read() {
        for text in ["5s", "1m 30s", "250ms", "2h"] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
        assert!("soon".parse::<Span>().unwrap_err().contains("\"soon\" is not a length of time"));
    }
}
