//! `djamon.toml`, the environment over it, secrets from files: read once by the binaries, checked, handed down.
//!
//! The way through it: `load` finds the file, `given` turns it and the environment into values with their places,
//! `keys` knows the names, `read` says per section what each key takes, `reader` takes it and keeps the problems, so
//! that all of them are told together.

pub mod channel;
mod error;
mod given;
mod keys;
mod load;
mod network;
mod read;
mod reader;
mod sections;

pub use channel::{
    ChannelKey, ChannelSettings, Kind, Takes, channel, channel_keys, keys_of, kinds, machine_keys,
    machine_variables, masked, secret_keys,
};
pub use error::ConfigError;
pub use network::Network;
pub use read::is_location;
pub use sections::{Alerts, CheckSection, Config, Database, Email, History, MailTls, Secret, Twitter, Web};
