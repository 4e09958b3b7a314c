//! How tables, colours and JSON look. Colour marks what a word already says; where nobody looks (no terminal, NO_COLOR)
//! the writer under it takes colours out again.

use std::io::Write;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use comfy_table::{ContentArrangement, presets::NOTHING};
use djamon_core::domain::status::State;
use djamon_core::domain::text;
use serde::Serialize;

use crate::app::Failure;

/// Lines of aligned cells under a heading; the first cell of a line may have a colour.
pub struct Table {
    table: comfy_table::Table,
    styles: Vec<Style>,
}

impl Table {
    /// A table with this heading and no lines.
    pub fn new<const N: usize>(heading: [&str; N]) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled).set_header(heading);
        Table { table, styles: vec![Style::new().bold()] }
    }

    /// Adds a line.
    pub fn line<const N: usize>(&mut self, style: Style, cells: [String; N]) {
        self.table.add_row(cells.map(|cell| text::plain(&cell, 500)));
        self.styles.push(style);
    }

    /// Whether there is no line.
    pub fn is_empty(&self) -> bool {
        self.styles.len() == 1
    }

    /// Writes heading and lines; nothing at all when there is no line.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write(mut self, out: &mut dyn Write) -> Result<(), Failure> {
        if self.is_empty() {
            return Ok(());
        }
        for column in self.table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        for (line, style) in self.table.lines().zip(self.styles) {
            let line = line.trim_end();
            let (first, rest) = line.split_at(line.find("  ").unwrap_or(line.len()));
            writeln!(out, "{style}{first}{style:#}{rest}")?;
        }
        Ok(())
    }
}

/// The colour of a state.
pub fn colour(state: State) -> Style {
    match state {
        State::Down => AnsiColor::Red.on_default().bold(),
        State::Failing => AnsiColor::Yellow.on_default(),
        State::Unknown | State::Paused => Style::new().dimmed(),
        State::Up => AnsiColor::Green.on_default(),
    }
}

/// Writes one JSON value on lines of its own.
///
/// # Errors
/// What the writer says.
pub fn json(out: &mut dyn Write, value: &impl Serialize) -> Result<(), Failure> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    Ok(writeln!(out)?)
}

/// A length of time at a glance: its two largest units (`3d 4h`, `12m 5s`).
pub fn at_a_glance(length: Duration) -> String {
    let seconds = length.as_secs();
    let units = [("d", 86_400, u64::MAX), ("h", 3600, 24), ("m", 60, 60), ("s", 1, 60)];
    let parts = units.map(|(unit, size, round)| (unit, seconds / size % round));
    let from = parts.iter().position(|(_, count)| *count > 0).unwrap_or(parts.len() - 1);
    let shown = parts.iter().skip(from).take(2).filter(|(_, count)| *count > 0 || seconds == 0);
    shown.map(|(unit, count)| format!("{count}{unit}")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_aligned_and_has_no_spaces_at_its_ends() {
        let mut table = Table::new(["STATE", "SITE", "DETAIL"]);
        table.line(Style::new(), ["down".into(), "überall".into(), "no\tanswer".into()]);
        table.line(Style::new(), ["up".into(), "b".into(), String::new()]);
        let mut out = Vec::new();
        table.write(&mut anstream::StripStream::new(&mut out)).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, "STATE  SITE     DETAIL\ndown   überall  no\\tanswer\nup     b\n");
    }

    #[test]
    fn lengths_of_time_are_short() {
        let glance = |seconds| at_a_glance(Duration::from_secs(seconds));
        assert_eq!(glance(0), "0s");
        assert_eq!(glance(59), "59s");
        assert_eq!(glance(725), "12m 5s");
        assert_eq!(glance(3600), "1h");
        assert_eq!(glance(400_000), "4d 15h");
    }
}
