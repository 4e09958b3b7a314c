//! `djamon-web`: reads its arguments and the configuration, then serves. Exit codes: 0 served until told to stop,
//! 2 usage or configuration, 3 could not do its work.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::sync::Arc;

use clap::{ArgAction, Parser};
use djamon_core::clock::SystemClock;
use djamon_core::config::Config;
use djamon_web::startup::{Application, StartError};
use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

const ARENAS: &str = "MALLOC_ARENA_MAX";
const STARTED_AGAIN: &str = "_STARTED_BY_DJAMON_WEB";

/// Shows what djamon-check saw: the dashboard and its JSON twin.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    /// The configuration file [default: $DJAMON_CONFIG, ./djamon.toml or /etc/djamon/djamon.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Address and port to listen on, instead of [web] listen
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,

    /// Log every request; twice: more
    #[arg(short, action = ArgAction::Count)]
    verbose: u8,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    // Anybody can send a cookie that is not ours: that is nothing to warn of.
    let (wanted, of_sessions) = match cli.verbose {
        0 => (Level::WARN, Level::ERROR),
        1 => (Level::INFO, Level::ERROR),
        _ => (Level::DEBUG, Level::DEBUG),
    };
    let wanted = Targets::new().with_default(wanted).with_target("actix_session", of_sessions);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false);
    tracing_subscriber::registry().with(lines).with(wanted).init();
    match serve(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("djamon-web: {error}"));
            ExitCode::from(error.exit_code())
        }
    }
}

/// Starts this program once more in its own place, with fewer arenas. The C library gives each thread that asks for memory
/// one of its own and keeps there what was freed: with eight threads that made a large page each, eight times the memory
/// of one. It reads how many there may be only when a program starts. Where the number is set already, or the loader took
/// it away from a program with rights of its own, nothing is done.
fn with_few_arenas() -> Result<(), StartError> {
    if [ARENAS, STARTED_AGAIN].iter().any(|name| std::env::var_os(name).is_some()) {
        return Ok(());
    }
    let Ok(program) = std::env::current_exe() else { return Ok(()) };
    let mut arguments = std::env::args_os();
    let mut again = Command::new(program);
    arguments.next().map(|name| again.arg0(name));
    // It only returns when it failed, and may have changed how signals are heeded.
    let error = again.args(arguments).env(ARENAS, "2").env(STARTED_AGAIN, "1").exec();
    Err(StartError::Unable(format!(
        "cannot start itself once more: {error}; set {ARENAS}=2 in its environment"
    )))
}

fn serve(cli: Cli) -> Result<(), StartError> {
    with_few_arenas()?;
    let mut config = Config::load(cli.config.as_deref(), std::env::vars_os())
        .map_err(|error| StartError::Configuration(error.to_string()))?;
    if let Some(listen) = cli.listen {
        config.web.listen = listen;
    }
    let application = Application::build(&config, Arc::new(SystemClock::start()))?;
    say(&format!("djamon-web listens on port {}: {}", application.port(), config.web.base_url));
    let served = actix_web::rt::System::new().block_on(application.run());
    served.map_err(|error| StartError::Unable(format!("cannot serve: {error}")))
}

/// A line for whoever started it; nobody may be listening any more.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
