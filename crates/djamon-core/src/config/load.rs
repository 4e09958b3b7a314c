//! Finds the file, reads it, lays the environment over it.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::given::Layer;
use super::reader::Reader;
use super::{Config, ConfigError, read};

/// Where a file without a name is looked for.
struct Surroundings {
    current_dir: PathBuf,
    system_file: PathBuf,
}

impl Config {
    /// Reads the configuration and checks it.
    ///
    /// 1. The file is `explicit` (from `--config`), else `$DJAMON_CONFIG`, else `./djamon.toml`, else
    ///    `/etc/djamon/djamon.toml`. Without any the defaults stand.
    /// 2. `environment` (as `std::env::vars_os` gives it) is laid over it: `DJAMON_SECTION__KEY`.
    /// 3. Secrets whose `*_file` is given are read.
    /// 4. Relative paths, wherever they were given, start at the file's directory: cron has another working directory.
    ///    Without a file they start at the current one.
    ///
    /// # Errors
    /// All problems of the configuration together; a named file that cannot be read; no current directory.
    pub fn load(
        explicit: Option<&Path>,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Config, ConfigError> {
        let current_dir =
            std::env::current_dir().map_err(|error| format!("there is no current directory: {error}"))?;
        let system_file = PathBuf::from("/etc/djamon/djamon.toml");
        load(&Surroundings { current_dir, system_file }, explicit, environment)
    }

    /// Where the monitor keeps what is not in the database: `[web] state_dir`, else the SQLite file's directory, else
    /// none.
    pub fn state_dir(&self) -> Option<&Path> {
        self.web.state_dir.as_deref().or_else(|| self.database.sqlite_path().and_then(Path::parent))
    }
}

fn load(
    around: &Surroundings,
    explicit: Option<&Path>,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Config, ConfigError> {
    let environment: Vec<_> = environment.into_iter().collect();
    let named = environment.iter().find(|(name, _)| name == "DJAMON_CONFIG").map(|(_, path)| Path::new(path));
    let named = named.filter(|path| !path.as_os_str().is_empty());

    // 1.
    let found = find(around, explicit, named)?;
    let base = found.as_ref().and_then(|(path, _)| path.parent()).unwrap_or(&around.current_dir).to_owned();
    let layer = match &found {
        Some((path, text)) => Layer::of_file(&shown(around, path), text),
        None => Layer::default(),
    };
    // 2.
    let mut reader = Reader::new(layer.with(Layer::of_environment(environment)), base);
    // 3. and 4.
    let config = Config {
        file: found.map(|(path, _)| path),
        database: read::database(&mut reader),
        check: read::check(&mut reader),
        history: read::history(&mut reader),
        alerts: read::alerts(&mut reader),
        email: read::email(&mut reader),
        twitter: read::twitter(&mut reader),
        web: read::web(&mut reader),
    };
    match reader.into_problems() {
        none if none.is_empty() => Ok(config),
        problems => Err(ConfigError { problems }),
    }
}

/// The file and its text.
fn find(
    around: &Surroundings,
    explicit: Option<&Path>,
    named: Option<&Path>,
) -> Result<Option<(PathBuf, String)>, ConfigError> {
    let asked = explicit.map(|path| (path, "--config")).or(named.map(|path| (path, "DJAMON_CONFIG")));
    if let Some((path, by)) = asked {
        let path = around.current_dir.join(path);
        let path = std::path::absolute(&path).unwrap_or(path);
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("cannot read {}, named by {by}: {error}", shown(around, &path)))?;
        return Ok(Some((path, text)));
    }
    for path in [around.current_dir.join("djamon.toml"), around.system_file.clone()] {
        match std::fs::read_to_string(&path) {
            Ok(text) => return Ok(Some((path, text))),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(format!("cannot read {}: {error}", path.display()).into()),
        }
    }
    Ok(None)
}

/// A file as messages call it: short when it is in the current directory.
fn shown(around: &Surroundings, path: &Path) -> String {
    path.strip_prefix(&around.current_dir).unwrap_or(path).display().to_string()
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "refusal_tests.rs"]
mod refusals;
