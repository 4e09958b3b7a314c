//! The text of a page in whatever characters it is written. Pure.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8};

/// Browsers look for `<meta charset>` in as much of a page.
const LOOKED_THROUGH: usize = 1024;

/// `bytes` as text. A byte order mark decides, then the content type, then the page's own `<meta>`, else it is UTF-8;
/// what is wrong in it becomes a replacement character.
pub(super) fn decoded<'a>(bytes: &'a [u8], kind: Option<&[u8]>) -> Cow<'a, str> {
    let told = kind.and_then(named).or_else(|| {
        let start = bytes.get(..bytes.len().min(LOOKED_THROUGH)).unwrap_or_default();
        // A page that could be searched in single bytes is not written in double ones, whatever it says.
        start
            .windows(5)
            .any(|tag| tag.eq_ignore_ascii_case(b"<meta"))
            .then(|| named(start))?
            .map(|encoding| if encoding.is_ascii_compatible() { encoding } else { UTF_8 })
    });
    told.unwrap_or(UTF_8).decode(bytes).0
}

/// The encoding that the first `charset=` in `text` names.
fn named(text: &[u8]) -> Option<&'static Encoding> {
    const KEY: &[u8] = b"charset";
    let at = text.windows(KEY.len()).position(|word| word.eq_ignore_ascii_case(KEY))?;
    let after = text.get(at + KEY.len()..)?.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let label = after.strip_prefix(b"\"").or_else(|| after.strip_prefix(b"'")).unwrap_or(after);
    let is_end = |byte: &u8| byte.is_ascii_whitespace() || b"\"';/>,".contains(byte);
    Encoding::for_label(label.split(is_end).next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8], kind: &str) -> String {
        decoded(bytes, (!kind.is_empty()).then_some(kind.as_bytes())).into_owned()
    }

    #[test]
    fn a_page_is_read_in_the_characters_it_is_written_in() {
        assert_eq!(text("Grüße".as_bytes(), ""), "Grüße");
        assert_eq!(text(b"Gr\xfc\xdfe", "text/html; charset=ISO-8859-1"), "Grüße");
        assert_eq!(text(b"\xa4 5", "text/html; Charset = \"iso-8859-15\"; x"), "€ 5");
        assert_eq!(text(b"h\0i\0", "text/plain;charset=utf-16le"), "hi");
        assert_eq!(text(b"\x93\xfa", "text/html; Charset=\"shift_jis\""), "日");
        assert!(text(b"<meta content=\"text/html; charset=koi8-r\">\xc4", "text/html").ends_with('д'));
        assert_eq!(text(b"<META charset='koi8-r'>\xc4\xc1", "text/html"), "<META charset='koi8-r'>да");
    }

    #[test]
    fn a_mark_at_the_start_decides_and_is_no_text() {
        assert_eq!(text(b"\xef\xbb\xbfhi", "text/plain; charset=iso-8859-1"), "hi");
        assert_eq!(text(b"\xff\xfeh\0i\0", ""), "hi");
    }

    #[test]
    fn what_is_unknown_or_wrong_is_read_as_far_as_it_goes() {
        assert_eq!(text(b"hello", "text/plain; charset=klingon"), "hello");
        assert_eq!(text(b"a\xffb", ""), "a\u{fffd}b");
        assert_eq!(text(b"<meta charset=utf-16>hi", ""), "<meta charset=utf-16>hi");
        assert_eq!(text(b"charset=koi8-r \xc4", ""), "charset=koi8-r \u{fffd}");
    }
}
