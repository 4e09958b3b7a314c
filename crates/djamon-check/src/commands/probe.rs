//! `djamon-check probe`: one look at one URL, nothing stored, no database needed. The documented `get_status_code`.

use std::io::Write;

use djamon_core::calendar::date_time;
use djamon_core::domain::{Phases, Target};
use djamon_core::json::SightJson;
use djamon_core::probe::{ShownCertificate, Sight};

use super::check_options::CheckOptions;
use crate::app::{App, Exit, Failure};
use crate::output::json;

/// What `probe` is told.
#[derive(Debug, Clone, clap::Args)]
pub struct ProbeArgs {
    /// The address, http: or https:
    url: String,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    options: CheckOptions,
}

/// Looks once and tells what it saw; bad news when that is not `up`.
///
/// # Errors
/// An address or a limit that cannot be.
pub fn run(app: &App, args: &ProbeArgs, out: &mut dyn Write) -> Result<Exit, Failure> {
    let target = Target::parse(&args.url)?.unmasked(None)?;
    let options = args.options.clone().given()?;
    options.check()?;
    options.check_for(&target)?;
    let sight = app.prober()?.look(&target, &app.config.check.policy.with(&options).check, false);
    if args.json {
        json(out, &SightJson::new(&sight))?;
    } else {
        describe(app, &sight, out)?;
    }
    Ok(if sight.outcome.is_good() { Exit::Done } else { Exit::BadNews })
}

fn describe(app: &App, sight: &Sight, out: &mut dyn Write) -> Result<(), Failure> {
    let slow = if sight.degraded { ", slow" } else { "" };
    let mut line = |name: &str, value: String| writeln!(out, "{name:<13}{value}");
    line("outcome", format!("{}{slow}", sight.outcome))?;
    line("code", sight.code.map_or_else(|| "-".to_owned(), |code| code.to_string()))?;
    if let Some(detail) = &sight.detail {
        line("detail", detail.clone())?;
    }
    line("method", sight.method.to_string())?;
    line("time", format!("{} ms", sight.duration_ms))?;
    let Phases { dns_ms, connect_ms, tls_ms, first_byte_ms, body_ms } = sight.phases;
    for (name, length) in [
        ("  dns", dns_ms),
        ("  connect", connect_ms),
        ("  tls", tls_ms),
        ("  first byte", first_byte_ms),
        ("  body", body_ms),
    ] {
        if let Some(length) = length {
            line(name, format!("{length} ms"))?;
        }
    }
    for redirect in &sight.redirects {
        line("redirect", redirect.clone())?;
    }
    if let Some(address) = sight.address {
        line("address", address.to_string())?;
    }
    if let Some(ShownCertificate { expires_at, issuer, names, .. }) = &sight.certificate {
        line("certificate", format!("good until {}", date_time(*expires_at, &app.config.history.time_zone)))?;
        line("  from", issuer.clone())?;
        line("  for", names.join(", "))?;
    }
    Ok(())
}
