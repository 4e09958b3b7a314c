//! Stories told in Debian's Chromium: node runs what stands in tests/browser, and asks on a line of its own for what only
//! this side can do ("cue WORD"), until it is done.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Tells `story` of the pages below `address`; `on_cue` does what it asks for.
///
/// # Panics
/// With what the story says, when it fails.
pub fn tell(story: &str, address: &str, more: &[&str], mut on_cue: impl FnMut(&str)) {
    install();
    let mut node = Command::new("node")
        .args(["stories.mjs", story, address])
        .args(more)
        .current_dir(directory())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("node: deploy/install-needs test installs it");
    let (mut answers, lines) =
        (node.stdin.take().unwrap(), BufReader::new(node.stdout.take().unwrap()).lines());
    let mut said = String::new();
    for line in lines.map(Result::unwrap) {
        match line.strip_prefix("cue ") {
            Some(word) => {
                on_cue(word);
                writeln!(answers, "done").unwrap();
            }
            None => said.push_str(&format!("{line}\n")),
        }
    }
    let told = node.wait_with_output().unwrap();
    assert!(told.status.success(), "{said}{}", String::from_utf8_lossy(&told.stderr));
}

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("browser")
}

/// Installs what package-lock.json names, if that has not been done since it changed.
fn install() {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        let age =
            |name: &str| std::fs::metadata(directory().join(name)).and_then(|file| file.modified()).ok();
        if age("node_modules/.package-lock.json") >= age("package-lock.json") {
            return;
        }
        let npm =
            Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(directory()).output();
        let npm = npm.expect("npm: deploy/install-needs test installs it");
        assert!(npm.status.success(), "npm ci: {}", String::from_utf8_lossy(&npm.stderr));
    });
}
