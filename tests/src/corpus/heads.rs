//! Heads and framing: what stands between the status and the page, and answers that are no HTTP at all.

use djamon_core::domain::Outcome::{Body, Protocol};

use super::{Case, Step, say};

/// The cases.
pub fn cases() -> Vec<Case> {
    [shapes(), sizes(), lengths(), strangers()].into_iter().flatten().collect()
}

#[rustfmt::skip]
fn shapes() -> Vec<Case> {
    let head = |name, headers: &[u8]| {
        let whole = [b"HTTP/1.1 200 OK\r\n", headers, b"Content-Length: 0\r\n\r\n"].concat();
        Case::raw(name, vec![say(&whole)])
    };
    vec![
        Case::raw("shape-none", vec![say(b"HTTP/1.1 200 OK\r\n\r\n")]).up(200),
        Case::raw("shape-only-lf", vec![say(b"HTTP/1.1 200 OK\nContent-Length: 0\n\n")]).up(200),
        Case::raw("shape-mixed-ends", vec![say(b"HTTP/1.1 200 OK\r\nServer: x\nContent-Length: 0\r\n\n")]).up(200),
        Case::raw("shape-only-cr", vec![say(b"HTTP/1.1 200 OK\rContent-Length: 0\r\r")]).fails(Protocol, 0, ""),
        head("shape-empty-value", b"X-Empty:\r\n").up(200),
        head("shape-no-space", b"X-Near:value\r\n").up(200),
        head("shape-tabs", b"X-Tab:\t\tvalue\t\r\n").up(200),
        head("shape-folded", b"X-Long: one\r\n two\r\n\tthree\r\n").up(200),
        head("shape-space-before-colon", b"X-Odd : value\r\n").up(200),
        head("shape-latin-1", b"X-Odd: Gr\xfc\xdfe\r\n").up(200),
        head("shape-utf-8", "X-Odd: Grüße\r\n".as_bytes()).up(200),
        head("shape-odd-name", b"X_Odd.Name!: value\r\n").up(200),
        head("shape-repeated", b"Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nVary: a\r\nVary: b\r\n").up(200),
        head("shape-upper-case", b"SERVER: X\r\n").up(200),
        head("shape-lower-case", b"server: x\r\n").up(200),
        // One line that is none does not make the answer another one: browsers pass over it.
        head("shape-no-colon", b"What is this\r\n").up(200),
        head("shape-no-name", b": value\r\n").up(200),
        head("shape-name-with-space", b"X Odd: value\r\n").up(200),
        // What no client takes.
        head("shape-nul-in-value", b"X-Odd: a\0b\r\n").fails(Protocol, 0, ""),
        head("shape-nul-in-name", b"X-\0dd: a\r\n").fails(Protocol, 0, ""),
        head("shape-control-in-value", b"X-Odd: a\x01b\r\n").up(200),
        Case::raw("shape-half-status", vec![say(b"HTTP/1.1 2")]).fails(Protocol, 0, "in the middle of the answer's head"),
        Case::raw("shape-half-header", vec![say(b"HTTP/1.1 200 OK\r\nContent-Le")])
            .fails(Protocol, 0, "in the middle of the answer's head"),
        Case::raw("shape-no-blank-line", vec![say(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n")])
            .fails(Protocol, 0, "in the middle of the answer's head"),
        Case::raw("shape-reset-in-head", vec![say(b"HTTP/1.1 200 OK\r\nContent-Le"), Step::Pause(std::time::Duration::from_millis(30)), Step::Reset])
            .fails(Protocol, 0, "connection reset"),
    ]
}

#[rustfmt::skip]
fn sizes() -> Vec<Case> {
    let many = |name, count: usize| {
        let lines: String = (0..count).map(|n| format!("X-Header-{n}: value\r\n")).collect();
        Case::raw(name, vec![say(format!("HTTP/1.1 200 OK\r\n{lines}Content-Length: 0\r\n\r\n").as_bytes())])
    };
    let long = |name, length: usize| Case::raw(name, vec![
        say(b"HTTP/1.1 200 OK\r\nX-Long: "), Step::Repeat(vec![b'x'; 1000], length / 1000), say(b"\r\nContent-Length: 0\r\n\r\n"),
    ]);
    vec![
        many("size-60-headers", 60).up(200),
        many("size-120-headers", 120).up(200),
        many("size-200-headers", 200).up(200),
        many("size-1000-headers", 1000).up(200),
        long("size-8-kb", 8_000).up(200),
        long("size-60-kb", 60_000).up(200),
        long("size-100-kb", 100_000).up(200),
        long("size-1-mb", 1_000_000).fails(Protocol, 0, "larger than 256 KiB"),
        Case::raw("size-endless-lines", vec![say(b"HTTP/1.1 200 OK\r\n"), Step::Repeat(b"X-More: and more\r\n".to_vec(), usize::MAX)])
            .fails(Protocol, 0, "larger than 256 KiB"),
        Case::raw("size-endless-line", vec![say(b"HTTP/1.1 200 OK\r\nX: "), Step::Repeat(vec![b'x'; 4096], usize::MAX)])
            .fails(Protocol, 0, "larger than 256 KiB"),
        Case::raw("size-endless-status", vec![say(b"HTTP/1.1 200 "), Step::Repeat(vec![b'x'; 4096], usize::MAX)])
            .fails(Protocol, 0, "larger than 256 KiB"),
        Case::raw("size-endless-blank-lines", vec![Step::Repeat(b"\r\n".repeat(100), usize::MAX)]).fails(Protocol, 0, ""),
    ]
}

#[rustfmt::skip]
fn lengths() -> Vec<Case> {
    let framed = |name, headers: &str, body: &[u8]| Case::answer(name, &format!("200 OK | {headers}"), body);
    vec![
        framed("length-twice-same", "Content-Length: 5 | Content-Length: 5", b"hello").up(200),
        framed("length-list-same", "Content-Length: 5, 5", b"hello").up(200),
        framed("length-twice-other", "Content-Length: 5 | Content-Length: 6", b"hello").fails(Body, 200, "content-length"),
        framed("length-list-other", "Content-Length: 5, 6", b"hello").fails(Body, 200, "content-length"),
        framed("length-negative", "Content-Length: -1", b"hello").fails(Body, 200, "content-length"),
        framed("length-words", "Content-Length: five", b"hello").fails(Body, 200, "content-length"),
        framed("length-plus", "Content-Length: +5", b"hello").fails(Body, 200, "content-length"),
        framed("length-fraction", "Content-Length: 5.0", b"hello").fails(Body, 200, "content-length"),
        framed("length-empty", "Content-Length:", b"hello").fails(Body, 200, "content-length"),
        framed("length-overflow", "Content-Length: 99999999999999999999999", b"hello").fails(Body, 200, "content-length"),
        framed("length-zeros", "Content-Length: 0005", b"hello").up(200),
        framed("length-huge", "Content-Length: 9223372036854775807", b"hello")
            .fails(Body, 200, "cut short after 5 bytes").but_head_is_up(200),
        framed("both-framings", "Content-Length: 3 | Transfer-Encoding: chunked", b"5\r\nhello\r\n0\r\n\r\n").up(200),
        framed("both-framings-wrong", "Content-Length: 3 | Transfer-Encoding: chunked", b"hello")
            .fails(Body, 200, "cut short").but_head_is_up(200),
        framed("coding-unknown", "Transfer-Encoding: squashed", b"hello").fails(Body, 200, "transfer-encoding").but_head_is_up(200),
        framed("coding-identity", "Transfer-Encoding: identity | Content-Length: 5", b"hello").up(200),
        framed("coding-upper-case", "Transfer-Encoding: Chunked", b"5\r\nhello\r\n0\r\n\r\n").up(200),
    ]
}

#[rustfmt::skip]
fn strangers() -> Vec<Case> {
    let banner = |name, text: &[u8]| Case::raw(name, vec![say(text)]);
    vec![
        Case::raw("banner-none", vec![]).fails(Protocol, 0, "connection closed without an answer"),
        Case::raw("banner-reset", vec![Step::Reset]).fails(Protocol, 0, "connection reset"),
        banner("banner-ssh", b"SSH-2.0-OpenSSH_9.2\r\n").fails(Protocol, 0, "not HTTP"),
        banner("banner-smtp", b"220 mail.example ESMTP\r\n").fails(Protocol, 0, "not HTTP"),
        banner("banner-ftp", b"220 Welcome\r\n331 Name?\r\n").fails(Protocol, 0, "not HTTP"),
        banner("banner-redis", b"-ERR unknown command\r\n").fails(Protocol, 0, "not HTTP"),
        banner("banner-mysql", b"J\0\0\0\n8.0.35\0").fails(Protocol, 0, "not HTTP"),
        banner("banner-tls-alert", b"\x15\x03\x01\x00\x02\x02\x28").fails(Protocol, 0, "not HTTP"),
        banner("banner-tls-hello", b"\x16\x03\x03\x00\x31\x02\x00\x00\x2d").fails(Protocol, 0, "not HTTP"),
        banner("banner-http-2", b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64").fails(Protocol, 0, "not HTTP"),
        banner("banner-preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").fails(Protocol, 0, "not HTTP"),
        banner("banner-echo", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").fails(Protocol, 0, "not HTTP"),
        banner("banner-nuls", &[0; 64]).fails(Protocol, 0, "not HTTP"),
        banner("banner-one-byte", b"H").fails(Protocol, 0, "in the middle"),
        banner("banner-blank", b"\r\n\r\n\r\n").fails(Protocol, 0, ""),
        banner("banner-escape", b"\x1b[31mHTTP\x07\r\n").fails(Protocol, 0, "not HTTP"),
    ]
}
