//! The real programs, as cargo built them beside the tests.

use std::path::PathBuf;

/// The path of a program of this workspace.
///
/// # Panics
/// When it has not been built: `cargo build --workspace` does.
pub fn path(name: &str) -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let path = tests.parent().unwrap().parent().unwrap().join(name);
    assert!(path.exists(), "{} has not been built: run cargo build --workspace first", path.display());
    path
}
