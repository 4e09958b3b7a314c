//! When runs were promised: cron's lines, or a fixed pace. Reads no clock; knows nothing of what a run does.

use std::time::Duration;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

use crate::calendar::Zone;
use crate::domain::Instant;

/// The pace taken when a schedule cannot tell: the documented one outside of work time.
const USUAL_GAP: Duration = Duration::from_secs(300);

/// When runs are promised.
#[derive(Debug, Clone)]
pub struct Schedule(Promise);

#[derive(Debug, Clone)]
enum Promise {
    Cron(Vec<Cron>),
    Every(Duration),
}

impl Schedule {
    /// The schedule of these lines, each with cron's five fields (minute, hour, day, month, weekday).
    ///
    /// # Errors
    /// A sentence about the first line that cron would refuse, or that never comes.
    pub fn parse(lines: &[String]) -> Result<Self, String> {
        if lines.is_empty() {
            return Err("is empty; write at least one line like \"*/5 * * * *\"".to_owned());
        }
        let crons = lines.iter().map(|line| parse_line(line)).collect::<Result<_, _>>()?;
        Ok(Schedule(Promise::Cron(crons)))
    }

    /// A run every `pace`, as `run --every` promises.
    pub fn every(pace: Duration) -> Self {
        Schedule(Promise::Every(pace))
    }

    /// The gap between the runs promised around `at`: from the last promised minute at or before it to the next one
    /// after it, by the clocks of `zone`. At least a second.
    pub fn expected_interval(&self, at: Instant, zone: &Zone) -> Duration {
        let gap = match &self.0 {
            Promise::Every(pace) => Some(*pace),
            Promise::Cron(crons) => gap_around(crons, at, zone),
        };
        gap.unwrap_or(USUAL_GAP).max(Duration::from_secs(1))
    }
}

/// The machine's time zone: `$TZ` where it names one, else what `/etc/localtime` points at, else UTC.
pub fn machine_time_zone() -> Zone {
    let variable = std::env::var("TZ").ok();
    let named = variable.as_deref().and_then(|name| name.trim_start_matches(':').parse().ok());
    let installed = || iana_time_zone::get_timezone().ok()?.parse().ok();
    named.or_else(installed).unwrap_or_default()
}

fn gap_around(crons: &[Cron], at: Instant, zone: &Zone) -> Option<Duration> {
    let at = zone.local(at);
    let last = crons.iter().filter_map(|cron| cron.find_previous_occurrence(&at, true).ok()).max()?;
    let next = crons.iter().filter_map(|cron| cron.find_next_occurrence(&at, false).ok()).min()?;
    next.duration_since(&last).try_into().ok()
}

/// A line as cron reads it. The parser knows more (seconds, years, `L`, `#`, `@daily`): what cron does not know is
/// refused, for these lines end up in a crontab.
fn parse_line(line: &str) -> Result<Cron, String> {
    let wrong = |why: &str| format!("{line:?} is no line of a crontab: {why}");
    if line.chars().any(|c| c.is_control() && c != '\t') {
        return Err(wrong("it has a line break or another control character"));
    }
    let fields: Vec<&str> = line.split_whitespace().collect();
    if fields.len() != 5 {
        return Err(wrong(&format!(
            "it has {} field{} instead of 5 (minute, hour, day, month, weekday)",
            fields.len(),
            if fields.len() == 1 { "" } else { "s" }
        )));
    }
    for (field, names) in fields.iter().zip([NO_NAMES, NO_NAMES, NO_NAMES, MONTHS, WEEKDAYS]) {
        if let Some(odd) = field.split([',', '-', '/', '*']).find(|word| !is_number_or_name(word, names)) {
            return Err(wrong(&format!("cron does not know {odd:?}")));
        }
    }
    let parser = CronParser::builder().seconds(Seconds::Required).year(Year::Required).build();
    let whole = format!("0 {line} {YEARS}");
    let cron = parser.parse(&whole).map_err(|_| wrong(&format!("{} cannot be", out_of_range(&fields))))?;
    let some_day = Zone::default().local(Instant::from_ms(0));
    cron.find_next_occurrence(&some_day, false).map_err(|_| wrong("that time never comes"))?;
    Ok(cron)
}

/// The parser sets a bit for every year: of the 3,000 it knows by itself that took longer than reading the configuration.
const YEARS: &str = "1970-2199";

const NO_NAMES: &[&str] = &[];
const MONTHS: &[&str] = &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

fn is_number_or_name(word: &str, names: &[&str]) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit()) || names.iter().any(|name| word.eq_ignore_ascii_case(name))
}

/// The first field that is wrong on its own, for the message; the parser's own says only "component error".
fn out_of_range(fields: &[&str]) -> String {
    let fits = |place: usize, field: &str| {
        let alone: Vec<&str> = (0..5).map(|n| if n == place { field } else { "*" }).collect();
        CronParser::new().parse(&alone.join(" ")).is_ok()
    };
    let names = ["minute", "hour", "day", "month", "weekday"];
    let wrong = fields.iter().zip(names).enumerate().find(|(place, (field, _))| !fits(*place, field));
    wrong.map_or_else(|| "it".to_owned(), |(_, (field, name))| format!("the {name} {field:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::CheckSection;
    use proptest::prelude::*;

    fn documented() -> Schedule {
        Schedule::parse(&CheckSection::default().schedule).unwrap()
    }

    fn at(text: &str) -> Instant {
        crate::calendar::parse_rfc3339(text).unwrap()
    }

    fn zone(name: &str) -> Zone {
        name.parse().unwrap()
    }

    fn gap(schedule: &Schedule, text: &str, zone_name: &str) -> u64 {
        schedule.expected_interval(at(text), &zone(zone_name)).as_secs()
    }

    fn refused(line: &str) -> String {
        Schedule::parse(&[line.to_owned()]).unwrap_err()
    }

    #[test]
    fn the_documented_schedule_promises_a_minute_in_work_time_and_five_otherwise() {
        let documented = documented();
        // 2026-11-23 is a Monday.
        for (time, seconds) in [
            ("2026-11-23T08:54:59Z", 300),
            ("2026-11-23T08:55:00Z", 300),
            ("2026-11-23T08:59:59.999Z", 300),
            ("2026-11-23T09:00:00Z", 60),
            ("2026-11-23T16:58:30Z", 60),
            ("2026-11-23T16:59:00Z", 60),
            ("2026-11-23T17:00:00.250Z", 300),
            ("2026-11-23T23:57:00Z", 300),
            ("2026-11-28T12:00:00Z", 300),
            ("2026-11-29T23:59:00Z", 300),
        ] {
            assert_eq!(gap(&documented, time, "UTC"), seconds, "{time}");
        }
        assert_eq!(gap(&documented, "2026-11-23T08:30:00Z", "Europe/Berlin"), 60);
    }

    #[test]
    fn a_change_of_clocks_leaves_the_pace_alone() {
        let documented = documented();
        for (name, days) in [
            ("Europe/London", ["2026-03-29T00:00:00Z", "2026-10-25T00:00:00Z"]),
            ("America/New_York", ["2026-03-08T05:00:00Z", "2026-11-01T05:00:00Z"]),
            ("Australia/Lord_Howe", ["2026-04-04T14:00:00Z", "2026-10-03T15:00:00Z"]),
        ] {
            for minute in 0..300 {
                for day in days {
                    let time = at(day).plus(Duration::from_secs(60 * minute + 7));
                    let gap = documented.expected_interval(time, &zone(name));
                    assert_eq!(gap, Duration::from_secs(300), "{name} {day} {minute}");
                }
            }
        }
    }

    #[test]
    fn a_nightly_run_is_promised_once_a_day_through_both_changes_of_clocks() {
        let nightly = Schedule::parse(&["30 1 * * *".to_owned()]).unwrap();
        for time in ["2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z", "2026-10-24T12:00:00Z"] {
            let hours = gap(&nightly, time, "Europe/London") / 3600;
            assert!((22..=25).contains(&hours), "{time}: {hours} h");
        }
    }

    #[test]
    fn a_fixed_pace_is_promised_at_any_time() {
        let every = Schedule::every(Duration::from_secs(10));
        assert_eq!(gap(&every, "2026-11-23T09:00:00Z", "UTC"), 10);
        let furious = Schedule::every(Duration::ZERO);
        assert_eq!(gap(&furious, "2026-11-23T09:00:00Z", "UTC"), 1);
    }

    #[test]
    fn an_impossible_instant_gets_the_usual_pace() {
        for ms in [i64::MIN, i64::MAX, -8_000_000_000_000_000, 8_000_000_000_000_000] {
            let gap = documented().expected_interval(Instant::from_ms(ms), &zone("Europe/London"));
            assert_eq!(gap, Duration::from_secs(300), "{ms}");
        }
    }

    #[test]
    fn what_cron_would_refuse_is_refused_with_the_reason() {
        for (line, why) in [
            ("* * * *", "it has 4 fields instead of 5 (minute, hour, day, month, weekday)"),
            ("hourly", "it has 1 field instead of 5 (minute, hour, day, month, weekday)"),
            ("0 * * * * *", "it has 6 fields instead of 5 (minute, hour, day, month, weekday)"),
            ("61 * * * *", "the minute \"61\" cannot be"),
            ("* 9-25 * * *", "the hour \"9-25\" cannot be"),
            ("*/0 * * * *", "the minute \"*/0\" cannot be"),
            ("* * L * *", "cron does not know \"L\""),
            ("* * * * mon#2", "cron does not know \"mon#2\""),
            ("0 0 30 2 *", "that time never comes"),
            ("* * *\n * *", "it has a line break or another control character"),
        ] {
            assert_eq!(refused(line), format!("{line:?} is no line of a crontab: {why}"));
        }
        assert!(Schedule::parse(&[]).unwrap_err().contains("at least one line"));
        assert!(Schedule::parse(&["0,30 8-18/2 1 jan-mar Mon-Fri".to_owned()]).is_ok());
    }

    proptest! {
        #[test]
        fn the_gap_is_the_one_between_neighbouring_matching_minutes(
            second in 1_700_000_000i64..1_900_000_000,
            lines in prop::sample::subsequence(vec![
                "*/7 * * * *", "0,30 8-18 * * 1-5", "15 */3 * * *", "*/1 9-16 * * 1-5", "5 4 * * 0,6",
            ], 1..5),
        ) {
            let lines: Vec<String> = lines.into_iter().map(str::to_owned).collect();
            let Promise::Cron(crons) = Schedule::parse(&lines).unwrap().0 else { unreachable!() };
            let matches = |minute: i64| {
                let time = zone("UTC").local(Instant::from_ms(minute * 60_000));
                crons.iter().any(|cron| cron.is_time_matching(&time).unwrap())
            };
            let minute = second / 60;
            let last = (0..20_000).map(|n| minute - n).find(|m| matches(*m)).unwrap();
            let next = (1..20_000).map(|n| minute + n).find(|m| matches(*m)).unwrap();
            let gap = gap_around(&crons, Instant::from_ms(second * 1000), &zone("UTC")).unwrap();
            prop_assert_eq!(gap.as_secs(), u64::try_from((next - last) * 60).unwrap());
        }
    }
}
