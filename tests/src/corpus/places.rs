//! Addresses: the ways to write one host, and hosts that are not there.

use djamon_core::domain::Outcome::{Connect, Dns, Timeout, Tls};

use super::Case;

/// The cases.
#[rustfmt::skip]
pub fn cases() -> Vec<Case> {
    let at = |name, url: &str| Case::raw(name, vec![]).at(url);
    vec![
        at("place-short", "http://127.1:{port}/code-200").up(200),
        at("place-hexadecimal", "http://0x7f.1:{port}/code-200").up(200),
        at("place-number", "http://2130706433:{port}/code-200").up(200),
        at("place-octal", "http://0177.0.0.01:{port}/code-200").up(200),
        at("place-v6", "http://[::1]:{port}/code-200").up(200),
        at("place-v6-long", "http://[0:0:0:0:0:0:0:1]:{port}/code-200").up(200),
        at("place-mapped", "http://[::ffff:127.0.0.1]:{port}/code-200").up(200),
        at("place-name", "http://localhost:{port}/code-200").up(200),
        at("place-upper-case", "HTTP://LOCALHOST:{port}/code-200").up(200),
        at("place-credentials", "http://ann:p%40ss@{here}/code-200").up(200),
        at("place-user", "http://ann@{here}/code-200").up(200),
        at("place-query", "http://{here}/code-200?a=b&c=%20&d=[x]|{y}^`").up(200),
        at("place-dots", "http://{here}/a/../code-200").up(200),
        at("place-umlaut-path", "http://{here}/code-200?q=grüße").up(200),
        at("place-long", &format!("http://{{here}}/code-200?{}", "x".repeat(30_000))).up(200),
        at("place-refused", "http://{refused}/").fails(Connect, 0, "connection refused"),
        at("place-refused-tls", "https://{refused}/").fails(Connect, 0, "connection refused"),
        at("place-unknown", "http://no-such-name.invalid/").fails(Dns, 0, "no-such-name.invalid"),
        at("place-unknown-umlaut", "http://bücher.invalid/").fails(Dns, 0, "xn--bcher-kva.invalid"),
        at("place-long-label", &format!("http://{}.invalid/", "x".repeat(64))).fails(Dns, 0, ""),
        at("place-plain-as-tls", "https://{here}/").waits().fails(Timeout, 500, "no TLS handshake").by_head_alone(),
        at("place-tls-as-plain", "http://{tls}/").fails(djamon_core::domain::Outcome::Protocol, 0, ""),
        at("place-untrusted", "https://{tls}/").fails(Tls, 0, "self-signed certificate"),
    ]
}
