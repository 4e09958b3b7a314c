//! `djamon-check alerts`: the outbox, shown and started again.

use std::io::Write;

use anstyle::Style;
use djamon_core::calendar::date_time;
use djamon_core::domain::status::State;
use djamon_core::json::{AlertJson, Reader};
use djamon_core::store::outbox;

use crate::app::{App, Exit, Failure};
use crate::deliver::{DEADLINE, Post};
use crate::output::{Table, colour, json};

/// What to do with alerts.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum AlertsCommand {
    /// Show what the channels are owed or were told, newest first
    List {
        /// At most so many
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..))]
        limit: i64,
        /// Print an array of alert objects
        #[arg(long)]
        json: bool,
    },
    /// Send now what is owed and may leave
    Deliver,
    /// Send a test message by one channel, at once
    Test {
        /// The channel's name
        channel: String,
    },
    /// Let parked and waiting alerts leave in the next run, when their cause is mended
    Retry {
        /// Only those of this channel
        channel: Option<String>,
    },
}

/// Does `command`.
///
/// # Errors
/// What the database says.
pub fn run(app: &App, command: AlertsCommand, out: &mut dyn Write) -> Result<Exit, Failure> {
    match command {
        AlertsCommand::List { limit, json } => list(app, limit, json, out)?,
        AlertsCommand::Deliver => {
            let mut connection = app.connect()?;
            let done = Post::new(app).deliver(&mut connection, DEADLINE)?;
            if app.terminal {
                let (owed, parked) = outbox::backlog(&mut connection)?;
                writeln!(out, "{} sent, {owed} still owed, {parked} parked", done.sent)?;
            }
            let kept = done.refused + done.parked;
            if kept > 0 {
                let problem = format!("{kept} alerts did not leave; djamon-check alerts list says why");
                return Err(Failure::failed(problem));
            }
        }
        AlertsCommand::Test { channel } => {
            let mut connection = app.connect()?;
            Post::new(app)
                .test(&mut connection, &channel)
                .map_err(|error| Failure::failed(format!("the test did not leave by {channel}: {error}")))?;
            if app.terminal {
                writeln!(out, "sent; look for it where {channel} leads")?;
            }
        }
        AlertsCommand::Retry { channel } => {
            let count = outbox::retry(&mut app.connect()?, channel.as_deref(), app.now())?;
            if app.terminal {
                writeln!(out, "{count} to be sent in the next run")?;
            }
        }
    }
    Ok(Exit::Done)
}

fn list(app: &App, limit: i64, as_json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let alerts = outbox::newest(&mut app.connect()?, limit)?;
    if as_json {
        return json(
            out,
            &alerts.iter().map(|alert| AlertJson::new(alert, Reader::Member)).collect::<Vec<_>>(),
        );
    }
    let zone = app.config.history.time_zone;
    let mut table = Table::new(["STATE", "CHANNEL", "EVENT", "OUTAGE", "SINCE", "TRIES", "LAST ERROR"]);
    for alert in alerts {
        let style = match alert.state.as_str() {
            "parked" => colour(State::Down),
            "retry" => colour(State::Failing),
            _ => Style::new(),
        };
        table.line(
            style,
            [
                alert.state,
                alert.channel,
                alert.kind.name().to_owned(),
                alert.outage.map_or_else(|| "-".to_owned(), |outage| outage.to_string()),
                date_time(alert.sent_at.unwrap_or(alert.created_at), zone),
                alert.tries.to_string(),
                alert.last_error.unwrap_or_default(),
            ],
        );
    }
    table.write(out)
}
