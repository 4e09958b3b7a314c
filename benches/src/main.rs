//! `make bench`: whole monitoring runs of the release program, measured beside a raw loop that makes the same exchanges
//! in the same minutes. On a shared machine only the ratios and the CPU times mean something; wall times are upper bounds.
//!
//! ```text
//! djamon-benches           what takes about three minutes
//! djamon-benches --web     only the pages
//! djamon-benches --full    also 10,000 sites that hang in part, and ten million rows of history
//! ```

mod alerts;
mod client;
mod database;
mod measure;
mod monitor;
mod probes;
mod raw;
mod receiver;
mod table;
mod target;
mod web;
mod works;

use std::path::Path;

use anyhow::{Result, bail};

use self::table::Table;
use self::target::Target;
use self::works::Extent;

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] => bench(Extent::Usual),
        ["--full"] => bench(Extent::Full),
        ["--web"] => web::pages(Extent::Usual, &mut Table::begin()?),
        ["--web", "--full"] => web::pages(Extent::Full, &mut Table::begin()?),
        // What the benchmark starts itself as, so that one process's use of the machine is one thing's.
        [measure::WORD, program, arguments @ ..] => measure::inside(Path::new(program), arguments),
        [raw::WORD, count, addresses @ ..] => raw::exchange(count, addresses),
        [probes::WORD, count, addresses @ ..] => probes::make(count, addresses),
        _ => bail!("usage: djamon-benches [--web] [--full]"),
    }
}

fn bench(extent: Extent) -> Result<()> {
    let (_, most) = rlimit::getrlimit(rlimit::Resource::NOFILE)?;
    rlimit::setrlimit(rlimit::Resource::NOFILE, most, most)?;
    let target = Target::start()?;
    let mut table = Table::begin()?;
    works::one_probe(&target, &mut table)?;
    works::small_runs(&target, &mut table)?;
    works::thousand(&target, &mut table)?;
    works::ten_thousand(&target, &mut table)?;
    works::outage(&target, &mut table)?;
    alerts::written(&mut table)?;
    alerts::delivered(&mut table)?;
    works::history(extent, &mut table)?;
    works::postgres(&target, &mut table)?;
    works::late(&target, &mut table)?;
    works::hanging(&target, &mut table)?;
    works::unanswered(&mut table)?;
    web::pages(extent, &mut table)?;
    if extent == Extent::Full {
        works::hanging_in_part(&target, &mut table)?;
    }
    Ok(())
}
