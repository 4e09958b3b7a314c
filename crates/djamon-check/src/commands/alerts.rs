//! `djamon-check alerts`: the outbox, shown and started again.

use std::io::Write;
use std::time::Duration;

use anstyle::Style;
use djamon_core::domain::status::State;
use djamon_core::domain::{EventKind, OutageId, text};
use djamon_core::json::{AlertJson, AlertStatsJson, Reader};
use djamon_core::store::outbox::{self, DAYS, Filter};
use djamon_core::store::{outages, stories};

use crate::app::{App, Exit, Failure};
use crate::deliver::{DEADLINE, Post, no_such_channel};
use crate::hands;
use crate::output::{Table, at_a_glance, colour, json};

/// What to do with alerts.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum AlertsCommand {
    /// Show what the channels are owed or were told, newest first
    List(ListArgs),
    /// Send now what is owed and may leave
    Deliver,
    /// Serve one channel beside the process that started this one, for as long as that holds stdin open
    #[command(hide = true)]
    Serve(ServeArgs),
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
    /// Show what a channel would be told of an outage now; nothing is sent
    Preview(PreviewArgs),
    /// Show what became of the alerts of the last 30 days
    Stats {
        /// Print one object
        #[arg(long)]
        json: bool,
    },
}

/// What `alerts list` is told.
#[derive(Debug, Clone, clap::Args)]
pub struct ListArgs {
    /// Only those in this state
    #[arg(long, value_parser = ["pending", "claimed", "retry", "sent", "parked"])]
    state: Option<String>,
    /// Only those of this channel
    #[arg(long, value_name = "NAME")]
    channel: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = super::limit, allow_negative_numbers = true)]
    limit: i64,
    /// Print an array of alert objects
    #[arg(long)]
    json: bool,
}

/// What `alerts serve` is told.
#[derive(Debug, Clone, clap::Args)]
pub struct ServeArgs {
    channel: String,
    #[arg(long)]
    seconds: f32,
}

/// What `alerts preview` is told.
#[derive(Debug, Clone, clap::Args)]
pub struct PreviewArgs {
    /// The outage's number
    #[arg(long, value_name = "N", value_parser = super::outage, allow_negative_numbers = true)]
    outage: OutageId,
    /// The channel's name
    #[arg(long, value_name = "NAME")]
    channel: String,
    /// What of it: opened, joined, reminder or resolved; what happened last when not given
    #[arg(long, value_name = "KIND", value_parser = kind)]
    event: Option<EventKind>,
}

fn kind(text: &str) -> Result<EventKind, String> {
    EventKind::from_name(text).ok_or_else(|| "use opened, joined, reminder or resolved".to_owned())
}

/// Does `command`.
///
/// # Errors
/// What the database says.
pub fn run(app: &App, command: AlertsCommand, out: &mut dyn Write) -> Result<Exit, Failure> {
    let post = Post::new(app);
    match command {
        AlertsCommand::List(args) => list(app, &post, args, out)?,
        AlertsCommand::Deliver => deliver(app, &post, out)?,
        AlertsCommand::Serve(args) => {
            hands::held_by_stdin(&app.stop);
            let deadline = Duration::try_from_secs_f32(args.seconds).unwrap_or_default();
            json(out, &post.serve(app.connect()?, &args.channel, deadline)?)?;
        }
        AlertsCommand::Test { channel } => {
            let mut connection = app.connect()?;
            refuse_unknown(&post.channels(&mut connection)?, &channel)?;
            post.test(&mut connection, &channel)
                .map_err(|error| Failure::failed(format!("the test did not leave by {channel}: {error}")))?;
            if app.terminal {
                writeln!(out, "sent; look for it where {channel} leads")?;
            }
        }
        AlertsCommand::Retry { channel } => {
            let mut connection = app.connect()?;
            if let Some(channel) = &channel {
                refuse_unknown(&post.known_channels(&mut connection)?, channel)?;
            }
            let count = outbox::retry(&mut connection, channel.as_deref(), app.now())?;
            if app.terminal {
                writeln!(out, "{} to be sent in the next run", text::count(count))?;
            }
        }
        AlertsCommand::Preview(args) => preview(app, &post, &args, out)?,
        AlertsCommand::Stats { json } => stats(app, json, out)?,
    }
    Ok(Exit::Done)
}

/// Refuses a channel that is none of those `known`.
fn refuse_unknown(known: &[String], channel: &str) -> Result<(), Failure> {
    match known.iter().any(|known| known == channel) {
        true => Ok(()),
        false => Err(Failure::usage(no_such_channel(channel, known))),
    }
}

fn deliver(app: &App, post: &Post, out: &mut dyn Write) -> Result<(), Failure> {
    let mut connection = app.connect()?;
    let done = post.deliver(&mut connection, DEADLINE)?;
    if app.terminal {
        let (owed, parked) = outbox::backlog(&mut connection)?;
        let [sent, owed, parked] = [i64::from(done.sent), owed, parked].map(text::count);
        writeln!(out, "{sent} sent, {owed} still owed, {parked} parked")?;
    }
    match done.refused + done.parked {
        0 => Ok(()),
        kept => {
            let problem = format!("{kept} alerts did not leave; djamon-check alerts list says why");
            Err(Failure::failed(problem))
        }
    }
}

fn preview(app: &App, post: &Post, args: &PreviewArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let mut connection = app.connect()?;
    refuse_unknown(&post.channels(&mut connection)?, &args.channel)?;
    let outage = args.outage;
    let events = outages::story(&mut connection, outage)?.events;
    let asked_for = |kind: EventKind| args.event.is_none_or(|asked| asked == kind);
    let Some(event) = events.iter().rfind(|event| asked_for(event.kind)) else {
        let told: Vec<&str> = events.iter().map(|event| event.kind.name()).collect();
        let problem = format!("--event: outage {outage} has no such event; it has {}", told.join(", "));
        return Err(Failure::usage(problem));
    };
    let story = stories::of_event(&mut connection, &args.channel, event)?;
    let text = post
        .preview(&mut connection, &story, &args.channel)
        .map_err(|error| Failure::failed(error.to_string()))?;
    write!(out, "{text}")?;
    Ok(())
}

fn stats(app: &App, as_json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let stats = outbox::stats(&mut app.connect()?, app.now())?;
    if as_json {
        return json(out, &AlertStatsJson::new(&stats));
    }
    let whole_seconds =
        |delay: Duration| Duration::from_secs(delay.as_secs() + u64::from(delay.subsec_nanos() > 0));
    writeln!(
        out,
        "The last {DAYS} days: {} sent, {} on their way, {} parked, {} lost; {} failed at least once.",
        stats.sent, stats.pending, stats.parked, stats.lost, stats.retried
    )?;
    if let Some(delay) = stats.delay_p95 {
        let delay = at_a_glance(whole_seconds(delay));
        writeln!(out, "95 in 100 were taken by the other side within {delay}.")?;
    }
    Ok(())
}

fn list(app: &App, post: &Post, args: ListArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let mut connection = app.connect()?;
    if let Some(channel) = &args.channel {
        refuse_unknown(&post.known_channels(&mut connection)?, channel)?;
    }
    let filter = Filter { state: args.state, channel: args.channel };
    let alerts = outbox::newest(&mut connection, &filter, args.limit)?;
    if args.json {
        return json(
            out,
            &alerts.iter().map(|alert| AlertJson::new(alert, Reader::Member)).collect::<Vec<_>>(),
        );
    }
    let now = app.now();
    let mut table = Table::new(["STATE", "CHANNEL", "EVENT", "OUTAGE", "AGE", "TRIES", "LAST ERROR"]);
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
                at_a_glance(now.since(alert.sent_at.unwrap_or(alert.created_at))),
                alert.tries.to_string(),
                alert.last_error.unwrap_or_default(),
            ],
        );
    }
    table.write(out)
}
