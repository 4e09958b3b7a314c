//! Files that are built in: templates, style and script. A file's address changes with its content.

use std::borrow::Cow;

use actix_web::http::header::{self, ETag, EntityTag, IfNoneMatch};
use actix_web::{HttpRequest, HttpResponse, web};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::error::WebError;

/// The built-in templates.
#[derive(RustEmbed)]
#[folder = "../../templates"]
pub struct Templates;

#[derive(RustEmbed)]
#[folder = "../../static"]
struct Static;

/// Name and text of every built-in page template.
pub fn templates() -> impl Iterator<Item = (Cow<'static, str>, String)> {
    let pages = Templates::iter().filter(|name| name.ends_with(".html") && !name.contains('/'));
    pages.filter_map(|name| {
        let file = Templates::get(&name)?;
        Some((name, String::from_utf8_lossy(&file.data).into_owned()))
    })
}

/// The address of a static file below `/static/`, or `None` when there is no such file: `djamon.1f0a2b3c.css`.
pub fn fingerprinted(name: &str) -> Option<String> {
    let file = Static::get(name)?;
    let (stem, ending) = name.rsplit_once('.')?;
    Some(format!("{stem}.{}.{ending}", fingerprint(&file)))
}

/// Serves a static file: for ever under its fingerprinted name, to be asked again under its plain one.
///
/// # Errors
/// [`WebError::NotFound`].
pub async fn serve(
    name: web::Path<String>,
    seen: web::Header<IfNoneMatch>,
    _request: HttpRequest,
) -> Result<HttpResponse, WebError> {
    let (file, kept) = find(&name).ok_or(WebError::NotFound)?;
    let tag = EntityTag::new_strong(fingerprint(&file));
    let is_seen = match &seen.0 {
        IfNoneMatch::Any => true,
        IfNoneMatch::Items(tags) => tags.iter().any(|other| other.weak_eq(&tag)),
    };
    let mut response = if is_seen { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header(ETag(tag)).insert_header((header::CACHE_CONTROL, kept));
    Ok(if is_seen {
        response.finish()
    } else {
        response.content_type(content_type(&name)).body(file.data.into_owned())
    })
}

fn find(name: &str) -> Option<(EmbeddedFile, &'static str)> {
    if let Some(file) = Static::get(name) {
        return Some((file, "no-cache"));
    }
    let (stem, ending) = name.rsplit_once('.')?;
    let (stem, wanted) = stem.rsplit_once('.')?;
    let file = Static::get(&format!("{stem}.{ending}"))?;
    (fingerprint(&file) == wanted).then_some((file, "public, max-age=31536000, immutable"))
}

fn fingerprint(file: &EmbeddedFile) -> String {
    file.metadata.sha256_hash().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprinted_name_leads_to_its_file_and_an_old_one_nowhere() {
        let name = fingerprinted("djamon.css").unwrap();
        assert!(find(&name).unwrap().1.contains("immutable"));
        assert_eq!(find("djamon.css").unwrap().1, "no-cache");
        assert!(find("djamon.000000000000.css").is_none());
        assert!(find("../Cargo.toml").is_none());
        assert_eq!(fingerprinted("other.css"), None);
    }
}
