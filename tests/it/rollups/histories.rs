//! Histories made at random, in places whose clocks do odd things.

use chrono_tz::Tz;
use proptest::prelude::*;

/// One run: how long after the one before, whether and until when it could see, what it saw of each site, the promised interval,
/// and the zone that days are cut by from then on.
#[derive(Debug, Clone)]
pub struct Run {
    pub pause: i64,
    pub sight: Sight,
    pub looks: [Option<(u8, bool, u32)>; 2],
    pub expected: i64,
    pub moves: Option<Tz>,
}

/// Whether a run could see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    Clear,
    Blind,
    /// It saw what it saw; then the line died.
    Lost,
}

pub fn runs_of_a_history() -> impl Strategy<Value = Vec<Run>> {
    let pause = prop_oneof![20 => Just(6i64), 10 => 29i64..32, 4 => 100i64..1200, 1 => 8000i64..12_000];
    let look =
        prop::option::weighted(0.8, (prop_oneof![3 => Just(0u8), 1 => 1u8..10], any::<bool>(), 0u32..3000));
    let moves = prop::option::weighted(0.05, prop::sample::select(&MOVES[..]));
    let sight = prop_oneof![16 => Just(Sight::Clear), 3 => Just(Sight::Blind), 1 => Just(Sight::Lost)];
    let run = (pause, sight, prop::array::uniform2(look), prop_oneof![Just(60i64), Just(300)], moves);
    let run =
        run.prop_map(|(pause, sight, looks, expected, moves)| Run { pause, sight, looks, expected, moves });
    prop::collection::vec(run, 2..60)
}

/// Zones that days may be cut by from some run on, all with hours of UTC.
const MOVES: [Tz; 5] =
    [Tz::UTC, Tz::Asia__Tokyo, Tz::America__New_York, Tz::Pacific__Kiritimati, Tz::Pacific__Honolulu];

/// Zones and moments at which something odd happens to their clocks.
pub const PLACES: [(Tz, i64); 5] = [
    (Tz::UTC, 1_795_435_200_000),
    // Clocks go back: 25 hours.
    (Tz::Europe__Berlin, 1_792_890_000_000),
    (Tz::Asia__Kathmandu, 1_795_435_200_000),
    // The hour after midnight is left out.
    (Tz::America__Santiago, 1_788_667_200_000),
    // Clocks go ahead by half an hour.
    (Tz::Australia__Lord_Howe, 1_791_041_400_000),
];
