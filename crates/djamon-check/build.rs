//! Links the code that unwinds panics into the program, as `-static-libgcc` does for other languages: the standard library
//! asks for it as a library of its own, which the loader would find, map and start at every minute's run.

use std::path::Path;
use std::process::Command;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let is_gnu_linux = |name: &str| env::var(name).is_ok_and(|triple| triple.ends_with("-linux-gnu"));
    if !is_gnu_linux("TARGET") || env::var("HOST") != env::var("TARGET") {
        return Ok(());
    }
    let Ok(found) = Command::new("cc").arg("-print-file-name=libgcc_eh.a").output() else { return Ok(()) };
    // A name without a folder is one that was not found: then the system's library is loaded, as ever.
    let archive = String::from_utf8_lossy(&found.stdout).trim().to_owned();
    if Path::new(&archive).is_absolute() {
        let folder = env::var("OUT_DIR").map_err(io::Error::other)?;
        fs::write(Path::new(&folder).join("libgcc_s.so"), format!("INPUT({archive:?})\n"))?;
        println!("cargo::rustc-link-search=native={folder}");
    }
    Ok(())
}
