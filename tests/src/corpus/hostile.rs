//! Servers that are broken in ways nobody plans, or that mean harm: answers that waste time and memory, that say two things at
//! once, or that end in odd places.

use djamon_core::domain::Outcome::{Body, Protocol, Status, Timeout};

use super::{Case, Step, gzip, lines, say};

/// The cases.
pub fn cases() -> Vec<Case> {
    [heads(), framings(), packed()].into_iter().flatten().collect()
}

#[rustfmt::skip]
fn heads() -> Vec<Case> {
    let banner = |name, text: &[u8]| Case::raw(name, vec![say(text)]);
    vec![
        // Head after head that counts for nothing.
        Case::raw("flood-of-hints", vec![Step::Repeat(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n".to_vec(), usize::MAX)])
            .fails(Protocol, 0, "larger than 256 KiB"),
        banner("only-continue", b"HTTP/1.1 100 Continue\r\n\r\n").fails(Protocol, 0, "in the middle"),
        Case::raw("switching-unasked", vec![lines("101 Switching Protocols | Upgrade: websocket"), say(b"\x81\x05hello")])
            .fails(Status, 101, "101"),
        banner("status-with-nul", b"HTTP/1.1 200 O\0K\r\nContent-Length: 0\r\n\r\n").fails(Protocol, 0, "NUL"),
        banner("status-in-small-letters", b"http/1.1 200 ok\r\nContent-Length: 0\r\n\r\n").fails(Protocol, 0, "not HTTP"),
        banner("status-after-mark", b"\xef\xbb\xbfHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").fails(Protocol, 0, "not HTTP"),
        banner("status-after-page", b"<html>\r\nHTTP/1.1 200 OK\r\n\r\n").fails(Protocol, 0, "not HTTP"),
        banner("status-radio", b"ICY 200 OK\r\nicy-name: x\r\n\r\n").fails(Protocol, 0, "not HTTP"),
        banner("status-page-alone", b"<html>It works</html>").fails(Protocol, 0, "not HTTP"),
        banner("status-many-returns", b"HTTP/1.1 200 OK\r\r\r\nContent-Length: 0\r\n\r\n").up(200),
        // What follows a whole answer is another one's, and nobody asked for it.
        Case::answer("answer-then-error", "200 OK | Content-Length: 5", b"helloHTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n").up(200),
        Case::raw("head-with-page", vec![lines("200 OK | Content-Length: 5"), say(b"hello")]).up(200),
        Case::page("refresh-elsewhere", "200 OK | Refresh: 0; url=http://127.0.0.1:1/").up(200),
        Case::answer("reset-after-page", "200 OK | Content-Length: 5", b"hello").told_body(vec![Step::Pause(std::time::Duration::from_millis(30)), Step::Reset]).up(200),
    ]
}

#[rustfmt::skip]
fn framings() -> Vec<Case> {
    let chunked = |name, body: &[u8]| Case::answer(name, "200 OK | Transfer-Encoding: chunked", body);
    vec![
        chunked("chunks-with-prefix", b"0x5\r\nhello\r\n0\r\n\r\n").fails(Body, 200, "wrongly framed").but_head_is_up(200),
        chunked("chunks-long-extension", b"5;").told_body(vec![Step::Repeat(vec![b'x'; 1000], usize::MAX)])
            .fails(Body, 200, "wrongly framed").but_head_is_up(200),
        // A line for every byte of the page.
        chunked("chunks-tiny", &[b"1\r\nx\r\n".repeat(20_000), b"0\r\n\r\n".to_vec()].concat()).up(200),
        chunked("chunks-half-trailer", b"5\r\nhello\r\n0\r\nX-Sum").fails(Body, 200, "cut short").but_head_is_up(200),
        Case::answer("chunks-on-204", "204 None | Transfer-Encoding: chunked", b"zz\r\n").up(204),
        Case::answer("coding-twice", "200 OK | Transfer-Encoding: chunked | Transfer-Encoding: squashed", b"5\r\nhello\r\n0\r\n\r\n")
            .fails(Body, 200, "transfer-encoding").but_head_is_up(200),
        Case::answer("length-far-away", "200 OK | Content-Length: 18446744073709551615", b"hello")
            .fails(Body, 200, "cut short").but_head_is_up(200),
    ]
}

#[rustfmt::skip]
fn packed() -> Vec<Case> {
    let with = |name, body: &[u8]| Case::answer(name, "200 OK | Content-Encoding: gzip", body);
    // A file's name that never ends, before the first byte of the page.
    let named = [0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3];
    vec![
        with("gzip-endless-name", &named).told_body(vec![Step::Repeat(vec![b'x'; 4096], usize::MAX)])
            .fails(Body, 200, "cannot be decompressed").but_head_is_up(200),
        // Nothing, packed again and again: no page ever comes of it.
        with("gzip-endless-nothing", b"").told_body(vec![Step::Repeat(gzip(b"").repeat(50), usize::MAX)]).waits()
            .fails(Timeout, 500, "0 bytes came").but_head_is_up(200),
        with("gzip-rubbish-after", &[gzip(b"hello"), b"rubbish".to_vec()].concat()).fails(Body, 200, "after 5 bytes").but_head_is_up(200),
    ]
}
