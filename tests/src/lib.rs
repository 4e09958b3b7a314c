//! What the tests stand on: databases of their own, a clock they set, the real programs, servers that play the other side.

pub mod alertmanager;
pub mod binary;
pub mod browser;
pub mod chromium;
pub mod clock;
pub mod cluster;
pub mod corpus;
pub mod database;
pub mod fault_server;
pub mod hostile;
pub mod http_sink;
pub mod mail_server;
pub mod monitor;
pub mod mount;
pub mod netns;
pub mod nginx;
pub mod place;
pub mod reaper;
pub mod receiver;
pub mod running;
pub mod scene;
pub mod scripted;
pub mod site_server;
pub mod smtp_sink;
pub mod story;
pub mod web;

/// Says a line past the test runner, which shows nothing of tests that pass: how many cases agree belongs in every log.
#[macro_export]
macro_rules! tell {
    ($($words:tt)*) => {{
        use std::io::Write as _;
        // A log that cannot be written fails no test. Beginning anew: the runner may be in the middle of a line.
        let _ = std::io::stderr().write_all(format!("\n{}\n", format_args!($($words)*)).as_bytes());
    }};
}
