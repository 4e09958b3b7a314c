//! What a request sends: read whole up to a limit, then parsed as JSON or as a form.

use std::time::Duration;

use actix_web::http::header::{self, HeaderMap};
use actix_web::rt::time::timeout;
use actix_web::web::{self, Bytes, Payload};
use serde_json::{Map, Value};

use crate::error::WebError;

/// The most a body may have.
pub const MOST: usize = 1024 * 1024;
/// The longest it may take to come.
const LONGEST: Duration = Duration::from_secs(30);

/// Reads it, of at most `most` bytes.
///
/// # Errors
/// [`WebError::TooLarge`], [`WebError::Slow`], [`WebError::MediaType`] of a compressed one, [`WebError::BadRequest`].
pub async fn read(headers: &HeaderMap, payload: Payload, most: usize) -> Result<Bytes, WebError> {
    if headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return Err(WebError::MediaType("the body is compressed; send it as it is".into()));
    }
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: usize| length > most) {
        return Err(WebError::TooLarge(most));
    }
    match timeout(LONGEST, payload.to_bytes_limited(most)).await {
        Err(_) => Err(WebError::Slow(LONGEST.as_secs())),
        Ok(Err(_)) => Err(WebError::TooLarge(most)),
        Ok(Ok(Err(error))) => Err(WebError::BadRequest(error.to_string())),
        Ok(Ok(Ok(body))) => Ok(body),
    }
}

/// The object in a JSON body.
///
/// # Errors
/// [`WebError::MediaType`], [`WebError::BadJson`], and [`WebError::Invalid`] for a text with a NUL character in it, which
/// not every database can keep.
pub fn json(headers: &HeaderMap, body: &[u8]) -> Result<Map<String, Value>, WebError> {
    // A merge patch (RFC 7396) is what PATCH takes: null takes a value away.
    let kinds = ["application/json", "application/merge-patch+json"];
    if !kinds.contains(&media_type(headers).as_str()) {
        return Err(WebError::MediaType("send the body as Content-Type: application/json".into()));
    }
    let value: Value = serde_json::from_slice(body)
        .map_err(|error| WebError::BadJson(format!("the body is not JSON: {error}")))?;
    let Value::Object(object) = value else {
        return Err(WebError::BadJson("the body is JSON, but not an object: write {…}".into()));
    };
    match object.iter().find(|(key, value)| key.contains('\0') || has_nul(value)) {
        Some((key, _)) => Err(WebError::invalid(key.replace('\0', "\\0"), "has a NUL character in it")),
        None => Ok(object),
    }
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(object) => object.iter().any(|(key, value)| key.contains('\0') || has_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// What a form sent: names and values, in its order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form(pub Vec<(String, String)>);

impl Form {
    /// The fields of a form's body.
    ///
    /// # Errors
    /// [`WebError::MediaType`], [`WebError::BadRequest`], [`WebError::Invalid`] for a NUL character.
    pub fn parse(headers: &HeaderMap, body: &[u8]) -> Result<Self, WebError> {
        if media_type(headers) != "application/x-www-form-urlencoded" {
            let problem = "send the form as Content-Type: application/x-www-form-urlencoded";
            return Err(WebError::MediaType(problem.into()));
        }
        let text =
            std::str::from_utf8(body).map_err(|_| WebError::BadRequest("it is not UTF-8".to_owned()))?;
        let fields = web::Query::<Vec<(String, String)>>::from_query(text)
            .map_err(|error| WebError::BadRequest(error.to_string()))?
            .into_inner();
        match fields.iter().find(|(name, value)| name.contains('\0') || value.contains('\0')) {
            Some((name, _)) => Err(WebError::invalid(name.replace('\0', "\\0"), "has a NUL character in it")),
            None => Ok(Form(fields)),
        }
    }

    /// The first value of this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// What the body is, without parameters like its charset.
fn media_type(headers: &HeaderMap) -> String {
    let text = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn headers(content_type: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers
    }

    fn refused(content_type: &'static str, body: &[u8]) -> (&'static str, String) {
        let error = json(&headers(content_type), body).unwrap_err();
        (error.code().name(), error.to_string())
    }

    #[test]
    fn only_a_json_object_is_one() {
        assert_eq!(json(&headers("application/json; charset=utf-8"), b"{\"a\":1}").unwrap()["a"], 1);
        assert!(json(&headers("application/merge-patch+json"), b"{}").is_ok());
        assert_eq!(refused("text/plain", b"{}").0, "unsupported_media_type");
        assert_eq!(refused("application/json", b"[1]").0, "bad_json");
        assert_eq!(refused("application/json", b"").0, "bad_json");
        assert_eq!(refused("application/json", b"{\"a\": \xff}").0, "bad_json");
        assert_eq!(refused("application/json", "[".repeat(100_000).as_bytes()).0, "bad_json");
        let (_, words) = refused("application/json", b"{\"a\":\n 01}");
        assert!(words.ends_with("at line 2 column 3"), "{words}");
    }

    #[test]
    fn a_nul_is_refused_by_the_name_of_its_field() {
        let (code, words) = refused("application/json", br#"{"b":1,"a":{"x":["y\u0000"]}}"#);
        assert_eq!((code, words.as_str()), ("invalid", "a: has a NUL character in it"));
    }

    #[test]
    fn a_form_is_its_fields_in_their_order() {
        let form = headers("application/x-www-form-urlencoded");
        let fields = Form::parse(&form, b"name=Ann+Lee&note=%C3%BC&name=Bob").unwrap();
        assert_eq!((fields.get("name"), fields.get("note"), fields.0.len()), (Some("Ann Lee"), Some("ü"), 3));
        assert_eq!(Form::parse(&form, b"").unwrap(), Form::default());
        assert!(Form::parse(&form, b"a=%00").is_err() && Form::parse(&form, b"a=\xff").is_err());
        assert!(Form::parse(&headers("multipart/form-data"), b"a=1").is_err());
    }
}
