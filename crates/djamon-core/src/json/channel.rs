//! Channels as JSON shows them.

use std::collections::HashMap;

use serde::Serialize;

use crate::channels::{self, Settings};
use crate::config::ConfigError;
use crate::domain::{Channel, GroupId};

/// A channel, its secrets masked; for members only.
#[derive(Debug, Clone, PartialEq, Serialize)]
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
    pub settings: Settings,
    /// Counts its changes.
    pub version: i32,
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
            version: channel.version,
        })
    }
}
