//! The table of what each kind of channel takes: documents, forms and checks are made from it.

use super::Kind;

/// What stands behind a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// One line of text.
    Text,
    /// An http or https address.
    Address,
    /// A directory.
    Path,
    /// Several texts.
    List,
    /// A whole number.
    Whole {
        /// The least.
        least: i64,
        /// The most.
        most: i64,
    },
    /// A length of time.
    Span,
    /// True or false.
    Flag,
    /// One of these words.
    OneOf(&'static [&'static str]),
}

/// One key of a kind of channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChannelKey {
    /// Its name. A secret `token` can also be given as `token_file` or `token_env`.
    pub name: &'static str,
    /// What it takes.
    pub takes: Takes,
    /// Whether there is no channel without it.
    pub is_needed: bool,
    /// Whether it is never shown once it is given.
    pub is_secret: bool,
    /// What counts when it is left out, as it would be written; empty: nothing.
    pub default: &'static str,
    /// What it is for, as a sentence without its full stop.
    pub meaning: &'static str,
}

impl ChannelKey {
    const fn new(name: &'static str, takes: Takes, meaning: &'static str) -> Self {
        ChannelKey { name, takes, is_needed: false, is_secret: false, default: "", meaning }
    }

    const fn needed(self) -> Self {
        ChannelKey { is_needed: true, ..self }
    }

    const fn secret(self) -> Self {
        ChannelKey { is_secret: true, ..self }
    }

    const fn or(self, default: &'static str) -> Self {
        ChannelKey { default, ..self }
    }
}

/// The keys that a channel of this kind takes, in the order of the documentation.
pub const fn keys_of(kind: Kind) -> &'static [ChannelKey] {
    match kind {
        Kind::Email => &EMAIL,
        Kind::Twitter => &TWITTER,
        Kind::Webhook => &WEBHOOK,
        Kind::Slack => &SLACK,
        Kind::Discord => &DISCORD,
        Kind::Telegram => &TELEGRAM,
        Kind::Teams => &TEAMS,
        Kind::Ntfy => &NTFY,
        Kind::PagerDuty => &PAGERDUTY,
        Kind::Matrix => &MATRIX,
        Kind::Mastodon => &MASTODON,
        Kind::Alertmanager => &ALERTMANAGER,
        Kind::Apprise => &APPRISE,
    }
}

const fn key(name: &'static str, takes: Takes, meaning: &'static str) -> ChannelKey {
    ChannelKey::new(name, takes, meaning)
}

const EMAIL: [ChannelKey; 8] = [
    key("from", Takes::Text, "The sender: \"djamon@example.org\" or \"Djamon <djamon@example.org>\"")
        .needed(),
    key("to", Takes::List, "Who gets the mail").needed(),
    key("host", Takes::Text, "The mail server").or("smtp.gmail.com"),
    key("port", Takes::Whole { least: 1, most: 65_535 }, "Its port").or("587"),
    key(
        "tls",
        Takes::OneOf(&["starttls", "implicit", "none"]),
        "How the connection is protected; with \"none\" no password is ever sent",
    )
    .or("starttls"),
    key("user", Takes::Text, "The user to sign in as"),
    key("password", Takes::Text, "The user's password").secret(),
    key(
        "file_dir",
        Takes::Path,
        "A directory: mails are written into it as .eml files instead of being sent",
    ),
];

const TWITTER: [ChannelKey; 6] = [
    key("consumer_key", Takes::Text, "The API key of the application").needed().secret(),
    key("consumer_secret", Takes::Text, "The API key's secret").needed().secret(),
    key("oauth_token", Takes::Text, "The access token of the account").needed().secret(),
    key("oauth_secret", Takes::Text, "The access token's secret").needed().secret(),
    key("api_url", Takes::Address, "Where the API is").or("https://api.x.com"),
    key(
        "include_url",
        Takes::Flag,
        "Whether posts end with the link to the outage; X charges more for those",
    )
    .or("false"),
];

const WEBHOOK: [ChannelKey; 3] = [
    key("url", Takes::Address, "Where the events are posted to").needed().secret(),
    key("secret", Takes::Text, "What the events are signed with, with or without whsec_ in front").secret(),
    key("token", Takes::Text, "Sent as Authorization: Bearer").secret(),
];

const SLACK: [ChannelKey; 1] =
    [key("url", Takes::Address, "The address of the incoming webhook").needed().secret()];

const DISCORD: [ChannelKey; 3] = [
    key("url", Takes::Address, "The address of the webhook").needed().secret(),
    key("thread_id", Takes::Text, "The thread to post into"),
    key("username", Takes::Text, "The name that posts go under, instead of the webhook's own"),
];

const TELEGRAM: [ChannelKey; 5] = [
    key("token", Takes::Text, "The bot's token, as @BotFather gives it").needed().secret(),
    key("chat_id", Takes::Text, "The chat: its number, or @ and a public channel's name").needed(),
    key("thread_id", Takes::Whole { least: 1, most: i64::MAX }, "The topic within the group"),
    key("silent", Takes::Flag, "Whether messages arrive without a sound").or("false"),
    key("api_url", Takes::Address, "Where the Bot API is").or("https://api.telegram.org"),
];

const TEAMS: [ChannelKey; 1] =
    [key("url", Takes::Address, "The address of the workflow that waits for a webhook").needed().secret()];

const NTFY: [ChannelKey; 6] = [
    key("topic", Takes::Text, "The topic: whoever knows it may read it, unless the server says otherwise")
        .needed()
        .secret(),
    key("url", Takes::Address, "The server").or("https://ntfy.sh"),
    key("token", Takes::Text, "An access token").secret(),
    key("user", Takes::Text, "The user to sign in as, instead of a token"),
    key("password", Takes::Text, "The user's password").secret(),
    key("priority", Takes::Whole { least: 1, most: 5 }, "How urgent it is when sites are down").or("5"),
];

const PAGERDUTY: [ChannelKey; 3] = [
    key("routing_key", Takes::Text, "The integration key of the service (Events API v2)").needed().secret(),
    key(
        "severity",
        Takes::OneOf(&["critical", "error", "warning", "info"]),
        "How severe it is when sites are down",
    )
    .or("critical"),
    key("api_url", Takes::Address, "Where the Events API is; in Europe https://events.eu.pagerduty.com")
        .or("https://events.pagerduty.com"),
];

const MATRIX: [ChannelKey; 3] = [
    key("url", Takes::Address, "The homeserver").needed(),
    key("room", Takes::Text, "The room's internal ID, like !abc:example.org").needed(),
    key("token", Takes::Text, "The access token of the account that posts").needed().secret(),
];

const MASTODON: [ChannelKey; 3] = [
    key("url", Takes::Address, "The server").needed(),
    key("token", Takes::Text, "The access token of an application that may write:statuses").needed().secret(),
    key("visibility", Takes::OneOf(&["public", "unlisted", "private", "direct"]), "Who may read the posts")
        .or("unlisted"),
];

const ALERTMANAGER: [ChannelKey; 6] = [
    key("url", Takes::Address, "The Alertmanager").needed(),
    key("labels", Takes::List, "Labels for every alert, like \"team=web\""),
    key("hold", Takes::Span, "How long an alert stands when nothing more is heard").or("7d"),
    key("token", Takes::Text, "Sent as Authorization: Bearer").secret(),
    key("user", Takes::Text, "The user to sign in as, instead of a token"),
    key("password", Takes::Text, "The user's password").secret(),
];

const APPRISE: [ChannelKey; 4] = [
    key("url", Takes::Address, "The server of the Apprise API").needed(),
    key("urls", Takes::Text, "Whom to tell: Apprise URLs, with a comma or a space between them").secret(),
    key("key", Takes::Text, "The name of a configuration kept there, instead of urls").secret(),
    key("tag", Takes::Text, "Which of that configuration's URLs"),
];
