//! What Djamon knows and how it decides. Pure: no IO, no clock, no SQL, no threads; `now` is an argument.

pub mod alert;
pub mod certificate;
pub mod channel;
pub mod condition;
pub mod good_codes;
pub mod group;
pub mod health;
pub mod hold;
pub mod ids;
pub mod instant;
pub mod invalid;
pub mod ip_family;
pub mod method;
pub mod observation;
pub mod options;
mod options_check;
pub mod outage;
pub mod plan;
pub mod policy;
pub mod recent;
pub mod reminder;
pub mod report;
pub mod run;
pub mod series;
pub mod site;
pub mod span;
pub mod status;
pub mod storage;
pub mod story;
pub mod streak;
pub mod target;
pub mod text;
pub mod throttle;
pub mod times;
pub mod token;
pub mod uptime;

pub use alert::{Event, EventKind};
pub use channel::{Channel, Listener};
pub use condition::{HeaderTest, ValueTest};
pub use good_codes::GoodCodes;
pub use group::Group;
pub use ids::{
    ChannelId, EventId, GroupId, LocationId, OutageId, OutboxId, RunId, SiteId, TokenId, UserId, ViewId,
};
pub use instant::Instant;
pub use invalid::Invalid;
pub use ip_family::IpFamily;
pub use method::Method;
pub use observation::{Line, Look, Observation, Outcome, Phases};
pub use options::SiteOptions;
pub use outage::{Left, Scope, ScopeRule};
pub use policy::{Check, Policy};
pub use site::Site;
pub use span::Span;
pub use streak::{Standing, Streak};
pub use target::{Credentials, Target};
