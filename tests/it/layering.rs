//! Arrows point one way: a module that looks where it must not is found by its imports.

use std::path::Path;

/// What each room may not look into.
const FORBIDDEN: [(&str, &[&str]); 7] = [
    (
        "djamon-core/src/domain",
        &[
            "crate::store",
            "crate::probe",
            "crate::notify",
            "crate::config",
            "crate::clock",
            "diesel",
            "actix",
            "std::net",
            "std::fs",
            "std::thread",
        ],
    ),
    ("djamon-core/src/store", &["crate::probe", "crate::notify", "actix"]),
    ("djamon-core/src/probe", &["crate::store", "crate::notify", "diesel", "actix"]),
    ("djamon-core/src/notify", &["crate::store", "crate::probe", "diesel", "actix"]),
    ("djamon-core/src/config", &["crate::store::record", "crate::probe", "crate::notify", "diesel", "actix"]),
    ("djamon-check/src", &["djamon_web", "actix", "use diesel"]),
    ("djamon-web/src", &["djamon_check", "use diesel"]),
];

fn sources(dir: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
        }
    }
}

#[test]
fn no_room_looks_where_it_must_not() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let mut wrong = Vec::new();
    for (room, forbidden) in FORBIDDEN {
        let mut files = Vec::new();
        sources(&crates.join(room), &mut files);
        assert!(!files.is_empty(), "{room} has no sources");
        for (file, text) in files {
            for (number, line) in
                text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"))
            {
                if let Some(word) = forbidden.iter().find(|word| line.contains(**word)) {
                    wrong.push(format!("{file}:{}: {word}", number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn only_the_backend_folder_names_a_database() {
    let store = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/djamon-core/src/store");
    let mut files = Vec::new();
    sources(&store, &mut files);
    let named: Vec<_> = files
        .iter()
        .filter(|(file, _)| !file.contains("/backend/") && !file.ends_with("error.rs"))
        .filter(|(_, text)| {
            text.lines().any(|line| {
                !line.trim_start().starts_with("//")
                    && ["PgConnection", "SqliteConnection", "AnyConnection::"]
                        .iter()
                        .any(|word| line.contains(word))
            })
        })
        .map(|(file, _)| file)
        .collect();
    assert!(named.is_empty(), "{named:#?}");
}
