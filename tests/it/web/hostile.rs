//! Requests that no client of good will sends, byte by byte.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use djamon_tests::browser::{Browser, token};
use djamon_tests::hostile::PAYLOADS;
use djamon_tests::on_both;
use djamon_tests::web::config;
use djamon_web::auth::Who;
use djamon_web::routes::{Face, ROUTES, Verb};

use super::people::{PASSWORD, with_people};
use super::*;

/// The status that these bytes are answered with; `None` when the connection is only closed.
fn status_of(address: &str, bytes: &[u8]) -> Option<u16> {
    let mut stream = TcpStream::connect(address.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    // It may hang up before everything is sent.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
}

#[test]
fn bytes_of_ill_will_are_refused_and_never_our_fault() {
    let (database, scene) = filled();
    let (web, _) = web(&config(&database), scene.now);
    let lines = |text: &str| text.replace('|', "\r\n").into_bytes();
    let headers = |count: usize, length: usize| {
        let many: String = (0..count).map(|n| format!("X-{n}: {}\r\n", "a".repeat(length))).collect();
        format!("GET /api/v1/sites HTTP/1.1\r\nHost: a\r\n{many}\r\n").into_bytes()
    };
    let post = "POST /api/v1/sites HTTP/1.1|Host: a|Content-Type: application/json|";
    for (what, bytes) in [
        ("one long header", headers(1, 300_000)),
        ("a thousand headers", headers(1000, 10)),
        (
            "a NUL in a header",
            lines("GET /api/v1/sites HTTP/1.1|Host: a|Authorization: Bearer \0|Connection: close||"),
        ),
        ("a NUL in the path", lines("GET /api/v1/sites/\0 HTTP/1.1|Host: a||")),
        ("no method", lines(" / HTTP/1.1|Host: a||")),
        ("another protocol", lines("HELO example.org|")),
        ("a negative length", lines(&format!("{post}Content-Length: -1||{{}}"))),
        ("two lengths", lines(&format!("{post}Content-Length: 2|Content-Length: 3||{{}}"))),
        ("a length and chunks", lines(&format!("{post}Content-Length: 2|Transfer-Encoding: chunked||0||"))),
        ("chunks that are none", lines(&format!("{post}Transfer-Encoding: chunked|Connection: close||zz||"))),
        ("less than promised", lines(&format!("{post}Content-Length: 20|Connection: close||{{}}"))),
        (
            "a length of a gigabyte",
            lines(&format!("{post}Content-Length: 1073741824|Connection: close||{{}}")),
        ),
        ("a long path", format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(200_000)).into_bytes()),
    ] {
        let status = status_of(web.address(), &bytes);
        assert!(status.is_none_or(|status| (400..500).contains(&status)), "{what}: {status:?}");
    }
    let broken =
        lines("GET /api/v1/outages?state=%ff%fe&before=\u{1F600} HTTP/1.1|Host: a|Connection: close||");
    assert_eq!(status_of(web.address(), &broken), Some(400));
    assert_eq!(web.get("/api/v1/sites").status, 200, "it goes on");
}

/// What is in some form of ours.
const FIELDS: [&str; 30] = [
    "name",
    "url",
    "slug",
    "group",
    "public",
    "interval",
    "method",
    "good_codes",
    "timeout",
    "attempts",
    "recover_after",
    "headers",
    "body",
    "matches",
    "json_path",
    "ip_family",
    "ca_file",
    "max_time",
    "version",
    "action",
    "text",
    "why",
    "role",
    "scope",
    "expires",
    "groups",
    "enabled",
    "session",
    "password",
    "carried",
];

on_both! {
    fn whatever_a_form_is_sent_it_is_never_our_fault(database: TestDatabase) {
        let scene = with_people(&database);
        let (web, _) = web(&config(&database), scene.now);
        let mut alice = Browser::signed_in(&web, "Alice", PASSWORD);
        let csrf = token(&alice.get("/manage/tokens").body);
        let long = "x".repeat(20_000);
        let odd = ["", "-1", "0", "99999999999999999999", "1e999", "NaN", "null", "\u{1F600}", "a\r\nb", "%00", long.as_str()];
        let forms = ROUTES.iter().filter(|route| (route.verb, route.face) == (Verb::Post, Face::Page) && route.who == Who::Admins);
        for route in forms {
            for (slug, id) in [("shop", "2"), ("shops", "1"), ("%27%3C", "-1"), ("none", "99999999999")] {
                let path = route.path.replace("{slug}", slug).replace("{id}", id).replace("{name}", slug).replace("{kind}", "webhook");
                for value in PAYLOADS.iter().chain(&odd) {
                    // What nobody knows is tried by all fields at once, and by one that would else be right.
                    let mut fields = vec![("csrf", csrf.as_str())];
                    fields.extend(FIELDS.map(|name| (name, if name == "action" && *value == "0" { "try" } else { *value })));
                    let status = alice.post(&path, &fields).status;
                    assert!(status < 500, "{path} {status}: {}", value.chars().take(60).collect::<String>());
                }
                if !route.path.contains('{') {
                    break;
                }
            }
        }
        assert_eq!(alice.get("/manage/tokens").status, 200, "she was let in all the time");
    }
}
