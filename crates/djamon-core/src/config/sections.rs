//! The sections of `djamon.toml` and what each key means when nobody sets it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Network;
use crate::calendar::Zone;
use crate::domain::reminder::Reminders;
use crate::domain::{Invalid, Policy, ScopeRule, Target};
use crate::privacy::is_private_host;
use crate::schedule::machine_time_zone;

/// A value that is never shown: its Debug says nothing.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_empty() { "none" } else { "…" })
    }
}

/// The whole configuration, checked. Its paths are absolute, its addresses have no slash at the end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// The file it was read from; `None` when there was none.
    pub file: Option<PathBuf>,
    /// `[database]`
    pub database: Database,
    /// `[check]`
    pub check: CheckSection,
    /// `[history]`
    pub history: History,
    /// `[alerts]`
    pub alerts: Alerts,
    /// `[email]`
    pub email: Email,
    /// `[twitter]`
    pub twitter: Twitter,
    /// `[web]`
    pub web: Web,
}

/// `[database]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// `sqlite://PATH` or `postgres://…`; its Debug hides the password (see `store::backend::DatabaseUrl`).
    pub url: Secret,
}

impl Default for Database {
    fn default() -> Self {
        Database { url: Secret("sqlite://djamon.db".to_owned()) }
    }
}

impl Database {
    /// The SQLite file; `None` when the data is in PostgreSQL.
    pub fn sqlite_path(&self) -> Option<&Path> {
        self.url.0.strip_prefix("sqlite://").map(Path::new)
    }
}

/// `[check]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckSection {
    /// Addresses that usually answer; empty switches the sandbox guard off.
    pub sandbox_urls: Vec<String>,
    /// What counts for every site that says nothing else.
    pub policy: Policy,
    /// Probes at a time; 0: chosen from the number of sites.
    pub concurrency: usize,
    /// The name of this place.
    pub location: String,
    /// What cron was told.
    pub schedule: Vec<String>,
    /// Which outage a site joins.
    pub outage_scope: ScopeRule,
    /// Whether addresses of this machine and its network are refused.
    pub deny_private: bool,
}

impl Default for CheckSection {
    fn default() -> Self {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        CheckSection {
            sandbox_urls: owned(&["http://www.bbc.co.uk/", "http://www.google.co.uk/"]),
            policy: Policy::default(),
            concurrency: 0,
            location: "default".to_owned(),
            schedule: owned(&["*/1 9-16 * * 1-5", "*/5 0-8 * * 1-5", "*/5 17-23 * * 1-5", "*/5 * * * 0,6"]),
            outage_scope: ScopeRule::All,
            deny_private: false,
        }
    }
}

impl CheckSection {
    /// The sandbox URLs as probes take them, in their order.
    pub fn sandbox_targets(&self) -> Vec<Target> {
        // Loading refuses what does not parse, so that nothing is dropped here.
        self.sandbox_urls.iter().filter_map(|url| Target::parse(url).ok()).collect()
    }

    /// Checks that `target` may be asked, as far as its address tells: where a name leads is known when it is asked.
    ///
    /// # Errors
    /// [`Invalid`] of the field `url`, when it is private and `deny_private` is on.
    pub fn allow(&self, target: &Target) -> Result<(), Invalid> {
        match target.url.host().filter(|host| self.deny_private && is_private_host(host)) {
            None => Ok(()),
            Some(host) => {
                let problem = format!("{host} is private, and [check] deny_private forbids to ask it");
                Err(Invalid::new("url", problem))
            }
        }
    }
}

/// `[history]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// How long SiteViews are kept.
    pub keep_views: Duration,
    /// How long hourly figures are kept.
    pub keep_hours: Duration,
    /// The time zone of days and months in reports.
    pub time_zone: Zone,
}

impl Default for History {
    fn default() -> Self {
        let (day, year) = (86_400, 31_557_600);
        History {
            keep_views: Duration::from_secs(30 * day),
            keep_hours: Duration::from_secs(2 * year),
            time_zone: machine_time_zone(),
        }
    }
}

/// `[alerts]`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Alerts {
    /// When people are reminded of an outage that goes on.
    pub reminders: Reminders,
    /// What the secrets of channels are encrypted with; made and kept in the state directory when empty.
    pub key: Secret,
}

/// How a connection to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailTls {
    /// STARTTLS, required.
    StartTls,
    /// TLS from the first byte.
    Implicit,
    /// None; no password is ever sent.
    None,
}

/// `[email]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email {
    /// The sender; empty: e-mail is off.
    pub from: String,
    /// The recipients.
    pub to: Vec<String>,
    /// The mail server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: MailTls,
    /// The user name; empty: none.
    pub user: String,
    /// The password.
    pub password: Secret,
    /// Where `.eml` files are written instead of sending.
    pub file_dir: Option<PathBuf>,
}

impl Default for Email {
    fn default() -> Self {
        Email {
            from: String::new(),
            to: Vec::new(),
            host: "smtp.gmail.com".to_owned(),
            port: 587,
            tls: MailTls::StartTls,
            user: String::new(),
            password: Secret::default(),
            file_dir: None,
        }
    }
}

impl Email {
    /// Whether mail is to be sent.
    pub fn is_on(&self) -> bool {
        !self.from.is_empty()
    }
}

/// `[twitter]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Twitter {
    /// Whether to post.
    pub enabled: bool,
    /// The application's key.
    pub consumer_key: Secret,
    /// The application's secret.
    pub consumer_secret: Secret,
    /// The account's token.
    pub oauth_token: Secret,
    /// The account's secret.
    pub oauth_secret: Secret,
    /// Where the API is.
    pub api_url: String,
    /// Whether posts end with the link to the outage.
    pub include_url: bool,
}

impl Default for Twitter {
    fn default() -> Self {
        Twitter {
            enabled: false,
            consumer_key: Secret::default(),
            consumer_secret: Secret::default(),
            oauth_token: Secret::default(),
            oauth_secret: Secret::default(),
            api_url: "https://api.x.com".to_owned(),
            include_url: false,
        }
    }
}

/// `[web]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Web {
    /// Address and port to listen on.
    pub listen: String,
    /// The address people see; a path in it is the path the pages are served under. No slash at the end.
    pub base_url: String,
    /// For sessions; made and kept in `state_dir` when empty.
    pub secret_key: Secret,
    /// Where the session key is kept; beside the SQLite file when `None`.
    pub state_dir: Option<PathBuf>,
    /// Whether visitors who are not signed in may read.
    pub public: bool,
    /// After how long without a request a session ends.
    pub session_idle: Duration,
    /// After how long a session ends whatever happens.
    pub session_max: Duration,
    /// A directory whose files replace built-in templates of the same name.
    pub templates: Option<PathBuf>,
    /// Whose `X-Forwarded-For` and `X-Forwarded-Proto` count.
    pub trusted_proxies: Vec<Network>,
    /// Other sites whose pages may read the API in a browser.
    pub cors_origins: Vec<String>,
}

impl Default for Web {
    fn default() -> Self {
        Web {
            listen: "127.0.0.1:8000".to_owned(),
            base_url: "http://127.0.0.1:8000".to_owned(),
            secret_key: Secret::default(),
            state_dir: None,
            public: true,
            session_idle: Duration::from_secs(12 * 3600),
            session_max: Duration::from_secs(30 * 86_400),
            templates: None,
            trusted_proxies: Vec::new(),
            cors_origins: Vec::new(),
        }
    }
}
