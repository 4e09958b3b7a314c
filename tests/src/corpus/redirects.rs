//! Redirects: where they lead, how many there may be, and what a bad target makes of them.

use djamon_core::domain::Outcome::{Connect, Dns, Protocol, Redirect, Status, Timeout, Tls};

use super::{Case, Step, lines, say};

/// The cases.
pub fn cases() -> Vec<Case> {
    [targets(), chains(), bad(), kinds()].into_iter().flatten().collect()
}

#[rustfmt::skip]
fn targets() -> Vec<Case> {
    vec![
        Case::redirect("to-path", 302, "/code-200").up(200),
        Case::redirect("to-relative", 302, "code-200").up(200),
        Case::redirect("to-relative-dots", 302, "../x/../code-200").up(200),
        Case::redirect("to-whole", 302, "http://{here}/code-200").up(200),
        Case::redirect("to-no-scheme", 302, "//{here}/code-200").up(200),
        Case::redirect("to-upper-scheme", 302, "HTTP://{here}/code-200").up(200),
        Case::redirect("to-fragment", 302, "/code-200#part").up(200),
        Case::redirect("to-spaces-around", 302, "   /code-200  ").up(200),
        Case::redirect("to-space-inside", 302, "/code-200?a b").up(200),
        Case::redirect("to-other-host", 302, "http://{other}/code-200").up(200),
        Case::redirect("to-other-family", 302, "http://[::1]:{port}/code-200").up(200),
        Case::redirect("to-name", 302, "http://localhost:{port}/code-200").up(200),
        Case::redirect("to-credentials", 302, "http://ann:secret@{here}/code-200").up(200),
        Case::raw("to-non-ascii", vec![say("HTTP/1.1 302 Go\r\nLocation: /code-200?q=ü\r\nContent-Length: 0\r\n\r\n".as_bytes())]).up(200),
        Case::raw("to-latin-1", vec![say(b"HTTP/1.1 302 Go\r\nLocation: /code-200?q=\xfc\r\nContent-Length: 0\r\n\r\n")]).up(200),
        Case::redirect("to-backslash", 302, "\\code-200").up(200),
        Case::redirect("to-long", 302, &format!("/code-200?{}", "x".repeat(20_000))).up(200),
        Case::redirect("to-204", 302, "/code-204").up(204),
        Case::redirect("to-304", 302, "/code-304").up(304),
        Case::redirect("to-404", 302, "/code-404").fails(Status, 404, ": answered 404"),
        Case::redirect("to-503", 302, "/code-503").fails(Status, 503, "redirected to http://"),
        Case::redirect("to-closed", 302, "/banner-none").fails(Protocol, 0, "redirected to http://"),
        Case::redirect("to-garbage", 302, "/banner-ssh").fails(Protocol, 0, "not HTTP"),
        Case::redirect("to-refused", 302, "http://{refused}/").fails(Connect, 0, "connection refused"),
        Case::redirect("to-untrusted", 302, "https://{tls}/").fails(Tls, 0, "redirected to https://"),
        Case::redirect("to-plain-as-tls", 302, "https://{here}/").waits().fails(Timeout, 500, "no TLS handshake"),
        Case::redirect("to-unknown-name", 302, "http://no-such-name.invalid/").fails(Dns, 0, "no-such-name.invalid"),
        Case::redirect("to-stall", 302, "/stall-head").waits().fails(Timeout, 500, "redirected to http://"),
        Case::redirect("to-short", 302, "/get-short")
            .fails(djamon_core::domain::Outcome::Body, 200, "redirected to http://").but_head_is_up(200),
    ]
}

#[rustfmt::skip]
fn chains() -> Vec<Case> {
    let chain = |name, path: &str| Case::raw(name, vec![]).at(&format!("http://{{here}}/{path}"));
    vec![
        chain("chain-1", "down/1").up(204),
        chain("chain-5", "down/5").up(204),
        chain("chain-10", "down/10").up(204),
        chain("chain-11", "down/11").fails(Redirect, 302, "more than 10 times"),
        chain("chain-30", "down/30").fails(Redirect, 302, "more than 10 times"),
        chain("loop-1", "round/1").fails(Redirect, 302, "in a loop"),
        chain("loop-2", "round/2").fails(Redirect, 302, "in a loop"),
        chain("loop-3", "round/3").fails(Redirect, 302, "in a loop"),
        Case::redirect("loop-fragment", 302, "/loop-fragment#again").fails(Redirect, 302, "in a loop"),
        Case::redirect("loop-query", 302, "?again").fails(Redirect, 302, "in a loop"),
        chain("chain-11-unfollowed", "down/11").stays().fails(Status, 302, "answered 302"),
    ]
}

#[rustfmt::skip]
fn bad() -> Vec<Case> {
    let without = |name, code: u16| Case::answer(name, &format!("{code} Go | Content-Length: 0"), b"");
    vec![
        without("bad-none-301", 301).fails(Redirect, 301, "301 without a Location"),
        without("bad-none-302", 302).fails(Redirect, 302, "302 without a Location"),
        without("bad-none-303", 303).fails(Redirect, 303, "303 without a Location"),
        without("bad-none-307", 307).fails(Redirect, 307, "307 without a Location"),
        without("bad-none-308", 308).fails(Redirect, 308, "308 without a Location"),
        Case::redirect("bad-empty", 302, "").fails(Redirect, 302, "it is empty"),
        Case::redirect("bad-ftp", 302, "ftp://{here}/").fails(Redirect, 302, "neither http nor https"),
        Case::redirect("bad-script", 302, "javascript:alert(1)").fails(Redirect, 302, "neither http nor https"),
        Case::redirect("bad-file", 302, "file:///etc/passwd").fails(Redirect, 302, "neither http nor https"),
        Case::redirect("bad-mail", 302, "mailto:ann@a.example").fails(Redirect, 302, "neither http nor https"),
        Case::redirect("bad-bracket", 302, "http://[::1").fails(Redirect, 302, "bad Location"),
        Case::redirect("bad-port-0", 302, "http://127.0.0.1:0/").fails(Redirect, 302, "no such place"),
        Case::redirect("bad-port-large", 302, "http://127.0.0.1:65536/").fails(Redirect, 302, "bad Location"),
        Case::redirect("bad-no-host", 302, "http://").fails(Redirect, 302, "bad Location"),
        Case::redirect("bad-host-space", 302, "http://a b.example/").fails(Redirect, 302, "bad Location"),
    ]
}

#[rustfmt::skip]
fn kinds() -> Vec<Case> {
    vec![
        Case::redirect("kind-301", 301, "/code-200").up(200),
        Case::redirect("kind-303", 303, "/code-200").up(200),
        Case::redirect("kind-307", 307, "/code-200").up(200),
        Case::redirect("kind-308", 308, "/code-200").up(200),
        // Not redirects that are followed: the code itself decides.
        Case::redirect("kind-300", 300, "/code-200").fails(Status, 300, "answered 300"),
        Case::redirect("kind-304", 304, "/code-404").up(304),
        Case::redirect("kind-305", 305, "/code-200").fails(Status, 305, "answered 305"),
        Case::redirect("kind-306", 306, "/code-200").fails(Status, 306, "answered 306"),
        Case::redirect("kind-201", 201, "/code-404").up(201),
        // 303 changes the method of whatever is not HEAD; HEAD stays HEAD.
        Case::redirect("kind-303-head", 303, "/head-405").up(200).by_get_alone(),
        Case::redirect("kind-301-unfollowed", 301, "/code-404").stays().up(301),
        Case::redirect("kind-302-unfollowed", 302, "/code-200").stays().fails(Status, 302, "answered 302"),
        Case::answer("kind-301-bare-unfollowed", "301 Go | Content-Length: 0", b"").stays().up(301),
        Case::redirect("kind-page-cut", 302, "/code-200")
            .told_head(vec![lines("302 Go | Location: /code-200 | Content-Length: 90")]).up(200),
        Case::answer("kind-page-endless", "302 Go | Location: /code-200", b"")
            .told_body(vec![Step::Repeat(vec![b'x'; 4096], usize::MAX)]).up(200),
        Case::answer("kind-page-hanging", "302 Go | Location: /code-200 | Content-Length: 9", b"")
            .told_body(vec![Step::Stall]).waits().up(200),
        Case::answer("kind-two-locations", "302 Go | Location: /code-200 | Location: /code-200 | Content-Length: 0", b"").up(200),
    ]
}
