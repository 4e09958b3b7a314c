//! Uptime by time, not by counting looks: each look vouches for itself until the next one, at most for twice the expected
//! interval; what nobody vouches for is unknown, and blind time is neither up nor down.

use std::time::Duration;

use super::{Instant, Look};

/// Milliseconds of an hour and of a day (UTC).
pub const HOUR_MS: i64 = 3_600_000;
/// See [`HOUR_MS`].
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// What a stretch of time was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Good.
    Up,
    /// Good, but slow.
    Degraded,
    /// Failed, whether or not an outage came of it.
    Down,
    /// The monitor's own line was dead.
    Blind,
}

/// The look that vouches now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vouch {
    /// When it began.
    pub at: Instant,
    /// What it saw.
    pub kind: Kind,
    /// For how long it vouches at most.
    pub at_most: Duration,
}

impl Vouch {
    /// What `look` vouches for, when the next one is expected after `expected`.
    pub fn of(look: &Look, expected: Duration) -> Self {
        let kind = match (look.outcome.is_good(), look.degraded) {
            (true, false) => Kind::Up,
            (true, true) => Kind::Degraded,
            (false, _) => Kind::Down,
        };
        Vouch { at: look.at, kind, at_most: expected.saturating_mul(2) }
    }

    /// The stretches from this look until `now`, when runs have been blind since `blind_since`.
    pub fn until(&self, now: Instant, blind_since: Option<Instant>) -> impl Iterator<Item = Stretch> {
        let sees_until = blind_since.map_or(now, |blind| blind.max(self.at).min(now));
        let known =
            Stretch { kind: self.kind, from: self.at, to: self.at.plus(self.at_most).min(sees_until) };
        let blind = Stretch { kind: Kind::Blind, from: sees_until, to: now };
        [known, blind].into_iter().filter(|stretch| stretch.from < stretch.to)
    }
}

/// A stretch of time of one kind; `to` is not part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// What it was.
    pub kind: Kind,
    /// Its beginning.
    pub from: Instant,
    /// Its end.
    pub to: Instant,
}

/// How much of a span was what, in milliseconds, and how many looks fell into it. What is missing to the whole is unknown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
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
}

impl Tally {
    /// Adds `other`.
    pub fn add(&mut self, other: &Tally) {
        self.up_ms += other.up_ms;
        self.degraded_ms += other.degraded_ms;
        self.down_ms += other.down_ms;
        self.blind_ms += other.blind_ms;
        self.looks = self.looks.saturating_add(other.looks);
        self.failures = self.failures.saturating_add(other.failures);
    }

    /// Adds a stretch.
    pub fn add_stretch(&mut self, stretch: Stretch) {
        let ms = stretch.to.ms().saturating_sub(stretch.from.ms()).max(0);
        match stretch.kind {
            Kind::Up => self.up_ms += ms,
            Kind::Degraded => {
                self.up_ms += ms;
                self.degraded_ms += ms;
            }
            Kind::Down => self.down_ms += ms,
            Kind::Blind => self.blind_ms += ms,
        }
    }

    /// up / (up + down), in millionths; `None` when nothing is known.
    pub fn uptime_ppm(&self) -> Option<u32> {
        millionths(self.up_ms, self.up_ms.saturating_add(self.down_ms))
    }

    /// The share of `whole_ms` that is known to have been up or down, in millionths.
    pub fn coverage_ppm(&self, whole_ms: i64) -> Option<u32> {
        millionths(self.up_ms.saturating_add(self.down_ms).min(whole_ms), whole_ms)
    }
}

/// `part` of `whole` in millionths, floored, so that almost all is never all.
fn millionths(part: i64, whole: i64) -> Option<u32> {
    (whole > 0).then(|| u32::try_from(part.max(0).saturating_mul(1_000_000) / whole).unwrap_or(1_000_000))
}

/// The span that is being filled: the `number`-th hour or day since 1970.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Open {
    /// Which one.
    pub number: i64,
    /// What is in it so far.
    pub tally: Tally,
}

impl Open {
    /// Adds `stretch`, which never begins before this span does; gives the spans of `size_ms` that are over by it. A
    /// clock that jumped back adds to the open span.
    fn add(&mut self, stretch: Stretch, size_ms: i64, over: &mut Vec<Open>) {
        let mut rest = stretch;
        while rest.from < rest.to {
            self.advance(rest.from, size_ms, over);
            let end = Instant::from_ms((self.number + 1).saturating_mul(size_ms));
            let cut = if end > rest.from { end.min(rest.to) } else { rest.to };
            self.tally.add_stretch(Stretch { to: cut, ..rest });
            rest.from = cut;
        }
    }

    fn advance(&mut self, at: Instant, size_ms: i64, over: &mut Vec<Open>) {
        let number = at.ms().div_euclid(size_ms);
        if number > self.number {
            if self.tally != Tally::default() {
                over.push(*self);
            }
            *self = Open { number, tally: Tally::default() };
        }
    }
}

/// What is remembered of a site's time between looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ledger {
    /// The look that vouches now.
    pub vouch: Option<Vouch>,
    /// The hour being filled.
    pub hour: Open,
    /// The day being filled.
    pub day: Open,
}

/// Spans that are over and will not change any more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Closed {
    /// Hours.
    pub hours: Vec<Open>,
    /// Days.
    pub days: Vec<Open>,
}

impl Ledger {
    /// Enters `look`: the time since the look before it becomes known, and `look` vouches from now on.
    pub fn enter(&mut self, look: &Look, expected: Duration, blind_since: Option<Instant>) -> Closed {
        let closed = self.settle(look.at, blind_since);
        let failures = u32::from(!look.outcome.is_good());
        let one = Tally { looks: 1, failures, ..Tally::default() };
        let mut over = closed;
        self.hour.advance(look.at, HOUR_MS, &mut over.hours);
        self.day.advance(look.at, DAY_MS, &mut over.days);
        self.hour.tally.add(&one);
        self.day.tally.add(&one);
        self.vouch = Some(Vouch::of(look, expected));
        over
    }

    /// This ledger as it stands at `now`, with the look that vouches counted so far, and what that closes.
    pub fn settle(&mut self, now: Instant, blind_since: Option<Instant>) -> Closed {
        let mut closed = Closed::default();
        for stretch in self.vouch.iter().flat_map(|vouch| vouch.until(now, blind_since)) {
            self.hour.add(stretch, HOUR_MS, &mut closed.hours);
            self.day.add(stretch, DAY_MS, &mut closed.days);
        }
        closed
    }
}

/// A share of time and how much of the time is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figure {
    /// In millionths; `None` when nothing is known.
    pub uptime_ppm: Option<u32>,
    /// In millionths.
    pub coverage_ppm: Option<u32>,
}

/// The figures of the last 24 hours (in whole hours), 7 and 30 days (in whole days), each up to now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// The current hour and the 23 before it.
    pub day: Figure,
    /// The current day and the 6 before it.
    pub week: Figure,
    /// The current day and the 29 before it.
    pub month: Figure,
}

/// A share in per cent with two decimals, floored: 99.996 is never 100.
///
/// ```
/// assert_eq!(djamon_core::domain::uptime::percent(999_961), "99.99");
/// assert_eq!(djamon_core::domain::uptime::percent(1_000_000), "100");
/// ```
pub fn percent(ppm: u32) -> String {
    match ppm {
        1_000_000.. => "100".to_owned(),
        ppm => format!("{}.{:02}", ppm / 10_000, ppm / 100 % 100),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Outcome, Phases, ViewId};
    use proptest::prelude::*;

    const MINUTE: i64 = 60_000;

    fn look(at_ms: i64, good: bool, degraded: bool) -> Look {
        let at = Instant::from_ms(at_ms);
        Look {
            id: ViewId::floor(at),
            at,
            outcome: if good { Outcome::Up } else { Outcome::Status },
            degraded,
            code: None,
            detail: None,
            duration_ms: 1,
            phases: Phases::default(),
        }
    }

    /// One look a run: when, what it saw, how long until the next was promised, and whether blind runs came before.
    type Run = (i64, bool, bool, i64, Option<i64>);

    fn histories() -> impl Strategy<Value = Vec<Run>> {
        let pause = prop_oneof![6 => 50i64..70, 2 => 290i64..310, 1 => 1000i64..20_000, 1 => Just(90_000i64)];
        let run = (
            pause,
            any::<bool>(),
            any::<bool>(),
            prop_oneof![Just(60i64), Just(300)],
            prop::option::of(1i64..9),
        );
        prop::collection::vec(run, 1..60).prop_map(|runs| {
            let mut at = 1_700_000_000_000;
            let told = |(pause, good, slow, expected, blind): (i64, bool, bool, i64, Option<i64>)| {
                let before = at;
                at += pause * 1000;
                (
                    at,
                    good,
                    slow && good,
                    expected * 1000,
                    blind.map(|tenth| before + (at - before) * tenth / 10),
                )
            };
            runs.into_iter().map(told).collect()
        })
    }

    /// What one moment was, found by reading the whole history: the second model.
    fn moment(runs: &[Run], at: i64) -> Option<Kind> {
        let n = runs.iter().rposition(|run| run.0 <= at)?;
        let (from, good, slow, expected, _) = runs[n];
        let next = runs.get(n + 1)?;
        match next.4 {
            Some(blind) if at >= blind => Some(Kind::Blind),
            _ if at - from >= 2 * expected => None,
            _ if !good => Some(Kind::Down),
            _ => Some(if slow { Kind::Degraded } else { Kind::Up }),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn hours_and_days_are_what_a_walk_through_time_says(runs in histories()) {
            // Whole tens of seconds, so that the model can walk them.
            let runs: Vec<Run> = runs.iter().map(|r| (r.0 / 10_000 * 10_000, r.1, r.2, r.3, r.4.map(|b| b / 10_000 * 10_000))).collect();
            let mut ledger = Ledger::default();
            let mut closed = Closed::default();
            for (at, good, slow, expected, blind) in &runs {
                let expected = Duration::from_millis(*expected as u64);
                let over = ledger.enter(&look(*at, *good, *slow), expected, blind.map(Instant::from_ms));
                closed.hours.extend(over.hours);
                closed.days.extend(over.days);
            }
            for (spans, open, size) in [(closed.hours, ledger.hour, HOUR_MS), (closed.days, ledger.day, DAY_MS)] {
                let mut expected: std::collections::BTreeMap<i64, Tally> = Default::default();
                let (first, last) = (runs[0].0, runs[runs.len() - 1].0);
                for at in (first..last).step_by(10_000) {
                    if let Some(kind) = moment(&runs, at) {
                        let stretch = Stretch { kind, from: Instant::from_ms(at), to: Instant::from_ms(at + 10_000) };
                        expected.entry(at.div_euclid(size)).or_default().add_stretch(stretch);
                    }
                }
                for run in &runs {
                    let tally = expected.entry(run.0.div_euclid(size)).or_default();
                    tally.add(&Tally { looks: 1, failures: u32::from(!run.1), ..Tally::default() });
                }
                let told: std::collections::BTreeMap<i64, Tally> =
                    spans.iter().chain([&open]).map(|open| (open.number, open.tally)).collect();
                prop_assert_eq!(told, expected);
            }
        }
    }

    #[test]
    fn a_look_vouches_for_twice_the_expected_interval_and_no_longer() {
        let mut ledger = Ledger::default();
        let minute = Duration::from_secs(60);
        ledger.enter(&look(0, true, false), minute, None);
        ledger.enter(&look(10 * MINUTE, false, false), minute, None);
        ledger.settle(Instant::from_ms(10 * MINUTE + 30_000), None);
        let tally = ledger.hour.tally;
        assert_eq!((tally.up_ms, tally.down_ms, tally.looks, tally.failures), (2 * MINUTE, 30_000, 2, 1));
        assert_eq!(tally.uptime_ppm(), Some(800_000));
        assert_eq!(tally.coverage_ppm(10 * MINUTE), Some(250_000));
    }

    #[test]
    fn almost_all_is_never_all() {
        let tally = Tally { up_ms: 99_999_999, down_ms: 1, ..Tally::default() };
        assert_eq!(tally.uptime_ppm().map(percent).as_deref(), Some("99.99"));
        assert_eq!(Tally::default().uptime_ppm(), None);
        assert_eq!(percent(1_000_000), "100");
        assert_eq!(percent(50_000), "5.00");
    }

    #[test]
    fn a_clock_that_jumps_back_gives_no_negative_time() {
        let mut ledger = Ledger::default();
        let minute = Duration::from_secs(60);
        for at in [100, 101, 20, 21, 102] {
            ledger.enter(&look(at * MINUTE, true, false), minute, None);
        }
        assert!(ledger.hour.tally.up_ms >= 0 && ledger.hour.tally.up_ms <= 5 * MINUTE, "{ledger:?}");
        assert_eq!(ledger.hour.tally.looks, ledger.day.tally.looks);
    }
}
