//! `djamon-check crontab`: cron's lines for the configured schedule, between two markers in the user's crontab.
//! Whatever else stands in it is left as it is, byte for byte. It knows nothing of what a run does.

use std::fmt::Write as _;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use djamon_core::config::Config;

use super::crontab_strays;

const BEGIN: &str = "# BEGIN djamon-check";
const END: &str = "# END djamon-check";

/// When old site views are taken away: every night, when few look.
const PURGE: &str = "23 3 * * *";

/// What to do with the crontab.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::Subcommand)]
pub enum CrontabAction {
    /// Print the lines for the configured schedule
    Print,
    /// Write them into your crontab, in place of those that are there
    Install,
    /// Take them out of your crontab
    Remove,
    /// Say whether your crontab has them and they can work (exit code 1: no)
    Check,
}

/// Why the crontab could not be read, written or made.
#[derive(Debug, thiserror::Error)]
pub enum CrontabError {
    /// There is no configuration file that cron's runs could be told of.
    #[error(
        "there is no configuration file, and cron passes neither your directory nor your variables on; \
         write a djamon.toml (see djamon.example.toml) and try again"
    )]
    NoConfiguration,
    /// A path that no line of a crontab can hold.
    #[error("{0:?} cannot stand in a crontab; move it to a path without line breaks and \\%")]
    OddPath(PathBuf),
    /// There is no `crontab` program.
    #[error("the program crontab is missing; install cron (on Debian: apt-get install cron)")]
    NoCron,
    /// The crontab is no text.
    #[error("your crontab is not UTF-8; add the lines of `djamon-check crontab print` by hand (crontab -e)")]
    NotText,
    /// The `crontab` program refused.
    #[error("crontab {0} failed: {1}")]
    Refused(&'static str, String),
    /// It could not be started or spoken to, or the output could not be written.
    #[error("cannot run crontab: {0}")]
    Io(#[from] std::io::Error),
}

impl CrontabError {
    /// The exit code that says the same.
    pub fn exit_code(&self) -> u8 {
        match self {
            CrontabError::NoConfiguration | CrontabError::OddPath(_) => 2,
            CrontabError::NoCron
            | CrontabError::NotText
            | CrontabError::Refused(..)
            | CrontabError::Io(_) => 3,
        }
    }
}

/// Does `action` for the user who runs this program, and gives the exit code: 1 when a check has bad news, else 0.
///
/// # Errors
/// Any [`CrontabError`]; the crontab is then as it was.
pub fn run(action: CrontabAction, config: &Config, out: &mut dyn Write) -> Result<u8, CrontabError> {
    run_on(&Table::mine(), &std::env::current_exe()?, action, config, out)
}

/// Does `action` on `table`, for lines that call `program`.
///
/// # Errors
/// As [`run`].
pub fn run_on(
    table: &Table,
    program: &Path,
    action: CrontabAction,
    config: &Config,
    out: &mut dyn Write,
) -> Result<u8, CrontabError> {
    let wanted = |program: &Path| {
        let file = config.file.as_deref().ok_or(CrontabError::NoConfiguration)?;
        block(&config.check.schedule, program, Some(file))
    };
    match action {
        CrontabAction::Print => {
            if config.file.is_none() {
                tracing::warn!("these lines name no configuration: {}", CrontabError::NoConfiguration);
            }
            let text = block(&config.check.schedule, program, config.file.as_deref())?;
            out.write_all(text.as_bytes())?;
        }
        CrontabAction::Install => {
            let lines = wanted(program)?;
            let existing = table.read()?;
            let changed = installed(&existing, &lines);
            if changed != existing {
                table.write(&changed)?;
            }
            writeln!(out, "your crontab runs {} as scheduled", program.display())?;
            if let Some(stray) = stray(&changed, config.file.as_deref()) {
                writeln!(out, "{stray}")?;
            }
        }
        CrontabAction::Remove => {
            let existing = table.read()?;
            let changed = removed(&existing);
            if changed != existing {
                table.write(&changed)?;
            }
            writeln!(out, "your crontab has no lines of djamon-check")?;
        }
        CrontabAction::Check => {
            if let Some(bad_news) = bad_news(&table.read()?, config.file.as_deref(), wanted)? {
                writeln!(out, "{bad_news}")?;
                return Ok(1);
            }
        }
    }
    Ok(0)
}

/// The lines for `schedule` and for the nightly purge, between their markers. Paths are quoted for the shell, and `%` for cron.
///
/// # Errors
/// [`CrontabError::OddPath`].
pub fn block(schedule: &[String], program: &Path, config: Option<&Path>) -> Result<String, CrontabError> {
    let mut command = word(program)?;
    if let Some(config) = config {
        command = format!("{command} --config {}", word(config)?);
    }
    let mut block =
        format!("{BEGIN} (written by `djamon-check crontab install`; changes in here are lost)\n");
    for line in schedule {
        let _ = writeln!(block, "{line} {command}");
    }
    let _ = writeln!(block, "{PURGE} {command} purge");
    Ok(block + END + "\n")
}

/// `existing` with `block` in the place of the one that is there, else at the end. Twice gives the same as once.
pub fn installed(existing: &str, block: &str) -> String {
    let (before, after) = match ours(existing).first() {
        Some(&(start, _)) => existing.split_at_checked(start).unwrap_or((existing, "")),
        None => (existing, ""),
    };
    let line_break = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
    format!("{before}{line_break}{block}{}", removed(after))
}

/// `existing` without the lines that [`installed`] put there.
pub fn removed(existing: &str) -> String {
    let mut rest = existing.to_owned();
    for (start, end) in ours(existing).into_iter().rev() {
        rest.replace_range(start..end, "");
    }
    rest
}

/// Which parts are ours, in bytes: whole blocks, and markers that have lost their other half. Those go alone, for what
/// stands beside them may be somebody's; they do not stay, for two of them might meet and look like a block.
fn ours(existing: &str) -> Vec<(usize, usize)> {
    let (mut ours, mut begin, mut at) = (Vec::new(), None, 0);
    for line in existing.split_inclusive('\n') {
        let end = at + line.len();
        if line.starts_with(BEGIN) {
            ours.extend(begin.replace((at, end)));
        } else if line.starts_with(END) {
            let from = begin.take().map_or(at, |(start, _)| start);
            ours.push((from, end));
        }
        at = end;
    }
    ours.extend(begin);
    ours
}

/// What is wrong with the lines in `existing`, where `wanted` gives those that should be there for a program.
fn bad_news(
    existing: &str,
    config: Option<&Path>,
    wanted: impl Fn(&Path) -> Result<String, CrontabError>,
) -> Result<Option<String>, CrontabError> {
    const WAY_OUT: &str = "run `djamon-check crontab install`";
    let found = ours(existing);
    let [(start, end)] = found.as_slice() else {
        let what = if found.is_empty() { "has no lines" } else { "has more than one block of lines" };
        return Ok(Some(format!("your crontab {what} of djamon-check; {WAY_OUT}")));
    };
    let there = existing.get(*start..*end).unwrap_or_default();
    let Some(program) = program_of(there) else {
        return Ok(Some(format!("your crontab calls no program for djamon-check; {WAY_OUT}")));
    };
    if there != wanted(&program)? {
        return Ok(Some(format!("your crontab is not what the configuration says; {WAY_OUT}")));
    }
    if !is_executable(&program) {
        let program = program.display();
        return Ok(Some(format!("your crontab calls {program}, which is no program; {WAY_OUT}")));
    }
    Ok(stray(existing, config))
}

/// What to say when a line that somebody wrote by hand does the same as ours.
fn stray(existing: &str, config: Option<&Path>) -> Option<String> {
    let line = crontab_strays::first(existing, &ours(existing), config)?;
    Some(format!(
        "line {line} of your crontab calls djamon-check too, and runs beside the installed ones; take it out (crontab -e)"
    ))
}

/// The program that the first line of a block calls.
fn program_of(block: &str) -> Option<PathBuf> {
    let line = block.lines().nth(1).filter(|line| !line.starts_with('#'))?;
    let mut command = line;
    for _ in 0..5 {
        command = command.trim_start().split_once([' ', '\t'])?.1;
    }
    shlex::split(&command.replace("\\%", "%"))?.into_iter().next().map(PathBuf::from)
}

fn is_executable(program: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(program).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

/// A path as one word of a crontab's command. Cron makes a line break of every `%` without a backslash, before the shell
/// sees it and whatever the quotes; a backslash that belongs to the path would take that backslash away.
fn word(path: &Path) -> Result<String, CrontabError> {
    let odd = || CrontabError::OddPath(path.to_owned());
    let text = path.to_str().ok_or_else(odd)?;
    if text.contains("\\%") || text.chars().any(char::is_control) {
        return Err(odd());
    }
    Ok(shlex::try_quote(text).map_err(|_| odd())?.replace('%', "\\%"))
}

/// A user's crontab, read and written by the system's own program.
#[derive(Debug)]
pub struct Table {
    program: PathBuf,
    user: Option<String>,
}

impl Table {
    /// The crontab of the user who runs this program.
    pub fn mine() -> Self {
        Table { program: "crontab".into(), user: None }
    }

    /// The crontab of another user, as root.
    pub fn of(user: impl Into<String>) -> Self {
        Table { user: Some(user.into()), ..Table::mine() }
    }

    /// Its text; empty when there is none.
    ///
    /// # Errors
    /// [`CrontabError`] without the program, when it refuses, or when the crontab is no text.
    pub fn read(&self) -> Result<String, CrontabError> {
        let output = self.command("-l").output().map_err(not_started)?;
        let complaint = complaint(&output);
        match output.status.success() {
            true => String::from_utf8(output.stdout).map_err(|_| CrontabError::NotText),
            false if complaint.contains("no crontab for") => Ok(String::new()),
            false => Err(CrontabError::Refused("-l", complaint)),
        }
    }

    /// Puts `text` in its place.
    ///
    /// # Errors
    /// [`CrontabError`] without the program, or when it refuses; the crontab is then as it was.
    pub fn write(&self, text: &str) -> Result<(), CrontabError> {
        let mut command = self.command("-");
        let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(not_started)?;
        // A program that refuses may close its input first: its own words say more than our broken pipe.
        let told = child.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(text.as_bytes()));
        let output = child.wait_with_output()?;
        if !output.status.success() {
            return Err(CrontabError::Refused("-", complaint(&output)));
        }
        Ok(told?)
    }

    fn command(&self, argument: &str) -> Command {
        let mut command = Command::new(&self.program);
        if let Some(user) = &self.user {
            command.args(["-u", user]);
        }
        // The words of an empty crontab are looked for in English.
        command.arg(argument).env("LC_ALL", "C");
        command
    }
}

fn not_started(error: std::io::Error) -> CrontabError {
    match error.kind() {
        ErrorKind::NotFound => CrontabError::NoCron,
        _ => CrontabError::Io(error),
    }
}

/// What the program said on its way out, in one line.
fn complaint(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    let said: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if said.is_empty() { output.status.to_string() } else { said.join("; ") }
}

#[cfg(test)]
#[path = "crontab_tests.rs"]
mod tests;
