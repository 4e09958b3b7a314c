//! When people are reminded of an outage that goes on. Pure; off unless `[alerts] reminders` says something.
//!
//! ```text
//!   began ──1h──► due ──4h──► due ──daily──► due ──24 h──► due …     until it ends or somebody acknowledges it
//! ```

use std::time::Duration;

use super::outage::Outage;
use super::{Instant, Span};

const DAY: Duration = Duration::from_secs(24 * 3600);
const LEAST: Duration = Duration::from_secs(60);

/// When people are reminded, counted from the beginning of an outage.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reminders {
    /// After how long, ascending.
    after: Vec<Duration>,
    /// Whether once more each day after the last of them.
    daily: bool,
}

impl Reminders {
    /// Reads lengths of time and the word `daily`, in any order; nothing means never.
    ///
    /// # Errors
    /// Which text is neither, or is shorter than a minute.
    pub fn parse(texts: &[String]) -> Result<Self, String> {
        let mut reminders = Reminders::default();
        for text in texts {
            if text.trim() == "daily" {
                reminders.daily = true;
                continue;
            }
            let Span(after) = text
                .parse()
                .map_err(|_| format!("{text:?} is neither a length of time like \"1h\" nor \"daily\""))?;
            if after < LEAST {
                return Err(format!("{text:?} is too soon to be reminded; use \"1m\" or longer"));
            }
            reminders.after.push(after);
        }
        reminders.after.sort();
        reminders.after.dedup();
        Ok(reminders)
    }

    /// Whether anybody is ever reminded.
    pub fn are_on(&self) -> bool {
        self.daily || !self.after.is_empty()
    }

    /// Whether a reminder of `outage` is owed at `now`, when the last one was at `last`. Several that were missed are
    /// one; what was due before the outage was known is none.
    pub fn owed(&self, outage: &Outage, last: Option<Instant>, now: Instant) -> bool {
        if outage.resolved_at.is_some() || outage.acknowledged.is_some() {
            return false;
        }
        let told = last.map_or(outage.detected_at, |last| last.max(outage.detected_at));
        self.last_due(outage.started_at, now).is_some_and(|due| due > told)
    }

    /// The latest time at which one was due, not after `now`.
    fn last_due(&self, began: Instant, now: Instant) -> Option<Instant> {
        let lasted = now.since(began);
        let last = self.after.last().copied().unwrap_or_default();
        let days = match self.daily {
            true => u32::try_from(lasted.saturating_sub(last).as_secs() / DAY.as_secs()).unwrap_or(u32::MAX),
            false => 0,
        };
        let due = match days {
            0 => self.after.iter().copied().rfind(|after| *after <= lasted)?,
            days => last.saturating_add(DAY.saturating_mul(days)),
        };
        Some(began.plus(due))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::outage::Acknowledged;
    use crate::domain::{OutageId, RunId, Scope};

    fn at(minute: i64) -> Instant {
        Instant::from_ms(minute * 60_000)
    }

    fn outage() -> Outage {
        Outage {
            id: OutageId(1),
            scope: Scope::All,
            started_at: at(0),
            detected_at: at(2),
            resolved_at: None,
            opened_by: RunId(1),
            acknowledged: None,
        }
    }

    fn reminders(texts: &[&str]) -> Reminders {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        Reminders::parse(&texts).unwrap()
    }

    /// The minutes at which runs, one every `pace` minutes, remind.
    fn told(reminders: &Reminders, pace: i64, until: i64) -> Vec<i64> {
        let (mut last, mut told) = (None, Vec::new());
        for minute in (2..=until).step_by(usize::try_from(pace).unwrap()) {
            if reminders.owed(&outage(), last, at(minute)) {
                last = Some(at(minute));
                told.push(minute);
            }
        }
        told
    }

    #[test]
    fn reminders_come_at_their_hours_and_then_each_day() {
        let three_days = 3 * 24 * 60 + 300;
        assert_eq!(
            told(&reminders(&["4h", "1h", "daily"]), 1, three_days),
            [60, 240, 240 + 1440, 240 + 2880, 240 + 4320]
        );
        assert_eq!(told(&reminders(&["1h", "1h"]), 1, three_days), [60]);
        assert_eq!(told(&reminders(&["daily"]), 1, three_days), [1440, 2880, 4320]);
        assert_eq!(told(&reminders(&[]), 1, three_days), [] as [i64; 0]);
        assert!(!reminders(&[]).are_on() && reminders(&["daily"]).are_on());
    }

    #[test]
    fn several_missed_are_told_as_one() {
        assert_eq!(told(&reminders(&["1h", "2h", "3h", "daily"]), 10_000, 10_002), [10_002]);
        assert!(reminders(&["1h", "4h"]).owed(&outage(), Some(at(60)), at(600)), "4h was missed");
        assert!(!reminders(&["1h", "4h"]).owed(&outage(), Some(at(600)), at(601)), "and told");
    }

    #[test]
    fn nobody_is_reminded_of_what_is_acknowledged_or_over_or_was_not_known_then() {
        let hourly = reminders(&["1h"]);
        let known_late = Outage { detected_at: at(90), ..outage() };
        assert!(!hourly.owed(&known_late, None, at(91)), "its beginning is told, that is enough");
        let over = Outage { resolved_at: Some(at(61)), ..outage() };
        assert!(!hourly.owed(&over, None, at(62)));
        let acknowledged = Acknowledged { at: at(50), by: "ann".into(), why: None };
        assert!(!hourly.owed(&Outage { acknowledged: Some(acknowledged), ..outage() }, None, at(62)));
    }

    #[test]
    fn what_is_no_time_is_named() {
        let refused = |text: &str| Reminders::parse(&[text.to_owned()]).unwrap_err();
        assert_eq!(refused("weekly"), "\"weekly\" is neither a length of time like \"1h\" nor \"daily\"");
        assert_eq!(refused("5s"), "\"5s\" is too soon to be reminded; use \"1m\" or longer");
    }

    proptest! {
        #[test]
        fn a_clock_that_jumps_back_reminds_nobody_twice(hours in prop::collection::vec(1u64..50, 0..4), now in 0i64..10_000, back in 0i64..10_000) {
            let texts: Vec<String> = hours.iter().map(|hours| format!("{hours}h")).chain(["daily".into()]).collect();
            let reminders = Reminders::parse(&texts).unwrap();
            prop_assert!(!reminders.owed(&outage(), Some(at(now)), at(now)));
            prop_assert!(!reminders.owed(&outage(), Some(at(now)), at(now - back)));
        }
    }
}
