//! `djamon-check token`: what scripts show to the API. A token is printed once, when it is made; only its hash is kept.

use std::io::Write;

use anstyle::Style;
use djamon_core::calendar::date_time;
use djamon_core::domain::Span;
use djamon_core::domain::token::{NewToken, Scope, Token};
use djamon_core::json::TokenJson;
use djamon_core::random;
use djamon_core::store::{tokens, write};

use crate::app::{App, Exit, Failure};
use crate::output::{Table, json};

/// What to do with tokens.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum TokenCommand {
    /// Add a token and print it: it is not shown again
    Add {
        /// Its name
        name: String,
        /// What it may do: read or write (which is to read and change)
        #[arg(long, value_name = "SCOPE", default_value_t = Scope::Read)]
        scope: Scope,
        /// How long it is good for, like 90d; for ever when not given
        #[arg(long, value_name = "DURATION")]
        expires: Option<Span>,
    },
    /// Show all tokens, also those that are good for nothing any more
    List {
        /// Print an array of objects
        #[arg(long)]
        json: bool,
    },
    /// Make a token good for nothing
    Revoke {
        /// Which
        name: String,
    },
}

/// Does `command`.
///
/// # Errors
/// A name that is not there or taken, and what the database says.
pub fn run(app: &App, command: TokenCommand, out: &mut dyn Write) -> Result<Exit, Failure> {
    let mut connection = app.connect()?;
    let now = app.now();
    match command {
        TokenCommand::Add { name, scope, expires } => {
            let shown = random::token().map_err(Failure::failed)?;
            let new = NewToken { name, scope, expires, created_by: None };
            write(&mut connection, |connection| tokens::add(connection, &new, &shown, now))?;
            writeln!(out, "{}", shown.0)?;
        }
        TokenCommand::List { json: true } => {
            json(out, &tokens::all(&mut connection)?.iter().map(TokenJson::new).collect::<Vec<_>>())?;
        }
        TokenCommand::List { json: false } => table(app, &tokens::all(&mut connection)?).write(out)?,
        TokenCommand::Revoke { name } => {
            write(&mut connection, |connection| tokens::revoke(connection, &name, now))?;
        }
    }
    Ok(Exit::Done)
}

fn table(app: &App, tokens: &[Token]) -> Table {
    let mut table = Table::new(["NAME", "MAY", "LAST USED", "GOOD UNTIL", "MADE BY"]);
    let at = |at| date_time(at, &app.config.history.time_zone);
    for token in tokens {
        let until = match (token.revoked_at, token.expires_at) {
            (Some(revoked), _) => format!("revoked {}", at(revoked)),
            (None, Some(end)) => at(end),
            (None, None) => "for ever".to_owned(),
        };
        let maker = token.created_by.as_ref().map_or("a command", |creator| &creator.name);
        let last_used = token.last_used_at.map_or_else(|| "never".to_owned(), at);
        table.line(
            Style::new(),
            [token.name.clone(), token.scope.to_string(), last_used, until, maker.to_owned()],
        );
    }
    table
}
