//! Response times as a line chart, from zero: the median and the 95th percentile, with outages and blind times as bands.
//! A series goes in; paths, ticks and a table of the same figures come out. Colours and widths are the style sheet's.
//!
//! The drawing is [`WIDTH`] × [`HEIGHT`] and is stretched to the page's width; words stand beside it, in shares of the
//! width, so that they keep their size on a phone.

use djamon_core::domain::Instant;
use djamon_core::domain::series::Window;
use djamon_core::domain::uptime::{Open, Tally, percent};
use djamon_core::store::series::Stretch;
use serde::Serialize;

use super::range::{in_words, together};
use super::ticks::{self, Tick};
use super::time::{When, span, took, when};

/// How wide the drawing is.
pub const WIDTH: i64 = 1000;
/// How high the drawing is.
pub const HEIGHT: i64 = 160;

/// What a stretch of time was like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// Its beginning.
    pub from: Instant,
    /// Its end, which is not part of it.
    pub to: Instant,
    /// Half of the good looks were faster than this; `None` without any.
    pub median_ms: Option<u32>,
    /// 95 % of the good looks were faster than this.
    pub p95_ms: Option<u32>,
    /// How long it was up, down and blind.
    pub tally: Tally,
}

/// A chart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Chart {
    /// What it shows, in a sentence.
    text: String,
    median: String,
    p95: String,
    bands: Vec<Band>,
    y: Vec<Tick>,
    x: Vec<Tick>,
    rows: Vec<Row>,
    /// Whether there is a line to see.
    is_empty: bool,
}

/// A time when the site was down or nobody could see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Band {
    kind: &'static str,
    x: i64,
    width: i64,
    text: String,
}

/// A point in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Row {
    /// Where its middle stands.
    x: i64,
    at: When,
    median: Option<String>,
    p95: Option<String>,
    uptime: Option<String>,
    note: String,
}

/// The time that is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    /// Its left end.
    pub from: Instant,
    /// Its right end.
    pub to: Instant,
}

impl Frame {
    /// Where `at` stands in a drawing that is `width` wide; what lies outside stands at the edge.
    pub fn x(&self, at: Instant, width: i64) -> i64 {
        let whole = self.to.ms().saturating_sub(self.from.ms()).max(1);
        let part = at.ms().saturating_sub(self.from.ms()).clamp(0, whole);
        part.saturating_mul(width) / whole
    }

    fn holds(&self, from: Instant, to: Instant) -> bool {
        from < self.to && to > self.from
    }
}

impl Chart {
    /// The chart of `points`, oldest first, over `window` up to `now`. `outages` are when the site was in one.
    pub fn new(window: Window, points: &[Point], outages: &[(Instant, Instant)], now: Instant) -> Self {
        let frame = Frame { from: window.from(now), to: now };
        let points: Vec<&Point> = points.iter().filter(|point| frame.holds(point.from, point.to)).collect();
        let highest = points.iter().filter_map(|point| point.p95_ms.max(point.median_ms)).max();
        let top = ticks::top(highest.unwrap_or(0));
        let line = |value: fn(&Point) -> Option<u32>| line(&frame, &points, top, value);
        let chart = Chart {
            text: String::new(),
            median: line(|point| point.median_ms),
            p95: line(|point| point.p95_ms),
            bands: bands(&frame, &points, outages, now),
            y: ticks::of_value(top, HEIGHT),
            x: ticks::of_time(window, frame.from, frame.to),
            rows: points.iter().map(|point| row(&frame, point, now)).collect(),
            is_empty: highest.is_none(),
        };
        Chart { text: chart.say(window, highest), ..chart }
    }

    fn say(&self, window: Window, highest: Option<u32>) -> String {
        let over = in_words(window);
        let Some(highest) = highest else { return format!("No response times in the last {over}") };
        let count = |kind: &str| self.bands.iter().filter(|band| band.kind == kind).count();
        let bands = |count: usize, one: &str, more: &str| match count {
            0 => String::new(),
            1 => format!(", {one}"),
            count => format!(", {count} {more}"),
        };
        format!(
            "Response times of the last {over}: 95 of 100 looks were never slower than {}{}{}",
            took(highest),
            bands(count("down"), "one outage", "outages"),
            bands(count("blind"), "one time without sight", "times without sight"),
        )
    }
}

/// The points of what is known of `window`, oldest first: neighbours together where there are many.
pub fn points(window: Window, stretches: &[Stretch]) -> Vec<Point> {
    let most = together(window);
    let neighbours = stretches.chunk_by(|one, other| one.to == other.from);
    let point = |together: &[Stretch]| {
        let (first, last) = together.first().zip(together.last())?;
        let mut open = Open::default();
        together.iter().for_each(|stretch| open.add_span(&stretch.open));
        Some(Point {
            from: first.from,
            to: last.to,
            median_ms: open.times.quantile(500),
            p95_ms: open.times.quantile(950),
            tally: open.tally,
        })
    };
    neighbours.flat_map(|run| run.chunks(most)).filter_map(point).collect()
}

/// One stroke per stretch without gaps; a point that stands alone is a dot.
fn line(frame: &Frame, points: &[&Point], top: u32, value: fn(&Point) -> Option<u32>) -> String {
    let mut d = String::new();
    let mut pen: Option<Instant> = None;
    let mut is_alone = false;
    for point in points {
        let Some(ms) = value(point) else { continue };
        let x = middle(frame, point);
        let y = HEIGHT - i64::from(ms) * HEIGHT / i64::from(top.max(1));
        if pen == Some(point.from) {
            d.push_str(&format!("L{x} {y}"));
            is_alone = false;
        } else {
            if is_alone {
                d.push_str("h1");
            }
            d.push_str(&format!("M{x} {y}"));
            is_alone = true;
        }
        pen = Some(point.to);
    }
    if is_alone {
        d.push_str("h1");
    }
    d
}

fn middle(frame: &Frame, point: &Point) -> i64 {
    let (from, to) = (point.from.max(frame.from), point.to.min(frame.to));
    frame.x(Instant::from_ms(from.ms() + (to.ms() - from.ms()) / 2), WIDTH)
}

/// The outages, and the points in which nobody could see for a while, neighbours together.
fn bands(frame: &Frame, points: &[&Point], outages: &[(Instant, Instant)], now: Instant) -> Vec<Band> {
    let band = |kind: &'static str, from: Instant, to: Instant, what: String| {
        let (x, end) = (frame.x(from, WIDTH), frame.x(to, WIDTH));
        // A short one would not be seen.
        let width = (end - x).max(3);
        Band { kind, x: x.min(WIDTH - width), width, text: what }
    };
    let seen = outages.iter().filter(|(from, to)| frame.holds(*from, *to));
    let down = seen.map(|(from, to)| {
        let what = format!("Down for {}, from {}", span(to.since(*from)), when(*from, now).text);
        band("down", *from, *to, what)
    });
    let neighbours = points
        .chunk_by(|one, other| one.tally.blind_ms > 0 && other.tally.blind_ms > 0 && one.to == other.from);
    let blind = neighbours.filter_map(|together| {
        let (first, last) = together.first().zip(together.last())?;
        let blind_ms: i64 = together.iter().map(|point| point.tally.blind_ms).sum();
        let length = std::time::Duration::from_millis(u64::try_from(blind_ms).unwrap_or(0));
        let what = format!("Blind for {} after {}", span(length), when(first.from, now).text);
        (blind_ms > 0).then(|| band("blind", first.from, last.to, what))
    });
    down.chain(blind).collect()
}

fn row(frame: &Frame, point: &Point, now: Instant) -> Row {
    let length = |ms: i64| span(std::time::Duration::from_millis(u64::try_from(ms).unwrap_or(0)));
    let noted = [("down", point.tally.down_ms), ("blind", point.tally.blind_ms)];
    let noted =
        noted.into_iter().filter(|(_, ms)| *ms > 0).map(|(what, ms)| format!("{what} {}", length(ms)));
    Row {
        x: middle(frame, point),
        at: when(point.from, now),
        median: point.median_ms.map(took),
        p95: point.p95_ms.map(took),
        uptime: point.tally.uptime_ppm().map(percent),
        note: noted.collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
#[path = "chart_tests.rs"]
mod tests;
