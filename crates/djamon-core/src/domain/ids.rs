//! The names of rows: one type each, so that a site's number can never stand where an outage's is wanted.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Instant;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i32);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

ids! {
    /// A group of sites.
    GroupId,
    /// A site.
    SiteId,
    /// A place that looks: `[check] location`.
    LocationId,
    /// One monitoring run.
    RunId,
    /// An outage; people see this number.
    OutageId,
    /// Something that happened and that people are told of.
    EventId,
    /// One event owed to one channel.
    OutboxId,
    /// A channel kept in the database.
    ChannelId,
    /// A person who may sign in.
    UserId,
    /// What a script shows to the API.
    TokenId,
}

/// A SiteView's key: a UUID of version 7, so that key order is time order (RFC 9562 §5.7).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(transparent)]
pub struct ViewId(pub Uuid);

impl ViewId {
    /// The lowest key whose time is `at`: the border of a range of time.
    pub fn floor(at: Instant) -> Self {
        ViewId(uuid::Builder::from_unix_timestamp_millis(at.ms().max(0).unsigned_abs(), &[0; 10]).into_uuid())
    }

    /// The time in it: when its look began, or a moment after the look that was stored before, whichever is later.
    pub fn instant(self) -> Instant {
        let [a, b, c, d, e, f, ..] = *self.0.as_bytes();
        Instant::from_ms(i64::from_be_bytes([0, 0, a, b, c, d, e, f]))
    }
}

impl std::fmt::Display for ViewId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floor_is_not_above_any_key_of_its_millisecond() {
        let at = Instant::from_ms(1_700_000_000_000);
        let key = uuid::Builder::from_unix_timestamp_millis(1_700_000_000_000, &[0xff; 10]).into_uuid();
        assert!(ViewId::floor(at) <= ViewId(key));
        assert!(ViewId::floor(Instant::from_ms(at.ms() + 1)) > ViewId(key));
    }
}
