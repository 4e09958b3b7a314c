//! Lines of a crontab that somebody wrote by hand and that do what the installed ones do: both would run.

use std::path::Path;

/// The number, from 1, of the first line of `existing` outside of the parts `ours` that runs or purges the monitor of
/// `config`. A line that names no configuration is taken for one of it: which one it finds, only cron knows.
pub fn first(existing: &str, ours: &[(usize, usize)], config: Option<&Path>) -> Option<usize> {
    let mut at = 0;
    let mut lines = existing.split_inclusive('\n').enumerate().filter_map(|(index, line)| {
        let start = at;
        at += line.len();
        let is_ours = ours.iter().any(|(from, to)| (*from..*to).contains(&start));
        (!is_ours && does_our_work(line, config)).then_some(index + 1)
    });
    lines.next()
}

fn does_our_work(line: &str, config: Option<&Path>) -> bool {
    if line.trim_start().starts_with('#') {
        return false;
    }
    // What a shell might make of it is not followed further than its words.
    let words = shlex::split(&line.replace("\\%", "%")).unwrap_or_default();
    let is_program = |word: &String| Path::new(word).file_name().is_some_and(|name| name == "djamon-check");
    let Some(at) = words.iter().position(is_program) else { return false };
    let mut command = None;
    let mut rest = words.iter().skip(at + 1);
    while let Some(word) = rest.next() {
        let given = word.strip_prefix("--config=");
        if given.is_some() || word == "--config" {
            let file = given.or_else(|| rest.next().map(String::as_str));
            if file.map(Path::new) != config {
                return false;
            }
        } else if word.starts_with("--location") {
            return false;
        } else if !word.starts_with('-') {
            command = Some(word.as_str());
            break;
        }
    }
    // Behind these the command is over.
    let is_end = |word: &str| word.starts_with(['>', '2', '|', '&', ';', '<']);
    match command {
        None => true,
        Some(word) if is_end(word) => true,
        Some("run") => !rest.any(|word| word.starts_with("--location")),
        Some(other) => other == "purge",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> Option<usize> {
        first(&format!("MAILTO=me\n{line}\n"), &[], Some(Path::new("/etc/d.toml")))
    }

    #[test]
    fn lines_that_run_or_purge_this_monitor_are_found() {
        for line in [
            "* * * * * djamon-check",
            "*/5 * * * * /usr/local/bin/djamon-check --config /etc/d.toml",
            "* * * * * cd /srv && /opt/djamon-check -q run >/dev/null 2>&1",
            "* * * * * djamon-check 2>>/var/log/djamon",
            "@hourly djamon-check --config=/etc/d.toml run --group shops",
            "0 4 * * * root '/opt/my tools/djamon-check' purge",
        ] {
            assert_eq!(found(line), Some(2), "{line}");
        }
    }

    #[test]
    fn lines_that_do_something_else_are_not() {
        for line in [
            "# * * * * * djamon-check",
            "0 6 * * 1 djamon-check report --format html",
            "* * * * * djamon-check --config /etc/other.toml",
            "* * * * * djamon-check run --location berlin",
            "* * * * * djamon-checker",
            "0 3 * * * backup djamon.db 'unclosed",
            "",
        ] {
            assert_eq!(found(line), None, "{line}");
        }
        let ours = "* * * * * djamon-check\n";
        assert_eq!(first(ours, &[(0, ours.len())], None), None);
    }
}
