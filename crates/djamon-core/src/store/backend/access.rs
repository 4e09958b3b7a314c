//! Why an SQLite database cannot be written: which of its files stands in the way, whose that is, and what to do.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::unistd::{Uid, User};
use rustix::fs::{Access, AtFlags, CWD, accessat};
use rustix::io::Errno;

/// What keeps this process from writing the database in `path`, and the way out; `None` when that cannot be seen. The
/// directory has to be written too: the log and the locks lie beside the file.
pub(super) fn in_the_way(path: &Path) -> Option<String> {
    let path = std::path::absolute(path).ok()?;
    let beside = |suffix: &str| {
        let mut name = path.clone().into_os_string();
        name.push(suffix);
        PathBuf::from(name)
    };
    let directory = path.parent()?.to_owned();
    [path.clone(), beside("-wal"), beside("-shm"), directory].iter().find_map(|place| closed(place))
}

/// Why `place` cannot be written, and the way out; `None` when it can, or is not there.
pub(super) fn closed(place: &Path) -> Option<String> {
    match accessat(CWD, place, Access::WRITE_OK, AtFlags::EACCESS) {
        Ok(()) | Err(Errno::NOENT) => None,
        Err(Errno::ROFS) => {
            Some(format!("{} is on a disk that is mounted read-only; mount it for writing", place.display()))
        }
        Err(_) => {
            let owner = std::fs::metadata(place).ok().map(|found| found.uid());
            Some(denied(place, owner.map(name).as_deref(), &name(Uid::effective().as_raw())))
        }
    }
}

/// The user's name; the number where the system has none.
fn name(uid: u32) -> String {
    match User::from_uid(Uid::from_raw(uid)) {
        Ok(Some(user)) => user.name,
        Ok(None) | Err(_) => format!("user {uid}"),
    }
}

/// What to say of a `place` that is closed to the user `me`; its owner is not known when not even that can be read.
fn denied(place: &Path, owner: Option<&str>, me: &str) -> String {
    let place = place.display();
    match owner {
        None => {
            format!("the user {me} may not look at {place}; run this as the user whose directory it is in")
        }
        Some(owner) if owner == me => {
            format!("the user {me} may not write {place}; allow it by chmod u+w {place}")
        }
        Some(owner) => format!(
            "the user {me} may not write {place}, which is {owner}'s; run this as {owner}, or give it away by chown {me} {place}"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_not_be_written_is_told_with_whose_it_is() {
        let told = |owner| denied(Path::new("/var/lib/djamon/djamon.db"), owner, "ann");
        assert_eq!(
            told(Some("djamon")),
            "the user ann may not write /var/lib/djamon/djamon.db, which is djamon's; run this as djamon, or give it away by chown \
             ann /var/lib/djamon/djamon.db"
        );
        assert_eq!(
            told(Some("ann")),
            "the user ann may not write /var/lib/djamon/djamon.db; allow it by chmod u+w /var/lib/djamon/djamon.db"
        );
        assert_eq!(
            told(None),
            "the user ann may not look at /var/lib/djamon/djamon.db; run this as the user whose directory it is in"
        );
    }

    #[test]
    fn what_is_open_or_not_there_is_not_in_the_way() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("djamon.db");
        assert_eq!(in_the_way(&path), None);
        std::fs::write(&path, "").unwrap();
        assert_eq!(in_the_way(&path), None);
        assert_eq!(in_the_way(Path::new("/nowhere/at/all/djamon.db")), None);
        assert_eq!(name(0), "root");
        assert_eq!(name(4_000_000_000), "user 4000000000");
    }
}
