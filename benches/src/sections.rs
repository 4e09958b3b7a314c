//! What is measured, in order: each section has a name by which it can be had alone.

use std::io::Write;

use anyhow::{Result, ensure};

use crate::table::Table;
use crate::target::Target;
use crate::{alerts, crowd, honest, peers, purging, reading, recording, web, works};

/// How much is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// What takes minutes.
    Usual,
    /// Everything.
    Full,
}

/// What every section has at hand.
pub struct Bench {
    /// The sites that are probed.
    pub target: Target,
    /// Where figures go.
    pub table: Table,
    /// How much is measured.
    pub extent: Extent,
}

impl Bench {
    /// An address that proves the line.
    pub fn sandbox(&self) -> Result<String> {
        works::sandbox(&self.target)
    }
}

struct Section {
    name: &'static str,
    extent: Extent,
    measure: fn(&mut Bench) -> Result<()>,
}

const fn usual(name: &'static str, measure: fn(&mut Bench) -> Result<()>) -> Section {
    Section { name, extent: Extent::Usual, measure }
}

const fn full(name: &'static str, measure: fn(&mut Bench) -> Result<()>) -> Section {
    Section { name, extent: Extent::Full, measure }
}

const SECTIONS: &[Section] = &[
    usual("probe", |b| works::one_probe(&b.target, &mut b.table)),
    usual("start", |b| works::small_runs(&b.target, &mut b.table)),
    usual("thousand", |b| works::thousand(&b.target, &mut b.table)),
    usual("ten-thousand", |b| works::ten_thousand(&b.target, &mut b.table)),
    usual("outage", |b| works::outage(&b.target, &mut b.table)),
    usual("alerts-written", |b| alerts::written(&mut b.table)),
    usual("alerts-delivered", |b| alerts::delivered(&mut b.table)),
    usual("record", recording::minutes),
    usual("read", reading::histories),
    usual("purge", purging::purges),
    usual("honest", honest::response_times),
    usual("peers", peers::beside),
    usual("postgres", |b| works::postgres(&b.target, &mut b.table)),
    usual("late", |b| works::late(&b.target, &mut b.table)),
    usual("hanging-in-part", crowd::ten_thousand),
    usual("hanging-all", |b| works::hanging(&b.target, &mut b.table)),
    usual("unanswered", |b| works::unanswered(&mut b.table)),
    usual("web", |b| web::pages(b.extent, &mut b.table)),
    full("hundred-thousand", crowd::hundred_thousand),
];

/// Prints the names, one a line; those of `--full` say so.
pub fn list() -> Result<()> {
    let mut out = anstream::stdout();
    for section in SECTIONS {
        let when = if section.extent == Extent::Full { " (with --full, or by name)" } else { "" };
        writeln!(out, "{}{when}", section.name)?;
    }
    Ok(())
}

/// Measures the sections of `only` (all of them, when it is empty) and prints the table. Who is named is measured, however
/// long it takes.
pub fn measure(only: &[String], extent: Extent, markdown: bool) -> Result<()> {
    let is_wanted = |section: &&Section| match only {
        [] => section.extent == Extent::Usual || extent == Extent::Full,
        names => names.iter().any(|name| section.name.contains(name.as_str())),
    };
    let wanted: Vec<&Section> = SECTIONS.iter().filter(is_wanted).collect();
    ensure!(!wanted.is_empty(), "no section is called {}; see --list", only.join(" or "));
    let mut bench = Bench { target: Target::start()?, table: Table::begin(markdown)?, extent };
    for section in wanted {
        (section.measure)(&mut bench)?;
    }
    bench.table.end()
}
