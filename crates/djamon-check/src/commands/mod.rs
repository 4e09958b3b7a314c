//! One file per subcommand.

pub mod crontab;
