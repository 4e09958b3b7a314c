//! The texts and the HTML of messages: built in, replaced one by one by files of the same name. It knows nothing of what they tell.
//!
//! Subjects are no templates: scripts rely on how they begin, and a line break in one would be a header.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde::Serialize;
use tera::{Context, Tera};

use super::words::escaped;

#[derive(rust_embed::Embed)]
#[folder = "../../templates/mail"]
#[prefix = "mail/"]
struct BuiltIn;

/// The templates of messages: `mail/opened.txt`, `mail/opened.html` and their like.
pub struct Templates {
    /// Parsed for the first message: most runs have none to write.
    built_in: LazyLock<Result<Tera, tera::Error>>,
    /// All of them with those that are replaced, and the names of these.
    replaced: Option<(Tera, Vec<String>)>,
}

/// Why templates cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// A replacement cannot be read.
    #[error("{}: {error}; make it readable or remove it", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// A template is wrong; the message has its name and line.
    #[error("the templates of messages cannot be used: {}", causes(.0))]
    Wrong(#[from] tera::Error),
    /// A built-in template is wrong.
    #[error("the built-in templates of messages cannot be used: {0}; please report it")]
    BuiltIn(String),
}

impl Templates {
    /// The built-in templates, those for which `directory` has a file of the same name replaced by it.
    ///
    /// # Errors
    /// [`TemplateError`] when a replacement cannot be read or parsed.
    pub fn load(directory: Option<&Path>) -> Result<Self, TemplateError> {
        let replaced = directory.map(replaced).transpose()?.flatten();
        Ok(Templates { built_in: LazyLock::new(|| parsed(built_in())), replaced })
    }

    /// The text of the template `name` about `view`. A replacement that fails loses no message: the built-in one takes
    /// its place, and the text's last line says why.
    pub(super) fn render(&self, name: &str, view: &impl Serialize) -> Result<String, TemplateError> {
        let context = Context::from_serialize(view)?;
        match self.replaced.as_ref().map(|(tera, _)| tera.render(name, &context)) {
            None => self.render_built_in(name, &context),
            Some(Ok(text)) => Ok(text),
            Some(Err(error)) => {
                let text = self.render_built_in(name, &context)?;
                let note = format!("(The built-in text: the template {name} failed: {})", causes(&error));
                Ok(match name.ends_with(".html") {
                    true => format!("{text}<p>{}</p>\n", escaped(&note)),
                    false => format!("{text}\n{note}\n"),
                })
            }
        }
    }

    /// The HTML of the message `name` about `view`. None when whoever replaced the text left the HTML alone, which would
    /// then be shown in its place, or emptied it.
    pub(super) fn render_html(
        &self,
        name: &str,
        view: &impl Serialize,
    ) -> Result<Option<String>, TemplateError> {
        let (text, html) = (format!("mail/{name}.txt"), format!("mail/{name}.html"));
        let is_replaced =
            |name: &String| self.replaced.as_ref().is_some_and(|(_, names)| names.contains(name));
        if is_replaced(&text) && !is_replaced(&html) {
            return Ok(None);
        }
        Ok(Some(self.render(&html, view)?).filter(|html| !html.trim().is_empty()))
    }

    fn render_built_in(&self, name: &str, context: &Context) -> Result<String, TemplateError> {
        let built_in = self.built_in.as_ref().map_err(|error| TemplateError::BuiltIn(causes(error)))?;
        Ok(built_in.render(name, context)?)
    }
}

/// The templates with the files in `directory` in the place of those of the same name, and these names; `None` when there
/// is no such file.
fn replaced(directory: &Path) -> Result<Option<(Tera, Vec<String>)>, TemplateError> {
    let mut texts = built_in();
    let mut names = Vec::new();
    for (name, text) in &mut texts {
        let path = directory.join(&*name);
        match std::fs::read_to_string(&path) {
            Ok(own) => {
                *text = own;
                names.push(name.clone());
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(TemplateError::Unreadable { path, error }),
        }
    }
    Ok(if names.is_empty() { None } else { Some((parsed(texts)?, names)) })
}

fn parsed(texts: Vec<(String, String)>) -> Result<Tera, tera::Error> {
    let mut tera = Tera::new();
    tera.add_raw_templates(texts)?;
    Ok(tera)
}

fn built_in() -> Vec<(String, String)> {
    let text = |name: &str| BuiltIn::get(name).map(|file| String::from_utf8_lossy(&file.data).into_owned());
    BuiltIn::iter().filter_map(|name| text(&name).map(|text| (name.into_owned(), text))).collect()
}

/// An error and what it came of, on one line.
fn causes(error: &tera::Error) -> String {
    let first: &dyn std::error::Error = error;
    let chain: Vec<String> =
        std::iter::successors(Some(first), |error| error.source()).map(ToString::to_string).collect();
    super::words::one_line(&chain.join(": "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn directory(text: &str) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("mail")).unwrap();
        std::fs::write(directory.path().join("mail/test.txt"), text).unwrap();
        directory
    }

    fn view() -> BTreeMap<&'static str, &'static str> {
        BTreeMap::from([("base_url", "http://127.0.0.1:8000"), ("time", "noon"), ("zone", "UTC")])
    }

    #[test]
    fn a_file_of_the_same_name_replaces_a_template() {
        let own = directory("Ours at {{ base_url }}");
        let templates = Templates::load(Some(own.path())).unwrap();
        assert_eq!(templates.render("mail/test.txt", &view()).unwrap(), "Ours at http://127.0.0.1:8000");
    }

    #[test]
    fn a_replacement_that_fails_loses_no_message() {
        let own = directory("{{ no.such.thing }}");
        let text = Templates::load(Some(own.path())).unwrap().render("mail/test.txt", &view()).unwrap();
        let plain = Templates::load(None).unwrap().render("mail/test.txt", &view()).unwrap();
        assert!(text.starts_with(&plain), "{text}");
        assert!(text.contains("(The built-in text: the template mail/test.txt failed: "), "{text}");
    }

    #[test]
    fn a_text_of_ones_own_is_not_hidden_behind_the_built_in_html() {
        let own = directory("Ours");
        let html = || Templates::load(Some(own.path())).unwrap().render_html("test", &html_view()).unwrap();
        assert_eq!(html(), None);
        let write = |text: &str| std::fs::write(own.path().join("mail/test.html"), text).unwrap();
        write("<p>{{ base_url }}</p>");
        assert_eq!(html().as_deref(), Some("<p>http://127.0.0.1:8000</p>"));
        write("\n");
        assert_eq!(html(), None, "an empty file switches it off");
        write("{{ no.such<thing> }}");
        assert!(Templates::load(Some(own.path())).is_err(), "named when it is read");
        write("{{ nothing_of_this_name }}");
        let failed = html().unwrap();
        assert!(
            failed.contains("<h1")
                && failed.contains("<p>(The built-in text: the template mail/test.html failed: ")
        );
    }

    fn html_view() -> BTreeMap<&'static str, &'static str> {
        let more = [("subject", "TEST"), ("link", "http://127.0.0.1:8000")];
        view().into_iter().chain(more).collect()
    }

    #[test]
    fn a_replacement_that_cannot_be_parsed_is_refused_by_name() {
        let own = directory("{% if %}");
        let error = Templates::load(Some(own.path())).err().unwrap().to_string();
        assert!(error.contains("mail/test.txt"), "{error}");
    }
}
