//! `djamon-check`: parses, reads configuration and clock once, does the command, gives the exit code.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;

use djamon_check::app::{App, Exit, Failure};
use djamon_check::cli::{self, Cli, Command};
use djamon_check::commands;
use djamon_check::commands::alerts::AlertsCommand;
use djamon_check::hands::Program;
use djamon_check::stop::Stop;
use djamon_core::clock::SystemClock;
use djamon_core::config::Config;
use djamon_core::store::DatabaseUrl;
use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

fn main() -> ExitCode {
    let mut out = std::io::BufWriter::new(anstream::stdout());
    let done = Cli::of(std::env::args_os()).map_err(cli::refusal).and_then(|cli| run(cli, &mut out));
    let done = done.and_then(|exit| out.flush().map(|()| exit).map_err(Failure::from));
    let exit = done.unwrap_or_else(|failure| {
        let mut err = anstream::stderr();
        for line in failure.lines() {
            // Nobody is left to be told when stderr is gone.
            let _ = writeln!(err, "djamon-check: {line}");
        }
        failure.exit()
    });
    exit.into()
}

fn run(cli: Cli, out: &mut dyn Write) -> Result<Exit, Failure> {
    log_to_stderr(cli.verbose, cli.quiet);
    if let Some(exit) = commands::without_configuration(&cli.command, out)? {
        return Ok(exit);
    }
    let command = cli.command.unwrap_or_default();
    let stop = match command {
        Command::Run(_) | Command::Alerts(AlertsCommand::Deliver | AlertsCommand::Serve(_)) => {
            Stop::on_signals()
                .map_err(|error| Failure::failed(format!("signals cannot be heeded: {error}")))?
        }
        _ => Stop::default(),
    };
    let config = Config::load(cli.config.as_deref(), std::env::vars_os())?;
    let app = App {
        url: DatabaseUrl::parse(&config.database.url.0)?,
        config,
        clock: Arc::new(SystemClock::start()),
        stop,
        verbose: cli.verbose,
        quiet: cli.quiet,
        terminal: std::io::stdout().is_terminal(),
        program: std::env::current_exe().ok().and_then(|file| {
            let config = cli.config.or_else(|| std::env::var_os("DJAMON_CONFIG").map(Into::into));
            Program::new(file, config.as_deref(), cli.verbose, cli.quiet)
        }),
    };
    commands::run(&app, command, out)
}

/// Warnings by default; with `-v` also what Djamon does, with `-q` errors only.
fn log_to_stderr(verbose: bool, quiet: bool) {
    let others = if quiet && !verbose { Level::ERROR } else { Level::WARN };
    let ours = if verbose { Level::DEBUG } else { others };
    let wanted =
        Targets::new().with_default(others).with_targets([("djamon_core", ours), ("djamon_check", ours)]);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .without_time();
    tracing_subscriber::registry().with(lines).with(wanted).init();
}
