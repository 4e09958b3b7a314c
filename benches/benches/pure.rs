//! The small pure parts that a run or a page goes through once for each site: `cargo bench --bench pure`.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use djamon_core::calendar::Zone;
use djamon_core::domain::plan::{self, RunContext, Snapshot, Watched};
use djamon_core::domain::run::Blindness;
use djamon_core::domain::series::{self, Window};
use djamon_core::domain::times::Times;
use djamon_core::domain::uptime::{Open, Tally};
use djamon_core::domain::{
    GoodCodes, Instant, Line, LocationId, Observation, Outcome, Phases, Policy, RunId, ScopeRule, SiteId,
    Target, ViewId,
};

/// Response times as a day has them.
fn day() -> Times {
    let mut times = Times::default();
    (0..1440_u32).for_each(|minute| times.add(20 + minute * 7 % 400));
    times
}

fn histograms(c: &mut Criterion) {
    let (one, bytes) = (day(), day().to_bytes());
    c.bench_function("a day's response times: read", |b| b.iter(|| Times::from_bytes(black_box(&bytes))));
    c.bench_function("a day's response times: added to another's", |b| {
        b.iter(|| {
            let mut sum = black_box(&one).clone();
            sum.merge(black_box(&one));
            sum
        });
    });
    c.bench_function("a day's response times: 99th percentile", |b| b.iter(|| black_box(&one).quantile(990)));
}

fn charts(c: &mut Criterion) {
    let now = Instant::from_ms(1_795_212_000_000);
    let zone = Zone::default();
    let (first, times) = (zone.day_of(now) - 364, day());
    let tally = Tally { up_ms: 86_400_000, looks: 1440, ..Tally::default() };
    let day = |n| (LocationId(1), Open { number: first + n, tally, times: times.clone() });
    let days: Vec<_> = (0..365).map(day).collect();
    let span = (first, Window::Year.count(), Window::Year.step());
    c.bench_function("a year's chart: its steps from days", |b| {
        b.iter(|| series::steps(black_box(&days).clone(), span, now, |day| zone.start_of(day)));
    });
}

/// What was seen of so many sites in this minute.
fn seen(sites: i32, minute: u64) -> Vec<(ViewId, Observation)> {
    let at = Instant::from_ms(1_795_212_000_000).plus(Duration::from_mins(minute));
    let observation = |site| Observation {
        site: SiteId(site),
        at,
        began: Duration::ZERO,
        edited_at: Instant::from_ms(0),
        outcome: Outcome::Up,
        degraded: false,
        code: Some(200),
        detail: None,
        duration_ms: 40,
        phases: Phases::default(),
        line: Line::Answered,
        resolved: false,
        certificate_expires_at: None,
    };
    (1..=sites).map(|site| (ViewId::floor(at), observation(site))).collect()
}

fn plans(c: &mut Criterion) {
    let (location, expected_interval) = (LocationId(1), Duration::from_mins(1));
    let (scope, blind, zone) = (ScopeRule::All, Blindness::NEVER, Zone::default());
    let context = RunContext { run: RunId(1), location, scope, expected_interval, blind, zone };
    let (group, paused_at, removed_at) = (None, None, None);
    let watched = Watched {
        group,
        edited_at: Instant::from_ms(0),
        paused_at,
        removed_at,
        policy: Policy::default().into(),
    };
    let mut snapshot = Snapshot {
        sites: (1..=1000).map(|site| (SiteId(site), watched.clone())).collect(),
        ..Snapshot::default()
    };
    // So many looks that a state is as large as it gets.
    for minute in 0..50 {
        snapshot.states =
            plan::plan(&context, snapshot.clone(), seen(1000, minute)).states.into_iter().collect();
    }
    c.bench_function("a run's plan of 1,000 sites that are well", |b| {
        b.iter_batched(
            || (snapshot.clone(), seen(1000, 50)),
            |(snapshot, seen)| plan::plan(&context, snapshot, seen),
            BatchSize::LargeInput,
        );
    });
}

fn words(c: &mut Criterion) {
    let codes = GoodCodes::default();
    c.bench_function("good codes: is 204 among them", |b| {
        b.iter(|| black_box(&codes).contains(black_box(204)))
    });
    let url = "https://user:secret@www.example.org:8443/shop/cart?of=7#top";
    c.bench_function("an address: parsed", |b| b.iter(|| Target::parse(black_box(url))));
}

criterion_group!(pure, histograms, charts, plans, words);
criterion_main!(pure);
