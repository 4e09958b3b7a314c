//! Alerts from the event to the other side: what is owed, what becomes one message, what survives which fault.

mod care;
mod crash;
mod faults;
mod queue;
mod services;
