//! A channel: somebody who is told of outages, of everything or only of the sites of some groups.

use super::{ChannelId, GroupId};

/// A channel as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// Its number.
    pub id: ChannelId,
    /// Its name, unique among those that are not removed.
    pub name: String,
    /// What it is: `email`, `webhook` …
    pub kind: String,
    /// The keys of that kind as a JSON object, its secrets sealed.
    pub settings: String,
    /// Whether it is told of anything.
    pub enabled: bool,
    /// The groups it is told of; empty: everything.
    pub groups: Vec<GroupId>,
    /// Counts its changes, for `If-Match`.
    pub version: i32,
}

/// A channel to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewChannel {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: String,
    /// The keys of that kind as a JSON object, its secrets sealed.
    pub settings: String,
    /// Whether it is told of anything.
    pub enabled: bool,
    /// The groups it is told of; empty: everything.
    pub groups: Vec<GroupId>,
}

/// What may change of a channel; `None` leaves a thing as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChannelChange {
    /// A new name; what it was told before keeps the old one.
    pub name: Option<String>,
    /// Another kind.
    pub kind: Option<String>,
    /// All keys anew.
    pub settings: Option<String>,
    /// Whether it is told of anything.
    pub enabled: Option<bool>,
    /// The groups it is told of; empty: everything.
    pub groups: Option<Vec<GroupId>>,
}

/// Who is told of what happens in a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// The channel's name.
    pub channel: String,
    /// The groups it is told of; empty: everything.
    pub groups: Vec<GroupId>,
}

impl Listener {
    /// Whether it is told of a site in `group`.
    pub fn hears_of(&self, group: Option<GroupId>) -> bool {
        self.hears_everything() || group.is_some_and(|group| self.groups.contains(&group))
    }

    /// Whether it is told of every site.
    pub fn hears_everything(&self) -> bool {
        self.groups.is_empty()
    }
}

impl<T: Into<String>> From<T> for Listener {
    /// The channel of this name, told of everything.
    fn from(channel: T) -> Self {
        Listener { channel: channel.into(), groups: Vec::new() }
    }
}
