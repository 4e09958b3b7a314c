//! The text of a crontab: what is put in, what is left alone. The program itself is tried in the tests package.

use djamon_core::config::CheckSection;
use proptest::prelude::*;

use super::*;

fn lines(program: &str, config: Option<&str>) -> String {
    block(&["*/5 * * * *".to_owned()], Path::new(program), config.map(Path::new)).unwrap()
}

fn documented() -> Vec<String> {
    CheckSection::default().schedule
}

fn news(existing: &str, schedule: &[&str]) -> Option<String> {
    let schedule: Vec<String> = schedule.iter().map(|line| (*line).to_owned()).collect();
    bad_news(existing, Some(Path::new("/etc/d.toml")), |program| {
        block(&schedule, program, Some(Path::new("/etc/d.toml")))
    })
    .unwrap()
}

#[test]
fn a_block_has_a_line_for_each_of_the_schedule() {
    let text = block(&documented(), Path::new("/usr/bin/djamon-check"), Some(Path::new("/etc/d.toml")));
    assert_eq!(
        text.unwrap(),
        "# BEGIN djamon-check (written by `djamon-check crontab install`; changes in here are lost)\n\
         */1 9-16 * * 1-5 /usr/bin/djamon-check --config /etc/d.toml\n\
         */5 0-8 * * 1-5 /usr/bin/djamon-check --config /etc/d.toml\n\
         */5 17-23 * * 1-5 /usr/bin/djamon-check --config /etc/d.toml\n\
         */5 * * * 0,6 /usr/bin/djamon-check --config /etc/d.toml\n\
         23 3 * * * /usr/bin/djamon-check --config /etc/d.toml purge\n\
         # END djamon-check\n"
    );
    assert!(!lines("/d", None).contains("--config"));
}

#[test]
fn odd_paths_are_quoted_for_the_shell_and_for_cron() {
    let line = |program| lines(program, None).lines().nth(1).unwrap().to_owned();
    assert_eq!(line("/my tools/100%/d"), "*/5 * * * * '/my tools/100\\%/d'");
    for path in ["/a b/d", "/it's/d", "/$HOME/`d`", "/50% \"off\"'s/d", "/a\\b/d", "/back\\ slash%/d"] {
        assert_eq!(program_of(&lines(path, None)), Some(PathBuf::from(path)));
    }
    for path in ["/a\nb/d", "/a\\%b/d"] {
        let error = block(&documented(), Path::new(path), None).unwrap_err();
        assert_eq!(
            (error.to_string(), error.exit_code()),
            (format!("{path:?} cannot stand in a crontab; move it to a path without line breaks and \\%"), 2)
        );
    }
}

#[test]
fn a_block_takes_the_place_of_the_old_one_and_the_rest_stays() {
    let (old, new) = (lines("/old", None), lines("/new", None));
    for (existing, changed) in [
        (String::new(), new.clone()),
        ("@daily x\n".into(), format!("@daily x\n{new}")),
        ("@daily x".into(), format!("@daily x\n{new}")),
        (format!("\n# a\n{old}\r\nb % c\n"), format!("\n# a\n{new}\r\nb % c\n")),
        (format!("a\n{old}b\n{old}c"), format!("a\n{new}b\nc")),
    ] {
        assert_eq!(installed(&existing, &new), changed);
    }
}

#[test]
fn a_marker_without_its_other_half_takes_nothing_with_it() {
    let (old, new) = (lines("/old", None), lines("/new", None));
    for (torn, changed, rest) in [
        (format!("{BEGIN}\n@daily a\n"), format!("{new}@daily a\n"), "@daily a\n"),
        (format!("{END}\n@daily a\n"), format!("{new}@daily a\n"), "@daily a\n"),
        (format!("{BEGIN}\na\n{old}b\n{END}\nc\n"), format!("{new}a\nb\nc\n"), "a\nb\nc\n"),
    ] {
        assert_eq!(installed(&torn, &new), changed);
        assert_eq!(removed(&torn), rest);
        assert_eq!(removed(&changed), rest);
    }
}

#[test]
fn a_check_names_what_is_wrong_and_the_way_out() {
    let program = std::env::current_exe().unwrap();
    let program = program.to_str().unwrap();
    let pace = ["*/5 * * * *"];
    let good = lines(program, Some("/etc/d.toml"));
    let way_out = "; run `djamon-check crontab install`";
    let no_program = lines("/no/such/djamon-check", Some("/etc/d.toml"));
    let other_file = lines(program, Some("/etc/other.toml"));
    let hollow = format!("{BEGIN}\n{END}\n");
    assert_eq!(news(&format!("@daily x\n{good}"), &pace), None);
    for (existing, schedule, says) in [
        ("@daily x\n", "*/5 * * * *", "your crontab has no lines of djamon-check"),
        (
            &format!("{good}{good}"),
            "*/5 * * * *",
            "your crontab has more than one block of lines of djamon-check",
        ),
        (&good, "* * * * *", "your crontab is not what the configuration says"),
        (&other_file, "*/5 * * * *", "your crontab is not what the configuration says"),
        (&hollow, "*/5 * * * *", "your crontab calls no program for djamon-check"),
        (&no_program, "*/5 * * * *", "your crontab calls /no/such/djamon-check, which is no program"),
    ] {
        assert_eq!(news(existing, &[schedule]), Some(format!("{says}{way_out}")));
    }
}

#[test]
fn a_missing_configuration_or_crontab_program_is_one_clear_error() {
    let table = Table { program: "/no/such/crontab".into(), user: None };
    let error = |config: &Config| {
        let mut out = Vec::new();
        let error = run_on(&table, Path::new("/d"), CrontabAction::Install, config, &mut out).unwrap_err();
        assert!(out.is_empty());
        (error.to_string(), error.exit_code())
    };
    let no_file = "there is no configuration file, and cron passes neither your directory nor your variables on; \
                   write a djamon.toml (see djamon.example.toml) and try again";
    assert_eq!(error(&Config::default()), (no_file.to_owned(), 2));
    let no_cron = "the program crontab is missing; install cron (on Debian: apt-get install cron)";
    let config = Config { file: Some("/etc/d.toml".into()), ..Config::default() };
    assert_eq!(error(&config), (no_cron.to_owned(), 3));
}

/// The lines of the deployed file: cron's five fields and the command.
fn deployed() -> Vec<(String, String)> {
    include_str!("../../../../deploy/crontab")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            (words[..5].join(" "), words[5..].join(" "))
        })
        .collect()
}

#[test]
fn the_deployed_crontab_is_the_default_schedule() {
    let program = "/usr/local/bin/djamon-check".to_owned();
    let mut lines: Vec<_> = documented().into_iter().map(|schedule| (schedule, program.clone())).collect();
    lines.push((PURGE.to_owned(), format!("{program} purge")));
    assert_eq!(deployed(), lines);
}

#[test]
fn the_deployed_crontab_runs_in_the_documented_minutes_of_a_week_and_in_no_other() {
    let numbers = |field: &str, range: std::ops::RangeInclusive<u32>| -> Vec<u32> {
        field
            .split(',')
            .flat_map(|part| {
                let (part, step) = part.split_once('/').unwrap_or((part, "1"));
                let (from, to) = match part.split_once('-') {
                    _ if part == "*" => (*range.start(), *range.end()),
                    Some((from, to)) => (from.parse().unwrap(), to.parse().unwrap()),
                    None => (part.parse().unwrap(), part.parse().unwrap()),
                };
                (from..=to).step_by(step.parse().unwrap())
            })
            .collect()
    };
    let mut calls = std::collections::BTreeMap::new();
    for (schedule, _) in deployed().into_iter().filter(|(_, command)| !command.ends_with(" purge")) {
        let fields: Vec<&str> = schedule.split(' ').collect();
        assert_eq!(fields[2..4], ["*", "*"]);
        for weekday in numbers(fields[4], 0..=6) {
            for hour in numbers(fields[1], 0..=23) {
                for minute in numbers(fields[0], 0..=59) {
                    *calls.entry((weekday, hour, minute)).or_insert(0) += 1;
                }
            }
        }
    }
    for weekday in 0..7 {
        for hour in 0..24 {
            for minute in 0..60 {
                let work_time = (1..=5).contains(&weekday) && (9..=16).contains(&hour);
                let due = u32::from(work_time || minute % 5 == 0);
                let called = calls.get(&(weekday, hour, minute)).copied().unwrap_or(0);
                assert_eq!(called, due, "weekday {weekday}, {hour:02}:{minute:02}");
            }
        }
    }
}

proptest! {
    #[test]
    fn what_stood_there_stays_byte_for_byte(
        existing in "(([a-z*% ]{0,9}|# BEGIN djamon-check|# END djamon-check)\r?\n){0,8}[a-z]{0,3}",
    ) {
        let new = lines("/usr/bin/djamon-check", Some("/etc/d.toml"));
        let once = installed(&existing, &new);
        prop_assert_eq!(&installed(&once, &new), &once);
        prop_assert_eq!(once.matches(&new).count(), 1);
        let line_break = if once.ends_with(&new) && !existing.is_empty() && !existing.ends_with('\n') { "\n" } else { "" };
        prop_assert_eq!(removed(&once), removed(&existing) + line_break);
    }
}
