//! What a report tells of each site: its time, its outages, its response times. Pure; the store gathers, the commands show.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::times::Times;
use super::uptime::Tally;
use super::{Instant, OutageId};

/// A stretch of time; `to` is not part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// Its beginning.
    pub from: Instant,
    /// Its end.
    pub to: Instant,
}

impl Range {
    /// How long it is, in ms.
    pub fn ms(self) -> i64 {
        self.to.ms().saturating_sub(self.from.ms()).max(0)
    }

    fn has(self, at: Instant) -> bool {
        self.from <= at && at < self.to
    }
}

/// One part that a site had in an outage. It has several in one that it leaves and comes back into, or that several places see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Down {
    /// Which outage.
    pub outage: OutageId,
    /// Its first failed look.
    pub from: Instant,
    /// The look that confirmed it.
    pub detected_at: Instant,
    /// When it left; `None` while it is down.
    pub to: Option<Instant>,
    /// Whether it left because it was back.
    pub recovered: bool,
}

/// A number of lengths of time and their sum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mean {
    /// The sum, in ms.
    pub sum_ms: i64,
    /// How many.
    pub count: u32,
}

impl Mean {
    fn add(&mut self, from: Instant, to: Instant) {
        self.sum_ms += to.ms().saturating_sub(from.ms()).max(0);
        self.count += 1;
    }

    fn add_all(&mut self, other: Mean) {
        self.sum_ms += other.sum_ms;
        self.count += other.count;
    }

    /// The mean, in whole ms.
    pub fn ms(self) -> Option<i64> {
        (self.count > 0).then(|| self.sum_ms / i64::from(self.count))
    }
}

/// One line of a report: a site's, or the sum of several. Frozen months hold it as JSON: fields are added, never changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// How long it was watched or could have been, in ms: from when the site was made, until it was removed or now.
    pub watched_ms: i64,
    /// Up, slow or not.
    pub up_ms: i64,
    /// Of it, slow.
    pub degraded_ms: i64,
    /// Down.
    pub down_ms: i64,
    /// The monitor's own line was dead.
    pub blind_ms: i64,
    /// Looks.
    pub looks: u32,
    /// Of them, failed.
    pub failures: u32,
    /// Outages that touch the range.
    pub outages: u32,
    /// From the first failed look to the one that confirmed it, of outages detected in the range.
    pub detect: Mean,
    /// From the first failed look to the first good one, of outages that ended so in the range.
    pub recover: Mean,
    /// The longest outage, as far as it lies in the range, in ms.
    pub longest_ms: Option<i64>,
    /// Response times of good looks, in ms: their median.
    pub median_ms: Option<u32>,
    /// What 95 of 100 do not exceed.
    pub p95_ms: Option<u32>,
    /// What 99 of 100 do not exceed.
    pub p99_ms: Option<u32>,
}

impl Line {
    /// The line of a site of which `tally`, `times` and `downs` are known for `range`.
    /// `range` is as much of the report's as the site was there.
    pub fn of(range: Range, tally: &Tally, times: &Times, downs: &[Down]) -> Self {
        let mut line = Line {
            watched_ms: range.ms(),
            up_ms: tally.up_ms,
            degraded_ms: tally.degraded_ms,
            down_ms: tally.down_ms,
            blind_ms: tally.blind_ms,
            looks: tally.looks,
            failures: tally.failures,
            median_ms: times.quantile(500),
            p95_ms: times.quantile(950),
            p99_ms: times.quantile(990),
            ..Line::default()
        };
        let mut outages = BTreeSet::new();
        for down in downs {
            let to = down.to.unwrap_or(range.to).min(range.to);
            let from = down.from.max(range.from);
            if from >= range.to || to < from {
                continue;
            }
            outages.insert(down.outage.0);
            line.longest_ms = line.longest_ms.max(Some(to.ms() - from.ms()));
            if range.has(down.detected_at) {
                line.detect.add(down.from, down.detected_at);
            }
            if let Some(to) = down.to.filter(|to| down.recovered && range.has(*to)) {
                line.recover.add(down.from, to);
            }
        }
        line.outages = u32::try_from(outages.len()).unwrap_or(u32::MAX);
        line
    }

    /// The sum of several lines. Percentiles do not add up and are left out.
    pub fn sum<'a>(lines: impl IntoIterator<Item = &'a Line>) -> Self {
        lines.into_iter().fold(Line::default(), |mut sum, line| {
            sum.watched_ms += line.watched_ms;
            sum.up_ms += line.up_ms;
            sum.degraded_ms += line.degraded_ms;
            sum.down_ms += line.down_ms;
            sum.blind_ms += line.blind_ms;
            sum.looks = sum.looks.saturating_add(line.looks);
            sum.failures = sum.failures.saturating_add(line.failures);
            sum.outages += line.outages;
            sum.detect.add_all(line.detect);
            sum.recover.add_all(line.recover);
            sum.longest_ms = sum.longest_ms.max(line.longest_ms);
            sum
        })
    }

    fn tally(&self) -> Tally {
        Tally { up_ms: self.up_ms, down_ms: self.down_ms, ..Tally::default() }
    }

    /// up / (up + down), in millionths, floored.
    pub fn uptime_ppm(&self) -> Option<u32> {
        self.tally().uptime_ppm()
    }

    /// The share of the time that is known to have been up or down, in millionths, floored.
    pub fn coverage_ppm(&self) -> Option<u32> {
        self.tally().coverage_ppm(self.watched_ms)
    }

    /// What nobody vouches for, in ms.
    pub fn unknown_ms(&self) -> i64 {
        (self.watched_ms - self.up_ms - self.down_ms - self.blind_ms).max(0)
    }
}

/// A site's line and what it is called by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedLine {
    /// The site's slug.
    pub slug: String,
    /// The site's name.
    pub name: String,
    /// Its group's slug.
    pub group: Option<String>,
    /// When the site was removed, if it was; tells it from another one that had or has its slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_at: Option<Instant>,
    /// Its line.
    #[serde(flatten)]
    pub line: Line,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_over_the_border_counts_on_both_sides_and_is_cut_there() {
        let at = Instant::from_ms;
        let down = Down {
            outage: OutageId(1),
            from: at(900),
            detected_at: at(950),
            to: Some(at(1200)),
            recovered: true,
        };
        let line = |from, to| {
            let range = Range { from: at(from), to: at(to) };
            let line = Line::of(range, &Tally::default(), &Times::default(), &[down]);
            (line.outages, line.longest_ms, line.detect.ms(), line.recover.ms())
        };
        assert_eq!(line(0, 1000), (1, Some(100), Some(50), None));
        assert_eq!(line(1000, 2000), (1, Some(200), None, Some(300)));
        assert_eq!(line(1300, 2000), (0, None, None, None));
        assert_eq!(line(0, 900), (0, None, None, None));
    }

    #[test]
    fn lines_add_up() {
        let mean = |sum_ms, count| Mean { sum_ms, count };
        let one = Line { up_ms: 90, down_ms: 10, watched_ms: 200, detect: mean(10, 1), ..Line::default() };
        let other =
            Line { up_ms: 100, watched_ms: 100, detect: mean(30, 3), longest_ms: Some(4), ..Line::default() };
        let sum = Line::sum([&one, &other]);
        assert_eq!((sum.uptime_ppm(), sum.coverage_ppm()), (Some(950_000), Some(666_666)));
        assert_eq!((sum.unknown_ms(), sum.detect.ms(), sum.longest_ms), (100, Some(10), Some(4)));
        assert_eq!(Line::default().uptime_ppm(), None);
    }
}
