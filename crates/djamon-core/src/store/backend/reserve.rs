//! A reserve beside an SQLite file: room that is given up when the disk runs full, so that outages can still be written down
//! and alerts leave, and taken again when there is room. PostgreSQL's disk is its server's affair.

use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::space;
use super::url::DatabaseUrl;

/// How large it is: looks at a thousand sites for two hours, at ten for ten days.
pub const BYTES: u64 = 16 << 20;
/// With less than this free it is given up.
const TOO_LITTLE: u64 = BYTES / 2;
/// With more than this free it is taken again.
const PLENTY: u64 = 4 * BYTES;

/// What to say when it is given up.
pub const RELEASED: &str = "the disk of the database is full: its reserve is being used up now; free some space, nothing stored is lost";

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reserve {
    /// It is there, or there is no need of one.
    Held,
    /// It was given up just now.
    Released,
    /// It was given up before, or there was never room for it.
    Missing,
}

/// Takes the reserve where there is plenty of room, gives it up where there is too little. Failing is no fault: then it is
/// missing.
pub fn tend(url: &DatabaseUrl) -> Reserve {
    let DatabaseUrl::Sqlite(database) = url else { return Reserve::Held };
    let Some(disk) = space::disk(url) else { return Reserve::Missing };
    let path = path(database);
    let is_there = path.metadata().is_ok_and(|file| file.len() >= BYTES);
    match is_there {
        true if disk.free < TOO_LITTLE => release(url),
        true => Reserve::Held,
        false if disk.free > PLENTY && take(&path).is_ok() => Reserve::Held,
        false => {
            // Half a reserve is none.
            let _ = std::fs::remove_file(&path);
            Reserve::Missing
        }
    }
}

/// Whether nothing but what is left of the reserve can be counted on, with so many bytes `free`. Also in later runs, and
/// after one that was killed before it could tell.
pub fn is_full(reserve: Reserve, free: u64) -> bool {
    match reserve {
        Reserve::Held => false,
        Reserve::Released => true,
        Reserve::Missing => free < BYTES + TOO_LITTLE,
    }
}

/// Gives the reserve up, if it is there.
pub fn release(url: &DatabaseUrl) -> Reserve {
    match url {
        DatabaseUrl::Postgres(_) => Reserve::Missing,
        DatabaseUrl::Sqlite(database) => match std::fs::remove_file(path(database)) {
            Ok(()) => Reserve::Released,
            Err(_) => Reserve::Missing,
        },
    }
}

fn path(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".reserve");
    name.into()
}

fn take(path: &Path) -> std::io::Result<()> {
    let mut new = std::fs::OpenOptions::new();
    let file = new.create(true).truncate(true).write(true).mode(0o600).open(path)?;
    // Its blocks are its own from now on; a file that is merely long has none.
    Ok(rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, BYTES)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_taken_while_there_is_plenty_and_given_up_once() {
        let dir = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::Sqlite(dir.path().join("djamon.db"));
        assert_eq!((tend(&url), tend(&url)), (Reserve::Held, Reserve::Held));
        let file = dir.path().join("djamon.db.reserve").metadata().unwrap();
        assert!(std::os::unix::fs::MetadataExt::blocks(&file) * 512 >= BYTES, "{file:?}");
        assert_eq!((release(&url), release(&url)), (Reserve::Released, Reserve::Missing));
    }

    #[test]
    fn a_disk_is_full_from_the_release_on_as_long_as_little_more_than_the_reserve_was_is_free() {
        assert!(is_full(Reserve::Released, u64::MAX), "a quota may be full where the disk is not");
        assert!(is_full(Reserve::Missing, BYTES + TOO_LITTLE - 1));
        assert!(!is_full(Reserve::Missing, BYTES + TOO_LITTLE) && !is_full(Reserve::Held, 0));
    }
}
