//! `djamon.toml`, the environment over it, secrets from files: read once by the binaries, checked, handed down.

mod sections;

pub use sections::{CheckSection, Config, Database, Email, History, MailTls, Secret, Twitter, Web};
