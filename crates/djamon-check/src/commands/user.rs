//! `djamon-check user`: people who may sign in. A password is typed or piped in, never an argument: arguments are seen
//! by everybody on the machine.

use std::io::{BufRead, IsTerminal, Write};

use anstyle::Style;
use djamon_core::domain::Invalid;
use djamon_core::json::UserJson;
use djamon_core::store::users::{self, Role, User};
use djamon_core::store::{invites, write};
use djamon_core::{password, secret};

use crate::app::{App, Exit, Failure};
use crate::output::{Table, json};

/// What to do with people.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum UserCommand {
    /// Add a person; the password is asked for
    Add {
        /// The name they sign in with
        name: String,
        /// What they may do
        #[command(flatten)]
        role: RoleArgs,
        /// Where the password comes from
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// Print a link with which a person gives themselves a password, once and within 24 hours
    Invite {
        /// The name they sign in with; they are added if they are not there
        name: String,
        /// What they may do
        #[command(flatten)]
        role: RoleArgs,
        /// For somebody who has a password: the link is for a new one, what they may do stays
        #[arg(long, conflicts_with_all = ["admin", "viewer", "role"])]
        reset: bool,
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
    /// Say what a person may do; they are signed out
    Role {
        /// Who
        name: String,
        /// admin or viewer
        role: Role,
    },
    /// Keep a person from signing in, and sign them out
    Disable {
        /// Who
        name: String,
    },
    /// Let a person sign in again
    Enable {
        /// Who
        name: String,
    },
}

/// What a person may do.
#[derive(Debug, Clone, clap::Args)]
pub struct RoleArgs {
    /// They may change everything
    #[arg(long, conflicts_with_all = ["viewer", "role"])]
    admin: bool,
    /// They may only read (so it is when nothing is said)
    #[arg(long, conflicts_with = "role")]
    viewer: bool,
    /// admin or viewer: the same in another way
    #[arg(long, value_name = "ROLE")]
    role: Option<Role>,
}

impl RoleArgs {
    fn wanted(&self) -> Role {
        if self.admin { Role::Admin } else { self.role.unwrap_or(Role::Viewer) }
    }
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
        UserCommand::Add { name, role, password } => {
            let hash = hash(&password.read()?)?;
            write(&mut connection, |connection| users::add(connection, &name, role.wanted(), &hash, now))?;
        }
        UserCommand::Invite { name, role, reset } => {
            let key = secret::fresh().map_err(Failure::failed)?;
            write(&mut connection, |connection| match reset {
                true => invites::reset(connection, &name, &key, now),
                false => invites::invite(connection, &name, role.wanted(), &key, now),
            })?;
            writeln!(out, "{}/invite?key={key}", app.config.web.base_url)?;
        }
        UserCommand::List { json: true } => {
            json(out, &users::all(&mut connection)?.iter().map(UserJson::new).collect::<Vec<_>>())?;
        }
        UserCommand::List { json: false } => {
            let mut table = Table::new(["NAME", "MAY", "SIGNS IN"]);
            for user in users::all(&mut connection)? {
                let signs_in = signs_in(&user).to_owned();
                table.line(Style::new(), [user.name, user.role.name().to_owned(), signs_in]);
            }
            table.write(out)?;
        }
        UserCommand::Passwd { name, password } => {
            // Before somebody types a password twice.
            users::by_name(&mut connection, &name)?;
            let hash = hash(&password.read()?)?;
            write(&mut connection, |connection| users::set_password(connection, &name, &hash))?;
        }
        UserCommand::Role { name, role } => {
            write(&mut connection, |connection| {
                let user = users::by_name(connection, &name)?;
                users::set_role(connection, user.id, role)
            })?;
        }
        UserCommand::Disable { name } => {
            write(&mut connection, |connection| users::disable(connection, &name, now))?;
        }
        UserCommand::Enable { name } => {
            write(&mut connection, |connection| users::enable(connection, &name))?;
        }
    }
    Ok(Exit::Done)
}

/// Whether a person signs in, in a word.
fn signs_in(user: &User) -> &'static str {
    match (user.disabled_at, user.has_password) {
        (Some(_), _) => "no",
        (None, true) => "yes",
        (None, false) => "invited",
    }
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
            password::check(&password)?;
            if rpassword::prompt_password("Again: ").map_err(unreadable)? != password {
                return Err(Invalid::new("password", "is not the same both times; nothing is changed").into());
            }
            password
        } else {
            return Err(Failure::usage(
                "no terminal to ask for the password; pipe it in with --password-stdin",
            ));
        };
        password::check(&password)?;
        Ok(password)
    }
}

fn hash(password: &str) -> Result<String, Failure> {
    password::hash(password).map_err(Failure::failed)
}
