//! What may be asked of an answer beside its status: how a value in its JSON compares, what a header says. Pure, and
//! parsed once where it is written, so that a probe never meets one it cannot read.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Number, Value};

/// A comparison with one value, as in `>= 3` or `!= "down"`. It compares as filters of JSONPath do (RFC 9535, 2.3.5.2.2):
/// values of different types are unequal, and neither is the smaller one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueTest {
    operator: Operator,
    value: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    Unequal,
    AtMost,
    AtLeast,
    Less,
    Greater,
}

impl Operator {
    /// Every operator; one that begins like another stands before it.
    const ALL: [Operator; 6] = [
        Operator::Equal,
        Operator::Unequal,
        Operator::AtMost,
        Operator::AtLeast,
        Operator::Less,
        Operator::Greater,
    ];

    const fn sign(self) -> &'static str {
        match self {
            Operator::Equal => "==",
            Operator::Unequal => "!=",
            Operator::AtMost => "<=",
            Operator::AtLeast => ">=",
            Operator::Less => "<",
            Operator::Greater => ">",
        }
    }
}

impl ValueTest {
    /// Whether `found` compares as it must.
    pub fn holds(&self, found: &Value) -> bool {
        let order = order(found, &self.value);
        let is_equal = order.map_or_else(|| *found == self.value, Ordering::is_eq);
        match self.operator {
            Operator::Equal => is_equal,
            Operator::Unequal => !is_equal,
            Operator::AtMost => order.is_some_and(Ordering::is_le),
            Operator::AtLeast => order.is_some_and(Ordering::is_ge),
            Operator::Less => order.is_some_and(Ordering::is_lt),
            Operator::Greater => order.is_some_and(Ordering::is_gt),
        }
    }
}

/// How two numbers or two texts stand to each other; other values have no order.
fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => order_of_numbers(left, right),
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

fn order_of_numbers(left: &Number, right: &Number) -> Option<Ordering> {
    match (left.as_i128(), right.as_i128()) {
        // As fractions, large whole numbers that differ would be equal.
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}

impl FromStr for ValueTest {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let found = Operator::ALL
            .into_iter()
            .find_map(|operator| Some((operator, text.strip_prefix(operator.sign())?.trim_start())));
        let (operator, written) = found.ok_or_else(|| {
            format!(
                "{text:?} begins with none of ==, !=, <, <=, >, >=; write it like \"== 5\" or \"!= \\\"down\\\"\""
            )
        })?;
        let place = text.chars().count() - written.chars().count() + 1;
        let value = serde_json::from_str(written)
            .ok()
            .filter(|value: &Value| !value.is_array() && !value.is_object())
            .ok_or_else(|| {
                format!(
                    "{text:?} has {written:?} at character {place}; write a number, text in double quotes, true, false \
                     or null there"
                )
            })?;
        let has_order = value.is_number() || value.is_string();
        if !has_order && !matches!(operator, Operator::Equal | Operator::Unequal) {
            let sign = operator.sign();
            return Err(format!(
                "{text:?} has {value} at character {place}, which nothing is {sign} than; use == or !="
            ));
        }
        Ok(ValueTest { operator, value })
    }
}

impl fmt::Display for ValueTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.operator.sign(), self.value)
    }
}

/// A header that an answer must have: `Name: value`, or `Name` alone for any value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderTest {
    name: String,
    value: Option<String>,
}

impl HeaderTest {
    /// The header's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it must say; `None`: anything.
    pub fn value(&self) -> Option<&str> {
        self.value.as_deref()
    }

    /// Whether `found`, the value of one such header, is what it must be: as a whole, or one of its parts between
    /// commas and semicolons. A part of a word is not enough: `ok` is not found in `not ok`.
    pub fn holds(&self, found: &str) -> bool {
        let Some(wanted) = self.value() else { return true };
        found.trim() == wanted || found.split([',', ';']).any(|part| part.trim() == wanted)
    }
}

impl FromStr for HeaderTest {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = match text.split_once(':') {
            Some((name, value)) => (name.trim(), Some(value.trim())),
            None => (text.trim(), None),
        };
        if let Some((at, odd)) = name.chars().enumerate().find(|(_, c)| !is_token(*c)) {
            let skipped = text.chars().take_while(|c| c.is_whitespace()).count();
            return Err(format!(
                "{text:?} has {odd:?} at character {}, which no header's name has; write it like \"X-Health: ok\"",
                skipped + at + 1
            ));
        }
        if name.is_empty() {
            return Err(format!("{text:?} names no header; write it like \"X-Health: ok\""));
        }
        if value == Some("") {
            return Err(format!("{text:?} has nothing after the colon; write {name:?} alone for any value"));
        }
        Ok(HeaderTest { name: name.to_owned(), value: value.map(str::to_owned) })
    }
}

/// Whether a header's name may have `c` (RFC 9110, 5.6.2).
fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

impl fmt::Display for HeaderTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "{}: {value}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

macro_rules! written_as_text {
    ($kind:ty, $expected:literal) => {
        impl utoipa::PartialSchema for $kind {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                use utoipa::openapi::schema::{ObjectBuilder, Type};
                ObjectBuilder::new().schema_type(Type::String).description(Some($expected)).into()
            }
        }

        impl utoipa::ToSchema for $kind {}

        impl Serialize for $kind {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $kind {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Written;

                impl Visitor<'_> for Written {
                    type Value = $kind;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expected)
                    }

                    fn visit_str<E: Error>(self, text: &str) -> Result<$kind, E> {
                        text.parse().map_err(E::custom)
                    }
                }

                deserializer.deserialize_str(Written)
            }
        }
    };
}

written_as_text!(ValueTest, "a comparison in quotes, like \"== 5\"");
written_as_text!(HeaderTest, "a header in quotes, like \"X-Health: ok\"");

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(test: &str, found: &str) -> bool {
        test.parse::<ValueTest>().unwrap().holds(&serde_json::from_str(found).unwrap())
    }

    #[test]
    fn values_compare_as_in_filters_of_json_path() {
        for (test, found) in [
            ("== 5", "5"),
            ("== 5", "5.0"),
            ("<= 5", "5"),
            ("> -1", "0"),
            ("< 1e3", "999.5"),
            ("== \"ok\"", "\"ok\""),
            ("!= \"down\"", "\"up\""),
            (">= \"b\"", "\"c\""),
            ("== true", "true"),
            ("!= true", "false"),
            ("== null", "null"),
            ("!= null", "0"),
            ("== 18446744073709551615", "18446744073709551615"),
        ] {
            assert!(holds(test, found), "{found} {test}");
        }
        for (test, found) in [
            ("== 5", "6"),
            ("> 5", "5"),
            ("< 5", "5"),
            ("!= 5", "5.0"),
            ("== \"ok\"", "\"OK\""),
            ("== true", "1"),
            ("== null", "false"),
            ("> 9007199254740992", "9007199254740992"),
            ("== 9007199254740993", "9007199254740992"),
        ] {
            assert!(!holds(test, found), "{found} {test}");
        }
    }

    #[test]
    fn values_of_different_types_are_unequal_and_have_no_order() {
        for found in ["\"5\"", "true", "null", "[5]", "{}"] {
            for test in ["== 5", "< 5", "<= 5", "> 5", ">= 5"] {
                assert!(!holds(test, found), "{found} {test}");
            }
            assert!(holds("!= 5", found), "{found}");
        }
    }

    #[test]
    fn a_comparison_that_cannot_be_is_told_by_its_character() {
        let refused = |text: &str| text.parse::<ValueTest>().unwrap_err();
        assert!(refused("5").starts_with("\"5\" begins with none of ==, !=, <, <=, >, >=;"));
        assert!(refused("= 5").contains("begins with none"));
        assert!(refused("== down").starts_with("\"== down\" has \"down\" at character 4; write a number"));
        assert!(refused("!=  [1]").contains("\"[1]\" at character 5"));
        assert!(refused("==").contains("\"\" at character 3"));
        assert!(refused("> true").contains("true at character 3"));
    }

    #[test]
    fn a_header_is_held_against_its_whole_value_or_a_part_between_commas_and_semicolons() {
        let holds = |test: &str, found: &str| test.parse::<HeaderTest>().unwrap().holds(found);
        assert!(holds("X-Health: ok", "ok"));
        assert!(!holds("X-Health: ok", "not ok") && !holds("X-Health: ok", "OK"));
        assert!(holds("Content-Type: text/html", "text/html; charset=utf-8"));
        assert!(holds("Cache-Control: no-store, max-age=0", "no-store, max-age=0"));
        assert!(holds("X-Health", "anything"));
        assert!(holds("Location: http://a.example/", "http://a.example/"));
    }

    #[test]
    fn a_header_that_cannot_be_is_told_by_its_character() {
        let refused = |text: &str| text.parse::<HeaderTest>().unwrap_err();
        assert!(refused(" X Health: ok").contains("' ' at character 3"));
        assert!(refused(": ok").contains("names no header"));
        assert!(refused("X-Health:").contains("write \"X-Health\" alone"));
    }

    #[test]
    fn what_is_written_is_read_again() {
        for text in ["\"== 5\"", "\"!= \\\"down\\\"\"", "\">= 1.5\""] {
            let test: ValueTest = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&test).unwrap(), text);
        }
        let number = serde_json::from_str::<ValueTest>("5").unwrap_err().to_string();
        assert!(number.contains("integer `5`, expected a comparison in quotes, like \"== 5\""), "{number}");
        let test: HeaderTest = serde_json::from_str("\" X-Health:ok \"").unwrap();
        assert_eq!(serde_json::to_string(&test).unwrap(), "\"X-Health: ok\"");
    }
}
