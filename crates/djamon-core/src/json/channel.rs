//! Channels as JSON shows them.

use std::collections::HashMap;

use serde::Serialize;

use crate::channels::{self, Settings};
use crate::config::{Config, ConfigError, Email, Kind, masked};
use crate::domain::options::MASK;
use crate::domain::{Channel, GroupId};

/// A channel, its secrets masked; for members only.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct ChannelJson {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: String,
    /// Whether it is told of anything.
    pub enabled: bool,
    /// The slugs of the groups it is told of; empty: everything.
    pub groups: Vec<String>,
    /// The keys of its kind; secrets are `***`.
    #[schema(value_type = Object)]
    pub settings: Settings,
    /// Where it is kept; one of the configuration is changed only there.
    pub source: Source,
    /// Counts its changes.
    pub version: i32,
}

/// Where a channel is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// In `djamon.toml`.
    Configuration,
    /// In the database.
    Database,
}

impl ChannelJson {
    /// The channel, its groups called by `slugs`.
    ///
    /// # Errors
    /// When its settings cannot be read.
    pub fn new(channel: &Channel, slugs: &HashMap<GroupId, String>) -> Result<Self, ConfigError> {
        Ok(ChannelJson {
            name: channel.name.clone(),
            kind: channel.kind.clone(),
            enabled: channel.enabled,
            groups: channel.groups.iter().filter_map(|group| slugs.get(group).cloned()).collect(),
            settings: channels::shown(channel)?,
            source: Source::Database,
            version: channel.version,
        })
    }

    /// The channels of the configuration that are on.
    pub fn configured(config: &Config) -> Vec<Self> {
        let channel = |kind: Kind, settings: Settings| ChannelJson {
            name: kind.name().to_owned(),
            kind: kind.name().to_owned(),
            enabled: true,
            groups: Vec::new(),
            settings: masked(kind, &settings),
            source: Source::Configuration,
            version: 0,
        };
        let mail = config.email.is_on().then(|| channel(Kind::Email, of_email(&config.email)));
        let posts = config.twitter.enabled.then(|| {
            let keys = ["consumer_key", "consumer_secret", "oauth_token", "oauth_secret"];
            let settings = keys.map(|key| (key.to_owned(), MASK.into())).into_iter();
            let settings = settings.chain([("api_url".to_owned(), config.twitter.api_url.clone().into())]);
            channel(Kind::Twitter, settings.collect())
        });
        mail.into_iter().chain(posts).collect()
    }
}

fn of_email(email: &Email) -> Settings {
    let mut settings = Settings::new();
    settings.insert("from".to_owned(), email.from.clone().into());
    settings.insert("to".to_owned(), email.to.clone().into());
    match &email.file_dir {
        Some(directory) => {
            settings.insert("file_dir".to_owned(), directory.to_string_lossy().into());
        }
        None => {
            settings.insert("host".to_owned(), email.host.clone().into());
            settings.insert("port".to_owned(), email.port.into());
        }
    }
    if !email.user.is_empty() {
        settings.insert("user".to_owned(), email.user.clone().into());
        settings.insert("password".to_owned(), MASK.into());
    }
    settings
}
