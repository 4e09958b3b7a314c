//! `make bench`: whole monitoring runs of the release program, measured beside a raw loop that makes the same exchanges
//! in the same minutes. On a shared machine only the ratios and the CPU times mean something; wall times are upper bounds.
//!
//! ```text
//! djamon-benches                what takes minutes
//! djamon-benches --full         also what takes long: the largest histories, the most sites
//! djamon-benches --only purge   only the sections that are called so
//! djamon-benches --markdown     the table as Markdown
//! ```

mod alerts;
mod client;
mod crowd;
mod database;
mod histories;
mod history;
mod honest;
mod laps;
mod measure;
mod minute;
mod monitor;
mod numbers;
mod peers;
mod probes;
mod purging;
mod raw;
mod reading;
mod receiver;
mod recording;
mod sections;
mod table;
mod target;
mod web;
mod works;

use std::path::Path;

use anyhow::Result;
use clap::Parser;

use self::sections::Extent;

/// What is measured, and how it is printed.
#[derive(Debug, Parser)]
#[command(name = "djamon-benches")]
struct Words {
    /// Also measures what takes long: the largest histories, the most sites
    #[arg(long)]
    full: bool,
    /// Measures only sections whose names contain one of these
    #[arg(long, value_name = "NAME", num_args = 1..)]
    only: Vec<String>,
    /// Prints the table as Markdown
    #[arg(long)]
    markdown: bool,
    /// Lists the sections
    #[arg(long)]
    list: bool,
}

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        // What the benchmark starts itself as, so that one process's use of the machine is one thing's.
        [measure::WORD, program, arguments @ ..] => measure::inside(Path::new(program), arguments),
        [raw::WORD, threads, count, addresses @ ..] => raw::exchange(threads, count, addresses),
        [probes::WORD, count, addresses @ ..] => probes::make(count, addresses),
        _ => bench(&Words::parse()),
    }
}

fn bench(words: &Words) -> Result<()> {
    if words.list {
        return sections::list();
    }
    let (_, most) = rlimit::getrlimit(rlimit::Resource::NOFILE)?;
    rlimit::setrlimit(rlimit::Resource::NOFILE, most, most)?;
    let extent = if words.full { Extent::Full } else { Extent::Usual };
    sections::measure(&words.only, extent, words.markdown)
}
