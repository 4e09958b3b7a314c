//! `djamon-web`: reads its arguments and the configuration, then serves. Exit codes: 0 served until told to stop,
//! 2 usage or configuration, 3 could not do its work.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{ArgAction, Parser};
use djamon_core::clock::SystemClock;
use djamon_core::config::Config;
use djamon_web::startup::{Application, StartError};

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
    let wanted = match cli.verbose {
        0 => "warn,actix_session=error",
        1 => "info,actix_session=error",
        _ => "debug",
    };
    let filter = tracing_subscriber::EnvFilter::new(wanted);
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_target(false).with_env_filter(filter).init();
    match serve(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("djamon-web: {error}"));
            ExitCode::from(error.exit_code())
        }
    }
}

fn serve(cli: Cli) -> Result<(), StartError> {
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
