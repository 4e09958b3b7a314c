//! One monitoring run, as its record tells it.

use serde::{Deserialize, Serialize};

use super::{Instant, LocationId, RunId, Standing, ViewId};

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunState {
    /// It is going on.
    Running,
    /// It did its work.
    Done,
    /// The monitor's own line was dead, at the start or from some moment on.
    Blind,
    /// Another run of the location was still going.
    Overlap,
    /// It was killed or could not do its work.
    Died,
}

impl RunState {
    /// Every state.
    pub const ALL: [RunState; 5] =
        [RunState::Running, RunState::Done, RunState::Blind, RunState::Overlap, RunState::Died];

    /// Its name in tables and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            RunState::Running => "running",
            RunState::Done => "done",
            RunState::Blind => "blind",
            RunState::Overlap => "overlap",
            RunState::Died => "died",
        }
    }

    /// The state of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// Why the monitor could not see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blind {
    /// The reason: `line`, `dns` or `portal`, and a sentence.
    pub reason: String,
    /// From when on.
    pub from: Instant,
}

/// A time when a location could not see, over all the runs that it went on for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlindTime {
    /// Where.
    pub location: LocationId,
    /// From when on.
    pub from: Instant,
    /// When the first run began that could see again, or until when the last blind one vouched for it; `None` while it goes on.
    pub until: Option<Instant>,
    /// The reason that its last run gave ([`Blind::reason`]).
    pub reason: String,
}

/// A time when a place could not see, as figures count it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlindSpan {
    /// The time in the key of the last SiteView before it: a look with a later one came after it, whatever the clock said.
    pub after: Instant,
    /// Its beginning.
    pub from: Instant,
    /// Its end.
    pub until: Instant,
}

/// All the times when a place could not see, in the order in which they were noted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Blindness(pub Vec<BlindSpan>);

impl Blindness {
    /// It could always see.
    pub const NEVER: Blindness = Blindness(Vec::new());

    /// What came after `look` and lies between `from` and `to`, by time.
    pub fn between(&self, look: ViewId, from: Instant, to: Instant) -> Vec<(Instant, Instant)> {
        let first = self.0.partition_point(|span| span.after < look.instant());
        let cut = |span: &BlindSpan| (from.max(span.from), to.min(span.until));
        let mut times: Vec<_> =
            self.0.iter().skip(first).map(cut).filter(|(from, until)| from < until).collect();
        times.sort_unstable();
        times
    }
}

/// A run's record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its number.
    pub id: RunId,
    /// Where it looked from.
    pub location: LocationId,
    /// How it ended.
    pub state: RunState,
    /// When it began.
    pub started_at: Instant,
    /// When it ended.
    pub finished_at: Option<Instant>,
    /// How long until the next run was promised.
    pub expected_interval_ms: i64,
    /// Whether and why it could not see.
    pub blind: Option<Blind>,
    /// What it counted.
    pub counts: Counts,
    /// Why sites were not looked at.
    pub skipped_reason: Option<String>,
}

/// What a run counted: the due sites, and how they stood afterwards.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Sites that were due.
    pub sites: u32,
    /// Of them, up afterwards.
    pub up: u32,
    /// Of them, failing afterwards.
    pub failing: u32,
    /// Of them, down afterwards.
    pub down: u32,
    /// Due but not looked at.
    pub skipped: u32,
}

impl Counts {
    /// Counts one site that stands so.
    pub fn add(&mut self, standing: Standing) {
        match standing {
            Standing::Up => self.up += 1,
            Standing::Failing => self.failing += 1,
            Standing::Down => self.down += 1,
        }
    }
}
