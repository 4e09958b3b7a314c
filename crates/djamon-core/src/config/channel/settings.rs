//! A channel's settings, checked and ready to be used.

use std::time::Duration;

use url::{Position, Url};

use super::Kind;
use crate::config::{Email, Secret, Twitter};
use crate::domain::alert::Audience;

/// A channel's settings, checked, its secrets read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChannelSettings {
    /// Mail.
    Email(Email),
    /// Posts on X.
    Twitter(Twitter),
    /// JSON to an address of one's own.
    Webhook(Webhook),
    /// A Slack channel.
    Slack(Slack),
    /// A Discord channel.
    Discord(Discord),
    /// A Telegram chat.
    Telegram(Telegram),
    /// A Teams channel.
    Teams(Teams),
    /// A topic of ntfy.
    Ntfy(Ntfy),
    /// A service of PagerDuty.
    PagerDuty(PagerDuty),
    /// A Matrix room.
    Matrix(Matrix),
    /// A Mastodon account.
    Mastodon(Mastodon),
    /// An Alertmanager.
    Alertmanager(Alertmanager),
    /// An Apprise API.
    Apprise(Apprise),
}

impl ChannelSettings {
    /// What the channel is.
    pub const fn kind(&self) -> Kind {
        match self {
            ChannelSettings::Email(_) => Kind::Email,
            ChannelSettings::Twitter(_) => Kind::Twitter,
            ChannelSettings::Webhook(_) => Kind::Webhook,
            ChannelSettings::Slack(_) => Kind::Slack,
            ChannelSettings::Discord(_) => Kind::Discord,
            ChannelSettings::Telegram(_) => Kind::Telegram,
            ChannelSettings::Teams(_) => Kind::Teams,
            ChannelSettings::Ntfy(_) => Kind::Ntfy,
            ChannelSettings::PagerDuty(_) => Kind::PagerDuty,
            ChannelSettings::Matrix(_) => Kind::Matrix,
            ChannelSettings::Mastodon(_) => Kind::Mastodon,
            ChannelSettings::Alertmanager(_) => Kind::Alertmanager,
            ChannelSettings::Apprise(_) => Kind::Apprise,
        }
    }

    /// Who reads what it carries.
    pub const fn audience(&self) -> Audience {
        self.kind().audience()
    }
}

/// An http or https address. It may hold secrets: only its host is ever shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(pub(super) Url);

impl Address {
    /// The whole of it, to be asked and never to be shown.
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// Its host, and its port where that is not the usual one.
    pub fn host(&self) -> &str {
        &self.0[Position::BeforeHost..Position::AfterPort]
    }
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}/…", self.0.scheme(), self.host())
    }
}

/// How a server knows us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignIn {
    /// Not at all.
    Nobody,
    /// By a token.
    Token(Secret),
    /// By a name and a password.
    Password(String, Secret),
}

/// JSON to an address of one's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Where the events go.
    pub url: Address,
    /// The key of their signature, decoded.
    pub secret: Option<SigningKey>,
    /// How the receiver knows us.
    pub sign_in: SignIn,
}

/// The bytes of a signature's key; never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey(pub Vec<u8>);

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

/// A Slack channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slack {
    /// The incoming webhook.
    pub url: Address,
}

/// A Discord channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discord {
    /// The webhook.
    pub url: Address,
    /// The thread.
    pub thread_id: Option<String>,
    /// The name to post under.
    pub username: Option<String>,
}

/// A Telegram chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telegram {
    /// Where the Bot API is.
    pub api_url: Address,
    /// The bot's token.
    pub token: Secret,
    /// The chat.
    pub chat_id: String,
    /// The topic within it.
    pub thread_id: Option<i64>,
    /// Whether it arrives without a sound.
    pub silent: bool,
}

/// A Teams channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Teams {
    /// The workflow's webhook.
    pub url: Address,
}

/// A topic of ntfy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ntfy {
    /// The server.
    pub url: Address,
    /// The topic.
    pub topic: Secret,
    /// How the server knows us.
    pub sign_in: SignIn,
    /// How urgent an outage is, 1 to 5.
    pub priority: u8,
}

/// How severe an outage is, in PagerDuty's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// `critical`
    Critical,
    /// `error`
    Error,
    /// `warning`
    Warning,
    /// `info`
    Info,
}

/// A service of PagerDuty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PagerDuty {
    /// Where the Events API is.
    pub api_url: Address,
    /// The integration key.
    pub routing_key: Secret,
    /// How severe an outage is.
    pub severity: Severity,
}

/// A Matrix room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matrix {
    /// The homeserver.
    pub url: Address,
    /// The room's ID.
    pub room: String,
    /// The account's access token.
    pub token: Secret,
}

/// Who may read a post on Mastodon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// `public`
    Public,
    /// `unlisted`
    Unlisted,
    /// `private`
    Private,
    /// `direct`
    Direct,
}

/// A Mastodon account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mastodon {
    /// The server.
    pub url: Address,
    /// The account's access token.
    pub token: Secret,
    /// Who may read the posts.
    pub visibility: Visibility,
}

/// An Alertmanager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alertmanager {
    /// Where it is.
    pub url: Address,
    /// Labels for every alert: name and value.
    pub labels: Vec<(String, String)>,
    /// How long an alert stands when nothing more is heard.
    pub hold: Duration,
    /// How it knows us.
    pub sign_in: SignIn,
}

/// An Apprise API, and whom it tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Apprise {
    /// The server.
    pub url: Address,
    /// Whom it tells.
    pub whom: AppriseTargets,
}

/// Whom an Apprise API tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppriseTargets {
    /// These URLs.
    Urls(Secret),
    /// A configuration kept there, and which tag of it.
    Kept {
        /// Its name.
        key: Secret,
        /// The tag; empty: all of it.
        tag: String,
    },
}
