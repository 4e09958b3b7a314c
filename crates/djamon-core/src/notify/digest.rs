//! A story in words, in parts: what templates and the cards of chats are made of. It decides nothing.

use serde::Serialize;

use super::storage::StorageDigest;

/// What templates and cards see. Times are text already, in the time zone of the style; nothing in it breaks a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Digest {
    pub subject: String,
    pub base_url: String,
    /// The page of the outage, or the front page.
    pub link: String,
    pub time: String,
    pub zone: String,
    pub outage: Option<OutageDigest>,
    pub from: String,
    pub to: String,
    pub lasted: String,
    pub is_first: bool,
    /// What it tells, by its name in tables and JSON.
    pub kind: &'static str,
    /// What stands before the sites in short messages, where the subject does not say it all.
    pub lead: Option<String>,
    pub news: Section,
    pub still: Section,
    pub back: Section,
    /// How little room the database has, in a message about that.
    pub storage: Option<StorageDigest>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct OutageDigest {
    pub id: i32,
    pub url: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Section {
    pub count: usize,
    pub sites: Vec<SiteDigest>,
    pub more: usize,
    pub others: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct SiteDigest {
    pub name: String,
    pub slug: String,
    pub url: String,
    pub seen: String,
    pub detail: Option<String>,
    pub certificate: Option<String>,
    pub down_at: String,
    pub up_at: Option<String>,
    pub lasted: Option<String>,
    pub left: Option<&'static str>,
    pub last_good_at: Option<String>,
}
