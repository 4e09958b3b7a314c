//! One minute of 1,000 sites, recorded in this process as a run records it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use djamon_core::clock::Stopwatch;
use djamon_core::domain::run::Counts;
use djamon_core::domain::{Instant, LocationId, Observation, Outcome, Policy, Site};
use djamon_core::store::record::{self, ViewIds};
use djamon_core::store::runs::{self, Ending};
use djamon_core::store::{AnyConnection, sites};
use djamon_tests::scripted::{begin, seen};

use crate::measure::own_cpu;

/// What a failed look says.
pub const PROBLEM: &str = "answered 503 Service Unavailable";

/// What recording a minute's looks took; the run's own record is not in it.
#[derive(Debug, Clone, Copy)]
pub struct Taken {
    /// From its beginning to the end of its commit.
    pub wall: Duration,
    /// CPU time of this process, so without a server's.
    pub cpu: Duration,
}

/// Records minute after minute.
pub struct Minutes {
    location: LocationId,
    sites: Vec<Site>,
    ids: ViewIds,
}

impl Minutes {
    /// Of the sites there are.
    pub fn new(connection: &mut AnyConnection) -> Result<Minutes> {
        Ok(Minutes {
            location: runs::location(connection, "default")?,
            sites: sites::all(connection)?,
            ids: ViewIds::after_stored(connection)?,
        })
    }

    /// Every site is seen at `at`, and is well.
    pub fn record(&mut self, connection: &mut AnyConnection, at: Instant) -> Result<Taken> {
        let context = begin(connection, self.location, at);
        let looks: Vec<Observation> = self.sites.iter().map(|site| seen(site, at, true)).collect();
        ensure!(looks.iter().all(|look| look.outcome == Outcome::Up), "a look failed");
        let count = looks.len();
        let (watch, before) = (Stopwatch::start(), own_cpu()?);
        let recorded =
            record::batch(connection, &context, &Policy::default(), &mut self.ids, looks, &[], at)?;
        let taken = Taken { wall: watch.elapsed(), cpu: own_cpu()?.saturating_sub(before) };
        ensure!(recorded.plan.views.len() == count, "{} rows were recorded", recorded.plan.views.len());
        let up = u32::try_from(count).context("sites")?;
        let counts = Counts { sites: up, up, ..Counts::default() };
        runs::finish(
            connection,
            context.run,
            &Ending { at, blind: None, counts, skipped_reason: None, idle: None },
        )?;
        Ok(taken)
    }
}
