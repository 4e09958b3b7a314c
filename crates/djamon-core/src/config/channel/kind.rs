//! The kinds of channels there are. It knows their names and whom they speak to, not their keys.

use crate::domain::alert::Audience;
use crate::domain::text::nearest;

/// What a channel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Mail.
    Email,
    /// Posts on X.
    Twitter,
    /// JSON to an address of one's own.
    Webhook,
    /// A Slack channel, by its incoming webhook.
    Slack,
    /// A Discord channel, by its webhook.
    Discord,
    /// A Telegram chat, by a bot.
    Telegram,
    /// A Microsoft Teams channel, by a workflow's webhook.
    Teams,
    /// A topic of ntfy.
    Ntfy,
    /// A service of PagerDuty.
    PagerDuty,
    /// A Matrix room.
    Matrix,
    /// A Mastodon account.
    Mastodon,
    /// Prometheus' Alertmanager.
    Alertmanager,
    /// Whatever Apprise can tell, by its API.
    Apprise,
}

impl Kind {
    /// Every kind, in the order of the documentation.
    pub const ALL: [Kind; 13] = [
        Kind::Email,
        Kind::Twitter,
        Kind::Webhook,
        Kind::Slack,
        Kind::Discord,
        Kind::Telegram,
        Kind::Teams,
        Kind::Ntfy,
        Kind::PagerDuty,
        Kind::Matrix,
        Kind::Mastodon,
        Kind::Alertmanager,
        Kind::Apprise,
    ];

    /// Its name in files, commands and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Email => "email",
            Kind::Twitter => "twitter",
            Kind::Webhook => "webhook",
            Kind::Slack => "slack",
            Kind::Discord => "discord",
            Kind::Telegram => "telegram",
            Kind::Teams => "teams",
            Kind::Ntfy => "ntfy",
            Kind::PagerDuty => "pagerduty",
            Kind::Matrix => "matrix",
            Kind::Mastodon => "mastodon",
            Kind::Alertmanager => "alertmanager",
            Kind::Apprise => "apprise",
        }
    }

    /// What people call it.
    pub const fn title(self) -> &'static str {
        match self {
            Kind::Email => "E-mail",
            Kind::Twitter => "X (Twitter)",
            Kind::Webhook => "Webhook",
            Kind::Slack => "Slack",
            Kind::Discord => "Discord",
            Kind::Telegram => "Telegram",
            Kind::Teams => "Microsoft Teams",
            Kind::Ntfy => "ntfy",
            Kind::PagerDuty => "PagerDuty",
            Kind::Matrix => "Matrix",
            Kind::Mastodon => "Mastodon",
            Kind::Alertmanager => "Alertmanager",
            Kind::Apprise => "Apprise",
        }
    }

    /// The kind of this name.
    ///
    /// # Errors
    /// Which kinds there are, or which one was meant.
    pub fn from_name(name: &str) -> Result<Kind, String> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
            let names = Kind::ALL.map(Kind::name);
            let begun = names.into_iter().find(|known| name.len() > 2 && known.starts_with(name));
            match nearest(name, &names).or(begun) {
                Some(meant) => format!("{name:?} is not a kind of channel; did you mean {meant:?}?"),
                None => format!("{name:?} is not a kind of channel; the kinds are {}", names.join(", ")),
            }
        })
    }

    /// Who reads what it carries.
    pub const fn audience(self) -> Audience {
        match self {
            Kind::Webhook | Kind::PagerDuty | Kind::Alertmanager => Audience::Machines,
            Kind::Email
            | Kind::Twitter
            | Kind::Slack
            | Kind::Discord
            | Kind::Telegram
            | Kind::Teams
            | Kind::Ntfy
            | Kind::Matrix
            | Kind::Mastodon
            | Kind::Apprise => Audience::People,
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
