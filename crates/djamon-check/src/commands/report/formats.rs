//! How a report is written: a table, CSV, JSON, or a page of its own.

use std::io::Write;
use std::time::Duration;

use anstyle::Style;
use djamon_core::calendar::{date_of, date_time, rfc3339};
use djamon_core::domain::report::{Line, NamedLine};
use djamon_core::domain::uptime::percent;
use djamon_core::domain::{Instant, text};
use serde::Serialize;
use tera::{Context, Tera};

use super::Report;
use crate::app::Failure;
use crate::output::{self, Table, at_a_glance};

const TEMPLATE: &str = include_str!("../../../../../templates/report/report.html");

/// What is written of a line, in every format alike.
#[derive(Serialize)]
struct Figures {
    uptime: Option<f64>,
    coverage: Option<f64>,
    watched_ms: i64,
    up_ms: i64,
    degraded_ms: i64,
    down_ms: i64,
    blind_ms: i64,
    unknown_ms: i64,
    looks: u32,
    failures: u32,
    outages: u32,
    time_to_detect_ms: Option<i64>,
    time_to_recover_ms: Option<i64>,
    longest_outage_ms: Option<i64>,
    median_ms: Option<u32>,
    p95_ms: Option<u32>,
    p99_ms: Option<u32>,
}

impl From<&Line> for Figures {
    fn from(line: &Line) -> Self {
        let share = |ppm: Option<u32>| ppm.map(|ppm| f64::from(ppm) / 1e6);
        Figures {
            uptime: share(line.uptime_ppm()),
            coverage: share(line.coverage_ppm()),
            watched_ms: line.watched_ms,
            up_ms: line.up_ms,
            degraded_ms: line.degraded_ms,
            down_ms: line.down_ms,
            blind_ms: line.blind_ms,
            unknown_ms: line.unknown_ms(),
            looks: line.looks,
            failures: line.failures,
            outages: line.outages,
            time_to_detect_ms: line.detect.ms(),
            time_to_recover_ms: line.recover.ms(),
            longest_outage_ms: line.longest_ms,
            median_ms: line.median_ms,
            p95_ms: line.p95_ms,
            p99_ms: line.p99_ms,
        }
    }
}

#[derive(Serialize)]
struct Item<'a> {
    site: &'a str,
    name: &'a str,
    group: Option<&'a str>,
    removed_at: Option<String>,
    #[serde(flatten)]
    figures: Figures,
}

impl<'a> From<&'a NamedLine> for Item<'a> {
    fn from(named: &'a NamedLine) -> Self {
        Item {
            site: &named.slug,
            name: &named.name,
            group: named.group.as_deref(),
            removed_at: named.removed_at.map(rfc3339),
            figures: Figures::from(&named.line),
        }
    }
}

impl Report {
    fn total(&self) -> Line {
        Line::sum(self.lines.iter().map(|named| &named.line))
    }

    /// `name` as people read it in the line of `of`: with the day of its removal, if there was one.
    fn called(&self, name: &str, of: &NamedLine) -> String {
        match of.removed_at {
            Some(at) => format!("{name} (removed {})", date_of(self.zone.day_of(at))),
            None => name.to_owned(),
        }
    }

    fn first_day(&self) -> String {
        date_of(self.from).to_string()
    }

    fn last_day(&self) -> String {
        date_of(self.to - 1).to_string()
    }
}

/// What people read of a line: uptime, coverage, outages, and lengths of time.
fn cells(line: &Line) -> [String; 10] {
    let dash = || "-".to_owned();
    let share = |ppm: Option<u32>| ppm.map_or_else(dash, |ppm| format!("{} %", percent(ppm)));
    let length = |ms: i64| at_a_glance(Duration::from_millis(ms.max(0).unsigned_abs()));
    let time = |ms: Option<u32>| ms.map_or_else(dash, |ms| format!("{ms} ms"));
    [
        share(line.uptime_ppm()),
        share(line.coverage_ppm()),
        text::count(line.outages),
        length(line.down_ms),
        line.longest_ms.map_or_else(dash, length),
        line.detect.ms().map_or_else(dash, length),
        line.recover.ms().map_or_else(dash, length),
        length(line.blind_ms),
        time(line.median_ms),
        time(line.p95_ms),
    ]
}

pub(super) fn table(report: &Report, out: &mut dyn Write) -> Result<(), Failure> {
    let frozen = report.frozen_at.map(|at| format!(", frozen {}", date_time(at, &report.zone)));
    writeln!(
        out,
        "{} to {}, {}{}",
        report.first_day(),
        report.last_day(),
        report.zone.name(),
        frozen.unwrap_or_default()
    )?;
    let mut table = Table::new([
        "SITE",
        "UPTIME",
        "KNOWN",
        "OUTAGES",
        "DOWN",
        "LONGEST",
        "DETECTED",
        "RECOVERED",
        "BLIND",
        "MEDIAN",
        "95 %",
    ]);
    let line = |style, name: &str, line: &Line, table: &mut Table| {
        let [a, b, c, d, e, f, g, h, i, j] = cells(line);
        table.line(style, [name.to_owned(), a, b, c, d, e, f, g, h, i, j]);
    };
    for named in &report.lines {
        line(Style::new(), &report.called(&named.slug, named), &named.line, &mut table);
    }
    if report.lines.len() > 1 {
        line(Style::new().bold(), "all", &report.total(), &mut table);
    }
    table.write(out)
}

pub(super) fn json(report: &Report, out: &mut dyn Write) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Whole<'a> {
        from: String,
        to: String,
        time_zone: &'a str,
        frozen_at: Option<String>,
        items: Vec<Item<'a>>,
        total: Figures,
    }
    let whole = Whole {
        from: report.first_day(),
        to: report.last_day(),
        time_zone: report.zone.name(),
        frozen_at: report.frozen_at.map(rfc3339),
        items: report.lines.iter().map(Item::from).collect(),
        total: Figures::from(&report.total()),
    };
    output::json(out, &whole)
}

/// RFC 4180: a heading, a line a site, CR LF. A cell that a spreadsheet would take for a formula begins with `'`.
pub(super) fn csv(report: &Report, out: &mut dyn Write) -> Result<(), Failure> {
    let mut csv = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    let failed = |error: csv::Error| match error.into_kind() {
        csv::ErrorKind::Io(error) => Failure::from(error),
        other => Failure::failed(format!("cannot write the report: {other:?}")),
    };
    let heading = "site,name,group,from,to,uptime_percent,coverage_percent,watched_ms,up_ms,degraded_ms,down_ms,blind_ms,\
                   unknown_ms,looks,failures,outages,time_to_detect_ms,time_to_recover_ms,longest_outage_ms,median_ms,\
                   p95_ms,p99_ms,removed_at";
    csv.write_record(heading.split(',')).map_err(failed)?;
    for named in &report.lines {
        let (line, figures) = (&named.line, Figures::from(&named.line));
        let share = |ppm: Option<u32>| ppm.map(percent).unwrap_or_default();
        let number = |ms: Option<i64>| ms.map(|ms| ms.to_string()).unwrap_or_default();
        let time = |ms: Option<u32>| number(ms.map(i64::from));
        let cells = [
            guarded(&named.slug),
            guarded(&named.name),
            guarded(named.group.as_deref().unwrap_or_default()),
            report.first_day(),
            report.last_day(),
            share(line.uptime_ppm()),
            share(line.coverage_ppm()),
            figures.watched_ms.to_string(),
            figures.up_ms.to_string(),
            figures.degraded_ms.to_string(),
            figures.down_ms.to_string(),
            figures.blind_ms.to_string(),
            figures.unknown_ms.to_string(),
            figures.looks.to_string(),
            figures.failures.to_string(),
            figures.outages.to_string(),
            number(figures.time_to_detect_ms),
            number(figures.time_to_recover_ms),
            number(figures.longest_outage_ms),
            time(figures.median_ms),
            time(figures.p95_ms),
            time(figures.p99_ms),
            named.removed_at.map(rfc3339).unwrap_or_default(),
        ];
        csv.write_record(cells).map_err(failed)?;
    }
    Ok(csv.flush()?)
}

/// A text that no spreadsheet computes.
fn guarded(text: &str) -> String {
    match text.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r') => format!("'{text}"),
        _ => text.to_owned(),
    }
}

/// One page without scripts, fonts or pictures from elsewhere.
pub(super) fn html(report: &Report, now: Instant, out: &mut dyn Write) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Row<'a> {
        name: String,
        group: &'a str,
        cells: [String; 10],
    }
    let row = |name, group, line| Row { name, group, cells: cells(line) };
    let rows = report.lines.iter();
    let rows =
        rows.map(|of| row(report.called(&of.name, of), of.group.as_deref().unwrap_or_default(), &of.line));
    let rows: Vec<Row> = rows.collect();
    let mut context = Context::new();
    context.insert("from", &report.first_day());
    context.insert("to", &report.last_day());
    context.insert("zone", report.zone.name());
    context.insert("frozen", &report.frozen_at.map(|at| date_time(at, &report.zone)).unwrap_or_default());
    context.insert("made", &date_time(now, &report.zone));
    context.insert("rows", &rows);
    context.insert("total", &row("All".to_owned(), "", &report.total()));
    let mut tera = Tera::new();
    let page =
        tera.add_raw_template("report.html", TEMPLATE).and_then(|()| tera.render("report.html", &context));
    let page =
        page.map_err(|error| Failure::failed(format!("the template of reports: {error}; please report it")))?;
    Ok(out.write_all(page.as_bytes())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(guarded(text), format!("'{text}"));
        }
        assert_eq!((guarded("shop"), guarded("")), ("shop".to_owned(), String::new()));
    }
}
