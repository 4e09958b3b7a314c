//! `djamon-check ack`: somebody takes an open outage in hand.

use std::io::Write;

use djamon_core::domain::OutageId;
use djamon_core::domain::outage::Acknowledged;
use djamon_core::store::outages;
use nix::unistd::{Uid, User};

use crate::app::{App, Exit, Failure};

/// What `ack` is told.
#[derive(Debug, Clone, clap::Args)]
pub struct AckArgs {
    /// The outage's number
    #[arg(value_parser = super::outage, allow_negative_numbers = true)]
    outage: OutageId,
    /// Who has taken it in hand; your login name when not given
    #[arg(long, value_name = "NAME")]
    who: Option<String>,
    /// What there is to say to it
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
}

/// Acknowledges an outage.
///
/// # Errors
/// Exit code 2 when there is no such outage, it is over, or somebody was first.
pub fn run(app: &App, args: &AckArgs, out: &mut dyn Write) -> Result<Exit, Failure> {
    let who = match &args.who {
        Some(who) => who.clone(),
        None => login_name()?,
    };
    let acknowledged = Acknowledged::new(&who, args.why.as_deref(), app.now())?;
    outages::acknowledge(&mut app.connect()?, args.outage, &acknowledged)?;
    if app.terminal {
        writeln!(out, "outage {} is acknowledged by {}", args.outage, acknowledged.by)?;
    }
    Ok(Exit::Done)
}

fn login_name() -> Result<String, Failure> {
    let user = User::from_uid(Uid::current()).ok().flatten();
    user.map(|user| user.name)
        .ok_or_else(|| Failure::usage("the system has no name for you; give one by --who NAME"))
}
