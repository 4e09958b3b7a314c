//! The status codes that count as good, as people write them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// The status codes that count as good: numbers and ranges, as in `200-299,301`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoodCodes(Vec<(u16, u16)>);

impl GoodCodes {
    /// Whether `code` is good.
    pub fn contains(&self, code: u16) -> bool {
        self.0.iter().any(|(from, to)| (*from..=*to).contains(&code))
    }
}

impl Default for GoodCodes {
    fn default() -> Self {
        GoodCodes(vec![(200, 299), (301, 301), (304, 304)])
    }
}

impl FromStr for GoodCodes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |part: &str| {
            format!("{part:?} is not a status code; write codes and ranges like \"200-299,301\"")
        };
        let ranges: Vec<_> = text
            .split(',')
            .map(|part| {
                let (from, to) = part.split_once('-').unwrap_or((part, part));
                let code =
                    |text: &str| text.trim().parse::<u16>().ok().filter(|code| (100..=999).contains(code));
                let range = code(from).zip(code(to)).ok_or_else(|| wrong(part))?;
                if range.0 > range.1 {
                    return Err(format!("{part:?} runs backwards; write the lower code first"));
                }
                Ok(range)
            })
            .collect::<Result<_, String>>()?;
        Ok(GoodCodes(ranges))
    }
}

impl fmt::Display for GoodCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (from, to)) in self.0.iter().enumerate() {
            let comma = if n > 0 { "," } else { "" };
            if from == to { write!(f, "{comma}{from}")? } else { write!(f, "{comma}{from}-{to}")? }
        }
        Ok(())
    }
}

impl utoipa::PartialSchema for GoodCodes {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Type};
        let code = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(100)).maximum(Some(999));
        let range = ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^[1-9][0-9][0-9](-[1-9][0-9][0-9])?$"))
            .examples([serde_json::json!("200-299")]);
        let either = OneOfBuilder::new().item(code).item(range);
        ArrayBuilder::new()
            .items(either)
            .description(Some("Status codes that count as good: numbers, and ranges as texts."))
            .into()
    }
}

impl utoipa::ToSchema for GoodCodes {}

impl Serialize for GoodCodes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|(from, to)| {
            if from == to { serde_json::json!(from) } else { serde_json::json!(format!("{from}-{to}")) }
        }))
    }
}

impl<'de> Deserialize<'de> for GoodCodes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Entry {
            Code(u16),
            Range(String),
        }
        #[derive(Deserialize)]
        #[serde(
            untagged,
            expecting = "expected status codes and ranges, like [\"200-299\", 301] or \"200-299,301\""
        )]
        enum Written {
            List(Vec<Entry>),
            Text(String),
        }
        let text = match Written::deserialize(deserializer)? {
            Written::Text(text) => text,
            Written::List(entries) => {
                let entry = |entry: &Entry| match entry {
                    Entry::Code(code) => code.to_string(),
                    Entry::Range(range) => range.clone(),
                };
                entries.iter().map(entry).collect::<Vec<_>>().join(",")
            }
        };
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_codes_are_read_from_text_and_from_lists() {
        let codes: GoodCodes = "200-299, 301".parse().unwrap();
        assert!(codes.contains(204) && codes.contains(301) && !codes.contains(302));
        assert_eq!(codes.to_string(), "200-299,301");
        let list: GoodCodes = serde_json::from_str("[\"200-299\", 301]").unwrap();
        assert_eq!(list, codes);
        assert_eq!(serde_json::to_string(&codes).unwrap(), "[\"200-299\",301]");
        assert!("2xx".parse::<GoodCodes>().unwrap_err().contains("\"2xx\" is not a status code"));
        assert!("299-200".parse::<GoodCodes>().unwrap_err().contains("backwards"));
    }
}
