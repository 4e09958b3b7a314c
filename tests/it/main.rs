//! Everything that needs a database, a socket or a process, in one binary.

#[cfg(test)]
mod notify;
