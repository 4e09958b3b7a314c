//! Uptime by time, not by counting looks: each look vouches for itself until the next one, at most for twice the expected
//! interval; what nobody vouches for is unknown, and blind time is neither up nor down.

use std::time::Duration;

use super::run::Blindness;
use super::times::Times;
use super::{Instant, Look, Outcome, ViewId};

/// Milliseconds of an hour.
pub const HOUR_MS: i64 = 3_600_000;

/// How time is cut into hours: where the clocks of a place stand at the quarter or half while it is a full hour in UTC,
/// its hours begin there, so that its days are made of whole ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hours {
    /// By how much the place's hours begin before those of UTC.
    pub ahead_ms: i64,
}

impl Hours {
    /// The number of the hour at `at`, counted from 1970.
    pub fn number_of(self, at: Instant) -> i64 {
        at.ms().saturating_add(self.ahead_ms).div_euclid(HOUR_MS)
    }

    /// When this hour begins.
    pub fn start_of(self, number: i64) -> Instant {
        Instant::from_ms(number.saturating_mul(HOUR_MS).saturating_sub(self.ahead_ms))
    }
}

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
    /// Its key.
    pub id: ViewId,
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
        Vouch { id: look.id, at: look.at, kind, at_most: expected.saturating_mul(2) }
    }

    /// Tells of the stretches from this look until `now`, in order: what it saw goes on around `blind` times, which it does
    /// not end.
    fn until(&self, now: Instant, blind: &Blindness, mut tell: impl FnMut(Stretch)) {
        let mut tell = |kind, from, to| {
            if from < to {
                tell(Stretch { kind, from, to });
            }
        };
        let end = self.at.plus(self.at_most).min(now);
        let mut at = self.at;
        for (from, to) in blind.between(self.id, self.at, now) {
            tell(self.kind, at, from.min(end));
            tell(Kind::Blind, from.max(at), to);
            at = at.max(to);
        }
        tell(self.kind, at, end);
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
    /// Failed how.
    pub failed: Failed,
}

/// How many looks failed how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Failed([u32; Outcome::ALL.len()]);

impl Failed {
    /// Adds `count` looks with this outcome; good ones are none.
    pub fn add(&mut self, outcome: Outcome, count: u32) {
        let at = Outcome::ALL.iter().position(|other| *other == outcome && !outcome.is_good());
        if let Some(known) = at.and_then(|at| self.0.get_mut(at)) {
            *known = known.saturating_add(count);
        }
    }

    /// The outcomes there were and how often, in order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (Outcome, u32)> {
        Outcome::ALL.iter().copied().zip(self.0).filter(|(_, count)| *count > 0)
    }
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
        other.failed.iter().for_each(|(outcome, count)| self.failed.add(outcome, count));
    }

    /// What is known of a site that several places look at. Their times lie beside each other: known is as much as at the place
    /// that knows most, and of it was up what all of them saw of it.
    pub fn of_places(places: &[Tally]) -> Tally {
        let mut sum = Tally::default();
        places.iter().for_each(|place| sum.add(place));
        let Some(best) = places.iter().max_by_key(|place| (place.known_ms(), place.blind_ms)) else {
            return sum;
        };
        let (known_ms, of_all) = (best.known_ms(), sum.known_ms().max(1));
        let share = |ms: i64| {
            let share = i128::from(ms) * i128::from(known_ms) / i128::from(of_all);
            i64::try_from(share).unwrap_or(known_ms)
        };
        let up_ms = share(sum.up_ms);
        let (degraded_ms, down_ms) = (share(sum.degraded_ms), known_ms - up_ms);
        Tally { up_ms, degraded_ms, down_ms, blind_ms: best.blind_ms, ..sum }
    }

    fn known_ms(&self) -> i64 {
        self.up_ms.saturating_add(self.down_ms)
    }

    /// Adds a look.
    fn add_look(&mut self, outcome: Outcome) {
        self.looks = self.looks.saturating_add(1);
        self.failures = self.failures.saturating_add(u32::from(!outcome.is_good()));
        self.failed.add(outcome, 1);
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
        millionths(self.up_ms, self.known_ms())
    }

    /// The share of `whole_ms` that is known to have been up or down, in millionths.
    pub fn coverage_ppm(&self, whole_ms: i64) -> Option<u32> {
        millionths(self.known_ms().min(whole_ms), whole_ms)
    }
}

/// `part` of `whole` in millionths, floored, so that almost all is never all.
fn millionths(part: i64, whole: i64) -> Option<u32> {
    (whole > 0).then(|| u32::try_from(part.max(0).saturating_mul(1_000_000) / whole).unwrap_or(1_000_000))
}

/// An hour or a day, by its number since 1970.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Open {
    /// Which one.
    pub number: i64,
    /// What is in it so far.
    pub tally: Tally,
    /// How long the good looks in it took.
    pub times: Times,
}

impl Open {
    /// What several places know of the same hour or day, or of a range of them.
    pub fn of_places<'a>(places: impl IntoIterator<Item = &'a Open>) -> Open {
        let (mut all, mut tallies) = (Open::default(), Vec::new());
        for place in places {
            all.number = place.number;
            all.times.merge(&place.times);
            tallies.push(place.tally);
        }
        Open { tally: Tally::of_places(&tallies), ..all }
    }

    /// Adds what is in `other`, an hour of this day.
    pub fn add_span(&mut self, other: &Open) {
        self.tally.add(&other.tally);
        self.times.merge(&other.times);
    }

    /// Adds `stretch`, which never begins before this hour does; gives the hours that are over by it.
    fn add(&mut self, stretch: Stretch, hours: Hours, over: &mut Vec<Open>) {
        let mut rest = stretch;
        while rest.from < rest.to {
            self.advance(rest.from, hours, over);
            let end = hours.start_of(self.number + 1);
            let cut = if end > rest.from { end.min(rest.to) } else { rest.to };
            self.tally.add_stretch(Stretch { to: cut, ..rest });
            rest.from = cut;
        }
    }

    /// Goes on to the hour at `at`: a later one, or an earlier one when the clock was set back.
    fn advance(&mut self, at: Instant, hours: Hours, over: &mut Vec<Open>) {
        let number = hours.number_of(at);
        if number != self.number {
            let done = std::mem::replace(self, Open { number, ..Open::default() });
            if done.tally != Tally::default() {
                over.push(done);
            }
        }
    }
}

/// What is remembered of a site's time between looks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    /// The look that vouches now.
    pub vouch: Option<Vouch>,
    /// The hour being filled.
    pub hour: Open,
}

impl Ledger {
    /// Enters `look`: the time since the look before it becomes known, and `look` vouches from now on. Gives the hours
    /// that are over by it. They change no more, unless the clock is set back into them: then there is more of them later.
    pub fn enter(&mut self, look: &Look, expected: Duration, blind: &Blindness, hours: Hours) -> Vec<Open> {
        let mut over = self.settle(look.at, blind, hours);
        self.hour.advance(look.at, hours, &mut over);
        self.hour.tally.add_look(look.outcome);
        if look.outcome.is_good() {
            self.hour.times.add(look.duration_ms);
        }
        self.vouch = Some(Vouch::of(look, expected));
        over
    }

    /// This ledger as it stands at `now`, with the look that vouches counted so far, and the hours that closes.
    pub fn settle(&mut self, now: Instant, blind: &Blindness, hours: Hours) -> Vec<Open> {
        let mut over = Vec::new();
        if let Some(vouch) = self.vouch {
            vouch.until(now, blind, |stretch| self.hour.add(stretch, hours, &mut over));
        }
        over
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

/// The figures of the last 24 hours (in whole hours), 7 and 30 days (in whole days of the configured zone), each up to
/// now.
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
#[path = "uptime_tests.rs"]
mod tests;
