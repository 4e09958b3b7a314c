//! The book says what is so: every kind and key is in it, and its example does what it claims.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use djamon_core::clock::{Clock, SystemClock};
use djamon_core::config::{Kind, channel, keys_of, kinds};
use djamon_core::domain::EventKind;
use djamon_core::notify;
use djamon_tests::mail_server::python;
use djamon_tests::receiver;
use djamon_tests::story::{UGLY, story};

use super::kinds::message;

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/alerts.md");
    std::fs::read_to_string(path).unwrap()
}

/// The part of the page under this heading.
fn part(page: &str, kind: Kind) -> &str {
    let (_, rest) = page.split_once(&format!("\n### `{kind}`\n")).unwrap_or_else(|| panic!("no {kind}"));
    rest.split("\n##").next().unwrap()
}

#[test]
fn every_kind_and_key_stands_in_the_book_with_its_default() {
    let page = page();
    for kind in kinds() {
        let part = part(&page, kind);
        for key in keys_of(kind) {
            let mark = if key.is_secret { format!("`{}` S", key.name) } else { format!("`{}`", key.name) };
            let row = part.lines().find(|line| line.starts_with('|') && line.contains(&mark));
            let row = row.unwrap_or_else(|| panic!("{kind}: {mark} is not there"));
            assert_eq!(row.contains("| needed |"), key.is_needed, "{kind}: {row}");
            assert!(key.default.is_empty() || row.contains(&format!("`{}`", key.default)), "{kind}: {row}");
        }
    }
}

#[test]
fn the_example_tells_our_messages_from_those_of_others() {
    let page = page();
    let example = page.split("```python\n").nth(1).unwrap().split("```").next().unwrap();
    let receiver = receiver::start(Kind::Webhook);
    let settings = receiver::settings(Kind::Webhook, &receiver.url());
    let secret = settings["secret"].as_str().unwrap().to_owned();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let ready = channel("webhook", &settings, Path::new("/"), &|_| None).unwrap();
    notify::sender(&ready, &clock).unwrap().send(&message(&story(EventKind::Opened, UGLY))).unwrap();
    let request = receiver.requests().remove(0);

    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| -> PathBuf {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let headers: serde_json::Map<_, _> =
        request.headers.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    let given = serde_json::json!({ "secret": secret, "headers": headers, "body": request.body });
    let given = write("given.json", &given.to_string());
    let script = write(
        "check.py",
        &format!(
            "{example}\nimport json, sys\ngiven = json.load(open(sys.argv[1]))\nsecret, headers = given['secret'], \
             given['headers']\nbody = given['body'].encode()\nprint(is_from_djamon(secret, headers, body))\n\
             print(is_from_djamon(secret, headers, body + b' '))\n\
             print(is_from_djamon('whsec_' + 'A' * 44, headers, body))\n\
             print(is_from_djamon(secret, headers | {{'webhook-timestamp': '1'}}, body))\n"
        ),
    );
    let output = Command::new(python()).arg(script).arg(given).output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "True\nFalse\nFalse\nFalse\n",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
