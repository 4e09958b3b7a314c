//! What an HTTP service answered, and what that means for a message. It knows the ways in which services say how long they
//! want to be left alone, and no service.

use std::io::Read;
use std::time::Duration;

use chrono::DateTime;
use serde_json::Value as Json;
use ureq::Body;
use ureq::http::HeaderMap;
use url::Url;

use super::NotifyError;
use super::post::host;
use super::redact::Secrets;
use super::words::{clipped, one_line};
use crate::domain::Instant;

/// Bytes of an answer that are read, and characters of it that are shown.
const MOST_OF_A_BODY: u64 = 64 * 1024;
const MOST_OF_AN_ANSWER: usize = 200;
/// A pause longer than this is not believed.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 3600);

/// What a service said.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: u16,
    headers: HeaderMap,
    body: String,
}

/// How a service is called in errors, and what to look at when it refuses.
#[derive(Debug, Clone, Copy)]
pub(super) struct Called {
    /// `Slack`
    pub name: &'static str,
    /// `check url`
    pub hint: &'static str,
}

impl Answer {
    /// The answer with as much of its body as comes: the status decides, and what is taken is taken even if the words
    /// about it break off. Of a good answer only a short body is read, so that its connection serves again.
    pub fn read(answer: ureq::http::Response<Body>) -> Self {
        let (head, body) = answer.into_parts();
        let status = head.status.as_u16();
        let mut read = Vec::new();
        let is_short = body.content_length().is_some_and(|length| length <= MOST_OF_A_BODY);
        if is_short || !head.status.is_success() {
            drop(body.into_reader().take(MOST_OF_A_BODY).read_to_end(&mut read));
        }
        Answer { status, headers: head.headers, body: String::from_utf8_lossy(&read).into_owned() }
    }

    /// What the answer of the service at `url` means for the message, at `now`.
    ///
    /// # Errors
    /// Temporary for 408, 425, 429 and 5xx, with the pause that the service asks for; permanent for everything else but
    /// 2xx, redirects included.
    pub fn verdict(
        &self,
        url: &Url,
        called: Called,
        secrets: &Secrets,
        now: Instant,
    ) -> Result<(), NotifyError> {
        let (status, host, Called { name, hint }) = (self.status, host(url), called);
        let words = self.words(secrets);
        let hidden = |reason: String| secrets.hidden(&reason);
        match status {
            200..=299 => Ok(()),
            300..=399 => {
                let told = redirected(url, self.header("location"), status);
                Err(NotifyError::permanent(hidden(format!(
                    "{name} ({host}) {told}: {hint}, so that it names the target"
                ))))
            }
            429 => Err(NotifyError::Temporary {
                reason: hidden(format!(
                    "{name} ({host}) takes no more for now (429): {words}; it is tried again later"
                )),
                after: self.pause(now),
            }),
            408 | 425 | 500..=599 => Err(NotifyError::Temporary {
                reason: hidden(format!(
                    "{name} ({host}) is in trouble ({status}): {words}; it is tried again later"
                )),
                after: self.pause(now),
            }),
            _ => Err(NotifyError::permanent(hidden(format!(
                "{name} ({host}) refused it ({status}): {words}; {hint}"
            )))),
        }
    }

    /// The service's own words, as far as they are any: the sentence in its JSON, or a short text.
    pub fn words(&self, secrets: &Secrets) -> String {
        let said = match serde_json::from_str::<Json>(&self.body) {
            Ok(json) => sentence(&json).unwrap_or_default(),
            Err(_) if self.body.trim_start().starts_with('<') => String::new(),
            Err(_) => self.body.clone(),
        };
        // Hidden before it is cut: half a secret is none the better.
        let words = clipped(&secrets.hidden(&one_line(&said)), MOST_OF_AN_ANSWER);
        if words.is_empty() { "no reason given".to_owned() } else { words }
    }

    /// How long the service wants to be left alone: the longest of what it says in the ways that services have.
    fn pause(&self, now: Instant) -> Option<Duration> {
        let json: Json = serde_json::from_str(&self.body).unwrap_or_default();
        let seconds = |value: Option<&Json>| {
            value.and_then(Json::as_f64).and_then(|s| Duration::try_from_secs_f64(s).ok())
        };
        let until = |at: Instant| at.since(now);
        let date = |text: &str| {
            let date =
                DateTime::parse_from_rfc2822(text).or_else(|_| DateTime::parse_from_rfc3339(text)).ok()?;
            Some(until(Instant::from_ms(date.timestamp_millis())))
        };
        let retry = self.header("retry-after").and_then(|text| match text.parse::<f64>() {
            Ok(seconds) => Duration::try_from_secs_f64(seconds).ok(),
            Err(_) => date(text),
        });
        // When the limit is lifted: X has it as seconds since 1970, Mastodon as a date.
        let reset = ["x-rate-limit-reset", "x-ratelimit-reset"]
            .into_iter()
            .filter_map(|name| self.header(name))
            .find_map(|text| match text.parse::<u64>() {
                Ok(seconds) => Some(until(Instant::from_ms(0).plus(Duration::from_secs(seconds)))),
                Err(_) => date(text),
            });
        let in_body = [
            seconds(json.get("retry_after")),
            seconds(json.pointer("/parameters/retry_after")),
            json.get("retry_after_ms").and_then(Json::as_u64).map(Duration::from_millis),
        ];
        let said = [retry, reset.filter(|_| self.status == 429)].into_iter().chain(in_body).flatten();
        said.max().map(|pause| pause.min(LONGEST_PAUSE))
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
    }
}

/// Where a service at `url` leads to with its `location`, and that nobody follows.
pub(super) fn redirected(url: &Url, location: Option<&str>, status: u16) -> String {
    let target = location.and_then(|to| url.join(to).ok());
    let target = target.map_or_else(|| "nowhere".to_owned(), |to| format!("{}://{}", to.scheme(), host(&to)));
    format!("redirects to {target} ({status}), and alerts follow no redirect")
}

/// What JSON says in a sentence: the fields in which services put it.
fn sentence(json: &Json) -> Option<String> {
    if let Json::String(text) = json {
        return Some(text.clone());
    }
    let keys = ["description", "message", "error", "detail", "error_description", "title", "errors"];
    let said = keys.iter().filter_map(|key| json.get(key)).filter_map(|said| match said {
        Json::String(text) => Some(text.clone()),
        Json::Array(parts) => {
            let parts: Vec<_> = parts.iter().filter_map(sentence).collect();
            (!parts.is_empty()).then(|| parts.join(", "))
        }
        Json::Object(_) => sentence(said),
        Json::Null | Json::Bool(_) | Json::Number(_) => None,
    });
    let said: Vec<_> = said.collect();
    (!said.is_empty()).then(|| said.join(": "))
}
