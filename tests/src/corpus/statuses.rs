//! Status lines: which codes are good, what informational answers do, and HEAD told otherwise than GET.

use djamon_core::domain::Outcome::{Body, Protocol, Status, Timeout};

use super::{Case, Step, lines, say};

/// The cases.
pub fn cases() -> Vec<Case> {
    [codes(), informational(), status_lines(), methods()].into_iter().flatten().collect()
}

#[rustfmt::skip]
fn codes() -> Vec<Case> {
    vec![
        Case::page("code-200", "200 OK").up(200),
        Case::page("code-201", "201 Created").up(201),
        Case::page("code-202", "202 Accepted").up(202),
        Case::page("code-203", "203 Not Authoritative").up(203),
        Case::answer("code-204", "204 No Content", b"").up(204),
        Case::answer("code-205", "205 Reset Content | Content-Length: 0", b"").up(205),
        Case::page("code-206", "206 Partial Content").up(206),
        Case::page("code-299", "299 Odd").up(299),
        Case::answer("code-304", "304 Not Modified", b"").up(304),
        Case::page("code-400", "400 Bad Request").fails(Status, 400, "answered 400 Bad Request"),
        Case::page("code-401", "401 Unauthorized").fails(Status, 401, "answered 401"),
        Case::page("code-403", "403 Forbidden").fails(Status, 403, "answered 403"),
        Case::page("code-404", "404 Not Found").fails(Status, 404, "answered 404"),
        Case::page("code-405", "405 Method Not Allowed").fails(Status, 405, "answered 405"),
        Case::page("code-407", "407 Proxy Authentication Required").fails(Status, 407, "answered 407"),
        Case::page("code-408", "408 Request Timeout").fails(Status, 408, "answered 408"),
        Case::page("code-410", "410 Gone").fails(Status, 410, "answered 410"),
        Case::page("code-417", "417 Expectation Failed").fails(Status, 417, "answered 417"),
        Case::page("code-418", "418 Teapot").fails(Status, 418, "answered 418"),
        Case::page("code-421", "421 Misdirected Request").fails(Status, 421, "answered 421"),
        Case::page("code-426", "426 Upgrade Required | Upgrade: h2c").fails(Status, 426, "answered 426"),
        Case::page("code-429", "429 Too Many Requests | Retry-After: 9").fails(Status, 429, "answered 429"),
        Case::page("code-451", "451 Unavailable").fails(Status, 451, "answered 451"),
        Case::page("code-500", "500 Internal Server Error").fails(Status, 500, "answered 500"),
        Case::page("code-501", "501 Not Implemented").fails(Status, 501, "answered 501"),
        Case::page("code-502", "502 Bad Gateway").fails(Status, 502, "answered 502"),
        Case::page("code-503", "503 Service Unavailable").fails(Status, 503, "answered 503"),
        Case::page("code-504", "504 Gateway Timeout").fails(Status, 504, "answered 504"),
        Case::page("code-511", "511 Network Authentication Required").fails(Status, 511, "answered 511"),
        Case::page("code-599", "599 Odd").fails(Status, 599, "answered 599"),
        Case::page("code-600", "600 Odd").fails(Status, 600, "answered 600"),
        Case::page("code-999", "999 Request Denied").fails(Status, 999, "answered 999"),
        // What a server says beside a bad status does not matter: its page may be broken as well.
        Case::answer("code-500-short", "500 Oops | Content-Length: 100", b"hello").fails(Status, 500, "answered 500"),
        Case::answer("code-500-hanging", "500 Oops | Content-Length: 100", b"").told_body(vec![Step::Stall])
            .waits().fails(Status, 500, "answered 500"),
    ]
}

#[rustfmt::skip]
fn informational() -> Vec<Case> {
    let then = |early: &str, last: &str| vec![say(early.as_bytes()), lines(last)];
    let once = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n";
    vec![
        Case::raw("early-continue", then("HTTP/1.1 100 Continue\r\n\r\n", "200 OK | Content-Length: 0")).up(200),
        Case::raw("early-continue-headers", then("HTTP/1.1 100 Continue\r\nServer: x\r\nDate: now\r\n\r\n",
            "200 OK | Content-Length: 0")).up(200),
        Case::raw("early-continue-twice", then(&"HTTP/1.1 100 Continue\r\n\r\n".repeat(2),
            "200 OK | Content-Length: 0")).up(200),
        Case::raw("early-processing", then("HTTP/1.1 102 Processing\r\n\r\n", "200 OK | Content-Length: 0")).up(200),
        Case::raw("early-hints", then(once, "200 OK | Content-Length: 0")).up(200),
        Case::raw("early-hints-four", then(&once.repeat(4), "200 OK | Content-Length: 0")).up(200),
        Case::raw("early-hints-then-503", then(once, "503 Busy | Content-Length: 0"))
            .fails(Status, 503, "answered 503"),
        Case::raw("early-hints-then-close", vec![say(once.as_bytes())])
            .fails(Protocol, 0, "connection closed in the middle"),
        Case::raw("early-hints-then-stall", vec![say(once.as_bytes()), Step::Stall])
            .waits().fails(Timeout, 500, "no complete answer"),
        Case::raw("early-hints-apart", vec![say(once.as_bytes()), Step::Pause(std::time::Duration::from_millis(50)),
            lines("200 OK | Content-Length: 0")]).up(200),
        Case::raw("early-hints-endless", vec![Step::Repeat(once.into(), usize::MAX)])
            .fails(Protocol, 0, "larger than 256 KiB"),
        Case::raw("early-odd", then("HTTP/1.1 199 Odd\r\n\r\n", "200 OK | Content-Length: 0")).up(200),
        // Nobody asked for another protocol, and none follows.
        Case::raw("switching", vec![lines("101 Switching Protocols | Upgrade: websocket | Connection: Upgrade")])
            .fails(Status, 101, "answered 101"),
    ]
}

#[rustfmt::skip]
fn status_lines() -> Vec<Case> {
    let bare = |name, text: &str| Case::raw(name, vec![say(text.as_bytes())]);
    vec![
        bare("line-no-reason", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n").up(200),
        bare("line-empty-reason", "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n").up(200),
        Case::raw("line-odd-reason", vec![say(b"HTTP/1.1 200 Gr\xfc\xdf Gott\r\nContent-Length: 0\r\n\r\n")]).up(200),
        bare("line-old", "HTTP/1.0 200 OK\r\n\r\n").up(200),
        bare("line-old-404", "HTTP/1.0 404 Not Found\r\n\r\n").fails(Status, 404, "answered 404"),
        bare("line-blank-first", "\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").fails(Protocol, 0, "not HTTP"),
        bare("line-long-reason", &format!("HTTP/1.1 200 {}\r\nContent-Length: 0\r\n\r\n", "x".repeat(20_000))).up(200),
        bare("line-huge-reason", &format!("HTTP/1.1 200 {}\r\nContent-Length: 0\r\n\r\n", "x".repeat(100_000))).up(200),
        bare("line-lower-case", "http/1.1 200 ok\r\nContent-Length: 0\r\n\r\n").fails(Protocol, 0, "not HTTP"),
        bare("line-two-digits", "HTTP/1.1 20 OK\r\n\r\n").fails(Protocol, 0, "not HTTP"),
        bare("line-four-digits", "HTTP/1.1 1000 OK\r\n\r\n").fails(Protocol, 0, "not HTTP"),
        bare("line-zero", "HTTP/1.1 000 OK\r\n\r\n").fails(Protocol, 0, "not HTTP"),
        bare("line-small", "HTTP/1.1 099 OK\r\n\r\n").fails(Protocol, 0, "not HTTP"),
        bare("line-negative", "HTTP/1.1 -200 OK\r\n\r\n").fails(Protocol, 0, "not HTTP"),
        bare("line-text", "HTTP/1.1 OK fine\r\n\r\n").fails(Protocol, 0, "not HTTP"),
        bare("line-no-version", "HTTP/ 200 OK\r\n\r\n").fails(Protocol, 0, "not HTTP"),
        bare("line-version-2", "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n").up(200),
        bare("line-version-3", "HTTP/3 200 OK\r\nContent-Length: 0\r\n\r\n").fails(Protocol, 0, "not HTTP"),
        bare("line-icy", "ICY 200 OK\r\nContent-Length: 0\r\n\r\n").fails(Protocol, 0, "not HTTP"),
        bare("line-none", "Content-Length: 5\r\n\r\nhello").fails(Protocol, 0, "not HTTP"),
        bare("line-page-only", "<html>hello</html>").fails(Protocol, 0, "not HTTP"),
    ]
}

#[rustfmt::skip]
fn methods() -> Vec<Case> {
    let fine = |name| Case::page(name, "200 OK").up(200).by_get_alone();
    let refused = |head: &str| vec![lines(&format!("{head} | Content-Length: 0"))];
    vec![
        fine("head-403").told_head(refused("403 Forbidden")),
        fine("head-404").told_head(refused("404 Not Found")),
        fine("head-405").told_head(refused("405 Method Not Allowed")),
        fine("head-500").told_head(refused("500 Oops")),
        fine("head-501").told_head(refused("501 Not Implemented")),
        fine("head-503").told_head(refused("503 Busy")),
        fine("head-loop").told_head(refused("302 Go | Location: /head-loop")),
        fine("head-elsewhere").told_head(refused("302 Go | Location: http://{refused}/")).fails_head_by_connect(),
        fine("head-closed").told_head(vec![]),
        fine("head-reset").told_head(vec![Step::Reset]),
        fine("head-garbage").told_head(vec![say(b"500 ?\n")]),
        fine("head-half").told_head(vec![say(b"HTTP/1.1 200 OK\r\nServ")]),
        fine("head-silent").told_head(vec![Step::Stall]).waits(),
        fine("head-dripping").told_head(vec![Step::Drip(b"HTTP/1.1 200 OK\r\nX: y".to_vec(),
            std::time::Duration::from_millis(30))]).waits(),
        // A body after HEAD is against the rules and does no harm: the connection is not used again.
        Case::page("head-with-body", "200 OK")
            .told_head(vec![lines("200 OK | Content-Length: 5"), say(b"hello")]).up(200),
        Case::page("head-with-error-page", "200 OK").up(200).by_get_alone()
            .told_head(vec![lines("405 No | Content-Length: 5"), say(b"hello")]),
        // HEAD alone is well: under `head` the documents' "only the headers" is what counts.
        Case::page("get-500", "500 Oops").told_head(vec![lines("200 OK")])
            .fails(Status, 500, "answered 500").but_head_is_up(200),
        Case::raw("get-closed", vec![]).told_head(vec![lines("200 OK")])
            .fails(Protocol, 0, "connection closed without an answer").but_head_is_up(200),
        Case::raw("get-reset", vec![Step::Reset]).told_head(vec![lines("200 OK")])
            .fails(Protocol, 0, "connection reset").but_head_is_up(200),
        Case::raw("get-silent", vec![Step::Stall]).told_head(vec![lines("200 OK")])
            .waits().fails(Timeout, 500, "then silence").but_head_is_up(200),
        Case::answer("get-short", "200 OK | Content-Length: 6", b"hello")
            .fails(Body, 200, "page cut short after 5 bytes").but_head_is_up(200),
        Case::page("lengths-differ", "200 OK").told_head(vec![lines("200 OK | Content-Length: 7000")]).up(200),
    ]
}

impl Case {
    /// HEAD was sent and led to a refused connect: the target's failure is the verdict, the method is not asked again.
    fn fails_head_by_connect(self) -> Self {
        Case {
            by_head: self.clone().fails(djamon_core::domain::Outcome::Connect, 0, "refused").by_head,
            ..self
        }
    }
}
