//! The one table that is printed, row by row as it is measured. It knows how figures look and what a bar means.

use std::io::Write;
use std::time::Duration;

use anyhow::Result;

/// A figure.
#[derive(Debug, Clone, Copy)]
pub enum Figure {
    /// A time.
    Time(Duration),
    /// A size in bytes.
    Bytes(f64),
    /// A number of things.
    Count(u64),
    /// So many things a second.
    Rate(f64),
    /// So many times as much.
    Times(f64),
}

impl Figure {
    fn number(self) -> f64 {
        match self {
            Figure::Time(time) => time.as_secs_f64(),
            Figure::Bytes(number) | Figure::Rate(number) | Figure::Times(number) => number,
            Figure::Count(count) => f64::from(u32::try_from(count).unwrap_or(u32::MAX)),
        }
    }
}

impl std::fmt::Display for Figure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = match *self {
            Figure::Time(time) if time < Duration::from_millis(1) => {
                format!("{:.0} µs", time.as_secs_f64() * 1e6)
            }
            Figure::Time(time) if time < Duration::from_millis(100) => {
                format!("{:.1} ms", time.as_secs_f64() * 1e3)
            }
            Figure::Time(time) if time < Duration::from_secs(1) => {
                format!("{:.0} ms", time.as_secs_f64() * 1e3)
            }
            Figure::Time(time) => format!("{:.2} s", time.as_secs_f64()),
            Figure::Bytes(bytes) if bytes < 10_000.0 => format!("{bytes:.0} B"),
            Figure::Bytes(bytes) => format!("{:.1} MB", bytes / 1e6),
            Figure::Count(count) => count.to_string(),
            Figure::Rate(rate) => format!("{rate:.0}/s"),
            Figure::Times(times) => format!("{times:.2}"),
        };
        f.pad(&text)
    }
}

/// What a figure must keep to.
#[derive(Debug, Clone, Copy)]
pub enum Bar {
    /// The measured figure is at most this.
    AtMost(Figure),
    /// The measured figure is at least this.
    AtLeast(Figure),
    /// The measured figure is exactly this.
    Exactly(Figure),
    /// The measured figure is at most so many times the reference.
    Ratio(f64),
    /// Nothing is asked of it.
    None,
}

/// The table.
pub struct Table {
    is_markdown: bool,
    kept: usize,
    short: Vec<String>,
}

impl Table {
    /// Prints the head.
    pub fn begin(is_markdown: bool) -> Result<Table> {
        let table = Table { is_markdown, kept: 0, short: Vec::new() };
        table.line(&["work", "measured", "reference", "ratio", "bar", "verdict"].map(str::to_owned))?;
        if is_markdown {
            writeln!(anstream::stdout(), "|---|---:|---:|---:|---:|---|")?;
        }
        Ok(table)
    }

    /// Prints a row.
    pub fn row(&mut self, work: &str, measured: Figure, reference: Option<Figure>, bar: Bar) -> Result<()> {
        let ratio = reference.map(|reference| measured.number() / reference.number());
        let holds = match bar {
            Bar::AtMost(most) => Some(measured.number() <= most.number()),
            Bar::AtLeast(least) => Some(measured.number() >= least.number()),
            Bar::Exactly(wanted) => Some(measured.to_string() == wanted.to_string()),
            Bar::Ratio(most) => Some(ratio.is_some_and(|ratio| ratio <= most)),
            Bar::None => None,
        };
        let bar = match bar {
            Bar::AtMost(most) => format!("≤ {most}"),
            Bar::AtLeast(least) => format!("≥ {least}"),
            Bar::Exactly(wanted) => format!("= {wanted}"),
            Bar::Ratio(most) => format!("≤ {most} ×"),
            Bar::None => String::new(),
        };
        let verdict = match holds {
            Some(true) => {
                self.kept += 1;
                "ok"
            }
            Some(false) => {
                self.short.push(work.to_owned());
                "short"
            }
            None => "",
        };
        let shown = |figure: Option<Figure>| figure.map_or(String::new(), |figure| figure.to_string());
        self.line(&[
            work.to_owned(),
            measured.to_string(),
            shown(reference),
            shown(ratio.map(Figure::Times)),
            bar,
            verdict.to_owned(),
        ])
    }

    /// Says what could not be measured, and why.
    pub fn skip(&mut self, work: &str, why: &str) -> Result<()> {
        self.line(&[
            work.to_owned(),
            why.to_owned(),
            String::new(),
            String::new(),
            String::new(),
            String::new(),
        ])
    }

    /// Says how many bars were kept to, and which were not.
    pub fn end(self) -> Result<()> {
        let mut out = anstream::stdout();
        let bars = self.kept + self.short.len();
        writeln!(out, "\n{} of {bars} bars are kept to.", self.kept)?;
        if self.is_markdown && !self.short.is_empty() {
            writeln!(out)?;
        }
        for work in self.short {
            writeln!(out, "- short: {work}")?;
        }
        Ok(())
    }

    fn line(&self, cells: &[String; 6]) -> Result<()> {
        let [work, measured, reference, ratio, bar, verdict] = cells;
        let line = match self.is_markdown {
            true => format!("| {} |", cells.join(" | ")),
            false => format!("{work:<64} {measured:>10} {reference:>10} {ratio:>6} {bar:>10}  {verdict}"),
        };
        Ok(writeln!(anstream::stdout(), "{}", line.trim_end())?)
    }
}
