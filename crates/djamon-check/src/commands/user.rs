//! `djamon-check user`: people who may sign in. A password is typed or piped in, never an argument: arguments are seen
//! by everybody on the machine.

use std::io::{BufRead, IsTerminal, Write};

use anstyle::Style;
use argon2::{Argon2, PasswordHash, PasswordHasher};
use djamon_core::domain::Invalid;
use djamon_core::json::UserJson;
use djamon_core::store::users::{self, Role};
use djamon_core::store::write;

use crate::app::{App, Exit, Failure};
use crate::output::{Table, json};

/// A password has at least so many characters.
const SHORTEST: usize = 10;
/// A password has at most so many bytes: hashing takes memory and time.
const LONGEST: usize = 1000;

/// What to do with people.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum UserCommand {
    /// Add a person; the password is asked for
    Add {
        /// The name they sign in with
        name: String,
        /// They may change everything
        #[arg(long, conflicts_with = "viewer")]
        admin: bool,
        /// They may only read (so it is when nothing is said)
        #[arg(long)]
        viewer: bool,
        /// Where the password comes from
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// Show everybody
    List {
        /// Print an array of objects
        #[arg(long)]
        json: bool,
    },
    /// Give a person another password
    Passwd {
        /// Who
        name: String,
        /// Where the password comes from
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// Keep a person from signing in
    Disable {
        /// Who
        name: String,
    },
}

/// Where a password comes from.
#[derive(Debug, Clone, clap::Args)]
pub struct PasswordArgs {
    /// Read the password from the first line of stdin
    #[arg(long)]
    password_stdin: bool,
}

/// Does `command`.
///
/// # Errors
/// A name that is not there or taken, a password that cannot be taken, and what the database says.
pub fn run(app: &App, command: UserCommand, out: &mut dyn Write) -> Result<Exit, Failure> {
    let mut connection = app.connect()?;
    let now = app.now();
    match command {
        UserCommand::Add { name, admin, viewer: _, password } => {
            let role = if admin { Role::Admin } else { Role::Viewer };
            let hash = hash(&password.read()?)?;
            write(&mut connection, |connection| users::add(connection, &name, role, &hash, now))?;
        }
        UserCommand::List { json: true } => {
            json(out, &users::all(&mut connection)?.iter().map(UserJson::new).collect::<Vec<_>>())?;
        }
        UserCommand::List { json: false } => {
            let mut table = Table::new(["NAME", "MAY", "SIGNS IN"]);
            for user in users::all(&mut connection)? {
                let signs_in = if user.disabled_at.is_none() { "yes" } else { "no" };
                table.line(Style::new(), [user.name, user.role.name().to_owned(), signs_in.to_owned()]);
            }
            table.write(out)?;
        }
        UserCommand::Passwd { name, password } => {
            // Before somebody types a password twice.
            users::by_name(&mut connection, &name)?;
            let hash = hash(&password.read()?)?;
            write(&mut connection, |connection| users::set_password(connection, &name, &hash))?;
        }
        UserCommand::Disable { name } => {
            write(&mut connection, |connection| users::disable(connection, &name, now))?;
        }
    }
    Ok(Exit::Done)
}

impl PasswordArgs {
    fn read(&self) -> Result<String, Failure> {
        let unreadable =
            |error: std::io::Error| Failure::failed(format!("cannot read the password: {error}"));
        let password = if self.password_stdin {
            let mut line = String::new();
            std::io::stdin().lock().read_line(&mut line).map_err(unreadable)?;
            line.trim_end_matches(['\n', '\r']).to_owned()
        } else if std::io::stdin().is_terminal() {
            let password = rpassword::prompt_password("Password: ").map_err(unreadable)?;
            check(&password)?;
            if rpassword::prompt_password("Again: ").map_err(unreadable)? != password {
                return Err(Invalid::new("password", "is not the same both times; nothing is changed").into());
            }
            password
        } else {
            return Err(Failure::usage(
                "no terminal to ask for the password; pipe it in with --password-stdin",
            ));
        };
        check(&password)?;
        Ok(password)
    }
}

fn check(password: &str) -> Result<(), Invalid> {
    if password.chars().count() < SHORTEST {
        return Err(Invalid::new("password", format!("is too short; use at least {SHORTEST} characters")));
    }
    if password.len() > LONGEST {
        return Err(Invalid::new("password", format!("is too long; use at most {LONGEST} bytes")));
    }
    Ok(())
}

/// The password as it is kept: argon2id, the salt in it.
fn hash(password: &str) -> Result<String, Failure> {
    let hash: Result<PasswordHash, _> = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string())
        .map_err(|error| Failure::failed(format!("the password cannot be hashed: {error}")))
}
