//! A small disk of its own, for tests that fill it or make it read-only. It needs root.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// A mounted disk; gone with this value.
#[derive(Debug)]
pub struct Disk(TempDir);

impl Disk {
    /// A disk of this size, `3m` for one.
    ///
    /// # Panics
    /// Without root: these tests are never skipped.
    pub fn of(size: &str) -> Self {
        let disk = Disk(TempDir::new().unwrap());
        disk.mount(&["-t", "tmpfs", "-o", &format!("size={size}"), "djamon-test"]);
        disk
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// From now on nothing can be written to it, not even by root.
    pub fn make_read_only(&self) {
        self.mount(&["-o", "remount,ro"]);
    }

    /// Takes up all the room that is left, with a file of this name.
    pub fn fill(&self, name: &str) {
        let mut file = std::fs::File::create(self.path().join(name)).unwrap();
        let full = std::io::copy(&mut std::io::repeat(0), &mut file).unwrap_err();
        assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
    }

    fn mount(&self, arguments: &[&str]) {
        let output = Command::new("mount").args(arguments).arg(self.path()).output().expect("mount");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "cannot mount a small disk, which this test needs root for: {said}");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Nothing of a test holds it any more; if something does, it goes when that does.
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).status();
    }
}
