//! Stories that wait for real time to pass: cron's next minute, a database's patience. They run side by side with the rest.

mod cron;
mod run_every;
