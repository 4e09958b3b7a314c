//! Plans are played on a world in memory and compared with a second, naive model that knows no states and no batches.

use super::*;
use crate::domain::uptime::Ledger;
use crate::domain::{Line, Outcome, Phases};
use proptest::prelude::*;

const MINUTE: i64 = 60_000;

/// What the store holds, in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct World {
    sites: HashMap<SiteId, Watched>,
    states: HashMap<SiteId, SiteState>,
    outages: Vec<Told>,
    views: usize,
    skipped: u32,
}

/// An outage as a person would tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Told {
    started: i64,
    detected: i64,
    resolved: Option<i64>,
    opened_by: RunId,
    parts: Vec<(i32, i64, Option<i64>, Option<Left>)>,
    events: Vec<(RunId, EventKind)>,
}

impl World {
    fn with_sites(count: i32, policy: &Policy) -> Self {
        let watched = Watched {
            group: None,
            edited_at: Instant::from_ms(0),
            paused_at: None,
            removed_at: None,
            policy: Arc::new(policy.clone()),
        };
        World { sites: (1..=count).map(|id| (SiteId(id), watched.clone())).collect(), ..World::default() }
    }

    fn snapshot(&self) -> Snapshot {
        let open = self.outages.iter().enumerate().filter(|(_, told)| told.resolved.is_none());
        let open = open.map(|(index, told)| OpenOutage {
            id: Some(OutageId(index as i32)),
            scope: Scope::All,
            started_at: Instant::from_ms(told.started),
            opened_by: told.opened_by,
            open_parts: told.parts.iter().filter(|part| part.2.is_none()).count(),
            latest_up_at: told.parts.iter().filter_map(|part| part.2).max().map(Instant::from_ms),
            parts: told
                .parts
                .iter()
                .map(|(site, down, up, _)| {
                    (SiteId(*site), PartState { down_at: Instant::from_ms(*down), is_open: up.is_none() })
                })
                .collect(),
        });
        Snapshot { sites: self.sites.clone(), states: self.states.clone(), open: open.collect() }
    }

    fn carry_out(&mut self, run: RunId, plan: RunPlan) {
        let known = self.outages.len();
        let index = |outage: OutageRef| match outage {
            OutageRef::Stored(id) => id.0 as usize,
            OutageRef::New(n) => known + n,
        };
        self.views += plan.views.len();
        self.skipped += plan.skipped;
        self.states.extend(plan.states);
        for change in plan.changes {
            match change {
                Change::Open { started_at, detected_at, .. } => self.outages.push(Told {
                    started: started_at.ms(),
                    detected: detected_at.ms(),
                    resolved: None,
                    opened_by: run,
                    parts: Vec::new(),
                    events: Vec::new(),
                }),
                Change::Enter { outage, site, first, event, started_at, .. } => {
                    let told = &mut self.outages[index(outage)];
                    assert_eq!(told.resolved, None, "an ended outage is never changed");
                    told.started = started_at.ms();
                    told.parts.push((site.0, first.at.ms(), None, None));
                    let event = event.map(|kind| (run, kind)).filter(|event| !told.events.contains(event));
                    told.events.extend(event);
                }
                Change::Leave { outage, site, left, up_at, .. } => {
                    let told = &mut self.outages[index(outage)];
                    let part =
                        told.parts.iter_mut().find(|part| part.0 == site.0 && part.2.is_none()).unwrap();
                    (part.2, part.3) = (Some(up_at.ms()), Some(left));
                }
                Change::Resolve { outage, resolved_at } => {
                    let told = &mut self.outages[index(outage)];
                    told.resolved = Some(resolved_at.ms());
                    told.events.push((run, EventKind::Resolved));
                }
            }
        }
    }

    fn run(&mut self, number: i32, batches: Vec<Vec<Observation>>) {
        let context = context(number);
        let departures = departures(&context, self.snapshot(), Instant::from_ms(number as i64 * MINUTE));
        self.carry_out(context.run, departures);
        for batch in batches {
            let batch = batch.into_iter().map(|seen| (ViewId::floor(seen.at), seen)).collect();
            let plan = plan(&context, self.snapshot(), batch);
            self.carry_out(context.run, plan);
        }
    }
}

fn context(number: i32) -> RunContext {
    RunContext {
        run: RunId(number),
        location: LocationId(1),
        scope: ScopeRule::All,
        expected_interval: Duration::from_secs(60),
        blind: Blindness::NEVER,
        zone: Zone::default(),
    }
}

fn seen(site: i32, at: i64, good: bool) -> Observation {
    Observation {
        site: SiteId(site),
        at: Instant::from_ms(at),
        began: Duration::ZERO,
        edited_at: Instant::from_ms(0),
        outcome: if good { Outcome::Up } else { Outcome::Status },
        degraded: false,
        code: Some(if good { 200 } else { 503 }),
        detail: None,
        duration_ms: 1,
        phases: Phases::default(),
        line: Line::Answered,
        resolved: false,
        certificate_expires_at: None,
    }
}

/// The second model: it reads the whole history anew, site by site, with the rules of verdicts written plainly.
/// Gives `(site, down, third, up)` of every confirmed failure.
fn naive(
    history: &[Observation],
    attempts: usize,
    recover_after: usize,
) -> Vec<(i32, i64, i64, Option<i64>)> {
    let mut failures = Vec::new();
    let mut sites: Vec<i32> = history.iter().map(|seen| seen.site.0).collect();
    sites.sort();
    sites.dedup();
    for site in sites {
        let looks: Vec<_> = history.iter().filter(|seen| seen.site.0 == site).collect();
        let looks = looks.as_slice();
        let paused = move |n: usize| n > 0 && looks[n].at.ms() - looks[n - 1].at.ms() > 10 * MINUTE;
        let mut n = 0;
        while n < looks.len() {
            let run_of = |from: usize, good: bool| {
                (from..looks.len())
                    .take_while(move |k| looks[*k].outcome.is_good() == good && (*k == from || !paused(*k)))
            };
            let bad = run_of(n, false).count();
            if bad < attempts {
                n += bad.max(1);
                continue;
            }
            let (down, third) = (looks[n].at.ms(), looks[n + attempts - 1].at.ms());
            let mut k = n + attempts;
            while k < looks.len() && run_of(k, true).count() < recover_after {
                k += 1;
            }
            let up = looks.get(k).map(|look| look.at.ms());
            failures.push((site, down, third, up));
            n = if up.is_some() { k + recover_after } else { looks.len() };
        }
    }
    failures.sort();
    failures
}

/// Histories of three sites: per minute and site a look, good or bad, now and then a long pause or none at all.
fn histories() -> impl Strategy<Value = Vec<Vec<Observation>>> {
    let look = prop_oneof![4 => Just(Some(true)), 6 => Just(Some(false)), 1 => Just(None)];
    let pause = prop_oneof![12 => Just(1i64), 1 => Just(11i64)];
    prop::collection::vec((pause, prop::collection::vec(look, 3)), 1..40).prop_map(|runs| {
        let mut minute = 0;
        let run = |(pause, looks): (i64, Vec<Option<bool>>)| {
            minute += pause;
            let looks = looks.into_iter().enumerate();
            looks
                .filter_map(|(site, good)| {
                    Some(seen(site as i32 + 1, minute * MINUTE + site as i64 * 7, good?))
                })
                .collect::<Vec<_>>()
        };
        runs.into_iter().map(run).collect()
    })
}

fn play(runs: &[Vec<Observation>], batch: impl Fn(usize) -> usize) -> World {
    let mut world = World::with_sites(3, &Policy::default());
    for (number, run) in runs.iter().enumerate() {
        let batches = run.chunks(batch(number).max(1)).map(<[_]>::to_vec).collect();
        world.run(number as i32 + 1, batches);
    }
    world
}

proptest! {
    #[test]
    fn any_split_into_batches_gives_the_same_outages(runs in histories(), sizes in prop::collection::vec(1usize..4, 40)) {
        prop_assert_eq!(play(&runs, |_| 3), play(&runs, |number| sizes[number]));
    }

    #[test]
    fn the_naive_model_agrees(runs in histories()) {
        let world = play(&runs, |_| 3);
        let history: Vec<_> = runs.concat();
        let mut parts: Vec<_> = world.outages.iter().flat_map(|told| told.parts.iter().map(|p| (p.0, p.1, p.2))).collect();
        parts.sort();
        let expected: Vec<_> = naive(&history, 3, 2).into_iter().map(|(site, down, _, up)| (site, down, up)).collect();
        prop_assert_eq!(parts, expected);
        prop_assert_eq!(world.views, history.len());
    }

    /// Runs begin every minute, and a run's looks lie within ten seconds.
    #[test]
    fn three_minutes_and_ten_seconds_always_alert_and_less_than_two_minutes_never(
        begin in 0..3 * MINUTE,
        length in 1..6 * MINUTE,
        places in prop::collection::vec(0..=10_000i64, 12),
    ) {
        let mut world = World::with_sites(1, &Policy::default());
        for (minute, place) in places.into_iter().enumerate() {
            let at = minute as i64 * MINUTE + place;
            let failed = (begin..begin + length).contains(&at);
            world.run(minute as i32 + 1, vec![vec![seen(1, at, !failed)]]);
        }
        let alerted = world.outages.iter().any(|told| !told.events.is_empty());
        prop_assert!(alerted || length <= 190_000, "never told of");
        prop_assert!(!alerted || length >= 110_000, "told of in vain");
    }

    #[test]
    fn outages_keep_their_promises(runs in histories()) {
        let world = play(&runs, |_| 2);
        prop_assert!(world.outages.iter().filter(|told| told.resolved.is_none()).count() <= 1);
        for told in &world.outages {
            prop_assert!(told.started <= told.detected || told.parts.len() > 1);
            prop_assert!(told.parts.iter().all(|part| part.2.is_none_or(|up| up >= part.1)));
            let ended = told.parts.iter().map(|part| part.2).collect::<Option<Vec<_>>>();
            prop_assert_eq!(told.resolved, ended.and_then(|ends| ends.into_iter().max()));
            prop_assert_eq!(told.started, told.parts.iter().map(|part| part.1).min().unwrap());
            for (site, down, ..) in &told.parts {
                let failed = runs.concat().into_iter().filter(|seen| seen.site.0 == *site && seen.at.ms() >= *down);
                prop_assert!(failed.take(3).filter(|seen| !seen.outcome.is_good()).count() == 3);
            }
        }
    }
}

#[test]
fn a_second_site_joins_the_open_outage_and_the_last_to_recover_ends_it() {
    let mut world = World::with_sites(2, &Policy::default());
    for minute in 1..=8 {
        let one = seen(1, minute * MINUTE, minute > 4);
        let two = seen(2, minute * MINUTE + 5, !(3..=6).contains(&minute));
        world.run(minute as i32, vec![vec![one], vec![two]]);
    }
    let told = &world.outages[0];
    assert_eq!(world.outages.len(), 1);
    assert_eq!((told.started, told.detected, told.resolved), (MINUTE, 3 * MINUTE, Some(7 * MINUTE + 5)));
    assert_eq!(
        told.parts,
        [
            (1, MINUTE, Some(5 * MINUTE), Some(Left::Recovered)),
            (2, 3 * MINUTE + 5, Some(7 * MINUTE + 5), Some(Left::Recovered))
        ]
    );
    assert_eq!(
        told.events,
        [(RunId(3), EventKind::Opened), (RunId(5), EventKind::Joined), (RunId(8), EventKind::Resolved)]
    );
}

#[test]
fn a_site_that_comes_back_has_a_second_part_and_no_second_joined() {
    let mut world = World::with_sites(2, &Policy::default());
    for minute in 1..=10 {
        let one = seen(1, minute * MINUTE, minute == 4 || minute == 5);
        let two = seen(2, minute * MINUTE + 5, false);
        world.run(minute as i32, vec![vec![one, two]]);
    }
    let told = &world.outages[0];
    assert_eq!(told.parts.iter().map(|part| part.0).collect::<Vec<_>>(), [1, 2, 1]);
    assert_eq!(told.events, [(RunId(3), EventKind::Opened)]);
}

#[test]
fn a_paused_removed_or_changed_site_leaves_and_ends_the_outage_if_it_was_the_last() {
    for (edit, left) in [
        (Watched { paused_at: Some(Instant::from_ms(200_000)), ..watched() }, Left::Paused),
        (Watched { removed_at: Some(Instant::from_ms(200_000)), ..watched() }, Left::Removed),
        (Watched { edited_at: Instant::from_ms(200_000), ..watched() }, Left::Changed),
    ] {
        let mut world = World::with_sites(1, &Policy::default());
        for minute in 1..=3 {
            world.run(minute as i32, vec![vec![seen(1, minute * MINUTE, false)]]);
        }
        world.sites.insert(SiteId(1), edit);
        world.run(4, vec![vec![seen(1, 4 * MINUTE, false)]]);
        let told = &world.outages[0];
        assert_eq!(told.parts, [(1, MINUTE, Some(200_000), Some(left))]);
        assert_eq!(told.resolved, Some(200_000));
        assert_eq!(
            (world.views, world.skipped),
            (3, 1),
            "an observation of what the site no longer is, is no view"
        );
    }
}

#[test]
fn a_changed_site_starts_its_streak_again() {
    let mut world = World::with_sites(1, &Policy::default());
    world.run(1, vec![vec![seen(1, MINUTE, false)]]);
    world.run(2, vec![vec![seen(1, 2 * MINUTE, false)]]);
    world.sites.insert(SiteId(1), Watched { edited_at: Instant::from_ms(130_000), ..watched() });
    let edited = Observation { edited_at: Instant::from_ms(130_000), ..seen(1, 3 * MINUTE, false) };
    world.run(3, vec![vec![edited]]);
    assert_eq!(world.states[&SiteId(1)].streak.failures(), 1);
    assert!(world.outages.is_empty());
}

#[test]
fn a_clock_that_jumps_back_gives_no_negative_time() {
    let mut world = World::with_sites(1, &Policy::default());
    for (run, at) in [(1, 100), (2, 101), (3, 50), (4, 20), (5, 21)] {
        world.run(run, vec![vec![seen(1, at * MINUTE, run < 4)]]);
    }
    assert!(world.outages.is_empty());
    for (run, at) in [(6, 5), (7, 6), (8, 7)] {
        world.run(run, vec![vec![seen(1, at * MINUTE, run > 6)]]);
    }
    let told = &world.outages[0];
    assert!(told.started <= told.detected && told.resolved.unwrap() >= told.started, "{told:?}");
}

#[test]
fn slots_advance_from_slot_to_slot() {
    let state = |due: i64| SiteState {
        streak: Streak::Up { good: 1, since: Instant::from_ms(0) },
        last_at: Instant::from_ms(0),
        next_due_at: Some(Instant::from_ms(due)),
        edited_at: Instant::from_ms(0),
        recent: Recent::default(),
        certificate: None,
        ledger: Ledger::default(),
    };
    let next = |due: i64, at: i64| {
        next_slot(Some(&state(due)), Instant::from_ms(at), Some(Duration::from_secs(300))).unwrap().ms()
    };
    assert_eq!(next(600_000, 592_000), 900_000, "a little early");
    assert_eq!(next(600_000, 603_000), 900_000, "a little late");
    assert_eq!(next(600_000, 1_290_000), 1_500_000, "two slots missed");
    assert_eq!(next(600_000, 400_000), 600_000, "by hand, before its time");
    assert_eq!(next(600_000, 290_000), 600_000, "a whole interval away");
    assert_eq!(next(600_000, 289_999), 589_999, "out of reach: the clock was set back");
    assert_eq!(next_slot(None, Instant::from_ms(7), Some(Duration::from_secs(300))).unwrap().ms(), 300_007);
    assert_eq!(next_slot(None, Instant::from_ms(7), None), None);
}

fn watched() -> Watched {
    World::with_sites(1, &Policy::default()).sites[&SiteId(1)].clone()
}
