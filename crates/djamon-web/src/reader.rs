//! Who reads. Everything that is shown is asked for in a reader's name.

/// Somebody who may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// Not signed in: sees what is public, without addresses and details.
    Visitor,
    /// Known to the monitor: sees everything.
    Member,
}

impl Reader {
    /// Whether private facts (addresses, details, channels) are for this reader.
    pub const fn sees_private(self) -> bool {
        matches!(self, Reader::Member)
    }
}
