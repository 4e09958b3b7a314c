//! Pages: whole and cut, framed well and badly, compressed and undecodable.

use std::io::Write;

use djamon_core::domain::Outcome::{Body, Content, Timeout};
use flate2::Compression;
use flate2::write::{DeflateEncoder, ZlibEncoder};

use super::{Case, Step, gzip, say};

/// As much of a page as is read.
const MEBIBYTE: usize = 1 << 20;

/// The cases.
pub fn cases() -> Vec<Case> {
    [plain(), chunked(), compressed(), packed(), read()].into_iter().flatten().collect()
}

#[rustfmt::skip]
fn plain() -> Vec<Case> {
    let with = |name, headers: &str, body: &[u8]| Case::answer(name, &format!("200 OK | {headers}"), body);
    let large = |name, length: usize, sent: usize| with(name, &format!("Content-Length: {length}"), b"")
        .told_body(vec![Step::Repeat(vec![b'x'; 1 << 10], sent >> 10)]);
    vec![
        with("body-empty", "Content-Length: 0", b"").up(200),
        with("body-excess", "Content-Length: 5", b"hello and more").up(200),
        with("body-nul", "Content-Length: 3", b"a\0b").up(200),
        with("body-until-close", "Connection: close", b"hello").up(200),
        with("body-empty-until-close", "Connection: close", b"").up(200),
        with("body-none-at-all", "Content-Length: 100", b"").fails(Body, 200, "after 0 bytes").but_head_is_up(200),
        with("body-cut", "Content-Length: 100", b"hello").fails(Body, 200, "page cut short after 5 bytes").but_head_is_up(200),
        with("body-reset", "Content-Length: 100", b"hello").told_body(vec![Step::Pause(std::time::Duration::from_millis(30)), Step::Reset])
            .fails(Body, 200, "reset").but_head_is_up(200),
        with("body-reset-open", "Connection: close", b"hello").told_body(vec![Step::Pause(std::time::Duration::from_millis(30)), Step::Reset])
            .fails(Body, 200, "reset").but_head_is_up(200),
        Case::answer("body-on-204", "204 None | Content-Length: 5", b"hello").up(204),
        Case::answer("body-on-304", "304 Same | Content-Length: 5", b"hello").up(304),
        Case::answer("length-on-304", "304 Same | Content-Length: 500", b"").up(304),
        large("body-mebibyte", MEBIBYTE, MEBIBYTE).up(200),
        large("body-mebibyte-and-more", MEBIBYTE + 1024, MEBIBYTE + 1024).up(200),
        large("body-four-mebibytes", 4 * MEBIBYTE, 4 * MEBIBYTE).up(200),
        large("body-cut-after-mebibyte", 9 * MEBIBYTE, 2 * MEBIBYTE).up(200),
        large("body-cut-before-mebibyte", MEBIBYTE, MEBIBYTE - 1024).fails(Body, 200, "page cut short").but_head_is_up(200),
        with("body-endless", "Connection: close", b"").told_body(vec![Step::Repeat(vec![b'x'; 4096], usize::MAX)]).waits().up(200),
        with("body-endless-length", "Content-Length: 99999999999", b"")
            .told_body(vec![Step::Repeat(vec![b'x'; 4096], usize::MAX)]).waits().up(200),
    ]
}

#[rustfmt::skip]
fn chunked() -> Vec<Case> {
    let with = |name, body: &[u8]| Case::answer(name, "200 OK | Transfer-Encoding: chunked", body);
    let wrong = |name, body: &[u8], words| with(name, body).fails(Body, 200, words).but_head_is_up(200);
    vec![
        with("chunks", b"5\r\nhello\r\n0\r\n\r\n").up(200),
        with("chunks-many", &[b"1\r\nx\r\n".repeat(500), b"0\r\n\r\n".to_vec()].concat()).up(200),
        with("chunks-upper-hex", b"A\r\n0123456789\r\n0\r\n\r\n").up(200),
        with("chunks-zeros", b"0005\r\nhello\r\n000\r\n\r\n").up(200),
        with("chunks-extension", b"5;name=value\r\nhello\r\n0;last\r\n\r\n").up(200),
        with("chunks-trailers", b"5\r\nhello\r\n0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n").up(200),
        with("chunks-none", b"0\r\n\r\n").up(200),
        with("chunks-and-more", b"5\r\nhello\r\n0\r\n\r\nHTTP/1.1 404 Not Found\r\n\r\n").up(200),
        wrong("chunks-bad-size", b"zz\r\nhello\r\n0\r\n\r\n", "wrongly framed"),
        wrong("chunks-negative", b"-5\r\nhello\r\n0\r\n\r\n", "wrongly framed"),
        wrong("chunks-huge", b"FFFFFFFFFFFFFFFFFFFF\r\nhello\r\n", "wrongly framed"),
        wrong("chunks-large", b"7FFFFFFF\r\nhello\r\n", "cut short"),
        wrong("chunks-cut", b"20\r\nhello", "cut short after 5 bytes"),
        wrong("chunks-no-last", b"5\r\nhello\r\n", "cut short after 5 bytes"),
        wrong("chunks-cut-size", b"5\r\nhello\r\n1", "cut short after 5 bytes"),
        wrong("chunks-no-end", b"5\r\nhello!!\r\n0\r\n\r\n", "wrongly framed"),
        wrong("chunks-empty", b"", "cut short after 0 bytes"),
        with("chunks-endless-size", b"").told_body(vec![Step::Repeat(b"0".repeat(64), usize::MAX)])
            .waits().fails(Body, 200, "wrongly framed").but_head_is_up(200),
        with("chunks-endless-trailers", b"5\r\nhello\r\n0\r\n")
            .told_body(vec![Step::Repeat(b"X-More: and more\r\n".to_vec(), usize::MAX)])
            .waits().fails(Timeout, 500, "5 bytes came").but_head_is_up(200),
    ]
}

#[rustfmt::skip]
fn compressed() -> Vec<Case> {
    let with = |name, body: &[u8]| Case::answer(name, "200 OK | Content-Encoding: gzip", body);
    let whole = gzip(b"hello");
    let large = gzip(&[7; 4000].map(|n: u8| n));
    let mut broken_sum = whole.clone();
    let at = broken_sum.len() - 6;
    broken_sum[at] ^= 0xff;
    vec![
        with("gzip", &whole).with("hello").up(200).by_get_alone(),
        with("gzip-upper-case", &whole).up(200),
        with("gzip-two-members", &[whole.clone(), whole.clone()].concat()).with("hellohello").up(200).by_get_alone(),
        with("gzip-bomb", &gzip(&vec![0; 1 << 20]).repeat(200)).up(200),
        with("gzip-none", b"hello, this was never compressed").fails(Body, 200, "cannot be decompressed").but_head_is_up(200),
        with("gzip-cut", large.get(..20).unwrap()).fails(Body, 200, "cut short").but_head_is_up(200),
        with("gzip-cut-end", whole.get(..whole.len() - 4).unwrap()).fails(Body, 200, "cut short").but_head_is_up(200),
        with("gzip-bad-sum", &broken_sum).fails(Body, 200, "cannot be decompressed").but_head_is_up(200),
        Case::answer("gzip-x", "200 OK | Content-Encoding: x-gzip", &whole).with("hello").up(200).by_get_alone(),
        Case::answer("gzip-empty", "200 OK | Content-Encoding: gzip | Content-Length: 0", b"").up(200),
        Case::answer("gzip-on-204", "204 None | Content-Encoding: gzip", b"").up(204),
        Case::answer("gzip-on-304", "304 Same | Content-Encoding: gzip", b"").up(304),
        Case::answer("gzip-length-wrong", "200 OK | Content-Encoding: gzip | Content-Length: 500", &whole)
            .fails(Body, 200, "cut short").but_head_is_up(200),
        Case::answer("gzip-chunked", "200 OK | Content-Encoding: gzip | Transfer-Encoding: chunked",
            &[format!("{:x}\r\n", whole.len()).as_bytes(), &whole, b"\r\n0\r\n\r\n"].concat()).up(200),
        Case::answer("gzip-no-chunks", "200 OK | Content-Encoding: gzip | Transfer-Encoding: chunked", b"0\r\n\r\n").up(200),
        Case::answer("encoding-identity", "200 OK | Content-Encoding: identity", b"hello").with("hello").up(200).by_get_alone(),
    ]
}

/// Codings that nobody asked for, and several in one another.
#[rustfmt::skip]
fn packed() -> Vec<Case> {
    let with = |name, coding: &str, body: &[u8]| Case::answer(name, &format!("200 OK | Content-Encoding: {coding}"), body);
    let wrong = |name, coding: &str, body: &[u8], words| with(name, coding, body).fails(Body, 200, words).but_head_is_up(200);
    let there = |case: Case| case.with("hello").up(200).by_get_alone();
    let (zip, br, zlib, bare) = (gzip(b"hello"), brotli(b"hello"), zlib(b"hello"), bare(b"hello"));
    let twice = gzip(&zip);
    // Pieces of no length, again and again: no page ever comes of it.
    let nothing = [gzip(b"")[..10].to_vec(), [0, 0, 0, 0xff, 0xff].repeat(4 << 20)].concat();
    let in_chunks = |body: &[u8]| [format!("{:x}\r\n", body.len()).as_bytes(), body, b"\r\n"].concat();
    vec![
        with("packed-twice", "gzip, gzip", &twice).up(200),
        there(with("packed-twice-word", "gzip, gzip", &twice)),
        there(with("packed-twice-in-two-lines", "gzip | Content-Encoding: GZIP", &twice)),
        with("packed-twice-wrong-word", "gzip, gzip", &twice).with("other").fails(Content, 200, "does not contain"),
        there(with("packed-brotli-in-gzip", "br, gzip", &gzip(&br))),
        there(with("packed-in-identity", "identity, gzip", &zip)),
        with("packed-five-times", "gzip, gzip, gzip, gzip, gzip", &gzip(&gzip(&gzip(&twice)))).up(200),
        wrong("packed-six-times", "gzip, gzip, gzip, gzip, gzip, gzip", &gzip(&gzip(&gzip(&gzip(&twice)))), "more than 5 times"),
        wrong("packed-once-of-twice", "gzip, gzip", &gzip(b"hello, this was packed once"), "cannot be decompressed"),
        wrong("packed-in-wrong-order", "gzip, br", &gzip(&br), "cannot be decompressed"),
        wrong("packed-twice-cut", "gzip, gzip", &twice[..twice.len() - 9], "cut short"),
        with("packed-twice-bomb", "gzip, gzip", &gzip(&gzip(&vec![0; 20 << 20]))).up(200),
        wrong("packed-twice-nothing", "gzip, gzip", &gzip(&nothing), "cannot be decompressed"),
        there(with("brotli", "br", &br)),
        with("brotli-plain", "br", &br).up(200),
        with("brotli-bomb", "br", &brotli(&vec![0; 100 << 20])).up(200),
        wrong("brotli-none", "br", b"hello, this was never compressed", "cannot be decompressed"),
        wrong("brotli-cut", "br", &br[..br.len() - 3], "cannot be decompressed"),
        there(with("deflate", "deflate", &zlib)),
        there(with("deflate-bare", "deflate", &bare)),
        with("deflate-plain", "deflate", &zlib).up(200),
        wrong("deflate-none", "deflate", b"hello, this was never compressed", "cannot be decompressed"),
        wrong("deflate-cut", "deflate", &zlib[..zlib.len() - 6], "cut short"),
        // The page is whole and its frame is not.
        wrong("deflate-no-last-chunk", "deflate | Transfer-Encoding: chunked", &in_chunks(&zlib), "cut short"),
        wrong("encoding-unknown", "squashed", b"hello", "content-encoding \"squashed\""),
        wrong("encoding-unknown-inside", "zstd, gzip", &zip, "content-encoding \"zstd\""),
        // Browsers show these, and curl refuses them.
        there(with("encoding-charset", "UTF-8", b"hello")),
        there(with("encoding-none", "none", b"hello")),
    ]
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    brotli::CompressorWriter::new(&mut packed, 4096, 5, 20).write_all(bytes).unwrap();
    packed
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// What some servers call deflate: without zlib's frame.
fn bare(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[rustfmt::skip]
fn read() -> Vec<Case> {
    let html = |name, kind: &str, body: &[u8]| Case::answer(name, &format!("200 OK | Content-Type: {kind}"), body);
    vec![
        html("word-there", "text/html", b"say Gr").with("Gr").up(200).by_get_alone(),
        html("word-missing", "text/html", b"say nothing").with("hello").fails(Content, 200, "does not contain"),
        html("word-utf-8", "text/html; charset=utf-8", "Grüße".as_bytes()).with("Grüße").up(200).by_get_alone(),
        html("word-bom", "text/plain", b"\xef\xbb\xbfhello").with("hello").up(200).by_get_alone(),
        html("word-latin-1", "text/html; charset=iso-8859-1", b"Gr\xfc\xdfe").with("Grüße").up(200).by_get_alone(),
        html("word-windows-1252", "text/html; charset=windows-1252", b"\x80 5").with("€ 5").up(200).by_get_alone(),
        html("word-quoted-charset", "text/html; charset=\"ISO-8859-15\"", b"\xa4 5").with("€ 5").up(200).by_get_alone(),
        html("word-meta-charset", "text/html", b"<meta charset=iso-8859-1>Gr\xfc\xdfe").with("Grüße").up(200).by_get_alone(),
        html("word-sjis", "text/html; charset=Shift_JIS", b"\x93\xfa\x96\x7b").with("日本").up(200).by_get_alone(),
        html("word-utf-16", "text/plain; charset=utf-16le", b"h\0i\0").with("hi").up(200).by_get_alone(),
        html("word-unknown-charset", "text/plain; charset=klingon", b"hello").with("hello").up(200).by_get_alone(),
        Case::answer("word-cut", "200 OK | Content-Length: 100", b"hello").with("hello").fails(Body, 200, "cut short"),
        Case::answer("word-late", "200 OK | Content-Length: 100", b"hello").told_body(vec![Step::Stall])
            .with("hello").waits().fails(Timeout, 500, "no complete page"),
        Case::answer("word-after-mebibyte", "200 OK", b"").told_body(vec![Step::Repeat(vec![b'x'; 1 << 10], 2 << 10), say(b"hello")])
            .with("hello").fails(Content, 200, "does not contain"),
    ]
}
