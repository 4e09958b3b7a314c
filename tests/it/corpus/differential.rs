//! The corpus against three other programs that look at web sites: curl, Prometheus' blackbox exporter and the
//! monitoring plugins' `check_http`. Where curl and the exporter agree, Djamon agrees, or its reason is written here.
//!
//! `DJAMON_REWRITE=1` writes the table anew.

use std::fmt::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use djamon_core::domain::{Check, Method, Outcome, Target};
use djamon_core::probe::Prober;
use djamon_tests::corpus::{self, Case, stage::Stage};
use djamon_tests::tell;
use url::Url;

use super::{prober, side_by_side, untrusted};

const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/differential.md");

/// Where Djamon differs from curl and the exporter together, and why.
const REASONS: &[(&str, &str)] = &[
    ("body-endless", "a page is read to 1 MiB; what follows has no say"),
    ("body-endless-length", "a page is read to 1 MiB; what follows has no say"),
    ("body-cut-after-mebibyte", "a page is read to 1 MiB; what follows has no say"),
    ("bad-none-301", "a 301 that leads nowhere helps nobody, though its code is good"),
    ("gzip-cut", "curl takes half a compressed page for a whole one, the exporter does not unpack it"),
    ("gzip-cut-end", "the same: without its end nobody knows whether the page came whole"),
    ("brotli-cut", "the same"),
    ("deflate-cut", "the same"),
    ("packed-twice-cut", "the same"),
    ("packed-twice-nothing", "what only keeps two decoders busy is given up before its end"),
    ("kind-page-hanging", "the page beside a redirect is not read, as in browsers"),
    ("shape-no-colon", "browsers pass over a line that is no header"),
    ("to-backslash", "browsers take it for a slash (the URL standard)"),
];

/// Up or down, by each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Verdicts {
    djamon: bool,
    curl: bool,
    exporter: bool,
    plugin: bool,
}

/// The exporter, running until it is dropped.
struct Exporter {
    child: Child,
    port: u16,
    _config: tempfile::NamedTempFile,
}

impl Exporter {
    fn start() -> Self {
        let good: Vec<String> = (200..300).chain([301, 304]).map(|code| code.to_string()).collect();
        let module = |name: &str, limit: &str| {
            format!(
                "  {name}:\n    prober: http\n    timeout: {limit}\n    http:\n      method: GET\n      \
                 valid_status_codes: [{}]\n      preferred_ip_protocol: ip4\n",
                good.join(", ")
            )
        };
        let config = tempfile::NamedTempFile::new().unwrap();
        let text = format!("modules:\n{}{}", module("usual", "5s"), module("short", "1s"));
        std::fs::write(config.path(), text).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new("prometheus-blackbox-exporter")
            .arg(format!("--config.file={}", config.path().display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stderr(Stdio::null())
            .spawn()
            .expect("prometheus-blackbox-exporter is missing: run deploy/install-needs test");
        let exporter = Exporter { child, port, _config: config };
        // Asking is the waiting: every refused connect is a short pause.
        let is_there = (0..20_000).any(|_| {
            std::thread::yield_now();
            ureq::get(format!("http://127.0.0.1:{port}/-/healthy")).call().is_ok()
        });
        assert!(is_there, "the exporter does not answer");
        exporter
    }

    fn finds_up(&self, url: &str, module: &str) -> bool {
        let mut ask = Url::parse(&format!("http://127.0.0.1:{}/probe", self.port)).unwrap();
        ask.query_pairs_mut().append_pair("module", module).append_pair("target", url);
        let told = run(Command::new("curl").args(["-s", "-g", "-m", "20", "--noproxy", "*", ask.as_str()]));
        let told = String::from_utf8_lossy(&told.stdout).into_owned();
        assert!(told.contains("\nprobe_success "), "{url}: {told}");
        told.contains("\nprobe_success 1\n")
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run(command: &mut Command) -> Output {
    let found = command.stdin(Stdio::null()).output();
    found.unwrap_or_else(|error| panic!("{command:?}: {error}: run deploy/install-needs test"))
}

fn curl_finds_up(url: &str, limit: &str) -> bool {
    let args = [
        "-q",
        "-s",
        "-g",
        "-L",
        "--max-redirs",
        "10",
        "--proto-redir",
        "=http,https",
        "--compressed",
        "--http1.1",
        "--noproxy",
        "*",
        "-o",
        "/dev/null",
        "-w",
        "%{http_code}",
        "-m",
        limit,
        url,
    ];
    let told = run(Command::new("curl").args(args));
    let code = String::from_utf8_lossy(&told.stdout).parse::<u16>().unwrap_or(0);
    told.status.success() && (matches!(code, 200..=299) || code == 301 || code == 304)
}

fn plugin_finds_up(url: &str, limit: &str) -> bool {
    let url = Target::parse(url).unwrap().url;
    let host = url.host_str().unwrap();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let port = url.port_or_known_default().unwrap().to_string();
    let path = &url[url::Position::BeforePath..];
    let mut command = Command::new("/usr/lib/nagios/plugins/check_http");
    command.args(["-H", host, "-I", bare, "-p", &port, "-u", path, "-t", limit, "-f", "follow", "-j", "GET"]);
    if bare.contains(':') {
        command.arg("-6");
    }
    if url.scheme() == "https" {
        command.args(["-S", "--sni"]);
    }
    run(&mut command).status.success()
}

fn verdicts(prober: &Prober, stage: &Stage, exporter: &Exporter, case: &Case) -> Verdicts {
    let url = stage.fill(&case.url);
    let second = Duration::from_secs(1);
    let check = case.check(Method::Get);
    let check = if case.waits { Check { timeout: second, ..check } } else { check };
    let (limit, module) = if case.waits { ("1", "short") } else { ("5", "usual") };
    Verdicts {
        djamon: prober.look(&Target::parse(&url).unwrap(), &check, false).outcome == Outcome::Up,
        curl: curl_finds_up(&url, limit),
        exporter: exporter.finds_up(&url, module),
        plugin: plugin_finds_up(&url, limit),
    }
}

/// The table, and how many rows agree wholly.
fn table(rows: &[(&Case, Verdicts)]) -> String {
    let word = |up: bool| if up { "up" } else { "down" };
    let mut text = String::from(
        "# Four programs, the same sites\n\nWhat Djamon, curl, Prometheus' blackbox exporter and the monitoring plugins' `check_http` make of servers that behave\n\
         and misbehave: each asks by GET, follows at most 10 redirects, reads the page, takes 200 to 299, 301 and 304 for good\n\
         and has the same limit. A test writes this table and fails when it is not true (`tests/it/corpus/differential.rs`).\n\n",
    );
    let both = rows.iter().filter(|(_, seen)| seen.curl == seen.exporter);
    let with_both = both.clone().filter(|(_, seen)| seen.djamon == seen.curl).count();
    let count = rows.len();
    let agree = |of: fn(&Verdicts) -> bool| rows.iter().filter(|(_, seen)| of(seen) == seen.djamon).count();
    writeln!(
        text,
        "{count} cases. Djamon agrees with curl in {}, with the exporter in {}, with `check_http` in {}; with both curl and\n\
         the exporter in {with_both} of the {} where those agree. The others have their reason:\n",
        agree(|seen| seen.curl),
        agree(|seen| seen.exporter),
        agree(|seen| seen.plugin),
        both.count()
    )
    .unwrap();
    for (name, reason) in REASONS {
        writeln!(text, "- `{name}`: {reason}.").unwrap();
    }
    text.push_str("\n| case | Djamon | curl | blackbox exporter | check_http |\n|---|---|---|---|---|\n");
    for (case, seen) in rows {
        let Verdicts { djamon, curl, exporter, plugin } = *seen;
        let cells = [djamon, curl, exporter, plugin].map(word).join(" | ");
        writeln!(text, "| {} | {cells} |", case.name).unwrap();
    }
    text
}

#[test]
fn where_curl_and_the_exporter_agree_djamon_agrees_or_says_why() {
    let (tls, cases) = (untrusted(), corpus::all());
    let stage = Stage::open(cases.clone(), ([127, 0, 0, 1], tls.port()).into());
    let (prober, exporter) = (prober(), Exporter::start());
    // The programs have no word for a page's contents, and follow redirects without exception here.
    let asked: Vec<_> = cases.iter().filter(|case| case.follows && case.contains.is_none()).collect();
    let rows = Mutex::new(Vec::new());
    side_by_side(&asked, |case| {
        let seen = verdicts(&prober, &stage, &exporter, case);
        rows.lock().unwrap().push((*case, seen));
    });
    let mut rows = rows.into_inner().unwrap();
    rows.sort_by_key(|(case, _)| case.name);
    let alone: Vec<_> = rows
        .iter()
        .filter(|(_, seen)| seen.curl == seen.exporter && seen.djamon != seen.curl)
        .map(|(case, seen)| format!("{}: {seen:?}", case.name))
        .collect();
    let unexplained: Vec<_> = alone
        .iter()
        .filter(|line| !REASONS.iter().any(|(name, _)| line.starts_with(&format!("{name}:"))))
        .collect();
    let table = table(&rows);
    let summary: Vec<_> = table.lines().skip_while(|line| !line.contains(" cases. ")).take(2).collect();
    tell!("differential: {}", summary.join(" "));
    if std::env::var_os("DJAMON_REWRITE").is_some() {
        std::fs::write(TABLE, &table).unwrap();
    }
    assert!(unexplained.is_empty(), "{unexplained:#?}");
    let known = std::fs::read_to_string(Path::new(TABLE)).unwrap_or_default();
    let stale: Vec<_> = table.lines().filter(|line| !known.lines().any(|known| known == *line)).collect();
    assert!(known == table, "docs/differential.md is stale (DJAMON_REWRITE=1 writes it anew): {stale:#?}");
}
