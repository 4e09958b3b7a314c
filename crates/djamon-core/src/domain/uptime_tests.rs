//! Hours against a second model that walks through time, and what is easily got wrong.

use super::*;
use crate::domain::run::BlindSpan;
use crate::domain::{Outcome, Phases, ViewId};
use std::collections::BTreeMap;

use proptest::prelude::*;

const MINUTE: i64 = 60_000;

fn look(at_ms: i64, good: bool, degraded: bool) -> Look {
    let at = Instant::from_ms(at_ms);
    Look {
        id: ViewId::floor(at),
        at,
        outcome: if good { Outcome::Up } else { Outcome::ALL[(at_ms / 10_000 % 9) as usize + 1] },
        degraded,
        code: None,
        detail: None,
        duration_ms: (at_ms / 10_000 % 3000) as u32,
        phases: Phases::default(),
    }
}

/// One look a run: when, what it saw, how long until the next was promised, and when the place was blind before.
type Run = (i64, bool, bool, i64, Option<(i64, i64)>);

fn histories() -> impl Strategy<Value = Vec<Run>> {
    let pause = prop_oneof![6 => 50i64..70, 2 => 290i64..310, 1 => 1000i64..20_000, 1 => Just(90_000i64)];
    let blind = prop::option::of((1i64..9, 1i64..9));
    let run = (pause, any::<bool>(), any::<bool>(), prop_oneof![Just(60i64), Just(300), Just(7200)], blind);
    prop::collection::vec(run, 1..60).prop_map(|runs| {
        let mut at = 1_700_000_000_000;
        let told = |(pause, good, slow, expected, blind): Run| {
            let before = at;
            at += pause * 1000;
            let tenths = |tenths: i64| before + (at - before) * tenths / 10;
            let blind = blind.map(|(one, other)| (tenths(one.min(other)), tenths(one.max(other))));
            (at, good, slow && good, expected * 1000, blind)
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
        Some((blind, sees)) if (blind..sees).contains(&at) => Some(Kind::Blind),
        _ if at - from >= 2 * expected => None,
        _ if !good => Some(Kind::Down),
        _ => Some(if slow { Kind::Degraded } else { Kind::Up }),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn hours_are_what_a_walk_through_time_says(runs in histories(), quarter in 0i64..4) {
        // Whole tens of seconds, so that the model can walk them.
        let tens = |ms: i64| ms / 10_000 * 10_000;
        let runs: Vec<Run> =
            runs.iter().map(|r| (tens(r.0), r.1, r.2, r.3, r.4.map(|(blind, sees)| (tens(blind), tens(sees))))).collect();
        let spans = runs.iter().filter_map(|run| run.4).filter(|(blind, sees)| blind < sees);
        let span = |(blind, sees)| BlindSpan {
            after: Instant::from_ms(blind), from: Instant::from_ms(blind), until: Instant::from_ms(sees),
        };
        let blind = Blindness(spans.map(span).collect());
        let hours = Hours { ahead_ms: quarter * 15 * MINUTE };
        let mut ledger = Ledger::default();
        let mut told = Vec::new();
        for (at, good, slow, expected, _) in &runs {
            let expected = Duration::from_millis(*expected as u64);
            told.extend(ledger.enter(&look(*at, *good, *slow), expected, &blind, hours));
        }
        told.push(ledger.hour);
        let mut expected: BTreeMap<i64, (Tally, Vec<u32>)> = Default::default();
        let (first, last) = (runs[0].0, runs[runs.len() - 1].0);
        for at in (first..last).step_by(10_000) {
            if let Some(kind) = moment(&runs, at) {
                let stretch = Stretch { kind, from: Instant::from_ms(at), to: Instant::from_ms(at + 10_000) };
                expected.entry(number(at, quarter)).or_default().0.add_stretch(stretch);
            }
        }
        for run in &runs {
            let seen = look(run.0, run.1, run.2);
            let (tally, times) = expected.entry(number(run.0, quarter)).or_default();
            let mut failed = Failed::default();
            failed.add(seen.outcome, 1);
            tally.add(&Tally { looks: 1, failures: u32::from(!run.1), failed, ..Tally::default() });
            times.extend(run.1.then_some(seen.duration_ms));
        }
        let told: BTreeMap<i64, (Tally, Times)> = told.into_iter().map(|open| (open.number, (open.tally, open.times))).collect();
        let expected: BTreeMap<i64, (Tally, Times)> = expected.into_iter().map(|(number, (tally, ms))| {
            let mut times = Times::default();
            ms.into_iter().for_each(|ms| times.add(ms));
            (number, (tally, times))
        }).collect();
        prop_assert_eq!(told, expected);
    }
}

/// The hour of a place whose clocks are `quarter` quarters of an hour ahead.
fn number(at: i64, quarter: i64) -> i64 {
    (at + quarter * 15 * MINUTE).div_euclid(HOUR_MS)
}

#[test]
fn a_look_vouches_for_twice_the_expected_interval_and_no_longer() {
    let mut ledger = Ledger::default();
    let minute = Duration::from_secs(60);
    ledger.enter(&look(0, true, false), minute, &Blindness::NEVER, Hours::default());
    ledger.enter(&look(10 * MINUTE, false, false), minute, &Blindness::NEVER, Hours::default());
    ledger.settle(Instant::from_ms(10 * MINUTE + 30_000), &Blindness::NEVER, Hours::default());
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
    let mut over = Vec::new();
    for at in [100, 101, 20, 21, 102] {
        over.extend(ledger.enter(
            &look(at * MINUTE, true, false),
            minute,
            &Blindness::NEVER,
            Hours::default(),
        ));
    }
    over.push(ledger.hour);
    let told = |open: &Open| (open.number, open.tally.looks, open.tally.up_ms);
    // The look at 101 vouches for nothing before it; that at 21 for two minutes.
    let expected = [(1, 2, MINUTE), (0, 2, 3 * MINUTE), (1, 1, 0)];
    assert_eq!(over.iter().map(told).collect::<Vec<_>>(), expected);
}

#[test]
fn places_know_together_what_the_best_knows_and_saw_what_all_did() {
    let place = |up_ms, down_ms, blind_ms| Tally { up_ms, down_ms, blind_ms, looks: 1, ..Tally::default() };
    assert_eq!(Tally::of_places(&[]), Tally::default());
    let one = place(7, 3, 5);
    assert_eq!(Tally::of_places(&[one]), one);
    let two = Tally::of_places(&[place(80, 20, 0), place(0, 50, 100)]);
    assert_eq!(two, Tally { looks: 2, ..place(53, 47, 0) });
    // A century of ten thousand places.
    let century = place(3_155_760_000_000, 0, 0);
    assert_eq!(Tally::of_places(&[century; 10_000]).up_ms, century.up_ms);
}
