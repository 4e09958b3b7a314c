//! Waiting: servers that say nothing, too little or too late, in every phase.

use std::time::Duration;

use djamon_core::domain::Outcome::{Protocol, Timeout};

use super::{Case, Step, lines, say};

/// A pause well under the limit of these cases, and one well over it.
const UNDER: Duration = Duration::from_millis(200);
const OVER: Duration = Duration::from_secs(4);

/// The cases.
#[rustfmt::skip]
pub fn cases() -> Vec<Case> {
    let drip = |text: &[u8]| Step::Drip(text.to_vec(), Duration::from_millis(20));
    let page = |name, headers: &str| Case::answer(name, &format!("200 OK | {headers}"), b"");
    let late = |case: Case, words| case.waits().fails(Timeout, 500, words);
    vec![
        late(Case::raw("stall-head", vec![Step::Stall]), "then silence"),
        late(Case::raw("stall-in-status", vec![say(b"HTTP/1"), Step::Stall]), "6 bytes came"),
        late(Case::raw("stall-in-header", vec![say(b"HTTP/1.1 200 OK\r\nX: "), Step::Stall]), "no complete answer"),
        late(Case::raw("stall-before-blank-line", vec![say(b"HTTP/1.1 200 OK\r\n"), Step::Stall]), "no complete answer"),
        late(Case::raw("drip-status", vec![drip(b"HTTP/1.1 200 OK and more and more and more")]), "no complete answer"),
        late(Case::raw("drip-headers", vec![say(b"HTTP/1.1 200 OK\r\n"), drip(b"X-Slow: yes\r\n")]), "no complete answer"),
        Case::raw("drip-blank-lines", vec![drip(b"\r\n")]).waits().fails(Protocol, 0, "not HTTP"),
        late(page("stall-body", "Content-Length: 9").told_body(vec![Step::Stall]), "no complete page").but_head_is_up(200),
        late(page("stall-in-body", "Content-Length: 9").told_body(vec![say(b"hello"), Step::Stall]), "5 bytes came").but_head_is_up(200),
        late(page("stall-open-body", "Connection: close").told_body(vec![say(b"hello"), Step::Stall]), "no complete page").but_head_is_up(200),
        late(page("stall-chunk-size", "Transfer-Encoding: chunked").told_body(vec![say(b"5"), Step::Stall]), "no complete page").but_head_is_up(200),
        late(page("stall-in-chunk", "Transfer-Encoding: chunked").told_body(vec![say(b"5\r\nhel"), Step::Stall]), "3 bytes came").but_head_is_up(200),
        late(page("stall-last-chunk", "Transfer-Encoding: chunked").told_body(vec![say(b"5\r\nhello\r\n"), Step::Stall]), "5 bytes came").but_head_is_up(200),
        late(page("stall-gzip", "Content-Encoding: gzip").told_body(vec![say(&super::gzip(b"hello")[..12]), Step::Stall]), "no complete page").but_head_is_up(200),
        late(page("drip-body", "Content-Length: 9999").told_body(vec![drip(b"x")]), "no complete page").but_head_is_up(200),
        late(page("drip-chunks", "Transfer-Encoding: chunked").told_body(vec![drip(b"1\r\nx\r\n")]), "no complete page").but_head_is_up(200),
        late(page("drip-open-body", "Connection: close").told_body(vec![drip(b"x")]), "no complete page").but_head_is_up(200),
        Case::raw("under-head", vec![Step::Pause(UNDER), lines("200 OK | Content-Length: 0")]).waits().up(200),
        Case::raw("under-in-head", vec![say(b"HTTP/1.1 200 OK\r\nX: "), Step::Pause(UNDER), say(b"y\r\nContent-Length: 0\r\n\r\n")]).waits().up(200),
        page("under-body", "Content-Length: 5").told_body(vec![Step::Pause(UNDER), say(b"hello")]).waits().up(200),
        late(Case::raw("over-head", vec![Step::Pause(OVER), lines("200 OK | Content-Length: 0")]), "then silence"),
        late(Case::raw("over-in-head", vec![say(b"HTTP/1.1 200 OK\r\n"), Step::Pause(OVER), say(b"Content-Length: 0\r\n\r\n")]), "no complete answer"),
        late(page("over-body", "Content-Length: 5").told_body(vec![Step::Pause(OVER), say(b"hello")]), "0 bytes came").but_head_is_up(200),
        // The page was whole: that the connection stays open is the server's good right.
        page("whole-and-open", "Content-Length: 5").told_body(vec![say(b"hello"), Step::Stall]).waits().up(200),
        page("chunks-whole-and-open", "Transfer-Encoding: chunked").told_body(vec![say(b"5\r\nhello\r\n0\r\n\r\n"), Step::Stall]).waits().up(200),
        Case::raw("no-page-and-open", vec![lines("204 None"), Step::Stall]).waits().up(204),
        Case::raw("same-and-open", vec![lines("304 Same | Content-Length: 9"), Step::Stall]).waits().up(304),
    ]
}
