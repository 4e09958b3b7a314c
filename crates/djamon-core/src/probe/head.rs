//! Reads the head of an answer as browsers do, and hands on a plain one: the status and the few headers that matter.
//! Pure: bytes in, bytes out.
//!
//! ureq refuses what every browser takes: more than 128 headers, `100 Continue` with headers, folded lines, a line
//! without a colon. A site that sends them is not down. What stays refused is what is not HTTP/1, and what has no end.

use crate::domain::text::plain;

/// The most that the heads of one request may be, informational ones included.
pub(super) const MOST_HEAD: usize = 256 * 1024;

/// The headers that are handed on.
const KEPT: [&str; 5] =
    ["content-length", "transfer-encoding", "content-encoding", "content-type", "location"];

/// Why there is no head, or no end to what follows it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Odd {
    /// Something else than HTTP, and why.
    #[error("answered by what is not HTTP ({0})")]
    NotHttp(String),
    /// More than [`MOST_HEAD`].
    #[error("the head of the answer is larger than {} KiB", MOST_HEAD / 1024)]
    LargeHead,
    /// A line between the pieces of the page that does not end.
    #[error("a line without an end")]
    LongLine,
}

/// A head with what came after it, as far as that has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Whole {
    /// The status code.
    pub code: u16,
    /// The plain head, then what followed.
    pub bytes: Vec<u8>,
}

/// Reads one head, passing over informational ones.
#[derive(Debug, Default)]
pub(super) struct HeadReader {
    /// What came and is not a whole line yet.
    rest: Vec<u8>,
    taken: usize,
    status: Option<Status>,
    fields: Vec<(String, Vec<u8>)>,
    /// A header that a condition asks for: handed on as well.
    wanted: Option<String>,
    /// Whether a folded line continues the last of `fields`.
    goes_on: bool,
}

#[derive(Debug, Clone, Copy)]
struct Status {
    minor: u8,
    code: u16,
}

/// As often as a wanted header is handed on: ureq takes 128 headers in all.
const MOST_WANTED: usize = 32;

impl HeadReader {
    /// A reader that hands on the header `wanted` beside those that matter.
    pub fn wanting(wanted: Option<&str>) -> Self {
        HeadReader { wanted: wanted.map(str::to_ascii_lowercase), ..HeadReader::default() }
    }

    /// Takes the next bytes; gives the head when it is whole.
    ///
    /// # Errors
    /// [`Odd`] as soon as it is clear that there will be no head.
    pub fn hear(&mut self, bytes: &[u8]) -> Result<Option<Whole>, Odd> {
        // Only what is new is searched: bytes that come one by one cost no more than together.
        let searched = self.rest.len();
        self.rest.extend_from_slice(bytes);
        let rest = std::mem::take(&mut self.rest);
        let (mut begun, mut ends) = (0, searched..rest.len());
        while let Some(end) = ends.find(|at| rest.get(*at) == Some(&b'\n')) {
            let line = rest.get(begun..end).unwrap_or_default();
            begun = end + 1;
            if self.taken + begun > MOST_HEAD {
                return Err(Odd::LargeHead);
            }
            if let Some(status) = self.take(line.trim_ascii_end())? {
                let after = rest.get(begun..).unwrap_or_default();
                return Ok(Some(Whole { code: status.code, bytes: self.plain(status, after) }));
            }
        }
        if self.taken + rest.len() > MOST_HEAD {
            return Err(Odd::LargeHead);
        }
        self.taken += begun;
        self.rest = rest;
        self.rest.drain(..begun);
        if self.status.is_none() { could_be_status(&self.rest) } else { Ok(None) }
    }

    /// Takes one line; gives the status when it was the last of a head that counts.
    fn take(&mut self, line: &[u8]) -> Result<Option<Status>, Odd> {
        if line.contains(&0) {
            return Err(Odd::NotHttp("a NUL byte in its head".into()));
        }
        match (self.status, line) {
            (None, line) => {
                self.status = Some(status(line)?);
                Ok(None)
            }
            (Some(Status { code: 100 | 102..=199, .. }), []) => {
                (self.status, self.goes_on) = (None, false);
                self.fields.clear();
                Ok(None)
            }
            (Some(status), []) => Ok(Some(status)),
            (Some(_), line) => {
                self.field(line);
                Ok(None)
            }
        }
    }

    fn field(&mut self, line: &[u8]) {
        if matches!(line, [b' ' | b'\t', ..]) {
            if let Some((_, value)) = self.fields.last_mut().filter(|_| self.goes_on) {
                value.push(b' ');
                value.extend_from_slice(&printable(line));
            }
            return;
        }
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let (name, value) = (parts.next().unwrap_or_default().trim_ascii_end(), parts.next());
        let kept = KEPT.into_iter().find(|kept| name.eq_ignore_ascii_case(kept.as_bytes()));
        let often =
            |wanted: &&str| self.fields.iter().filter(|(name, _)| name == wanted).count() < MOST_WANTED;
        let wanted = self.wanted.as_deref().filter(|wanted| name.eq_ignore_ascii_case(wanted.as_bytes()));
        let field = kept.or(wanted.filter(often)).map(str::to_owned).zip(value);
        self.goes_on = field.is_some();
        self.fields.extend(field.map(|(name, value)| (name, printable(value))));
    }

    fn plain(&self, status: Status, after: &[u8]) -> Vec<u8> {
        let mut bytes = format!("HTTP/1.{} {} \r\n", status.minor, status.code).into_bytes();
        for (name, value) in &self.fields {
            for part in [name.as_bytes(), b": ", value, b"\r\n"] {
                bytes.extend_from_slice(part);
            }
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(after);
        bytes
    }
}

/// `value` without the space around it; what cannot stand in a header becomes a question mark.
fn printable(value: &[u8]) -> Vec<u8> {
    let odd = |byte: u8| byte.is_ascii_control() && byte != b'\t';
    value.trim_ascii().iter().map(|byte| if odd(*byte) { b'?' } else { *byte }).collect()
}

/// Refuses the beginning of a line that cannot become a status line any more: nobody waits for the rest of a greeting
/// in another language.
fn could_be_status(begun: &[u8]) -> Result<Option<Whole>, Odd> {
    const START: &[u8] = b"HTTP/";
    let shared = begun.len().min(START.len());
    if begun.get(..shared) == START.get(..shared) { Ok(None) } else { Err(not_http(begun)) }
}

fn status(line: &[u8]) -> Result<Status, Odd> {
    let read = || {
        let (version, text) = line.split_at_checked(line.iter().position(u8::is_ascii_whitespace)?)?;
        // Some answer `HTTP/2` to a question in HTTP/1; what follows is the same.
        let minor = match version.strip_prefix(b"HTTP/")? {
            b"1.0" => 0,
            [b'1', b'.', b'0'..=b'9'] | b"2" | b"2.0" => 1,
            _ => return None,
        };
        let after = text.trim_ascii_start();
        let (code, reason) = after.split_at_checked(3)?;
        let is_apart = after.len() < text.len() && reason.first().is_none_or(u8::is_ascii_whitespace);
        let digits = std::str::from_utf8(code).ok().filter(|_| code.iter().all(u8::is_ascii_digit))?;
        let code = digits.parse().ok().filter(|code| is_apart && (100..=999).contains(code))?;
        Some(Status { minor, code })
    };
    read().ok_or_else(|| not_http(line))
}

fn not_http(line: &[u8]) -> Odd {
    let shown = line.get(..line.len().min(60)).unwrap_or_default();
    Odd::NotHttp(format!("it begins with {:?}", plain(&String::from_utf8_lossy(shown), 60)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{ProptestConfig, any, proptest};

    fn heard(text: &[u8]) -> Result<Option<String>, Odd> {
        let whole = HeadReader::default().hear(text)?;
        Ok(whole.map(|whole| String::from_utf8_lossy(&whole.bytes).into_owned()))
    }

    fn plain_head(text: &str) -> String {
        heard(text.as_bytes()).unwrap().unwrap()
    }

    #[test]
    fn a_wanted_header_is_handed_on_as_often_as_can_be() {
        let text = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X-Health: ok\r\n".repeat(500));
        let whole = HeadReader::wanting(Some("X-Health")).hear(text.as_bytes()).unwrap().unwrap();
        assert_eq!(String::from_utf8_lossy(&whole.bytes).matches("x-health: ok\r\n").count(), MOST_WANTED);
    }

    #[test]
    fn what_matters_is_handed_on_in_plain_form() {
        let head = "HTTP/1.1  200 Fine\nSERVER: x\r\nlocation : /a\r\n\t b\r\nwhat is this\r\nContent-Length:5\r\n\r\nhello";
        assert_eq!(plain_head(head), "HTTP/1.1 200 \r\nlocation: /a b\r\ncontent-length: 5\r\n\r\nhello");
        assert_eq!(plain_head("HTTP/1.0 404\n\n"), "HTTP/1.0 404 \r\n\r\n");
    }

    #[test]
    fn informational_heads_are_passed_over_and_switching_protocols_is_not() {
        let early = "HTTP/1.1 100 Continue\r\nLocation: /x\r\n\r\nHTTP/1.1 103 Hints\r\n\r\n";
        assert_eq!(plain_head(&format!("{early}HTTP/1.1 503 Busy\r\n\r\n")), "HTTP/1.1 503 \r\n\r\n");
        assert_eq!(plain_head("HTTP/1.1 101 Go\r\n\r\n"), "HTTP/1.1 101 \r\n\r\n");
        assert_eq!(heard(early.as_bytes()), Ok(None));
    }

    #[test]
    fn a_folded_line_continues_only_what_is_kept() {
        let head = plain_head("HTTP/1.1 302 Go\r\nLocation: /a\r\nX-Odd: b\r\n c\r\n\r\n");
        assert_eq!(head, "HTTP/1.1 302 \r\nlocation: /a\r\n\r\n");
    }

    #[test]
    fn another_language_is_told_at_its_first_word() {
        let odd = |text: &[u8]| heard(text).unwrap_err().to_string();
        assert_eq!(odd(b"SSH-2.0"), "answered by what is not HTTP (it begins with \"SSH-2.0\")");
        for text in [
            "HTTP/3 200\r\n",
            "\r\n",
            "HTTP/1.1 20\r\n",
            "HTTP/1.1 2000 OK\r\n",
            "HTTP/1.1200\r\n",
            "HTTP/1.1 099\r\n",
        ] {
            assert!(odd(text.as_bytes()).contains("not HTTP"), "{text}");
        }
        assert!(odd(b"HTTP/1.1 200 OK\r\nA: \0\r\n").contains("NUL"));
        assert_eq!(heard(b"HTT"), Ok(None));
        assert_eq!(plain_head("HTTP/2 204\r\n\r\n"), "HTTP/1.1 204 \r\n\r\n");
    }

    #[test]
    fn a_head_without_an_end_is_left() {
        let mut reader = HeadReader::default();
        assert_eq!(reader.hear(b"HTTP/1.1 200 OK\r\n"), Ok(None));
        let refused = (0..MOST_HEAD).find_map(|_| reader.hear(b"X: y\r\n").err());
        assert_eq!(refused, Some(Odd::LargeHead));
        let mut reader = HeadReader::default();
        let hints = b"HTTP/1.1 103 Hints\r\n\r\n";
        assert_eq!((0..MOST_HEAD).find_map(|_| reader.hear(hints).err()), Some(Odd::LargeHead));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_head_reads_the_same_however_it_is_cut(at in 0..70usize) {
            let text = b"HTTP/1.1 100 Wait\r\n\r\nHTTP/1.1 200 OK\r\nLocation: /a\r\n b\r\n\r\nhello world";
            let (first, second) = text.split_at(at.min(text.len()));
            let mut reader = HeadReader::default();
            let mut bytes = Vec::new();
            for part in [first, second] {
                if bytes.is_empty() {
                    bytes = reader.hear(part).unwrap().map(|whole| whole.bytes).unwrap_or_default();
                } else {
                    bytes.extend_from_slice(part);
                }
            }
            assert_eq!(String::from_utf8(bytes).unwrap(), plain_head(std::str::from_utf8(text).unwrap()));
        }

        #[test]
        fn no_bytes_bring_it_down(bytes: Vec<u8>, status in any::<bool>()) {
            let start = if status { &b"HTTP/1.1 200 OK\r\n"[..] } else { b"" };
            let _ = heard(&[start, &bytes].concat());
        }
    }
}
