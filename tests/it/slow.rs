//! Stories that wait for real time to pass: cron's next minute, a database's patience, the limit of a probe. They run side by side with the rest.

mod cron;
mod long_run;
mod probes;
mod run_every;
mod tarpit;
