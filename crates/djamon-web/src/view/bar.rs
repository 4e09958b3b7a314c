//! The bar of a site's last looks, as an SVG: one stroke per run of equal marks, cut into bars by dashes in the style
//! sheet, so that a thousand sites stay a small page. Kinds differ in shape, not only in colour: up stands half as high as
//! down, slow between them, failing is split in the middle, blind are dots, unknown is the ground line.

use std::fmt::Write;

use djamon_core::domain::recent::{MARKS, Mark};
use serde::Serialize;

use super::words;

/// How far apart two marks are.
const STEP: usize = 4;
const ALL: [Mark; 6] = [Mark::Up, Mark::Degraded, Mark::Failing, Mark::Down, Mark::Blind, Mark::Unknown];

/// A bar, newest at the right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bar {
    /// One stroke per kind of mark.
    pub strokes: Vec<Stroke>,
    /// The same in words.
    pub text: String,
}

/// All marks of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stroke {
    /// The kind.
    pub kind: &'static str,
    /// The path.
    pub d: String,
}

/// The bar of `marks`, which come newest first.
pub fn bar(marks: &[Mark]) -> Bar {
    let oldest_first: Vec<Mark> = marks.iter().take(MARKS).rev().copied().collect();
    let mut at = MARKS - oldest_first.len();
    let mut runs: Vec<(Mark, usize, usize)> = Vec::new();
    for run in oldest_first.chunk_by(|one, other| one == other) {
        runs.extend(run.first().map(|mark| (*mark, at, run.len())));
        at += run.len();
    }
    let stroke = |kind: Mark| {
        let of_kind = runs.iter().filter(|(mark, ..)| *mark == kind);
        let mut d = String::new();
        for (_, at, count) in of_kind {
            for middle in middles(kind) {
                // Text that is written into memory cannot fail to be.
                let _ = write!(d, "M{} {middle}h{}", at * STEP, count * STEP - 1);
            }
        }
        (!d.is_empty()).then(|| Stroke { kind: words::mark(kind), d })
    };
    Bar { strokes: ALL.into_iter().filter_map(stroke).collect(), text: text(&runs) }
}

/// The middles of what is drawn of a mark, in a bar of 20; the style sheet knows the strokes' widths.
const fn middles(mark: Mark) -> &'static [usize] {
    match mark {
        Mark::Up => &[15],
        Mark::Degraded => &[13],
        Mark::Failing => &[4, 16],
        Mark::Down => &[10],
        Mark::Blind => &[10],
        Mark::Unknown => &[19],
    }
}

fn text(runs: &[(Mark, usize, usize)]) -> String {
    if runs.is_empty() {
        return "No looks yet".into();
    }
    let all: usize = runs.iter().map(|(.., count)| count).sum();
    let mut text = format!("Last {all} looks:");
    for kind in ALL {
        let count: usize = runs.iter().filter(|(mark, ..)| *mark == kind).map(|(.., count)| count).sum();
        if count > 0 {
            let comma = if text.ends_with(':') { "" } else { "," };
            let _ = write!(text, "{comma} {count} {}", words::mark(kind));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_mark_stands_at_the_right() {
        let bar = bar(&[Mark::Down, Mark::Up, Mark::Up]);
        assert_eq!(
            bar.strokes,
            [Stroke { kind: "up", d: "M188 15h7".into() }, Stroke { kind: "down", d: "M196 10h3".into() }]
        );
        assert_eq!(bar.text, "Last 3 looks: 2 up, 1 down");
    }

    #[test]
    fn every_kind_has_a_shape_of_its_own() {
        let shapes: Vec<_> = ALL.iter().map(|kind| bar(&[*kind]).strokes.remove(0).d).collect();
        let distinct: std::collections::BTreeSet<_> = shapes.iter().collect();
        // Down is a full block where blind is a row of dots: the same middle, five times the width.
        assert_eq!(distinct.len(), ALL.len() - 1, "{shapes:?}");
    }

    #[test]
    fn a_site_without_looks_has_an_empty_bar() {
        assert_eq!(bar(&[]), Bar { strokes: Vec::new(), text: "No looks yet".into() });
    }
}
