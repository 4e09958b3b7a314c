//! The same 1,000 sites asked by what people have at hand: `curl --parallel`, which stores nothing, and `check_http`, a
//! process for each.

use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result};

use crate::measure::{self, Spent};
use crate::monitor::Monitor;
use crate::sections::Bench;
use crate::table::Bar::{self, Ratio};
use crate::table::Figure;
use crate::target::Manner;

const SITES: usize = 1000;
/// Of so many `check_http` the rest is reckoned.
const SAMPLE: usize = 100;
const CHECK_HTTP: &str = "/usr/lib/nagios/plugins/check_http";
const RUNS: usize = 5;

/// CPU time of a whole run beside theirs.
pub fn beside(bench: &mut Bench) -> Result<()> {
    let monitor = Monitor::new(&bench.sandbox()?)?;
    monitor.add(bench.target.urls(Manner::Fast, SITES), None)?;
    for _ in 0..RUNS {
        monitor.run()?;
    }
    let directory = tempfile::tempdir()?;
    let urls: Vec<String> = bench.target.urls(Manner::Fast, SITES).collect();
    let pairs = (0..RUNS).map(|_| Ok((monitor.run()?, curl(&urls, directory.path())?)));
    let pairs = pairs.collect::<Result<Vec<_>>>()?;
    let (run, curl) = pairs.into_iter().reduce(|a, b| (a.0.lower(b.0), a.1.lower(b.1))).context("no runs")?;
    let cpu = |spent: Spent| Figure::Time(spent.cpu);
    let title = "1,000 sites: CPU, beside curl --parallel";
    bench.table.row(title, cpu(run), Some(cpu(curl)), Ratio(1.0))?;
    let (wall, of_curl) = (Figure::Time(run.wall), Some(Figure::Time(curl.wall)));
    bench.table.row("1,000 sites: wall, beside curl --parallel", wall, of_curl, Bar::None)?;

    let title = "1,000 sites: CPU, beside check_http a process each";
    if !Path::new(CHECK_HTTP).exists() {
        return bench.table.skip(title, "no check_http");
    }
    let sample = check_http(bench)?.cpu;
    let all = sample * u32::try_from(SITES / SAMPLE)?;
    bench.table.row(title, cpu(run), Some(Figure::Time(all)), Ratio(0.05))
}

fn curl(urls: &[String], directory: &Path) -> Result<Spent> {
    let mut list = String::new();
    for url in urls {
        writeln!(list, "url = {url:?}\noutput = /dev/null")?;
    }
    std::fs::write(directory.join("list"), list)?;
    let words = [
        "--silent",
        "--no-progress-meter",
        "--head",
        "--max-time",
        "5",
        "--parallel",
        "--parallel-max",
        "64",
        "--config",
        "list",
    ];
    measure::program(Path::new("/usr/bin/curl"), &words, directory)
}

/// A sample, one after the other, so that none waits for a processor.
fn check_http(bench: &Bench) -> Result<Spent> {
    let mut script = String::new();
    for address in bench.target.addresses(Manner::Fast).iter().cycle().take(SAMPLE) {
        let (host, port) = (address.ip(), address.port());
        writeln!(script, "{CHECK_HTTP} -I {host} -p {port} -j HEAD -t 5 || exit 1")?;
    }
    measure::program(Path::new("/bin/sh"), &["-c", &script], Path::new("/"))
}
