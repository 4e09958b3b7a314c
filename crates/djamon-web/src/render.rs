//! Templates into pages: the built-in ones, each replaced by a file of the same name in `[web] templates`.

use std::path::Path;

use djamon_core::domain::text;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use tera::{Context, Error, Kwargs, State, Tera, TeraResult};

use crate::assets;
use crate::error::WebError;

/// All templates, parsed.
pub struct Renderer(Tera);

impl Renderer {
    /// Reads and parses every template. `base` is the path that the site is served under, without a slash at its end.
    ///
    /// # Errors
    /// A sentence that names the directory, file or line that is wrong.
    pub fn new(overrides: Option<&Path>, base: &str) -> Result<Self, String> {
        let mut tera = Tera::new();
        tera.register_filter("readable_time", readable_time);
        tera.register_filter("ordinal", ordinal);
        tera.register_filter("count", count);
        tera.register_filter("urlpart", urlpart);
        let path = base.to_owned();
        tera.register_function("asset", move |args: Kwargs, _: &State| asset(&path, &args));
        tera.global_context().insert("base", base);
        tera.global_context().insert("version", env!("CARGO_PKG_VERSION"));

        let mut templates: Vec<(String, String)> =
            assets::templates().map(|(name, text)| (name.into_owned(), text)).collect();
        for (name, text) in overrides.map(read).transpose()?.unwrap_or_default() {
            templates.retain(|(other, _)| *other != name);
            templates.push((name, text));
        }
        tera.add_raw_templates(templates).map_err(|error| match overrides {
            Some(directory) => format!("[web] templates {}: {error}", directory.display()),
            None => error.to_string(),
        })?;
        Ok(Renderer(tera))
    }

    /// The page that the template `name` makes of `view`.
    ///
    /// # Errors
    /// [`WebError::Internal`] with the template's file and line.
    pub fn page(&self, name: &str, view: &impl Serialize) -> Result<String, WebError> {
        Context::from_serialize(view)
            .and_then(|context| self.0.render(name, &context))
            .map_err(|error| WebError::Internal(format!("template {name}: {error}")))
    }
}

/// Every page template in `directory`.
fn read(directory: &Path) -> Result<Vec<(String, String)>, String> {
    let wrong = |path: &Path, error: std::io::Error| {
        format!("[web] templates: cannot read {}: {error}", path.display())
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(|error| wrong(directory, error))? {
        let path = entry.map_err(|error| wrong(directory, error))?.path();
        if let Some(name) =
            path.file_name().and_then(|name| name.to_str()).filter(|name| name.ends_with(".html"))
        {
            found.push((
                name.to_owned(),
                std::fs::read_to_string(&path).map_err(|error| wrong(&path, error))?,
            ));
        }
    }
    Ok(found)
}

fn readable_time(seconds: u64, _: Kwargs, _: &State) -> String {
    text::readable_time(seconds)
}

fn ordinal(number: u64, _: Kwargs, _: &State) -> TeraResult<String> {
    text::ordinal(number).map_err(Error::message)
}

fn count(number: i64, _: Kwargs, _: &State) -> String {
    text::count(number)
}

/// Text as a part of a path.
fn urlpart(text: &str, _: Kwargs, _: &State) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn asset(base: &str, args: &Kwargs) -> TeraResult<String> {
    let name: &str = args.must_get("name")?;
    let name =
        assets::fingerprinted(name).ok_or_else(|| Error::message(format!("there is no file {name:?}")))?;
    Ok(format!("{base}/static/{name}"))
}
