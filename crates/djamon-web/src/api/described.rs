//! What bodies may hold, for the OpenAPI document; [`super::site_fields`], [`super::group_changes`] and
//! [`super::channel_changes`] read them.

use djamon_core::channels::Settings;
use djamon_core::domain::SiteOptions;
use serde::Serialize;
use utoipa::ToSchema;

/// A site to be made. What is left out or null is as the configuration says.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewSite {
    /// Its address, http: or https:; a user name and password in it are kept apart and never shown.
    pub url: String,
    /// Its name for people; host, port and path of the address when not given.
    pub name: Option<String>,
    /// Its name in URLs and commands; made from the name when not given.
    pub slug: Option<String>,
    /// Its group's slug or name.
    pub group: Option<String>,
    /// Whether visitors see it, its group permitting (true).
    pub public: Option<bool>,
    /// Whether it is not checked (false).
    pub paused: Option<bool>,
    /// How it is checked.
    #[serde(flatten)]
    pub options: SiteOptions,
}

/// What changes of a site. What is left out stays; null takes a value back. A masked secret (`***`) stays as it is.
#[derive(Debug, Serialize, ToSchema)]
pub struct SiteChange {
    /// Its address; never null.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Its name for people.
    pub name: Option<String>,
    /// Its group's slug or name.
    pub group: Option<String>,
    /// Whether visitors see it, its group permitting.
    pub public: Option<bool>,
    /// Whether it is not checked.
    pub paused: Option<bool>,
    /// How it is checked.
    #[serde(flatten)]
    pub options: SiteOptions,
}

/// A group to be made.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGroup {
    /// Its name for people.
    pub name: String,
    /// Its name in URLs and commands; made from the name when not given.
    pub slug: Option<String>,
    /// Whether visitors see it (true).
    pub public: Option<bool>,
}

/// What changes of a group. What is left out stays.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupChange {
    /// Its name for people; never null.
    pub name: Option<String>,
    /// Whether visitors see it.
    pub public: Option<bool>,
}

/// A channel to be made.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewChannel {
    /// Its name.
    pub name: String,
    /// What it is: `email`, `webhook`, `slack` … (docs/alerts.md).
    pub kind: String,
    /// The keys of its kind; secrets are written here and never shown again.
    #[schema(value_type = Object)]
    pub settings: Settings,
    /// The groups it is told of, by slug or name; none: every site.
    pub groups: Option<Vec<String>>,
    /// Whether it is told of anything (true).
    pub enabled: Option<bool>,
}

/// What changes of a channel. What is left out stays.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelChange {
    /// Another name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The keys that change; null takes one back, `***` leaves a secret as it is.
    #[schema(value_type = Option<Object>)]
    pub settings: Option<Settings>,
    /// The groups it is told of, by slug or name; none or null: every site.
    pub groups: Option<Vec<String>>,
    /// Whether it is told of anything; null: it is.
    pub enabled: Option<bool>,
}
